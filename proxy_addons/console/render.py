"""The end of a run in words: what was found, what happened, what it comes to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from proxy_addons.console.writer import Writer
from proxy_addons.verdicts.summary import Summary
from proxy_addons.verdicts.unexercised import unexercised
from proxy_addons.verdicts.verdict import Evidence, Finding, Result, Verdict
from proxy_addons.verdicts.wording import plural

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_MARKS = {
    Result.PASS: ("✓", "green"),
    Result.FAIL: ("✗", "bold red"),
    Result.INCONCLUSIVE: ("?", "yellow"),
    Result.NOT_EXERCISED: ("–", "dim"),  # noqa: RUF001 - a dash, as long as the other marks are wide
}
_WARNING = ("!", "yellow")

_EVIDENCE_HEAD, _EVIDENCE_TAIL = 6, 2
"""Lines of evidence that are shown of a finding; the journal has them all."""

_SIDE_BY_SIDE_WIDTH = 72
"""Columns below which two runs are shown one above the other."""

_NAMES_SHOWN = 6


class Outcome(NamedTuple):
    """One run, counted and judged."""

    summary: Summary
    verdict: Verdict


def render_summary(summary: Summary, verdict: Verdict, run_folder: Path, console: Console) -> None:
    """Print the findings, then what happened, then what it comes to."""
    write = Writer(console)
    write.line(_headline(summary), style="bold")
    for finding in verdict.findings:
        write.line()
        _render_finding(finding, write)
    write.line()
    for line in _facts(summary):
        write.line(line)
    if (why := unexercised(summary)) is not None:
        write.line(why.sentence, style="yellow")
        for advice in why.advice:
            write.item("·", advice, indent=2)
    for line, style in _concerns(summary):
        write.line(line, style=style)
    write.line()
    _render_result(verdict, write)
    write.unwrapped(f"run: {run_folder}")


def render_side_by_side(left_title: str, left: Outcome, right_title: str, right: Outcome, console: Console) -> None:
    """Print two runs check by check, next to one another where there is room."""
    if console.width < _SIDE_BY_SIDE_WIDTH:
        for title, outcome in ((left_title, left), (right_title, right)):
            _render_column(title, outcome, console)
        return
    from rich.box import ASCII, ROUNDED
    from rich.table import Table

    write = Writer(console)
    table = Table(box=ROUNDED if write.unicode else ASCII, show_lines=True, expand=True)
    for title in (left_title, right_title):
        table.add_column(write.text(title, "bold"), ratio=1)
    checks = dict.fromkeys(finding.check for outcome in (left, right) for finding in outcome.verdict.findings)
    for check in checks:
        table.add_row(*(_cell(_finding_of(outcome, check), write) for outcome in (left, right)))
    table.add_row(*(_total(outcome, write) for outcome in (left, right)))
    console.print(table)


def _headline(summary: Summary) -> str:
    parts = ["crosswind"]
    if summary.profile:
        parts += [f"profile {summary.profile}", f"seed {summary.seed}"]
    if summary.origin:
        parts.append(summary.origin)
    if summary.seconds is not None:
        parts.append(f"{summary.seconds:.1f} s")
    return " · ".join(parts)


def _render_finding(finding: Finding, write: Writer) -> None:
    mark, style = _mark(finding)
    said = write.text(finding.check, "bold").append_text(write.text(f": {finding.sentence}"))
    write.item(write.text(mark, style), said)
    for number, text in _shortened(finding.evidence):
        write.item(number, text, indent=4)
    if finding.not_ruled_out:
        write.item("", f"Not ruled out: {finding.not_ruled_out}", "dim", indent=1)


def _shortened(evidence: Sequence[Evidence]) -> Iterator[tuple[str, str]]:
    """Number and text of each line, without the middle of a long list."""
    lines = [(f"#{line.number}", line.text) for line in evidence]
    if len(lines) > _EVIDENCE_HEAD + _EVIDENCE_TAIL + 1:
        left_out = len(lines) - _EVIDENCE_HEAD - _EVIDENCE_TAIL
        lines[_EVIDENCE_HEAD:-_EVIDENCE_TAIL] = [("…", f"{left_out} more, all in the journal")]
    yield from lines


def _facts(summary: Summary) -> Iterator[str]:
    calls = plural(summary.calls, "call")
    if summary.exchanges != summary.calls:
        calls += f" in {plural(summary.exchanges, 'exchange')}"
    if len(summary.agents) > 1:
        calls += f" by {_names(summary.agents)}"
    lost = f" of {summary.selected} selected" if summary.selected > summary.delivered else ""
    yield f"{calls} · {plural(summary.delivered, 'fault')}{lost} delivered"
    for count in summary.rules:
        yield f"  {count.rule}: {count.fault} on {count.delivered} of {plural(count.matched, 'matching call')}" + (
            f", {count.selected - count.delivered} selected but not delivered"
            if count.selected > count.delivered
            else ""
        )
    if summary.passed_through:
        yield f"let through untouched: {_names(summary.passed_through)}"
    if summary.refusals:
        yield f"refused: {_names(summary.refusals)}"
    if summary.noise:
        yield f"never became a call: {_names(summary.noise)}"


def _concerns(summary: Summary) -> Iterator[tuple[str, str]]:
    """What is wrong with the run itself."""
    if summary.insecure:
        yield "INSECURE: upstream TLS certificates were not verified.", "bold yellow"
    for error in summary.errors:
        yield f"Crosswind broke: {error}", "bold red"
    if summary.trouble:
        yield f"The journal is not whole: {summary.trouble}.", "yellow"
    elif not summary.complete:
        yield "The run was cut short: its journal has no end.", "yellow"
    if summary.unknown_events:
        yield f"{plural(summary.unknown_events, 'event')} of a kind that this version does not know.", "yellow"


def _render_result(verdict: Verdict, write: Writer) -> None:
    style = _MARKS[verdict.result][1]
    said = write.text(_word(verdict.result), f"{style} reverse" if verdict.result is Result.FAIL else style)
    write.line(said.append_text(write.text(f": {verdict.reason}")))


def _render_column(title: str, outcome: Outcome, console: Console) -> None:
    write = Writer(console)
    write.line(title, style="bold")
    for finding in outcome.verdict.findings:
        _render_finding(finding, write)
    _render_result(outcome.verdict, write)
    write.line()


def _finding_of(outcome: Outcome, check: str) -> Finding | None:
    return next((finding for finding in outcome.verdict.findings if finding.check == check), None)


def _cell(finding: Finding | None, write: Writer) -> Text:
    if finding is None:
        return write.text("")
    mark, style = _mark(finding)
    cell = write.text(f"{mark} ", style).append_text(write.text(finding.check, "bold"))
    cell.append_text(write.text(f": {finding.sentence}"))
    for number, text in _shortened(finding.evidence):
        cell.append("\n").append_text(write.text(f"{number} {text}", "dim"))
    return cell


def _total(outcome: Outcome, write: Writer) -> Text:
    summary, verdict = outcome
    cell = write.text(_word(verdict.result), _MARKS[verdict.result][1])
    cell.append_text(write.text(f": {verdict.reason}"))
    return cell.append("\n").append_text(
        write.text(f"{plural(summary.calls, 'call')}, {plural(summary.delivered, 'fault')} delivered", "dim")
    )


def _mark(finding: Finding) -> tuple[str, str]:
    return _WARNING if finding.warning else _MARKS[finding.result]


def _word(result: Result) -> str:
    return result.value.replace("_", " ").upper()


def _names(counted: Mapping[str, int]) -> str:
    shown: Iterable[str] = (f"{name} ({count})" if count > 1 else name for name, count in counted.items())
    names = list(shown)
    more = len(names) - _NAMES_SHOWN
    return ", ".join(names[:_NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")
