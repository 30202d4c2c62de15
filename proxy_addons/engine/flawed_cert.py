"""Certificates that a careful client refuses: for another host, expired, or of a CA that nobody knows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

WRONG_HOST = "wrong-host.invalid"
"""The host that a certificate for another host is for. RFC 6761: nobody can have it."""

_NOBODY = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "An authority that nobody knows")])
_LIFETIME = timedelta(days=30)

type Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


def flawed_certificate(
    ca: x509.Certificate, ca_key: rsa.RSAPrivateKey, host: str, flaw: str
) -> tuple[x509.Certificate, Key]:
    """A certificate with one flaw, `wrong_host`, `expired` or `untrusted`, and the key that belongs to it."""
    key = ec.generate_private_key(ec.SECP256R1())
    issuer, issuer_key = (
        (_NOBODY, ec.generate_private_key(ec.SECP256R1())) if flaw == "untrusted" else (ca.subject, ca_key)
    )
    end = datetime.now(UTC) + (timedelta(days=-1) if flaw == "expired" else _LIFETIME)
    named = WRONG_HOST if flaw == "wrong_host" else host
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(end - 2 * _LIFETIME)
        .not_valid_after(end)
        .add_extension(x509.SubjectAlternativeName([_general_name(named)]), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
        .sign(issuer_key, hashes.SHA256())
    )
    return certificate, key


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)
