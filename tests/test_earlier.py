"""Earlier answers: remembered, and not for ever."""

from __future__ import annotations

from proxy_addons.earlier import MOST, MOST_BYTES, EarlierAnswers
from proxy_addons.exchange import Answer, Call, Exchange, Request

REQUEST = Request("GET", "https", "api.example.com", 443, "/")


def exchange(agent: str = "a", operation: str = "get_balance") -> Exchange:
    """One call."""
    return Exchange(1, agent, "rest", REQUEST, [Call(operation)], 0.0)


def test_an_agent_and_an_operation_have_one_memory() -> None:
    """Others do not see it."""
    memory = EarlierAnswers()
    memory.note(exchange(), Answer(200, body=b"1"))
    memory.note(exchange(), Answer(200, body=b"2"))
    assert memory.answer(exchange()) == Answer(200, body=b"2")
    assert memory.answer(exchange(agent="b")) is None
    assert memory.answer(exchange(operation="deposit")) is None
    assert len(memory) == 1


def test_a_failure_is_not_remembered() -> None:
    """Nor does it take the place of a success."""
    memory = EarlierAnswers()
    memory.note(exchange(), Answer(200, body=b"1"))
    memory.note(exchange(), Answer(503, body=b"2"))
    assert memory.answer(exchange()) == Answer(200, body=b"1")


def test_the_oldest_is_forgotten_first() -> None:
    """By number."""
    memory = EarlierAnswers()
    for number in range(MOST + 1):
        memory.note(exchange(agent=str(number)), Answer(200))
    assert (len(memory), memory.answer(exchange(agent="0"))) == (MOST, None)
    assert memory.answer(exchange(agent="1")) is not None


def test_bodies_have_a_bound_together() -> None:
    """And one that is too large alone is not kept at all."""
    memory = EarlierAnswers()
    half = bytes(MOST_BYTES // 2)
    for agent in "abc":
        memory.note(exchange(agent=agent), Answer(200, body=half))
    memory.note(exchange(agent="d"), Answer(200, body=bytes(MOST_BYTES + 1)))
    assert [agent for agent in "abcd" if memory.answer(exchange(agent=agent))] == ["b", "c"]
