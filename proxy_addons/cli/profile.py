"""crosswind profile: check, explain and list profiles, and print their JSON Schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from proxy_addons.rules.problem import ProfileError
    from proxy_addons.rules.profile import Profile

MISUSE = 4
"""The exit code of a tool that was misused: here, of a profile that cannot be used."""

app = typer.Typer(help="Check, explain and list chaos profiles.", no_args_is_help=True)

_Name = Annotated[str, typer.Argument(metavar="PROFILE", help="A file, or the bare name of a known profile.")]


@app.command()
def lint(
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="Files, or names of known profiles.")],
) -> None:
    """Check profiles. Every mistake is shown, each with its place."""
    from rich.text import Text

    from proxy_addons.rules.load import load
    from proxy_addons.rules.problem import ProfileError

    mistakes = bad = 0
    for file in files:
        try:
            profile = load(file)
        except ProfileError as error:
            _show(error)
            mistakes += len(error.problems)
            bad += 1
        else:
            rules = len(profile.rules)
            count = f", {rules} {'rule' if rules == 1 else 'rules'}"
            _console().print(Text.assemble(f"{file}: ", ("ok", "green"), count), soft_wrap=True)
    if bad:
        total = f" in {bad} of {len(files)} profiles" if len(files) > 1 else ""
        _console(stderr=True).print(f"{mistakes} {'problem' if mistakes == 1 else 'problems'}{total}", soft_wrap=True)
        raise typer.Exit(MISUSE)


@app.command()
def explain(profile: _Name) -> None:
    """Say in words what a profile does, and to whom."""
    from rich.text import Text

    from proxy_addons.rules import explain as words

    loaded = _load(profile)
    console = _console()
    console.print(Text(loaded.name, style="bold"), soft_wrap=True)
    for line in (loaded.description.strip(), *words.explain(loaded)):
        if line:
            console.print(Text(line), soft_wrap=True)
    console.print()
    if not loaded.rules:
        console.print("No rules: nothing is injected.")
    for rule in loaded.rules:
        console.print(Text.assemble("- ", (rule.name, "bold"), ": ", words.explain_rule(rule)), soft_wrap=True)
    if loaded.expect:
        console.print(Text(f"\nExpected of a careful agent: {loaded.expect.strip()}"), soft_wrap=True)


@app.command("list")
def list_() -> None:
    """List the profiles that can be named without a path: local ones first, then those that are shipped."""
    from proxy_addons.rules.find import known, shown_path
    from proxy_addons.rules.load import load
    from proxy_addons.rules.problem import ProfileError

    rows: list[tuple[str, str, str]] = []
    for name, path in known().items():
        try:
            said = load(path).description.strip().partition("\n")[0]
        except ProfileError as error:
            said = f"broken: {len(error.problems)} problems; see `crosswind profile lint {name}`"
        rows.append((name, said, shown_path(path)))
    if rows:
        _table(rows)
    else:
        typer.echo("There are no profiles here. `crosswind profile schema` describes their format.")


@app.command()
def schema() -> None:
    """Print the JSON Schema of profiles, for editors."""
    from proxy_addons.rules.schema import profile_schema_text

    typer.echo(profile_schema_text(), nl=False)


def _load(name: str) -> Profile:
    from proxy_addons.rules.load import load
    from proxy_addons.rules.problem import ProfileError

    try:
        return load(name)
    except ProfileError as error:
        _show(error)
        raise typer.Exit(MISUSE) from None


def _show(error: ProfileError) -> None:
    """Every problem on a line of its own; the place in bold where there is colour."""
    from rich.text import Text

    console = _console(stderr=True)
    for problem in error.problems:
        path = (problem.path, "cyan") if problem.path else ""
        parts = [(problem.place, "bold"), ": ", *([path, ": "] if path else []), problem.message]
        console.print(Text.assemble(*parts), soft_wrap=True)


def _table(rows: list[tuple[str, str, str]]) -> None:
    from rich.table import Table
    from rich.text import Text

    console = _console()
    if not console.is_terminal:
        width = max((len(name) for name, _, _ in rows), default=0)
        for name, said, _ in rows:
            typer.echo(f"{name:<{width}}  {said}".rstrip())
        return
    table = Table("profile", "what it does", "file", box=None, header_style="bold", padding=(0, 2, 0, 0))
    for name, said, path in rows:
        table.add_row(Text(name, style="cyan"), Text(said), Text(path, style="dim"))
    console.print(table)


def _console(*, stderr: bool = False) -> Console:
    from rich.console import Console

    return Console(stderr=stderr, highlight=False)


if __name__ == "__main__":
    app()
