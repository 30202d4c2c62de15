"""python waits.py: asks for a balance, says "ready", waits for a signal, asks once more, names the signal; exit code 5.

Signals are taken one by one, so that a second one of the same kind would be named as well.
"""

import signal
import sys
import urllib.request

WATCHED = {signal.SIGINT, signal.SIGTERM, signal.SIGUSR1}


def ask() -> None:
    """One call through the proxy."""
    with urllib.request.urlopen("https://sandbox.greenhelix.net/v1/billing/wallets/a/balance", timeout=20) as answer:
        answer.read()


signal.pthread_sigmask(signal.SIG_BLOCK, WATCHED)
ask()
sys.stdout.write("ready\n")
sys.stdout.flush()
received = [signal.sigwait(WATCHED)]
ask()
received += sorted(signal.sigpending() & WATCHED)
sys.stdout.write(" ".join(signal.Signals(number).name for number in received) + "\n")
sys.exit(5)
