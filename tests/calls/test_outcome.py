import json

import pytest

from proxy_addons.calls.outcome import Outcome, outcomes
from proxy_addons.exchange import JSON, Answer


def answer(status: int, body: JSON = None) -> Answer:
    """An answer with a JSON body."""
    return Answer(status, (), json.dumps(body).encode())


def failed(**error: JSON) -> JSON:
    """An envelope with an error."""
    return {"success": False, "error": dict(error)}


def test_a_failed_request_failed_every_call() -> None:
    """Whatever its body says."""
    assert outcomes(2, answer(503, {"results": []})) == [Outcome(503), Outcome(503)]


def test_a_single_answer_is_its_content() -> None:
    """Or None when that is not JSON."""
    assert outcomes(1, answer(201, {"id": "e1"})) == [Outcome(201, {"id": "e1"})]
    assert outcomes(1, Answer(200, (), b"not json")) == [Outcome(200, None)]


def test_an_envelope_is_opened() -> None:
    """`/v1/execute` says 200 and what went wrong inside."""
    body: JSON = {"success": True, "result": {"id": "e1"}, "charged": 0.1}

    assert outcomes(1, answer(200, body)) == [Outcome(200, {"id": "e1"})]
    assert outcomes(1, answer(200, failed(code="invalid-state"))) == [Outcome(409)]


def test_a_success_that_is_no_envelope_is_content() -> None:
    """A tool may have a field of that name."""
    assert outcomes(1, answer(200, {"success": False})) == [Outcome(200, {"success": False})]


def test_a_batch_has_an_outcome_an_entry() -> None:
    """In the order of the calls."""
    body: JSON = {"results": [{"success": True, "result": {"a": 1}}, failed(code="escrow_not_found", message="no")]}

    assert outcomes(2, answer(200, body)) == [Outcome(200, {"a": 1}), Outcome(404)]


def test_a_batch_of_one_is_told_from_an_answer_that_has_results() -> None:
    """A search has results, too."""
    assert outcomes(1, answer(200, {"results": [failed(code="x")]})) == [Outcome(500)]
    assert outcomes(1, answer(200, {"results": [{"id": 1}]})) == [Outcome(200, {"results": [{"id": 1}]})]


@pytest.mark.parametrize("body", [None, [], {}, {"results": {}}, {"results": []}, {"results": [1, {"success": 1}]}])
def test_a_batch_that_does_not_say_is_unknown(body: JSON) -> None:
    """Neither done nor not done."""
    assert outcomes(2, answer(200, body)) == [Outcome(None), Outcome(None)]


@pytest.mark.parametrize(
    ("error", "status"),
    [
        ({"status": 402, "code": "x"}, 402),
        ({"status": "402"}, 402),
        ({"code": 429}, 429),
        ({"code": "429"}, 429),
        ({"code": "insufficient-balance"}, 402),
        ({"code": "insufficient_tier"}, 403),
        ({"code": "duplicate_intent"}, 409),
        ({"code": "wallet-not-found"}, 404),
        ({"code": "validation_error"}, 422),
        ({"code": "rate_limit_exceeded"}, 429),
        ({"code": "internal_error"}, 500),
        ({"code": None}, 500),
        ({"code": True}, 500),
        ({"code": 7}, 500),
        ({}, 500),
    ],
)
def test_the_status_of_an_error(error: JSON, status: int) -> None:
    """As stated, else as the gateway pairs it with the code, else 500."""
    body: JSON = {"results": [{"success": False, "error": error}]}
    assert outcomes(1, answer(200, body)) == [Outcome(status)]


def test_an_error_that_is_a_word() -> None:
    """Without an object around it."""
    assert outcomes(1, answer(200, {"success": False, "error": "invalid_state"})) == [Outcome(409)]


@pytest.mark.parametrize(("status", "expected"), [(199, False), (200, True), (299, True), (300, False), (None, False)])
def test_success(status: int | None, *, expected: bool) -> None:
    """2xx and nothing else."""
    assert Outcome(status).succeeded is expected


def rpc(**said: JSON) -> dict[str, JSON]:
    """A JSON-RPC response."""
    return {"jsonrpc": "2.0", "id": 1, **said}


@pytest.mark.parametrize(
    ("body", "status", "content"),
    [
        (rpc(result={"content": [], "structuredContent": {"id": "e-1"}}), 200, {"id": "e-1"}),
        (rpc(result={"tools": []}), 200, {"tools": []}),
        (rpc(result=None), 200, None),
        (rpc(result={"content": [], "isError": True}), 500, None),
        (rpc(error={"code": -32602, "message": "no"}), 422, None),
        (rpc(error={"code": -32603, "message": "no"}), 500, None),
        (rpc(error={"code": "x"}), 500, None),
    ],
)
@pytest.mark.parametrize("streamed", [False, True])
def test_a_json_rpc_response_tells_in_a_200(body: JSON, status: int, content: JSON, *, streamed: bool) -> None:
    """Who may have done half of it gets a 500; what was refused, did nothing. As JSON, or the last of the events."""
    text = json.dumps(body)
    if streamed:
        text = f': ping\n\ndata: {{"jsonrpc":"2.0","method":"notifications/progress"}}\n\ndata: {text}\n\n'
    kind = "text/event-stream" if streamed else "application/json"

    assert outcomes(1, Answer(200, (("content-type", kind),), text.encode())) == [Outcome(status, content)]


def test_a_stream_that_says_nothing_is_a_success() -> None:
    """All that is known is its status."""
    answer = Answer(200, (("content-type", "text/event-stream"),), b"data: [DONE]\n\n")

    assert outcomes(1, answer) == [Outcome(200, None)]
