"""`crosswind`: the commands, and nothing that takes long to import."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from proxy_addons import __version__
from proxy_addons.cli import profile

USAGE_ERROR = DEFECT = 4
"""The exit code of misuse, and of a defect of ours; 2, which is usual, means that the agent's own command failed."""

app = typer.Typer(
    name="crosswind",
    help="A network chaos proxy for AI agents: break the calls they spend money on, and see whether they cope.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.add_typer(profile.app, name="profile", help="Look at chaos profiles: lint, explain, list, schema.")

_Profile = Annotated[
    str, typer.Option("--profile", "-p", metavar="FILE|NAME", help="A profile, or a shipped one's name.")
]
_Seed = Annotated[int | None, typer.Option(help="Overrides the profile's seed and $CHAOS_SEED.")]
_Origin = Annotated[
    str | None, typer.Option(metavar="sandbox|upstream", help="Who answers for sandbox.greenhelix.net.")
]
_Map = Annotated[
    list[str], typer.Option("--map", metavar="HOST=URL", help="Send a host's calls elsewhere. Repeatable.")
]
_Hermetic = Annotated[bool, typer.Option("--hermetic", help="Refuse hosts that are neither in scope nor mapped.")]
_Run = Annotated[
    Path | None, typer.Option("--run-dir", metavar="FOLDER", help="Default: a new one in .crosswind/runs.")
]
_Ephemeral = Annotated[bool, typer.Option("--ephemeral-ca", help="Make a CA for this run alone.")]
_UpstreamCa = Annotated[Path | None, typer.Option("--upstream-ca", metavar="FILE", help="Also trust this CA upstream.")]
_Insecure = Annotated[bool, typer.Option("--insecure", help="Do not verify upstream TLS. The summary will say so.")]


@app.command(name="run", context_settings={"allow_interspersed_args": False})
def run_command(
    command: Annotated[list[str], typer.Argument(metavar="-- CMD [ARG]…", help="The agent to put to the test.")],
    *,
    profile: _Profile = "calm",
    seed: _Seed = None,
    origin: _Origin = None,
    map_: _Map = [],  # noqa: B006  # Typer copies it
    hermetic: _Hermetic = False,
    run_dir: _Run = None,
    ephemeral_ca: _Ephemeral = False,
    upstream_ca: _UpstreamCa = None,
    insecure: _Insecure = False,
    no_proxy: Annotated[str | None, typer.Option("--no-proxy", metavar="HOSTS", help="Set NO_PROXY for CMD.")] = None,
    agent: Annotated[str | None, typer.Option(help="The agent's name; default: what its calls say.")] = None,
) -> None:
    """Run CMD behind the proxy, break its calls, and judge it.

    Exit codes: 0 it coped, 1 a check failed, 2 CMD failed though every check passed, 3 nothing was
    proven, 4 misuse or a defect of ours, 127 CMD was not found.
    """
    from proxy_addons.cli.run import RunRequest, run  # start-up time

    asked = RunRequest(profile, seed, origin, tuple(map_), hermetic, run_dir, ephemeral_ca, upstream_ca, insecure)
    raise typer.Exit(run(asked, command, no_proxy=no_proxy, agent=agent))


@app.command(name="proxy")
def proxy_command(
    *,
    listen: Annotated[
        str, typer.Option(metavar="HOST:PORT", help="Where to listen. Port 0: any free one.")
    ] = "127.0.0.1:8080",
    profile: _Profile = "calm",
    seed: _Seed = None,
    origin: _Origin = None,
    map_: _Map = [],  # noqa: B006  # Typer copies it
    hermetic: _Hermetic = False,
    run_dir: _Run = None,
    ephemeral_ca: _Ephemeral = False,
    upstream_ca: _UpstreamCa = None,
    insecure: _Insecure = False,
) -> None:
    """Run the proxy until it is interrupted, then judge what went through it."""
    from proxy_addons.cli.proxy import proxy  # start-up time
    from proxy_addons.cli.run import RunRequest  # start-up time

    asked = RunRequest(profile, seed, origin, tuple(map_), hermetic, run_dir, ephemeral_ca, upstream_ca, insecure)
    raise typer.Exit(proxy(asked, listen))


@app.command(name="report")
def report_command(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run's folder, or its journal.")],
    *,
    baseline: Annotated[
        Path | None, typer.Option(metavar="RUN", help="An undisturbed run of the same agent, to measure by.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
) -> None:
    """Print the findings of a run again, from its folder."""
    from proxy_addons.cli.report import report  # start-up time

    raise typer.Exit(report(run, as_json=json, baseline=baseline))


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(f"crosswind {__version__}")


def main() -> None:
    """The console script. Misuse ends with exit code 4, not Click's 2."""
    import sys

    click = sys.modules[typer.BadParameter.__module__]  # Click itself, or the copy that newer Typers bring along
    try:
        code = app(standalone_mode=False)
    except click.NoArgsIsHelpError as error:
        error.show()
        code = 0
    except click.ClickException as error:
        error.show()
        code = USAGE_ERROR
    except typer.Abort:
        code = 130
    except Exception:  # noqa: BLE001  # whatever it is: Python's own exit code 1 would say that the agent failed
        import traceback

        traceback.print_exc()
        code = DEFECT
    sys.exit(code or 0)
