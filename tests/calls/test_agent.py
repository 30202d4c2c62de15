import pytest

from proxy_addons.calls.agent import LONGEST, agent_name
from proxy_addons.exchange import Request


def request(**headers: str) -> Request:
    """A request with headers; an underscore stands for a hyphen."""
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Request("GET", "https", "api.example.com", 443, "/", headers=named)


def test_the_proxy_user_comes_first() -> None:
    """It is the one thing that works for any client without a change of code."""
    assert agent_name("buyer", request(x_agent_id="seller", authorization="Bearer abc")) == "buyer"


def test_the_header_comes_second() -> None:
    """Agents that share a key can still be told apart."""
    assert agent_name(None, request(x_agent_id=" seller ", authorization="Bearer abc")) == "seller"


def test_nobody_is_default() -> None:
    """There is always a name."""
    assert agent_name(None, request()) == "default"


def test_a_key_is_hashed_and_the_same_wherever_it_stands() -> None:
    """The key itself is never shown."""
    as_bearer = agent_name(None, request(authorization="Bearer a2a_free_12ab"))

    assert as_bearer == "key-356cba39"
    assert agent_name(None, request(x_api_key="a2a_free_12ab")) == as_bearer
    assert agent_name(None, request(authorization="bearer  a2a_free_12ab ")) == as_bearer
    assert agent_name(None, request(authorization="a2a_free_12ab")) == as_bearer
    assert agent_name(None, request(authorization="Bearer a2a_free_12ac")) != as_bearer


def test_basic_credentials_are_hashed() -> None:
    """Some APIs take the key as user name."""
    assert agent_name(None, request(authorization="Basic YnV5ZXI6")).startswith("key-")


@pytest.mark.parametrize("value", ["AWS4-HMAC-SHA256 Credential=x, Signature=y", "Bearer", "Bearer ", "", "  "])
def test_authorization_that_holds_no_lasting_key_names_nobody(value: str) -> None:
    """A signature is another one for each request."""
    assert agent_name(None, request(authorization=value)) == "default"


@pytest.mark.parametrize("user", ["", " ", "\x00\x1b", "\u202e\u200b", "\ud800"])
def test_a_name_that_does_not_show_is_none(user: str) -> None:
    """The next rule applies."""
    assert agent_name(user, request(x_agent_id="seller")) == "seller"


def test_control_characters_are_removed() -> None:
    """A name must not forge lines in a log or colours in a terminal."""
    assert agent_name("bu\r\nyer\x1b[31m", request()) == "buyer[31m"


def test_a_name_is_bounded() -> None:
    """It is a label of metrics."""
    assert agent_name("a" * 1000, request()) == "a" * LONGEST
