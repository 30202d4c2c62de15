"""Throughput, start-up time and memory of the whole chain, as ratios measured in one run.

    make bench    or    python benchmarks/throughput.py [--calls 6000] [--rounds 3] [--memory]

hey sends small JSON POSTs over 16 keep-alive connections through CONNECT and TLS to nginx on loopback:
direct, through `mitmdump -q`, through the slim master without our addons, and through `crosswind proxy`
with the whole chain and ten rules that never fire. The set-ups take turns, so that a noisy neighbour
hits all of them; the table shows medians.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from mitmproxy.certs import CertStore

CLIENTS = 16
BODY = json.dumps({"payer": "bench", "payee": "acme", "amount": "25.00", "note": "x" * 120})
PATH = "/v1/payments/escrows"
TARGETS = {"mitmdump -q": 1.5, "slim master": 0.85}
"""The least that the chain must reach of each."""


def main() -> int:
    """Measure and print; 1 when a ratio is missed."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--calls", type=int, default=6000)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--memory", action="store_true", help="also: RSS after 10,000 and after 100,000 calls")
    asked = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="crosswind-bench-") as name:
        return _measure(Path(name), asked)


def _measure(folder: Path, asked: argparse.Namespace) -> int:
    ca = folder / "ca"
    CertStore.create_store(ca, "mitmproxy", 2048)
    ca.chmod(0o700)
    profile = folder / "ten-rules.yaml"
    profile.write_text(_profile())
    python = sys.executable
    mitmdump = str(Path(python).with_name("mitmdump"))
    crosswind = str(Path(python).with_name("crosswind"))
    ports = {name: _free_port() for name in ("nginx", *_NAMES[1:])}
    with contextlib.ExitStack() as stack:
        stack.enter_context(_nginx(folder, ports["nginx"], ca))
        commands = {
            "mitmdump -q": [
                mitmdump,
                "-q",
                "--listen-host",
                "127.0.0.1",
                "-p",
                str(ports["mitmdump -q"]),
                "--ssl-insecure",
                "--set",
                f"confdir={ca}",
            ],
            "slim master": [
                python,
                str(Path(__file__).with_name("slim_master.py")),
                str(ports["slim master"]),
                str(ca),
            ],
            "crosswind proxy": [
                crosswind,
                "proxy",
                "--insecure",
                "--profile",
                str(profile),
                "--run-dir",
                str(folder / "run"),
                "--listen",
                f"127.0.0.1:{ports['crosswind proxy']}",
            ],
        }
        starts: dict[str, float] = {}
        processes: dict[str, subprocess.Popen[bytes]] = {}
        for setup, command in commands.items():
            processes[setup], starts[setup] = stack.enter_context(_started(command, ports[setup], ca))
        url = f"https://127.0.0.1:{ports['nginx']}{PATH}"
        found: dict[str, list[float]] = {setup: [] for setup in _NAMES}
        for setup in _NAMES:
            _hey(url, 500, ports.get(setup) if setup != "direct" else None)
        for _ in range(asked.rounds):
            for setup in _NAMES:
                found[setup].append(_hey(url, asked.calls, ports.get(setup) if setup != "direct" else None))
        rates = {setup: statistics.median(values) for setup, values in found.items()}
        _print_table(rates, starts)
        missed = [name for name, least in TARGETS.items() if rates["crosswind proxy"] < least * rates[name]]
        if asked.memory:
            _print_memory(url, ports["crosswind proxy"], processes["crosswind proxy"].pid)
    for name in missed:
        print(f"MISSED: crosswind proxy is below {TARGETS[name]} x {name}")
    return 1 if missed else 0


_NAMES = ("direct", "mitmdump -q", "slim master", "crosswind proxy")


def _profile() -> str:
    rules = "".join(
        f"  - name: rule-{n}\n    match: {{operation: never_called_{n}, input: {{amount: {{gte: 10}}}}}}\n"
        "    when: {probability: 0.5}\n    fault: {latency: 1s}\n"
        for n in range(10)
    )
    return f'version: 1\nname: ten-rules\nscope: {{hosts: ["127.0.0.1"]}}\nrules:\n{rules}'


@contextlib.contextmanager
def _nginx(folder: Path, port: int, ca: Path) -> Iterator[None]:
    nginx = shutil.which("nginx") or "/usr/sbin/nginx"
    pem = ca / "mitmproxy-ca.pem"
    configuration = folder / "nginx.conf"
    configuration.write_text(
        f"""daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx.log;
        events {{ worker_connections 512; }}
        http {{ access_log off; keepalive_requests 1000000; client_body_temp_path {folder}; proxy_temp_path {folder};
          fastcgi_temp_path {folder}; uwsgi_temp_path {folder}; scgi_temp_path {folder}; default_type application/json;
          server {{ listen 127.0.0.1:{port} ssl; ssl_certificate {pem}; ssl_certificate_key {pem};
            location / {{ return 201 '{{"id":"29e1","status":"held","amount":"25.0","currency":"CREDITS"}}'; }} }} }}"""
    )
    with _process([nginx, "-c", str(configuration)], port):
        yield


@contextlib.contextmanager
def _process(command: list[str], port: int) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _await_port(process, port)
        yield process
    finally:
        process.terminate()
        process.wait(20)


@contextlib.contextmanager
def _started(command: list[str], port: int, ca: Path) -> Iterator[tuple[subprocess.Popen[bytes], float]]:
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(ca.parent), "CROSSWIND_CA_DIR": str(ca)}
    begun = time.perf_counter()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _await_port(process, port)
        yield process, time.perf_counter() - begun
    finally:
        process.terminate()
        process.wait(20)


def _await_port(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise SystemExit(f"{process.args!r} ended with {process.returncode}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.5):
            return
        time.sleep(0.002)
    raise SystemExit(f"{process.args!r} does not listen")


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def _hey(url: str, calls: int, proxy: int | None) -> float:
    """Requests per second; every answer must be the upstream's."""
    through = ["-x", f"http://127.0.0.1:{proxy}"] if proxy else []
    command = [
        "hey",
        "-n",
        str(calls),
        "-c",
        str(CLIENTS),
        "-m",
        "POST",
        "-T",
        "application/json",
        "-d",
        BODY,
        *through,
        url,
    ]
    report = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    statuses = dict(re.findall(r"\[(\d+)\]\s+(\d+) responses", report))
    if set(statuses) != {"201"}:
        raise SystemExit(f"unexpected answers: {statuses}\n{report}")
    rate = re.search(r"Requests/sec:\s+([\d.]+)", report)
    assert rate is not None
    return float(rate[1])


def _print_table(rates: dict[str, float], starts: dict[str, float]) -> None:
    base, slim = rates["mitmdump -q"], rates["slim master"]
    print(f"{'set-up':<18}{'calls/s':>9}{'x mitmdump':>12}{'x slim':>9}{'start':>9}")
    for name, rate in rates.items():
        start = f"{starts[name]:.2f}s" if name in starts else ""
        print(f"{name:<18}{rate:>9.0f}{rate / base:>12.2f}{rate / slim:>9.2f}{start:>9}")


def _print_memory(url: str, proxy: int, pid: int) -> None:
    _hey(url, 10_000, proxy)
    early = _rss(pid)
    _hey(url, 90_000, proxy)
    late = _rss(pid)
    print(f"RSS after 10,000 calls {early:.1f} MB, after 100,000 {late:.1f} MB: {late - early:+.1f} MB (at most +10)")


def _rss(pid: int) -> float:
    text = Path(f"/proc/{pid}/status").read_text()
    match = re.search(r"VmRSS:\s+(\d+) kB", text)
    assert match is not None
    return int(match[1]) / 1000


if __name__ == "__main__":
    sys.exit(main())
