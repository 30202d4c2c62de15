"""Certificates with one flaw each, and no other: each fails verification for its own reason."""

from __future__ import annotations

import socket
import ssl
import threading
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from mitmproxy.certs import CertStore

from proxy_addons.engine.certs import certificate
from proxy_addons.engine.flawed_cert import flawed_certificate

NAMED = "named.test"


def verify(folder: Path, ca: Path, host: str, flaw: str) -> str:
    """What a strict client says of such a certificate; empty when it has nothing to say."""
    store = CertStore.from_store(ca, "mitmproxy", 2048)
    made, key = flawed_certificate(store.default_ca.to_cryptography(), store.default_privatekey, host, flaw)
    pem = folder / "server.pem"
    pem.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + made.public_bytes(Encoding.PEM)
    )
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_side.load_cert_chain(pem)
    client_side = ssl.create_default_context(cafile=certificate(ca))
    client_side.verify_flags |= ssl.VERIFY_X509_STRICT
    ours, theirs = socket.socketpair()

    def serve() -> None:
        with ours:
            try:
                server_side.wrap_socket(ours, server_side=True).close()
            except OSError:
                return

    server = threading.Thread(target=serve)
    server.start()
    try:
        with client_side.wrap_socket(theirs, server_hostname=host):
            return ""
    except ssl.SSLCertVerificationError as error:
        return error.verify_message
    finally:
        theirs.close()
        server.join()


@pytest.mark.parametrize("host", [NAMED, "127.0.0.1", "::1"])
def test_without_a_flaw_nothing_is_wrong(tmp_path: Path, ca: Path, host: str) -> None:
    """So what fails below fails because of its flaw."""
    assert verify(tmp_path, ca, host, "none") == ""


@pytest.mark.parametrize(
    ("flaw", "said"),
    [
        ("wrong_host", "Hostname mismatch"),
        ("expired", "certificate has expired"),
        ("untrusted", "unable to get local issuer certificate"),
    ],
)
def test_each_flaw_is_found(tmp_path: Path, ca: Path, flaw: str, said: str) -> None:
    """By its name."""
    assert said in verify(tmp_path, ca, NAMED, flaw)
