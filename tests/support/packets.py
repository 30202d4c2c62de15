"""A packet trace of the loopback device, as tcpdump takes it: who sent RST, who FIN, and who nothing.

Needs the right to open a packet socket (root, or CAP_NET_RAW) on Linux.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

_ETH_P_ALL = 0x0003
_TCP = 6
_FIN, _RST = 0x01, 0x04


def permitted() -> bool:
    """Whether this user may trace packets."""
    try:
        socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ETH_P_ALL)).close()
    except (AttributeError, PermissionError):
        return False
    return True


@dataclass
class Trace:
    """Flags of the segments that one port sent, by the port they were sent to."""

    port: int
    sent: dict[int, list[str]] = field(default_factory=dict)
    _seen: threading.Condition = field(default_factory=threading.Condition)

    def flags_to(self, client: int) -> list[str]:
        """`RST` and `FIN`, in the order in which the port sent them to this client port."""
        with self._seen:
            return list(self.sent.get(client, []))

    def wait_for(self, client: int, flag: str, timeout: float = 5) -> bool:
        """Wait until the port sent such a segment to this client."""
        with self._seen:
            return self._seen.wait_for(lambda: flag in self.sent.get(client, []), timeout)

    def note(self, frame: bytes) -> None:
        """Read one Ethernet frame."""
        ip = frame[14:]
        if len(ip) < 40 or ip[0] >> 4 != 4 or ip[9] != _TCP:
            return
        tcp = ip[(ip[0] & 0x0F) * 4 :]
        source, target = struct.unpack_from("!HH", tcp)
        if source != self.port:
            return
        with self._seen:
            names = self.sent.setdefault(target, [])
            for bit, name in ((_FIN, "FIN"), (_RST, "RST")):
                if tcp[13] & bit and name not in names:
                    names.append(name)
            self._seen.notify_all()


@contextlib.contextmanager
def trace(port: int) -> Iterator[Trace]:
    """Trace what `port` on loopback sends, as long as the block lasts."""
    found = Trace(port)
    stop = threading.Event()
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ETH_P_ALL)) as tap:
        tap.bind(("lo", 0))
        tap.settimeout(0.05)

        def read() -> None:
            while not stop.is_set():
                with contextlib.suppress(TimeoutError):
                    found.note(tap.recv(65536))

        reader = threading.Thread(target=read, name="packet-trace")
        reader.start()
        try:
            yield found
        finally:
            stop.set()
            reader.join()
