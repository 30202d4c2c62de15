import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_addons.calls.effects import commit_of, note_effects
from proxy_addons.exchange import JSON, Answer, Call, Commit, Effect

ASKED: dict[str, JSON] = {"payer": "buyer", "payee": "seller", "amount": "25.00", "currency": "USD"}


def answer(status: int, body: JSON = None, *headers: tuple[str, str]) -> Answer:
    """An answer with a JSON body."""
    return Answer(status, headers, json.dumps(body).encode())


def call(operation: str, value: JSON = None, *, safe: bool = False) -> Call:
    """A call as a namer makes it, without its hashes."""
    return Call(operation, value, safe=safe)


def effects(operation: str, value: JSON, told: JSON, *, safe: bool = False, status: int = 200) -> list[Effect]:
    """The effects of one call whose answer is `told`."""
    only = call(operation, value, safe=safe)
    note_effects([only], answer(status, told))
    return only.effects


@pytest.mark.parametrize("operation", ["create_escrow", "create_performance_escrow"])
@pytest.mark.parametrize("name", ["id", "escrow_id"])
def test_creating_an_escrow_opens_it(operation: str, name: str) -> None:
    """The gateway says `id`, the guide `escrow_id`; the answer comes before the input."""
    told: JSON = {name: "e1", "status": "held", "amount": "25.0", "currency": "CREDITS"}

    assert effects(operation, ASKED, told, status=201) == [
        Effect("opens", "e1", "25.0", "CREDITS", payer="buyer", payee="seller")
    ]


def test_an_escrow_that_was_closed_before_is_closed_again() -> None:
    """The same key gives the same escrow, in whatever state it is by now."""
    kinds = [effect.kind for effect in effects("create_escrow", ASKED, {"id": "e1", "status": "settled"})]
    assert kinds == ["opens", "closes"]


@pytest.mark.parametrize("operation", ["release_escrow", "cancel_escrow", "refund_escrow"])
def test_closing_names_the_escrow_that_was_asked_for_not_the_settlement(operation: str) -> None:
    """In the REST dialect the answer's `id` is another thing's."""
    told: JSON = {"id": "settlement-1", "status": "settled", "amount": "25.0"}

    assert effects(operation, {"escrow_id": "e1"}, told) == [Effect("closes", "e1", "25.0")]


@pytest.mark.parametrize(
    ("operation", "asked", "told", "expected"),
    [
        (
            "deposit",
            {"agent_id": "buyer", "amount": "10.00"},
            {"new_balance": "1484.62", "transaction_id": 8},
            Effect("moves", "8", "10.00", payee="buyer"),
        ),
        (
            "deposit",
            {"agent_id": "buyer", "amount": "10.00"},
            {"agent_id": "buyer", "deposited": "10.00", "balance": "20.00", "currency": "USD"},
            Effect("moves", "", "10.00", "USD", payee="buyer"),
        ),
        ("withdraw", {"agent_id": "buyer", "amount": 10}, {}, Effect("moves", "", "10", payer="buyer")),
        (
            "create_intent",
            ASKED,
            {"id": "i1", "status": "pending", "amount": 25.5, "currency": "USD"},
            Effect("moves", "i1", "25.5", "USD", payer="buyer", payee="seller"),
        ),
        ("capture_intent", {"intent_id": "i1"}, {"id": "s1", "amount": "5"}, Effect("moves", "s1", "5")),
        (
            "refund_settlement",
            {"settlement_id": "s1"},
            {"id": "r1", "settlement_id": "s1"},
            Effect("moves", "r1"),
        ),
        (
            "send_message",
            {"sender": "a", "recipient": "b"},
            {"id": "m1"},
            Effect("moves", "m1", payer="a", payee="b"),
        ),
        ("create_split_intent", {}, {"payer": "a", "total_amount": 30.0}, Effect("moves", "", "30.0", payer="a")),
        ("deposit", {"amount": 1e22}, {}, Effect("moves", "", "10000000000000000000000")),
        ("deposit", {"amount": True}, None, Effect("moves", "")),
    ],
)
def test_money_that_moves_at_once(operation: str, asked: JSON, told: JSON, expected: Effect) -> None:
    """Named by what the answer calls it, or by nothing."""
    assert effects(operation, asked, told) == [expected]


@pytest.mark.parametrize("state", ["settled", "released", "refunded", "cancelled", "canceled", "expired", "EXPIRED"])
def test_a_read_that_shows_a_closed_escrow_closes_it(state: str) -> None:
    """Another party, or time, may have closed it."""
    shown: JSON = {"id": "e1", "status": state, "amount": "25.0", "payer": "a", "payee": "b"}

    assert effects("get_escrow", {"escrow_id": "e1"}, shown, safe=True) == [
        Effect("closes", "e1", "25.0", payer="a", payee="b")
    ]
    assert effects("get_escrow", {"escrow_id": "e1"}, {"escrow": shown}, safe=True)[0].resource == "e1"
    assert effects("get_escrow", {"escrow_id": "e1"}, {"state": state}, safe=True) == [Effect("closes", "e1")]


@pytest.mark.parametrize("state", ["held", "pending", "disputed", "", None, 7])
def test_a_read_that_shows_a_held_escrow_does_nothing(state: JSON) -> None:
    """Nothing is known that was not known before."""
    assert effects("get_escrow", {"escrow_id": "e1"}, {"id": "e1", "status": state}, safe=True) == []


def test_a_list_closes_what_it_shows_as_closed() -> None:
    """One effect for each."""
    listed: list[JSON] = [
        {"id": "e1", "status": "settled"},
        {"id": "e2", "status": "held"},
        {"id": "e3", "status": "expired"},
        "nonsense",
    ]

    expected = [Effect("closes", "e1"), Effect("closes", "e3")]
    assert effects("list_escrows", {}, {"escrows": listed}, safe=True) == expected
    assert effects("list_escrows", {}, listed, safe=True) == expected


def test_checking_a_performance_escrow_may_close_it() -> None:
    """The gateway releases it when the metric is met."""
    asked: JSON = {"escrow_id": "e1"}

    assert effects("check_performance_escrow", asked, {"released": True, "settlement_id": "s1"}) == [
        Effect("closes", "e1")
    ]
    assert effects("check_performance_escrow", asked, {"released": False}) == []


def test_a_resolved_dispute_closes_its_escrow_when_the_answer_names_it() -> None:
    """The gateway's answer to `resolve_dispute` itself does not."""
    resolved: JSON = {"id": "d1", "escrow_id": "e1", "status": "resolved"}

    assert effects("get_dispute", {}, resolved, safe=True) == [Effect("closes", "e1")]
    assert effects("list_disputes", {}, {"disputes": [resolved]}, safe=True) == [Effect("closes", "e1")]
    assert effects("resolve_dispute", {}, {"id": "d1", "status": "resolved"}) == []
    assert effects("get_dispute", {}, {"id": "d1", "escrow_id": "e1", "status": "open"}, safe=True) == []


@pytest.mark.parametrize(
    ("operation", "status", "headers"),
    [
        ("create_escrow", 402, ()),
        ("create_escrow", 500, ()),
        ("create_escrow", 302, ()),
        ("create_escrow", 201, (("idempotent-replayed", "True"),)),
        ("register_webhook", 201, ()),
    ],
)
def test_what_changed_no_books(operation: str, status: int, headers: tuple[tuple[str, str], ...]) -> None:
    """The status is noted all the same."""
    only = call(operation, ASKED)
    note_effects([only], answer(status, {"id": "e1"}, *headers))

    assert only.effects == []
    assert only.status == status


def test_a_safe_call_moves_nothing() -> None:
    """Whatever its name."""
    assert effects("deposit", ASKED, {"transaction_id": 1}, safe=True) == []


BATCH: JSON = {
    "results": [
        {"success": True, "result": {"id": "e1", "status": "held", "amount": "1.00"}},
        {"success": False, "error": {"code": "insufficient_balance", "message": "no"}},
        {"success": True, "result": {"balance": "5.00"}},
    ]
}


def test_each_entry_of_a_batch_has_its_own_status_and_effects() -> None:
    """Though HTTP says 200."""
    entries = [call("create_escrow"), call("deposit"), call("get_balance", safe=True)]
    note_effects(entries, answer(200, BATCH))

    assert [entry.status for entry in entries] == [200, 402, 200]
    assert [entry.effects for entry in entries] == [[Effect("opens", "e1", "1.00")], [], []]


def test_noting_twice_is_noting_once() -> None:
    """Effects are set, not added."""
    only = call("create_escrow")
    note_effects([only], answer(201, {"id": "e1"}))
    note_effects([only], answer(201, {"id": "e1"}))

    assert len(only.effects) == 1


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (200, Commit.COMMITTED),
        (201, Commit.COMMITTED),
        (302, Commit.NONE),
        (400, Commit.NONE),
        (409, Commit.NONE),
        (429, Commit.NONE),
        (500, Commit.AMBIGUOUS),
        (504, Commit.AMBIGUOUS),
    ],
)
def test_the_commit_of_a_mutating_call(status: int, expected: Commit) -> None:
    """And of one that is not: it commits nothing."""
    assert commit_of([call("deposit")], answer(status), reached=True) is expected
    assert commit_of([call("get_balance", safe=True)], answer(status), reached=True) is Commit.NONE


def test_no_answer_is_ambiguous_when_the_upstream_was_reached() -> None:
    """A request that never left did nothing."""
    assert commit_of([call("deposit")], None, reached=True) is Commit.AMBIGUOUS
    assert commit_of([call("deposit")], None, reached=False) is Commit.NONE
    assert commit_of([call("get_balance", safe=True)], None, reached=True) is Commit.NONE


def test_an_error_without_the_upstream_commits_nothing() -> None:
    """Somebody in between wrote it."""
    assert commit_of([call("deposit")], answer(502), reached=False) is Commit.NONE


def failed(code: str) -> JSON:
    """A batch entry that failed."""
    return {"success": False, "error": {"code": code}}


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        ([{"success": True}, failed("invalid_state")], Commit.COMMITTED),
        ([failed("invalid_state"), {"success": True}], Commit.COMMITTED),
        ([failed("invalid_state"), failed("escrow_not_found")], Commit.NONE),
        ([failed("internal_error"), failed("escrow_not_found")], Commit.AMBIGUOUS),
        ([], Commit.AMBIGUOUS),
    ],
)
def test_the_commit_of_a_batch(results: list[JSON], expected: Commit) -> None:
    """One success is enough; an empty answer does not say."""
    entries = [call("deposit"), call("release_escrow")]
    assert commit_of(entries, answer(200, {"results": results}), reached=True) is expected


def test_a_read_that_succeeds_does_not_commit_a_batch() -> None:
    """Only what may change something counts."""
    entries = [call("deposit"), call("get_balance", safe=True)]
    body: JSON = {"results": [failed("invalid_state"), {"success": True}]}

    assert commit_of(entries, answer(200, body), reached=True) is Commit.NONE


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
NAMES = st.sampled_from(
    ["id", "status", "escrow_id", "results", "success", "result", "error", "code", "escrows", "amount"]
)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(NAMES, inner), max_leaves=20)
OPERATIONS = st.sampled_from(
    ["create_escrow", "release_escrow", "get_escrow", "list_escrows", "get_dispute", "deposit", "send_message", "x"]
)


@given(st.lists(st.tuples(OPERATIONS, VALUES, st.booleans()), max_size=3), st.integers(100, 599), VALUES)
def test_no_answer_makes_it_raise(asked: list[tuple[str, JSON, bool]], status: int, body: JSON) -> None:
    """The upstream may send anything."""
    made = [call(operation, value, safe=safe) for operation, value, safe in asked]
    told = answer(status, body)

    note_effects(made, told)
    assert commit_of(made, told, reached=True) in Commit
