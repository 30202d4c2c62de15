"""The CA: made once, private, and never instead of the roots that a client had before."""

from __future__ import annotations

import ssl
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import certifi
import pytest

from proxy_addons.engine import certs


def test_default_folder_is_the_users() -> None:
    """An explicit folder wins over XDG's, and that over the home folder."""
    home = Path("~/.local/share/crosswind/ca").expanduser()
    assert certs.default_folder({}) == home
    assert certs.default_folder({"XDG_DATA_HOME": "/data"}) == Path("/data/crosswind/ca")
    assert certs.default_folder({"XDG_DATA_HOME": "/data", "CROSSWIND_CA_DIR": "/ca"}) == Path("/ca")


def test_made_once_in_a_private_folder(tmp_path: Path) -> None:
    """The folder is 0700, and a second call changes nothing."""
    folder = tmp_path / "deep" / "ca"
    first = certs.ensure_ca(folder).read_bytes()
    assert folder.stat().st_mode & 0o777 == 0o700
    assert certs.ensure_ca(folder).read_bytes() == first
    assert [path.name for path in folder.parent.iterdir()] == ["ca"]


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    """A folder that exists without a CA gets one, and becomes private."""
    folder = tmp_path / "ca"
    folder.mkdir(mode=0o755)
    (folder / "keep").touch()
    assert certs.ensure_ca(folder).is_file()
    assert (folder / "keep").exists()
    assert folder.stat().st_mode & 0o777 == 0o700


def test_two_runs_at_once_agree(tmp_path: Path) -> None:
    """Whoever is quicker wins; nobody gets half a CA."""
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: certs.ensure_ca(tmp_path / "ca").read_bytes(), range(4)))
    assert len(set(found)) == 1


def test_a_folder_open_to_others_is_refused(tmp_path: Path) -> None:
    """A private key lies in it."""
    folder = tmp_path / "ca"
    certs.ensure_ca(folder)
    folder.chmod(0o750)
    with pytest.raises(certs.CertificateError, match=f"chmod 700 {folder}"):
        certs.ensure_ca(folder)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """A file stands in the way."""
    (tmp_path / "file").touch()
    with pytest.raises(certs.CertificateError, match="cannot make a CA in"):
        certs.ensure_ca(tmp_path / "file" / "ca")


def test_merged_bundle_keeps_what_the_user_trusted(tmp_path: Path, ca: Path) -> None:
    """Public roots, the user's own private root, and the CA: all three, each once."""
    own = certs.ensure_ca(tmp_path / "other")
    environ = {"SSL_CERT_FILE": str(own), "REQUESTS_CA_BUNDLE": str(own), "CURL_CA_BUNDLE": "/nowhere"}
    bundle = certs.merged_bundle(tmp_path / "bundle.pem", certs.certificate(ca), environ).read_text()
    assert bundle.count("BEGIN CERTIFICATE") == Path(certifi.where()).read_text().count("BEGIN CERTIFICATE") + 2
    assert certs.certificate(ca).read_text().strip() in bundle
    assert own.read_text().strip() in bundle
    ssl.create_default_context(cadata=bundle)


def test_upstream_bundle_adds_a_private_ca(tmp_path: Path, ca: Path) -> None:
    """Public upstreams stay verifiable."""
    made = certs.upstream_bundle(tmp_path / "up.pem", certs.certificate(ca)).read_text()
    assert certs.certificate(ca).read_text() in made
    assert made.count("BEGIN CERTIFICATE") > 50


@pytest.mark.parametrize(("content", "message"), [(None, "No such file"), ("hello", "no PEM certificate in it")])
def test_a_bad_upstream_ca_is_named(tmp_path: Path, content: str | None, message: str) -> None:
    """Missing, or no certificate."""
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)
    with pytest.raises(certs.CertificateError, match=rf"--upstream-ca {file}: .*{message}"):
        certs.upstream_bundle(tmp_path / "up.pem", file)
