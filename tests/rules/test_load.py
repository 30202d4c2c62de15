from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from proxy_addons.rules.find import known
from proxy_addons.rules.load import MAX_BYTES, load, parse
from proxy_addons.rules.problem import ProfileError

BROKEN = """\
version: 2
name: "a b"
sede: 3
scope: {hosts: ["https://x"], denny: []}
map: {"api.x:80": ftp://x}
budget: {per_call: 1.5}
rules:
  - name: a
    match: {operaton: create_escrow, operation: [1, "/(/"], input: {amount: {gt: null}}}
    when: {probability: 1.5, atempts: [1], calls: [0, "5..3"], max: 0}
    fault: {latncy: 250ms}
  - name: a
    match:
    fault: {latency: 250}
    when: {window: {for: 1m, every: 30s}}
  - fault: {latency: {distribution: fxed, dlay: 3s}}
  - fault: nop
    probability: 0.3
  - {match: {status: 500}, fault: reset}
  - fault: {reset: {}, timeout: {}}
  - fault: {lost_response: {at: before}}
  - 5
  - {}
  - fault: noop
    fault: !x noop
    when: {max: .nan}
"""

EXPECTED = """\
p.yaml:1:10: version: 2 is no version that this release reads; write 1
p.yaml:2:7: name: "a b" is no name; write at most 100 letters, digits, dots, dashes and underscores
p.yaml:3:1: sede: unknown key; did you mean `seed`?; allowed are version, name, description, seed, …
p.yaml:4:17: scope.hosts[0]: "https://x" is no host name; write it without scheme, port and path, like *.example.com
p.yaml:4:31: scope.denny: unknown key; did you mean `deny`?; allowed are hosts and deny
p.yaml:5:7: map["api.x:80"]: "api.x:80" is no host name; write it without scheme, port, path and globs
p.yaml:5:19: map["api.x:80"]: 'ftp://x' is no http:// or https:// URL
p.yaml:6:20: budget.per_call: not an amount; write a decimal in quotes, like "25.00"
p.yaml:9:13: rules[0].match.operaton: unknown key; did you mean `operation`?; allowed are operation, agent, host, …
p.yaml:9:50: rules[0].match.operation[0]: 1 is not text; put it in quotes
p.yaml:9:53: rules[0].match.operation[1]: /(/ is no regular expression: missing ), unterminated subpattern at position 0
p.yaml:9:82: rules[0].match.input.amount.gt: null cannot be compared by size; write a number or a text, …
p.yaml:10:25: rules[0].when.probability: 1.5 is above 1; a probability lies between 0 and 1 (0.5 is half of the calls)
p.yaml:10:30: rules[0].when.atempts: unknown key; did you mean `attempts`?; allowed are probability, …
p.yaml:10:52: rules[0].when.calls[0]: 0 is no ordinal; write 3 for the third call, 3..5, 3.. or {every: 3}
p.yaml:10:55: rules[0].when.calls[1]: 5..3 runs backwards; write 3..5
p.yaml:10:69: rules[0].when.max: 0 is too small; it must be above 0
p.yaml:11:13: rules[0].fault.latncy: no such fault; did you mean `latency`?; the faults are …
p.yaml:12:11: rules[1].name: rule 1 has this name already; each needs its own
p.yaml:13:11: rules[1].match: is empty; write a value, or leave the key out
p.yaml:14:22: rules[1].fault.latency: not a quantity; write a number and one of us, ms, s, m, h, like 250ms or 5s
p.yaml:15:20: rules[1].when.window: `every` needs a `for` that is shorter than it, like {for: 10s, every: 1m}
p.yaml:16:37: rules[2].fault.latency.distribution: "fxed" is not allowed; did you mean `fixed`?; write fixed, …
p.yaml:16:43: rules[2].fault.latency.dlay: unknown key; did you mean `delay`?; allowed are at, …
p.yaml:17:12: rules[3].fault: no such fault; did you mean `noop`?; the faults are …
p.yaml:18:5: rules[3].probability: unknown key; allowed are name, match, when and fault
p.yaml:19:22: rules[4].match.status: reset plays before the upstream answers, so there is nothing to look at yet; …
p.yaml:20:12: rules[5].fault: holds 2 entries; a rule has one fault: give each a rule of its own
p.yaml:21:33: rules[6].fault.lost_response.at: "before" is not allowed; write after
p.yaml:22:5: rules[7]: 5 is not a mapping of keys to values
p.yaml:23:5: rules[8].fault: is missing; it is needed here
p.yaml:25:5: rules[9].fault: is given twice; the first is on line 24
p.yaml:25:12: rules[9].fault: the tag !x is not allowed; values need no tags here
p.yaml:26:17: rules[9].when.max: .nan is no finite number
"""


def test_every_mistake_is_shown_at_once_and_in_plain_words() -> None:
    """With its place in the file, the path to it, what is wrong and what is allowed."""
    with pytest.raises(ProfileError) as caught:
        parse(BROKEN, "p.yaml")
    lines = str(caught.value).splitlines()

    assert [
        line[: len(expected) - 1] + "…" if expected.endswith("…") else line
        for line, expected in zip(lines, EXPECTED.splitlines(), strict=True)
    ] == EXPECTED.splitlines()


def test_a_good_profile_is_read() -> None:
    """As the design writes it, anchors included."""
    profile = parse(
        """
version: 1
name: lost-release
seed: 42
scope: {hosts: [sandbox.greenhelix.net], deny: [api.greenhelix.net]}
budget: {per_call: "1.00", per_run: "5.00", currency: USD}
rules:
  - name: lost-release
    match: {operation: [release_escrow, "cancel_*"], agent: "buyer*"}
    when: &rarely {probability: 0.3, attempts: [1], max: 5}
    fault: lost_response
  - match: {operation: deposit, input: {amount: {gte: 10}}}
    when: *rarely
    fault: {latency: {distribution: lognormal, median: 800ms, p99: 5s}}
""",
        "p.yaml",
    )

    assert [rule.name for rule in profile.rules] == ["lost-release", "latency-2"]
    assert profile.rules[0].when == profile.rules[1].when


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("- a", "p:1:1: a profile is a mapping: it begins with `version: 1`"),
        ("hello", "p:1:1: a profile is a mapping: it begins with `version: 1`"),
        ("{}", "p:1:1: version: is missing; it is needed here"),
        ("", "p: is empty; a profile needs at least `version: 1`"),
        ("version: 1\nrules: {}", "p:2:8: rules: a mapping is not a list"),
        ("version: 1\nexpect: on\nname: yes\nseed: off", 'p:4:7: seed: "off" is not a whole number'),
    ],
    ids=range(6),
)
def test_what_is_no_profile_is_told_so(text: str, expected: str) -> None:
    """Before any detail."""
    with pytest.raises(ProfileError) as caught:
        parse(text, "p")

    assert str(caught.value) == expected


def test_a_value_that_no_branch_of_a_union_takes_is_one_problem() -> None:
    """The complaint that helps, not every guess of the parser."""
    with pytest.raises(ProfileError) as caught:
        parse("version: 1\nrules:\n  - fault: {status: {code: 500, body: 3}}", "p")

    assert len(caught.value.problems) == 1


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"\xff\xfeversion: 1", ":1:1: is not UTF-8; save it as UTF-8"),
        (b"version: 1\nname: \xe4", ":2:7: is not UTF-8; save it as UTF-8"),
        (b"#" * (MAX_BYTES + 1), f": is larger than {MAX_BYTES:,} bytes; this is no profile"),
    ],
    ids=["utf-16", "latin-1", "huge"],
)
def test_a_file_that_cannot_be_text_is_told_so(tmp_path: Path, data: bytes, expected: str) -> None:
    """Naming the file."""
    file = tmp_path / "p.yaml"
    file.write_bytes(data)

    with pytest.raises(ProfileError) as caught:
        load(file)

    assert str(caught.value) == f"{file}{expected}"


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    """Some editors write one."""
    file = tmp_path / "p.yaml"
    file.write_bytes(b"\xef\xbb\xbfversion: 1\n")

    assert load(file).version == 1


def test_a_file_that_is_not_there_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And so is a folder, and a path that no system takes."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()

    for path, message in {
        "x/p.yaml": "x/p.yaml: there is no such file",
        "folder": "folder: is a folder; name a profile file in it",
        "a\0b.yaml": "a\0b.yaml: cannot be read: embedded null byte",
        "x" * 5000 + ".yaml": "cannot be read: File name too long",
    }.items():
        with pytest.raises(ProfileError) as caught:
            load(path)
        assert str(caught.value).endswith(message)


@pytest.mark.parametrize("name", sorted(known()))
def test_shipped_profiles_are_sound(name: str) -> None:
    """Each has a name like its file, a description, an expectation and rules."""
    profile = load(name)

    assert profile.name == name
    assert profile.description
    assert profile.expect
    assert profile.rules


@given(st.text(alphabet=st.sampled_from(list("version: 1\nrules- fault{}[],\"'&*!|>#%@nopmatchw.5")), max_size=80))
def test_no_text_makes_it_crash(text: str) -> None:
    """It is a profile, or it says what is wrong, each problem in one line."""
    try:
        parse(text, "p")
    except ProfileError as error:
        assert all("\n" not in str(problem) for problem in error.problems)  # noqa: PT017  # most texts are none


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["", "x", "3..5", "250ms"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["at", "every", "for", "gte", "delay"]), inner, max_size=2)
    ),
    max_leaves=4,
)
KEYS = st.sampled_from(
    ["name", "match", "when", "fault", "operation", "input", "probability", "calls", "window", "latency"]
)


@given(
    st.recursive(
        VALUES, lambda inner: st.dictionaries(KEYS, inner, max_size=4) | st.lists(inner, max_size=3), max_leaves=12
    )
)
def test_no_structure_makes_it_crash(rules: object) -> None:
    """Whatever stands where, the answer is a profile or words without jargon."""
    try:
        parse(yaml.safe_dump({"version": 1, "rules": [rules]}), "p")
    except ProfileError as error:
        assert "pydantic" not in str(error)  # noqa: PT017  # most structures are none
        assert "Input should" not in str(error)  # noqa: PT017  # see above
