"""Real clients behind `crosswind run`, without a change to their code: what each is seen to do, and what it gets."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import certifi
import pytest

from proxy_addons.events.event import RunEnded
from tests.e2e.invoke import CLIENTS, ESCROWS, GATEWAY, Crosswind, python
from tests.support.upstream import say, upstream

BODY = json.dumps({"payer": "buyer", "payee": "seller", "amount": "25.00"})
URL = GATEWAY + ESCROWS
JSON_TYPE = "content-type: application/json"

LOOPBACK = "version: 1\nname: loopback\nscope: {hosts: [127.0.0.1]}\nrules: [{fault: noop}]\n"
"""A profile for a local upstream, so that a client that goes round the proxy reaches nothing but this machine."""


def curl(version: str) -> list[str]:
    """The call, made with curl."""
    return ["curl", "-sS", f"--http{version}", "-H", JSON_TYPE, "-d", BODY, "--max-time", "20", URL]


PYTHON_CLIENTS = [
    pytest.param(python("with_requests.py", URL, BODY), "HTTP/1.1", id="requests"),
    pytest.param(python("with_httpx.py", "HTTP/1.1", URL, BODY), "HTTP/1.1", id="httpx-h1"),
    pytest.param(python("with_httpx.py", "HTTP/2", URL, BODY), "HTTP/2.0", id="httpx-h2"),
    pytest.param(python("with_aiohttp.py", "trust_env", URL, BODY), "HTTP/1.1", id="aiohttp"),
    pytest.param(python("with_urllib.py", URL, BODY), "HTTP/1.1", id="urllib"),
    pytest.param(python("with_sdk.py", GATEWAY, BODY), "HTTP/1.1", id="sdk"),
]

NODE_CLIENTS = [
    pytest.param(["with_undici.cjs", "EnvHttpProxyAgent", "HTTP/1.1", URL, BODY], "HTTP/1.1", id="undici-env-h1"),
    pytest.param(["with_undici.cjs", "EnvHttpProxyAgent", "HTTP/2", URL, BODY], "HTTP/2.0", id="undici-env-h2"),
    pytest.param(["with_undici.cjs", "ProxyAgent", "HTTP/1.1", URL, BODY], "HTTP/1.1", id="undici-agent-h1"),
    pytest.param(["with_undici.cjs", "ProxyAgent", "HTTP/2", URL, BODY], "HTTP/2.0", id="undici-agent-h2"),
    pytest.param(["with_axios.cjs", URL, BODY], "HTTP/1.1", id="axios"),
]


def assert_intercepted(
    crosswind: Crosswind, command: list[str], version: str, env: dict[str, str] | None = None
) -> None:
    """Run the client: one call is seen, named, counted and answered, and the client has that very answer."""
    done = crosswind.run(*command, options=["--profile", "calm", "--agent", "buyer"], env=env)
    (seen,) = crosswind.exchanges()
    ended = crosswind.events()[-1]
    assert isinstance(ended, RunEnded)
    assert (ended.child_status, done.stderr.count("Crosswind broke")) == (0, 0)
    assert (seen.http_version, seen.method, seen.host, seen.path) == (
        version,
        "POST",
        "sandbox.greenhelix.net",
        ESCROWS,
    )
    assert (seen.agent, seen.origin, seen.status, seen.delivered) == ("buyer", "sandbox", 201, True)
    (call,) = seen.calls
    (effect,) = call.effects
    answer = json.loads(done.stdout)
    assert (call.operation, effect.kind, effect.resource) == ("create_escrow", "opens", answer["id"])
    assert (answer["status"], float(answer["amount"])) == ("held", 25.0)
    assert [(injection.fault, injection.delivered) for injection in seen.injections] == [("noop", True)]


@pytest.mark.parametrize(("command", "version"), PYTHON_CLIENTS)
def test_python_client_is_intercepted(crosswind: Crosswind, command: list[str], version: str) -> None:
    """The environment alone leads it through the proxy, and lets it trust the proxy's CA."""
    assert_intercepted(crosswind, command, version)


@pytest.mark.parametrize(
    ("option", "version"), [pytest.param("1.1", "HTTP/1.1", id="h1"), pytest.param("2", "HTTP/2.0", id="h2")]
)
def test_curl_is_intercepted(crosswind: Crosswind, tool: Callable[[str], str], option: str, version: str) -> None:
    """The environment alone leads it through the proxy, and lets it trust the proxy's CA."""
    tool("curl")
    assert_intercepted(crosswind, curl(option), version)


@pytest.mark.parametrize(("arguments", "version"), NODE_CLIENTS)
def test_node_client_is_intercepted(
    crosswind: Crosswind, node_packages: Path, arguments: list[str], version: str
) -> None:
    """The environment alone leads it through the proxy, and lets it trust the proxy's CA."""
    script, *rest = arguments
    environment = {"NODE_PATH": str(node_packages)}
    assert_intercepted(crosswind, ["node", str(CLIENTS / script), *rest], version, environment)


def test_the_name_of_an_agent_may_be_any_text(crosswind: Crosswind, tool: Callable[[str], str]) -> None:
    """It travels in the proxy's address, where some characters have a meaning."""
    tool("curl")
    crosswind.run(*curl("1.1"), options=["--agent", "büyer/7 @home"])
    assert [exchange.agent for exchange in crosswind.exchanges()] == ["büyer/7 @home"]


def assert_went_round(crosswind: Crosswind, command: list[str], advice: str) -> None:
    """Run a client that ignores the proxy variables: its call gets its answer, and the run says that it saw nothing."""
    crosswind.profile(LOOPBACK)
    with upstream(say(body=b'{"from":"upstream"}')) as direct:
        done = crosswind.run(*command, direct.url + ESCROWS, BODY, options=["--profile", "profile.yaml"])
    assert (done.code, done.stdout) == (3, b'{"from":"upstream"}')
    assert [path for _, path, _, _ in direct.asked] == [ESCROWS]
    assert crosswind.exchanges() == []
    assert "NOT EXERCISED" in done.stderr
    assert "Nothing came through the proxy: the client does not use it, or made no call." in done.stderr
    assert advice in done.stderr


def assert_went_through(crosswind: Crosswind, command: list[str]) -> None:
    """Run a client that heeds the proxy variables, for a local address too."""
    crosswind.profile(LOOPBACK)
    with upstream(say(body=b'{"from":"upstream"}')) as mapped:
        done = crosswind.run(*command, mapped.url + ESCROWS, BODY, options=["--profile", "profile.yaml"])
    assert (done.code, done.stdout) == (3, b'{"from":"upstream"}')
    assert [(seen.host, seen.origin, seen.status) for seen in crosswind.exchanges()] == [("127.0.0.1", "upstream", 200)]
    assert "1 call" in done.stderr


def test_aiohttp_goes_round_the_proxy_by_default(crosswind: Crosswind) -> None:
    """It looks at the proxy variables only when told to; the run says so instead of passing."""
    assert_went_round(crosswind, python("with_aiohttp.py", "default"), "aiohttp: ClientSession(trust_env=True)")


def test_aiohttp_with_trust_env_does_not(crosswind: Crosswind) -> None:
    """The same program, told to."""
    assert_went_through(crosswind, python("with_aiohttp.py", "trust_env"))


def test_fetch_of_node_goes_round_the_proxy_until_it_knows_the_variable(
    crosswind: Crosswind, tool: Callable[[str], str]
) -> None:
    """Node 20's fetch ignores proxies; from 22.21 and 24 on it heeds NODE_USE_ENV_PROXY, which the run sets."""
    command = [tool("node"), str(CLIENTS / "with_fetch.cjs")]
    if heeds_env_proxy(node_version(command[0])):
        assert_went_through(crosswind, command)
    else:
        assert_went_round(crosswind, command, "Node.js: fetch needs Node 22.21 or 24 with NODE_USE_ENV_PROXY=1")


def test_a_client_that_does_not_trust_the_ca_is_told_apart(crosswind: Crosswind, tool: Callable[[str], str]) -> None:
    """It came to the proxy and turned away: nothing was proven, and the run names the variables to set."""
    tool("curl")
    done = crosswind.run(*curl("1.1"), "--cacert", certifi.where())
    assert (done.code, done.stdout) == (3, b"")
    assert "they do not trust its CA" in done.stderr
    assert "curl: CURL_CA_BUNDLE" in done.stderr


def test_the_lock_of_the_node_clients_names_no_registry() -> None:
    """It is the same wherever it is written; npm takes the registry that it is set up with."""
    lock = json.loads((CLIENTS / "package-lock.json").read_text())
    assert [name for name, package in lock["packages"].items() if "resolved" in package] == []
    assert [name for name, package in lock["packages"].items() if name and "integrity" not in package] == []


def node_version(node: str) -> tuple[int, int]:
    """Major and minor."""
    said = subprocess.run([node, "--version"], check=True, capture_output=True, text=True, timeout=20).stdout
    found = re.match(r"v(\d+)\.(\d+)", said)
    assert found, said
    return int(found[1]), int(found[2])


def heeds_env_proxy(version: tuple[int, int]) -> bool:
    """Whether this Node's fetch heeds NODE_USE_ENV_PROXY (nodejs.org: added in v24.0.0 and v22.21.0)."""
    return version >= (24, 0) or (22, 21) <= version < (23, 0)


@pytest.fixture
def node_packages(tool: Callable[[str], str]) -> Path:
    """The packages of tests/e2e/clients, as locked, outside the tree. What cannot be had skips a person's test."""
    major, _ = node_version(tool("node"))
    found = installed(tool("npm"), major)
    if isinstance(found, str):
        if os.environ.get("CI"):
            pytest.fail(found)
        pytest.skip(found)
    return found


@functools.cache
def installed(npm: str, node_major: int) -> Path | str:
    """Install once for each lock and version of Node, and keep it in the user's cache; why not, when it fails."""
    sources = [CLIENTS / name for name in ("package.json", "package-lock.json", ".npmrc")]
    digest = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:16]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "crosswind"
    target = cache / f"node{node_major}-{digest}"
    if not target.exists():
        cache.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=".node-", dir=cache))
        try:
            for source in sources:
                shutil.copy(source, aside)
            done = subprocess.run(
                [npm, "ci", "--ignore-scripts"], cwd=aside, check=False, capture_output=True, text=True, timeout=300
            )
            if done.returncode:
                return f"npm ci failed: {done.stderr.strip()[-500:]}"
            aside.chmod(0o755)
            move_into_place(aside, target)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    return target / "node_modules"


def move_into_place(aside: Path, target: Path) -> None:
    """Move it there whole, unless another test run was quicker."""
    try:
        aside.rename(target)
    except OSError:
        if not target.exists():
            raise
