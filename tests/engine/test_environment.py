"""What the command under test finds in its environment."""

from __future__ import annotations

from pathlib import Path

from proxy_addons.engine.environment import child_environment, shell_exports

PROXY = "http://127.0.0.1:8080"
BUNDLE, CA = Path("/run/bundle.pem"), Path("/ca/cert.pem")


def environment(parent: dict[str, str], no_proxy: str | None = None) -> dict[str, str]:
    """What a child of `parent` gets."""
    return child_environment(parent, proxy_url=PROXY, bundle=BUNDLE, ca_certificate=CA, no_proxy=no_proxy)


def test_every_client_is_led_through_the_proxy_and_trusts_it() -> None:
    """The whole list, nothing but the list."""
    assert environment({"PATH": "/bin"}) == {
        "PATH": "/bin",
        **dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), PROXY),
        **dict.fromkeys(
            (
                "SSL_CERT_FILE",
                "REQUESTS_CA_BUNDLE",
                "CURL_CA_BUNDLE",
                "AWS_CA_BUNDLE",
                "GIT_SSL_CAINFO",
                "PIP_CERT",
                "DENO_CERT",
            ),
            "/run/bundle.pem",
        ),
        "NODE_EXTRA_CA_CERTS": "/ca/cert.pem",
        "NODE_USE_ENV_PROXY": "1",
    }


def test_ways_around_the_proxy_are_closed() -> None:
    """An inherited NO_PROXY or another proxy would let calls slip by."""
    parent = {"NO_PROXY": "*", "no_proxy": "localhost", "ALL_PROXY": "socks5://x", "all_proxy": "y", "HTTPS_PROXY": "z"}
    child = environment(parent)
    assert {name for name in child if "no_proxy" in name.lower() or "all_proxy" in name.lower()} == set()
    assert child["HTTPS_PROXY"] == PROXY


def test_no_proxy_on_purpose() -> None:
    """Both spellings."""
    child = environment({"NO_PROXY": "*"}, no_proxy="db.local")
    assert (child["NO_PROXY"], child["no_proxy"]) == ("db.local", "db.local")


def test_shell_exports_say_the_same() -> None:
    """A line a variable."""
    lines = shell_exports(proxy_url=PROXY, bundle=BUNDLE, ca_certificate=CA)
    assert lines == [f"export {name}={value}" for name, value in environment({}).items()]
