"""Where a connection breaks off: the settings that reset and close share."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from proxy_addons.exchange import Answer, Phase
from proxy_addons.faults.close import Close
from proxy_addons.faults.cut import Cut
from proxy_addons.faults.reset import Reset
from tests.support.fake_wire import FakeWire, shape

EACH = pytest.mark.parametrize("model", [Reset, Close])
BODY = b"0123456789"


@EACH
def test_a_place_in_the_answer_is_after(model: type[Cut]) -> None:
    """Nobody has to write `at: after` along with it."""
    assert model.model_validate({"after_bytes": "2KB"}).at is Phase.AFTER
    assert model.model_validate({"after_share": 0.5, "at": "after"}).at is Phase.AFTER
    assert model.model_validate({}).at is Phase.BEFORE


@EACH
@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"after_bytes": 1, "after_share": 0.5}, "two places"),
        ({"after_bytes": 1, "at": "before"}, "after_bytes counts in the answer"),
        ({"after_share": 0.5, "at": "before"}, "after_share counts in the answer"),
        ({"after_share": 1}, "less than 1"),
        ({"after_share": 0}, "greater than 0"),
    ],
)
def test_contradictions_are_errors(model: type[Cut], settings: dict[str, object], said: str) -> None:
    """In words."""
    with pytest.raises(ValidationError, match=said):
        model.model_validate(settings)


@EACH
def test_only_a_cut_in_the_middle_shapes(model: type[Cut]) -> None:
    """The others are played at once, and are certain to leave the agent without an answer."""
    assert model().shaping is None
    assert model().fatal
    assert model(after_bytes=5).shaping is not None
    assert not model(after_bytes=5).fatal


@EACH
def test_it_says_where(model: type[Cut]) -> None:
    """In the words of a profile."""
    assert model(after_bytes="2KB").describe().endswith("after 2000 bytes of the answer's body")
    assert model(after_share=0.25).describe().endswith("after 25% of the answer's body")


@EACH
@pytest.mark.parametrize("pieces", [[BODY], [BODY[:3], BODY[3:]], [BODY[:4], BODY[4:]], [b"%c" % c for c in BODY]])
async def test_it_cuts_behind_so_many_bytes(model: type[Cut], pieces: list[bytes]) -> None:
    """However the answer comes in."""
    wire = FakeWire()
    shaped = await shape(model(after_bytes=4), wire, pieces)
    assert shaped.body == BODY[:4]
    assert wire.done == ["wait", model.__name__.lower()]
    assert (shaped.delivered, shaped.detail) == (True, f"{model.done} after 4 bytes")


async def test_it_cuts_behind_the_head() -> None:
    """After no byte of the body."""
    wire = FakeWire()
    assert (await shape(Reset(after_bytes=0), wire, [BODY])).body == b""
    assert wire.done[-1] == "reset"


@pytest.mark.parametrize(
    "answer", [Answer(200, (), BODY), Answer(200, (("content-length", "10"),))], ids=["known whole", "as it flows"]
)
async def test_it_cuts_behind_a_share(answer: Answer) -> None:
    """Of what is there, or of what Content-Length promises."""
    assert (await shape(Reset(after_share=0.5), FakeWire(answer=answer), [BODY])).body == BODY[:5]


@pytest.mark.parametrize("headers", [(), (("content-length", "ten"),)])
async def test_a_share_of_an_unknown_length_is_none(headers: tuple[tuple[str, str], ...]) -> None:
    """The answer is left alone, and the journal says why."""
    wire = FakeWire(answer=Answer(200, headers))
    shaped = await shape(Reset(after_share=0.5), wire, [BODY, BODY])
    assert (shaped.body, shaped.delivered, wire.done) == (BODY * 2, False, [])
    assert shaped.detail == "the answer does not say how long it is, so no share of it is known"


async def test_an_answer_that_ends_before_is_left_alone() -> None:
    """It is whole: nothing was delivered."""
    wire = FakeWire()
    shaped = await shape(Close(after_bytes=10), wire, [BODY])
    assert (shaped.body, shaped.delivered, wire.done) == (BODY, False, [])


async def test_nobody_is_cut_off_who_has_left() -> None:
    """Selected, and not delivered."""
    shaped = await shape(Reset(after_bytes=4), FakeWire(patience=0), [BODY])
    assert (shaped.delivered, shaped.detail) == (False, "the client left before its place came")
