"""python load.py: sends many calls through a proxy in raw HTTP, and is the upstream that some of them go to.

Prints `{"port": …}` of its upstream. Then it reads a line from stdin for each batch, `{"do": …}` with the arguments
of `send`, `hold` or `cancel`, and prints a line when it is over: how many calls ended in which way. `hold` and
`cancel` print one before as well, once all calls are under way, and go on with the next line. It ends with its stdin.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import ssl
import sys
from collections import Counter
from collections.abc import AsyncIterator

import httpx
from h2.connection import H2Connection
from h2.errors import ErrorCodes

WORKERS = 16
BROKEN = (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError)
"""How a connection breaks that does not come about."""

LONGEST = 30.0
"""Seconds after which a call that ends in no way at all fails the batch."""

CREATED = b'{"id":"e-1","status":"held","amount":"0.01","currency":"CREDITS"}'
EVENTS = [b"data: %d\n\n" % number for number in range(8)]

type Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Load:
    """Sends one and the same call as one agent through one proxy."""

    def __init__(
        self, proxy: tuple[str, int], bundle: str, agent: str, host: str, path: str, body: str, transport: str
    ) -> None:
        self.proxy = proxy
        self.host = host
        self.transport = transport
        self.agent = agent
        self.path = path
        self.body = body.encode()
        self.context = ssl.create_default_context(cafile=bundle)
        self.context.set_alpn_protocols(["http/1.1" if transport == "tls" else "h2"])
        credentials = base64.b64encode(f"{agent}:x".encode()).decode()
        who = f"proxy-authorization: Basic {credentials}\r\n"
        self.connect = f"CONNECT {host}:443 HTTP/1.1\r\nhost: {host}:443\r\n{who}\r\n".encode()
        target, header = (f"http://{host}{path}", who) if transport == "plain" else (path, "")
        head = f"POST {target} HTTP/1.1\r\nhost: {host}\r\n{header}content-type: application/json\r\n"
        self.request = f"{head}content-length: {len(self.body)}\r\n\r\n".encode() + self.body

    @contextlib.asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection to the proxy, or through it."""
        reader, writer = await asyncio.open_connection(*self.proxy)
        try:
            if self.transport != "plain":
                writer.write(self.connect)
                head = await reader.readuntil(b"\r\n\r\n")
                assert head.startswith(b"HTTP/1.1 200"), head
                await writer.start_tls(self.context, server_hostname=self.host)
            yield reader, writer
        finally:
            writer.transport.abort()

    async def send(self, count: int, *, keep: bool) -> Counter[str]:
        """Make `count` calls one after the other, on connections that are kept open when they can be."""
        endings: Counter[str] = Counter()
        while (left := count - endings.total()) > 0:
            with contextlib.suppress(*BROKEN):
                async with self.connection() as (reader, writer):
                    for _ in range(left if keep else 1):
                        writer.write(self.request)
                        ending = await read_answer(reader)
                        endings[ending] += 1
                        if ending != "answer":
                            break
                    continue
            endings["no connection"] += 1
        return endings

    async def send_http2(self, count: int) -> Counter[str]:
        """Make `count` calls, many at a time on each connection."""
        endings: Counter[str] = Counter()
        proxy = f"http://{self.agent}:x@{self.proxy[0]}:{self.proxy[1]}"
        limits = httpx.Limits(max_connections=2)
        async with httpx.AsyncClient(
            http2=True, proxy=proxy, verify=self.context, limits=limits, timeout=LONGEST, trust_env=False
        ) as client:

            async def call_some(many: int) -> None:
                for _ in range(many):
                    try:
                        answer = await client.post(f"https://{self.host}{self.path}", content=self.body)
                    except Exception as error:  # noqa: BLE001  # httpx lets some of h2's and of anyio's through
                        endings[type(error).__name__] += 1
                    else:
                        endings["answer" if answer.http_version == "HTTP/2" else answer.http_version] += 1

            await asyncio.gather(*(call_some(many) for many in shares(count)))
        return endings


async def read_answer(reader: asyncio.StreamReader) -> str:
    """Read one response: `answer` when it is whole and another may follow, else how the connection ended."""
    try:
        async with asyncio.timeout(LONGEST):
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            if not head.startswith(b"http/1.1 "):
                return "garbage"
            fields = dict(line.split(b": ", 1) for line in head.split(b"\r\n")[1:] if line)
            if b"content-length" in fields:
                await reader.readexactly(int(fields[b"content-length"]))
            elif fields.get(b"transfer-encoding") == b"chunked":
                while (size := int(await reader.readuntil(b"\r\n"), 16)) or await reader.readexactly(2) != b"\r\n":
                    await reader.readexactly(size + 2)
            else:
                await reader.read()
                return "end"
            return "close" if fields.get(b"connection") == b"close" else "answer"
    except asyncio.IncompleteReadError:
        return "end"
    except ConnectionResetError:
        return "reset"


def shares(count: int) -> list[int]:
    """`count` calls shared between the workers."""
    return [count // WORKERS + (number < count % WORKERS) for number in range(WORKERS)]


async def send(load: Load, count: int, lines: asyncio.StreamReader, *, keep: bool = True) -> Counter[str]:
    """Send `count` calls, and wait for what comes of them."""
    del lines
    if load.transport == "http2":
        return await load.send_http2(count)
    return sum(await asyncio.gather(*(load.send(many, keep=keep) for many in shares(count))), Counter())


async def hold(load: Load, count: int, lines: asyncio.StreamReader) -> Counter[str]:
    """Send `count` calls, each on a connection of its own, and go away while they are unanswered."""
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(count):
            _, writer = await stack.enter_async_context(load.connection())
            writer.write(load.request)
        say({"sent": count})
        await lines.readline()
    return Counter(left=count)


async def cancel(load: Load, count: int, lines: asyncio.StreamReader) -> Counter[str]:
    """Send `count` calls on one HTTP/2 connection, and cancel them one by one; the connection stays for a while."""
    head = [(":method", "POST"), (":scheme", "https"), (":authority", load.host), (":path", load.path)]
    streams = H2Connection()
    async with load.connection() as (reader, writer):
        streams.initiate_connection()
        for _ in range(count):
            number = streams.get_next_available_stream_id()
            streams.send_headers(number, head)
            streams.send_data(number, load.body, end_stream=True)
        writer.write(streams.data_to_send())
        say({"sent": count})
        await lines.readline()
        for number in range(1, 2 * count, 2):
            streams.reset_stream(number, ErrorCodes.CANCEL)
        writer.write(streams.data_to_send())
        say({"cancelled": count})
        await lines.readline()
        del reader
    return Counter(left=count)


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """The upstream: answers every POST with an escrow, on a path that ends in `events` with a stream."""
    with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError), contextlib.closing(writer):
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            (length,) = (int(line[15:]) for line in head.split(b"\r\n") if line.startswith(b"content-length:"))
            await reader.readexactly(length)
            if head.split(b" ")[1].endswith(b"/events"):
                fields = b"content-type: text/event-stream\r\ntransfer-encoding: chunked"
                writer.write(b"HTTP/1.1 200 OK\r\n%b\r\n\r\n" % fields)
                for event in EVENTS:
                    writer.write(b"%x\r\n%b\r\n" % (len(event), event))
                    await writer.drain()
                writer.write(b"0\r\n\r\n")
            else:
                fields = b"content-type: application/json\r\ncontent-length: %d" % len(CREATED)
                writer.write(b"HTTP/1.1 201 Created\r\n%b\r\n\r\n%b" % (fields, CREATED))
            await writer.drain()


def say(message: dict[str, int]) -> None:
    """Print a line."""
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


async def main() -> None:
    """Serve, and send batch after batch."""
    loop = asyncio.get_running_loop()
    lines = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    say({"port": server.sockets[0].getsockname()[1]})
    while line := await lines.readline():
        asked = json.loads(line)
        do = {"send": send, "hold": hold, "cancel": cancel}[asked.pop("do")]
        try:
            say(await do(Load(**asked.pop("load")), asked.pop("count"), lines, **asked))
        except Exception as error:  # noqa: BLE001  # it is the test's to fail, and the next one's to go on
            say({f"{type(error).__name__}: {error}": 1, "error": 1})
    server.close()


if __name__ == "__main__":
    asyncio.run(main())
