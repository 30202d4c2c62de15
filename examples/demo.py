"""`make demo`: two buyers, one lost answer. Which one pays twice?

Both run as they are, behind the proxy, against the embedded sandbox: no network, no accounts, no key.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.panel import Panel

from proxy_addons.console.outcome import outcome_of
from proxy_addons.console.render import Outcome, render_side_by_side

HERE = Path(__file__).resolve().parent
PROFILE = HERE.parent / "profiles" / "lost-response.yaml"
CROSSWIND = Path(sys.executable).with_name("crosswind")
BUYERS = {"naive_buyer.py": 1, "careful_buyer.py": 0}
"""Each buyer and the exit code that its run must have: the demo is a test, too."""


def play(buyer: str, folder: Path, console: Console) -> Outcome:
    """Run one buyer behind the proxy and show what it printed itself."""
    options = ["--profile", str(PROFILE), "--run-dir", str(folder)]
    command = [str(CROSSWIND), "run", *options, "--", sys.executable, str(HERE / buyer)]
    console.print(f"\n[bold]$ crosswind run --profile lost-response -- python examples/{buyer}[/]", soft_wrap=True)
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
    console.print(done.stdout.rstrip(), style="dim", markup=False, highlight=False, soft_wrap=True)
    if done.returncode != BUYERS[buyer]:
        console.print(done.stderr, markup=False, highlight=False)
        raise SystemExit(f"{buyer} ended with {done.returncode}, not {BUYERS[buyer]}: the demo is broken")
    return outcome_of(folder)


def main() -> None:
    """Show it."""
    console = Console()
    story = (
        "Two agents buy the same thing for 25.00. The gateway opens the escrow, then the "
        "connection breaks: its answer never arrives. Both say in the end that all is well."
    )
    console.print(Panel(story, title="Crosswind demo: one lost answer", title_align="left"))
    with tempfile.TemporaryDirectory(prefix="crosswind-demo-") as folder:
        naive, careful = (play(buyer, Path(folder) / buyer, console) for buyer in BUYERS)
        console.print()
        render_side_by_side("naive_buyer.py", naive, "careful_buyer.py", careful, console)
    console.print("\nOn your own agent:  [bold]crosswind run -p lost-response -- python my_agent.py[/]")


if __name__ == "__main__":
    main()
