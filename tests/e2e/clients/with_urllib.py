"""python with_urllib.py URL BODY: posts BODY and prints the answer."""

import sys
import urllib.request

url, body = sys.argv[1:]
request = urllib.request.Request(url, body.encode(), {"Content-Type": "application/json"})  # noqa: S310  # a test's URL
with urllib.request.urlopen(request, timeout=20) as response:  # noqa: S310  # a test's URL
    sys.stdout.write(response.read().decode())
