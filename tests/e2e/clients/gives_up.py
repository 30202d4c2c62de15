"""python gives_up.py CODE: asks for a balance once, whatever comes of it, and exits with CODE."""

import contextlib
import sys
import urllib.error
import urllib.request

with (
    contextlib.suppress(urllib.error.HTTPError),
    urllib.request.urlopen("https://sandbox.greenhelix.net/v1/billing/wallets/a/balance", timeout=20) as answer,
):
    answer.read()
sys.exit(int(sys.argv[1]))
