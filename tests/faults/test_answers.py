"""Well-formed answers: pages, problem documents, and headers that can be sent."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from proxy_addons.faults.answers import check_header_name, check_headers, error_page, problem, title
from tests.support.edits import ask, faulty
from tests.support.lint import complaints


def test_a_problem_names_what_was_asked_for() -> None:
    """RFC 9457; a success is none, and says so by its type."""
    headers, body = problem(503, "/v1/x", "busy")
    assert headers == [("content-type", "application/problem+json")]
    assert json.loads(body) == {
        "type": "about:blank",
        "title": "Service Unavailable",
        "status": 503,
        "instance": "/v1/x",
        "detail": "busy",
    }
    assert problem(200, "/")[0] == [("content-type", "application/json")]


def test_a_page_is_html() -> None:
    """As load balancers write it."""
    headers, body = error_page(504)
    assert dict(headers)["content-type"] == "text/html; charset=utf-8"
    assert b"<title>504 Gateway Timeout</title>" in body


def test_a_code_without_a_name_is_an_error() -> None:
    """Nobody gave 599 one."""
    assert (title(404), title(599)) == ("Not Found", "Error")


@pytest.mark.parametrize("name", ["Content-Length", "transfer-encoding", "", "a b", "a:", "é"])
def test_a_header_that_cannot_be_sent_is_refused(name: str) -> None:
    """Nor one that the body sets."""
    with pytest.raises(ValueError, match=r"is no header|is set by the body itself"):
        check_header_name(name)


def test_a_value_cannot_end_its_header() -> None:
    """A second one would follow."""
    with pytest.raises(ValueError, match="is no header"):
        check_headers({"x": "a\r\nset-cookie: b"})
    assert check_headers({"x": "a"}) == {"x": "a"}


@pytest.mark.parametrize(
    "fault",
    [
        "{status: 503}",
        "{status: {code: 429, retry_after: 2s}}",
        "{status: {codes: [500, 502, 504], page: html}}",
        "{status: {code: 500, body: {error: busy}}}",
        "{status: {code: 500, body: busy}}",
        "{status: 204}",
        "{status: 304}",
        "{status: {code: 503, at: after}}",
        "{redirect: /v2}",
        "{redirect: {loop: true, code: 302}}",
        "{redirect: {host: other.example.com, code: 308}}",
        "{redirect: {to: 'https://other.example.com/', code: 301}}",
        "{rate_limit: 1}",
        "{rate_limit: {limit: 1, retry_after: date}}",
        "{rate_limit: {limit: 1, retry_after: none}}",
        "false_success",
        "{false_success: {body: {id: '{id}'}}}",
    ],
)
def test_httplint_finds_nothing_wrong(tmp_path: Path, ca: Path, fault: str) -> None:
    """With any answer of ours that is meant to be well-formed."""
    with faulty(tmp_path, ca, fault) as proxy:
        ask(proxy, "POST", "/v1/orders", {"amount": "1.00"})
        seen = ask(proxy, "POST", "/v1/orders", {"amount": "1.00"})
        *_, event = proxy.exchanges
    assert event.injections[0].delivered
    assert complaints(seen) == []
