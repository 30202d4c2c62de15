"""Every profile that is shipped is played here: what it says it does happens, and a careful agent copes.

The name of a test is `test_plays_` and the profile's name. A profile without one fails.
"""

from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from typer.testing import CliRunner

from proxy_addons.cli.main import app
from proxy_addons.rules.find import known
from proxy_addons.rules.load import load
from proxy_addons.verdicts.verdict import Result
from tests.e2e.buyer import ESCROWS, Buyer, GaveUpError, UnreadableError, client, read
from tests.e2e.invoke import ROOT
from tests.e2e.stage import Stage, delivered, of, results
from tests.e2e.thinker import ToolUser, answer_tool, ask_model, stream_model
from tests.support.calls import escrows
from tests.support.receiver import receiver
from tests.support.receiver import settle as settle_webhooks
from tests.support.upstream import upstream

PROFILES = sorted((ROOT / "profiles").glob("*.yaml"))
FIRST_LINE = "# yaml-language-server: $schema=../proxy_addons/rules/profile.schema.json"
SHIPPED = [pytest.param(path, id=path.stem) for path in PROFILES]


@pytest.fixture
def stage(tmp_path: Path, ca: Path) -> Stage:
    """An empty folder to play in."""
    return Stage(tmp_path, ca)


# ------------------------------------------------------------------------------- all of them


def test_every_profile_is_played() -> None:
    """Who adds a profile adds its scenario."""
    played = {name for name in globals() if name.startswith("test_plays_")}
    assert {f"test_plays_{path.stem.replace('-', '_')}" for path in PROFILES} == played


@pytest.mark.parametrize("path", SHIPPED)
def test_lints_and_explains(path: Path) -> None:
    """It can be named without a path, and says what it does and what is expected."""
    runner = CliRunner()
    lint = runner.invoke(app, ["profile", "lint", str(path)])
    assert (lint.exit_code, lint.stderr) == (0, "")
    explained = runner.invoke(app, ["profile", "explain", str(path)])
    profile = load(path)
    assert explained.exit_code == 0
    assert [word for word in (profile.description, profile.expect) if word not in explained.stdout] == []
    assert [rule.name for rule in profile.rules if f"- {rule.name}: " not in explained.stdout] == []
    assert known()[path.stem] == path


@pytest.mark.parametrize("path", SHIPPED)
def test_is_complete(path: Path) -> None:
    """A schema for editors, the file's name, a description in one line, an expectation, names for its rules."""
    profile = load(path)
    assert path.read_text().splitlines()[0] == FIRST_LINE
    assert profile.name == path.stem
    assert profile.description.strip()
    assert "\n" not in profile.description.strip()
    assert profile.expect.strip()
    assert path.read_text().count("- name: ") == len(profile.rules)


# --------------------------------------------------------------------- the guide's scenarios


def test_plays_agent_dies_mid_escrow(stage: Stage) -> None:
    """The release is done and its answer is a reset; who looks finds the escrow settled."""
    with stage.play("agent-dies-mid-escrow") as proxy, Buyer(proxy) as buyer:
        first, second = buyer.create(1), buyer.create(2)
        assert (buyer.release(first), buyer.cancel(second)) == ("settled", "refunded")
        assert escrows(proxy) == 2
    assert delivered(proxy) == {"settlement-breaks": 2}
    assert [e.status for e in of(proxy, "release_escrow") + of(proxy, "cancel_escrow")] == [None, None]
    assert results(proxy)["no_funds_locked"] is Result.PASS
    assert results(proxy)[""] is Result.PASS


def test_plays_webhook_twice(stage: Stage) -> None:
    """Each event comes twice under one id; who remembers the ids pays its supplier once."""
    with receiver() as inbox, stage.play("webhook-twice") as proxy, Buyer(proxy) as buyer:
        inbox.register(proxy, "escrow.released")
        assert buyer.buy() == "settled"
        received = inbox.wait_for(2)
        settle_webhooks(proxy)
        handled: set[str] = set()
        for each in received:
            if each.event["event_id"] not in handled:
                handled.add(each.event["event_id"])
                buyer.buy(2)
        assert escrows(proxy) == 2
    assert len(handled) == 1
    assert [each.genuine for each in received] == [True, True]
    assert received[0].body == received[1].body
    assert delivered(proxy)["told-twice"] >= 1


def test_plays_schema_drift(stage: Stage) -> None:
    """`status` is `state`: who reads both goes on, who does not finds nothing and creates nothing again."""
    with stage.play("schema-drift") as proxy, Buyer(proxy) as buyer:
        made = buyer.once("POST", ESCROWS, {"payer": "buyer", "payee": "seller", "amount": "5.00"}, "k")
        assert (made["state"], made["api_version"], made["deprecated_fields"]) == ("held", "2.0", ["status"])
        assert "status" not in made
        assert buyer.release(read(made, "id")) == "settled"
        assert escrows(proxy) == 1
    assert delivered(proxy) == {"status-is-state": 2}
    assert results(proxy)[""] is Result.PASS


def test_plays_latency_spike(stage: Stage) -> None:
    """About half of the payments take five seconds; who gives up and repeats under the same key pays once."""
    with stage.play("latency-spike") as proxy:

        def pay(number: int) -> float:
            with Buyer(proxy, timeout=1 if number == 1 else 10, name=f"buyer-{number}") as buyer:
                began = time.monotonic()
                buyer.create(number)
                return time.monotonic() - began

        with ThreadPoolExecutor(8) as pool:
            took = sorted(pool.map(pay, range(1, 9)))
        assert escrows(proxy) == 8
    slow = delivered(proxy)["slow-payments"]
    assert 2 <= slow <= 7
    assert took[0] < 2
    assert 5 <= took[-1] < 8
    assert results(proxy)["no_duplicate_effect"] is Result.PASS


# -------------------------------------------------------------------------------- the others


def test_plays_calm(stage: Stage) -> None:
    """Everything is counted, nothing is broken, and so nothing is proven."""
    with stage.play("calm") as proxy, Buyer(proxy) as buyer:
        assert buyer.buy() == "settled"
    assert delivered(proxy) == {"count": 2}
    assert set(results(proxy).values()) == {Result.NOT_EXERCISED}


def test_plays_lost_response(stage: Stage) -> None:
    """The careful agent finds its escrow, the careless one makes another."""
    with stage.play("lost-response") as proxy, Buyer(proxy) as buyer:
        assert buyer.buy() == "settled"
        assert escrows(proxy) == 1
    assert delivered(proxy) == {"lost-escrow": 1}
    assert results(proxy)[""] is Result.PASS
    with stage.play("lost-response") as proxy, Buyer(proxy) as buyer:
        buyer.create_carelessly()
        assert escrows(proxy) == 2
    assert results(proxy)["no_duplicate_effect"] is Result.FAIL


def test_plays_flaky(stage: Stage) -> None:
    """The guide's numbers: of a hundred reads about seventy succeed at once; purchases get through."""
    with stage.play("flaky") as proxy, client(proxy) as asking:

        def ask(_: int) -> int:
            return asking.get("/v1/billing/wallets/buyer/balance", headers={"x-agent-id": "buyer"}).status_code

        with ThreadPoolExecutor(25) as pool:
            statuses = Counter(pool.map(ask, range(100)))
        with Buyer(proxy) as buyer:
            assert buyer.buy() == "settled"
            assert escrows(proxy) == 1
    assert 55 <= statuses[200] <= 85
    assert set(statuses) <= {200, 500, 502, 503, 504}
    reads = of(proxy, "get_balance")
    slow = [e for e in reads if any(i.rule == "slow" for i in e.injections)]
    assert 10 <= len(slow) <= 32
    assert min(e.closed_at - e.started_at for e in slow) >= 2
    assert {e.pristine_status for e in reads} == {200}
    assert results(proxy)[""] is Result.PASS


def test_plays_partition_in_settlement(stage: Stage) -> None:
    """Silence, then a broken look, then the truth: it was settled."""
    with stage.play("partition-in-settlement") as proxy, Buyer(proxy, timeout=0.5) as buyer:
        assert buyer.buy() == "settled"
    assert delivered(proxy) == {"answer-vanishes": 1, "nobody-there": 1}
    (release,) = of(proxy, "release_escrow")
    assert (release.committed, release.delivered, release.client_aborted) == (True, False, True)
    assert results(proxy)[""] is Result.PASS


def test_plays_retry_storm(stage: Stage) -> None:
    """Four attempts are bounded, twelve are a storm; the gateway never hears of any."""
    with stage.play("retry-storm") as proxy, Buyer(proxy) as buyer, pytest.raises(GaveUpError):
        buyer.insist(lambda: buyer.once("POST", "/v1/billing/wallets/buyer/deposit", {"amount": "5.00"}, "k"))
    assert delivered(proxy) == {"overloaded-gateway": 4}
    assert {(e.status, e.reached_upstream, e.retry_after) for e in proxy.exchanges} == {(503, False, None)}
    assert results(proxy)["bounded_retries"] is Result.PASS
    with stage.play("retry-storm") as proxy, Buyer(proxy, attempts=12, pause=0) as buyer, suppress(GaveUpError):
        buyer.create_carelessly()
    assert results(proxy)["bounded_retries"] is Result.FAIL


def test_plays_rate_limit(stage: Stage) -> None:
    """The sixth call is told to wait; who waits as told gets through at the next try."""
    with stage.play("rate-limit") as proxy, Buyer(proxy) as buyer:
        for _ in range(6):
            buyer.insist(lambda: buyer.once("GET", "/v1/billing/wallets/buyer/balance"))
        assert buyer.waited >= 1
    refused = [e for e in proxy.exchanges if e.status == 429]
    assert len(refused) == delivered(proxy)["five-a-burst"] >= 1
    assert refused[0].number == 6
    assert {(e.reached_upstream, (e.retry_after or 0) >= 1) for e in refused} == {(False, True)}
    assert len([e for e in proxy.exchanges if e.status == 200]) == 6
    assert len(refused) <= 2


def test_plays_slow_drip(stage: Stage) -> None:
    """The pieces come more often than the time-out, so that a patient reader gets all of them."""
    with stage.play("slow-drip") as proxy, Buyer(proxy, timeout=1) as buyer:
        assert buyer.buy() == "settled"
        assert escrows(proxy) == 1
    assert delivered(proxy) == {"drip": 2}
    pieces = [e.response_bytes // 16 for e in proxy.exchanges]
    assert [e.closed_at - e.started_at > 0.1 * (n - 1) for e, n in zip(proxy.exchanges, pieces, strict=True)] == [
        True,
        True,
    ]


def test_plays_cascade(stage: Stage) -> None:
    """Who cancels what it cannot release gets its money back; who just gives up leaves it locked."""
    with stage.play("cascade") as proxy, Buyer(proxy) as buyer:
        escrow = buyer.create()
        with pytest.raises(GaveUpError):
            buyer.release(escrow)
        assert buyer.cancel(escrow) == "refunded"
    assert delivered(proxy) == {"release-is-down": 4}
    assert results(proxy)["no_funds_locked"] is Result.PASS
    assert results(proxy)[""] is Result.PASS
    with stage.play("cascade") as proxy, Buyer(proxy) as buyer, suppress(GaveUpError):
        buyer.buy()
    assert results(proxy)["no_funds_locked"] is Result.FAIL


def test_plays_black_friday(stage: Stage) -> None:
    """The median is near 100 ms, the tail far behind it, and every payment is made once."""
    with stage.play("black-friday") as proxy:

        def pay(number: int) -> None:
            with Buyer(proxy, name=f"buyer-{number}") as buyer:
                assert buyer.buy(number) == "settled"

        with ThreadPoolExecutor(10) as pool:
            list(pool.map(pay, range(1, 31)))
        assert escrows(proxy) == 30
    assert delivered(proxy) == {"long-tail": 60}
    took = sorted(e.closed_at - e.started_at for e in proxy.exchanges)
    assert 0.05 < took[30] < 0.4
    assert took[-1] > 0.7
    assert results(proxy)[""] is Result.PASS


def test_plays_v2_migration(stage: Stage) -> None:
    """The third answer of each operation is another; what cannot be read is looked up, not sent again."""
    with stage.play("v2-migration") as proxy, Buyer(proxy) as buyer:
        made = [buyer.create(number) for number in (1, 2, 3)]
        assert [buyer.release(escrow) for escrow in made] == ["settled"] * 3
        for _ in range(2):
            assert buyer.once("GET", "/v1/billing/wallets/buyer/balance")["balance"]
        with pytest.raises(UnreadableError):
            read(buyer.once("GET", "/v1/billing/wallets/buyer/balance"), "balance")
        assert escrows(proxy) == 3
    assert delivered(proxy) == {"escrows-v2": 2, "wallets-v2": 1}
    assert [len(of(proxy, name)) for name in ("create_escrow", "list_escrows", "release_escrow")] == [3, 1, 3]
    assert results(proxy)[""] is Result.PASS


def test_plays_everything(stage: Stage) -> None:
    """Twenty purchases, and each of the eight rules strikes: every order is paid once, nothing stays locked."""
    with stage.play("everything") as proxy, Buyer(proxy) as buyer:
        for number in range(1, 21):
            escrow = buyer.create(number)
            with suppress(GaveUpError):
                buyer.release(escrow)
        assert escrows(proxy) == 20
    assert set(delivered(proxy)) == {rule.name for rule in load(ROOT / "profiles/everything.yaml").rules}
    assert results(proxy)["no_duplicate_effect"] is Result.PASS
    assert results(proxy)[""] is Result.PASS


# ------------------------------------------------------------------------------ models and tools


@pytest.mark.parametrize(
    ("host", "path"), [("api.openai.com", "/v1/chat/completions"), ("api.anthropic.com", "/v1/messages")]
)
def test_plays_flaky_llm_stream(stage: Stage, host: str, path: str) -> None:
    """Each of the four strikes, and every turn ends with the whole text."""
    with (
        upstream(stream_model) as model,
        stage.play("flaky-llm-stream", [f"{host}={model.url}"]) as proxy,
        client(proxy, f"https://{host}", timeout=0.4) as asking,
    ):
        turns = [ask_model(asking, path, f"turn {number}") for number in range(20)]
    assert turns == [["one", "two", "three"]] * 20
    struck = delivered(proxy)
    assert set(struck) == {"model-is-busy", "breaks-off", "falls-silent", "garbled"}
    assert len(proxy.exchanges) > 20
    assert {e.status for e in proxy.exchanges if not e.reached_upstream} <= {503, 529}
    assert Result.FAIL not in results(proxy).values()


def test_plays_mcp_tool_errors(stage: Stage) -> None:
    """Both kinds of errors come with a 200, and only tools fail; who reads them gets every answer in the end."""
    with (
        upstream(answer_tool) as server,
        stage.play("mcp-tool-errors", [f"mcp.example.com={server.url}"]) as proxy,
        client(proxy, "https://mcp.example.com") as asking,
    ):
        agent = ToolUser(asking)
        for _ in range(5):
            agent.ask("initialize")
            agent.ask("tools/list")
        told = [agent.ask("tools/call", name="get_weather", arguments={"city": f"city {n}"}) for n in range(30)]
    assert told == ["sunny"] * 30
    assert delivered(proxy) == {"tool-fails": agent.failed["isError"], "server-fails": agent.failed["error"]}
    assert min(agent.failed["isError"], agent.failed["error"]) >= 1
    assert {e.calls[0].operation for e in proxy.exchanges if e.injections} == {"get_weather"}
