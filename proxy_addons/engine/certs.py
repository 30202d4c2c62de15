"""The certificate authority that clients are asked to trust, and the bundles that carry it.

One CA a user, made once in a 0700 folder, or one a run. Every variable but NODE_EXTRA_CA_CERTS
*replaces* a client's trust store, so the bundle handed out holds the public roots, whatever private
roots the user's own variables named, and the CA.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

import certifi
from mitmproxy.certs import CertStore

_BASENAME = "mitmproxy"  # mitmproxy's TlsConfig looks for this name in its confdir
_KEY_BITS = 2048
_TRUST_VARIABLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


class CertificateError(Exception):
    """A CA folder or certificate file of the user's cannot be used."""


def default_folder(environ: Mapping[str, str]) -> Path:
    """Where a user's CA lives: $CROSSWIND_CA_DIR, else crosswind/ca in $XDG_DATA_HOME or ~/.local/share."""
    if named := environ.get("CROSSWIND_CA_DIR"):
        return Path(named).expanduser()
    data = environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(data).expanduser() / "crosswind" / "ca"


def certificate(folder: Path) -> Path:
    """The CA's certificate, without its key."""
    return folder / f"{_BASENAME}-ca-cert.pem"


def ensure_ca(folder: Path) -> Path:
    """Make the CA in `folder` unless it is there, and return its certificate's path.

    Two runs that start at once agree on one CA: it is made aside and moved into place whole.

    Raises:
        CertificateError: the folder cannot be made, or others may write to it.
    """
    try:
        if not (folder / f"{_BASENAME}-ca.pem").exists():
            folder.parent.mkdir(parents=True, exist_ok=True)
            aside = Path(tempfile.mkdtemp(prefix=".ca-", dir=folder.parent))  # 0700 by definition
            try:
                CertStore.create_store(
                    aside, _BASENAME, _KEY_BITS, "Crosswind", "Crosswind (do not trust for anything else)"
                )
                _move_into_place(aside, folder)
            finally:
                shutil.rmtree(aside, ignore_errors=True)
        if os.name == "posix" and folder.stat().st_mode & 0o077:
            raise CertificateError(
                f"the CA folder {folder} is open to other users; a private key lies in it: chmod 700 {folder}"
            )
    except OSError as error:
        raise CertificateError(f"cannot make a CA in {folder}: {error.strerror}") from error
    return certificate(folder)


def _move_into_place(aside: Path, folder: Path) -> None:
    try:
        aside.rename(folder)
    except OSError:
        if (folder / f"{_BASENAME}-ca.pem").exists():
            return  # another run was quicker: its CA is as good
        for file in aside.iterdir():  # the folder existed without a CA in it
            file.replace(folder / file.name)
        folder.chmod(0o700)


def merged_bundle(target: Path, ca_certificate: Path, environ: Mapping[str, str]) -> Path:
    """Write the public roots, the user's own and the CA into one PEM file."""
    sources = [certifi.where(), *(environ[name] for name in _TRUST_VARIABLES if environ.get(name)), str(ca_certificate)]
    parts = [Path(source).read_text(encoding="utf-8") for source in dict.fromkeys(sources) if Path(source).is_file()]
    target.write_text("\n".join(part.strip() for part in parts) + "\n", encoding="utf-8")
    return target


def upstream_bundle(target: Path, private_ca: Path) -> Path:
    """Write the public roots and a private CA into one file, for verifying upstreams.

    Raises:
        CertificateError: the file is missing or holds no certificate.
    """
    try:
        text = private_ca.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CertificateError(f"--upstream-ca {private_ca}: {error}") from error
    if "-----BEGIN CERTIFICATE-----" not in text:
        raise CertificateError(f"--upstream-ca {private_ca}: no PEM certificate in it")
    target.write_text(Path(certifi.where()).read_text(encoding="utf-8") + "\n" + text, encoding="utf-8")
    return target
