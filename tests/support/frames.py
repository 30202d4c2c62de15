"""An HTTP/2 client that reads frame by frame, without the opinions of a library about them."""

from __future__ import annotations

import socket
import ssl
import time
from types import TracebackType
from typing import Self

from hpack import Decoder, Encoder
from hyperframe.frame import (
    DataFrame,
    Frame,
    GoAwayFrame,
    HeadersFrame,
    RstStreamFrame,
    SettingsFrame,
    WindowUpdateFrame,
)

from tests.support.live import LiveProxy
from tests.support.sockets import HOST

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_HEAD = 9


class Http2:
    """One connection through a tunnel; one call at a time."""

    def __init__(self, proxy: LiveProxy, host: str = HOST, timeout: float = 10) -> None:
        raw = socket.create_connection(proxy.address, timeout)
        raw.sendall(f"CONNECT {host}:443 HTTP/1.1\r\nhost: {host}:443\r\n\r\n".encode())
        head = b""
        while b"\r\n\r\n" not in head:
            head += raw.recv(4096)
        context = ssl.create_default_context(cafile=proxy.bundle)
        context.set_alpn_protocols(["h2"])
        self._socket = context.wrap_socket(raw, server_hostname=host)
        self._host = host
        self._encoder, self._decoder = Encoder(), Decoder()
        self._next = 1
        self._send(SettingsFrame(0), WindowUpdateFrame(0, window_increment=2**30), preface=_PREFACE)
        self.arrived: list[tuple[float, Frame]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def get(self, path: str) -> tuple[int, list[tuple[str, int, int]]]:
        """Call, and read to the end of the stream. Returns the status, and each GOAWAY with its numbers.

        `arrived` holds the stream's frames, and when each came.
        """
        stream, self._next = self._next, self._next + 2
        fields = [(":method", "GET"), (":scheme", "https"), (":authority", self._host), (":path", path)]
        frame = HeadersFrame(stream, self._encoder.encode(fields), flags=["END_HEADERS", "END_STREAM"])
        self._send(frame)
        self.arrived = []
        status, told = 0, []
        while True:
            found = self._read()
            if isinstance(found, GoAwayFrame):
                told.append(("GOAWAY", found.last_stream_id, found.error_code))
            if found.stream_id != stream:
                continue
            self.arrived.append((time.monotonic(), found))
            if isinstance(found, HeadersFrame):
                status = int(dict(self._decoder.decode(found.data, raw=True))[b":status"])
            if isinstance(found, RstStreamFrame):
                raise ConnectionResetError(f"stream reset: {found.error_code}")
            if "END_STREAM" in found.flags:
                return status, told

    @property
    def body(self) -> bytes:
        """What the last call's stream carried."""
        return b"".join(frame.data for _, frame in self.arrived if isinstance(frame, DataFrame))

    def _send(self, *frames: Frame, preface: bytes = b"") -> None:
        self._socket.sendall(preface + b"".join(frame.serialize() for frame in frames))

    def _read(self) -> Frame:
        frame, length = Frame.parse_frame_header(memoryview(self._exactly(_HEAD)))
        frame.parse_body(memoryview(self._exactly(length)))
        if isinstance(frame, SettingsFrame) and "ACK" not in frame.flags:
            self._send(SettingsFrame(0, flags=["ACK"]))
        return frame

    def _exactly(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            chunk = self._socket.recv(count - len(data))
            if not chunk:
                raise EOFError
            data += chunk
        return data
