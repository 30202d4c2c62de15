"""python with_httpx.py VERSION URL BODY: posts BODY over HTTP/1.1 or HTTP/2 and prints the answer."""

import sys

import httpx

version, url, body = sys.argv[1:]
with httpx.Client(http2=version == "HTTP/2", timeout=20) as client:
    response = client.post(url, content=body, headers={"Content-Type": "application/json"})
    assert response.http_version == version, response.http_version
    sys.stdout.write(response.text)
