"""The environment in which any HTTPS client is intercepted, without a change to its code."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path

PROXY_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy")
BUNDLE_VARIABLES = (
    "SSL_CERT_FILE",  # OpenSSL, httpx, urllib, aiohttp, Go
    "REQUESTS_CA_BUNDLE",  # requests
    "CURL_CA_BUNDLE",  # curl, requests
    "AWS_CA_BUNDLE",  # boto3
    "GIT_SSL_CAINFO",  # git
    "PIP_CERT",  # pip
    "DENO_CERT",  # Deno
)
_BYPASS_VARIABLES = ("NO_PROXY", "no_proxy", "ALL_PROXY", "all_proxy")


def child_environment(
    parent: Mapping[str, str], *, proxy_url: str, bundle: Path, ca_certificate: Path, no_proxy: str | None
) -> dict[str, str]:
    """What the command under test gets: `parent`, with the proxy and its trust added.

    NO_PROXY is cleared, or a call could slip by unseen; `no_proxy` sets it to something on purpose.
    """
    child = {name: value for name, value in parent.items() if name not in _BYPASS_VARIABLES}
    child |= dict.fromkeys(PROXY_VARIABLES, proxy_url)
    child |= dict.fromkeys(BUNDLE_VARIABLES, str(bundle))
    child["NODE_EXTRA_CA_CERTS"] = str(ca_certificate)
    child["NODE_USE_ENV_PROXY"] = "1"
    if no_proxy is not None:
        child |= {"NO_PROXY": no_proxy, "no_proxy": no_proxy}
    return child


def shell_exports(*, proxy_url: str, bundle: Path, ca_certificate: Path) -> list[str]:
    """The same as `export` lines, for a shell in another window."""
    variables = child_environment({}, proxy_url=proxy_url, bundle=bundle, ca_certificate=ca_certificate, no_proxy=None)
    return [f"export {name}={shlex.quote(value)}" for name, value in variables.items()]
