import gzip, ssl, httpx, pytest, threading, asyncio, sys, io, faulthandler
from tests.support.live import live_proxy
from tests.support.upstream import say, upstream
def test_x(tmp_path, ca):
    body = b'{"amount":"1.00"}'
    with upstream(say(201)) as server, live_proxy(tmp_path, ca, rules="[{fault: duplicate_request}]", maps=[f"api.example.com={server.url}"]) as proxy:
        context = ssl.create_default_context(cafile=proxy.bundle)
        with httpx.Client(http2=True, proxy=proxy.url, verify=context) as client:
            told = client.post("https://api.example.com/orders", content=body, headers={"content-type": "application/json"})
        f=open("/tmp/dump.txt","w")
        threading.Timer(6, lambda: faulthandler.dump_traceback(f)).start()
