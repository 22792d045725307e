"""A certificate for loopback, so that the gateway speaks TLS on a machine that has no name of its own.

Does not belong here: certificates for real names, which an authority signs and a setting names.
"""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from core.home import write_private

DAYS = 365
_RENEW_DAYS = 30


def ensure_certificate(certificate: Path, key: Path) -> None:
    """Makes a certificate for 127.0.0.1, ::1 and localhost, unless there is one that is valid for 30 more days."""
    if certificate.is_file() and key.is_file():
        present = x509.load_pem_x509_certificate(certificate.read_bytes())
        if present.not_valid_after_utc > datetime.now(UTC) + timedelta(days=_RENEW_DAYS):
            return
    private = ec.generate_private_key(ec.SECP256R1())
    secret = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    signed = _self_signed(private, datetime.now(UTC))
    write_private(key, secret.decode())
    write_private(certificate, signed.public_bytes(serialization.Encoding.PEM).decode())


def _self_signed(private: ec.EllipticCurvePrivateKey, now: datetime) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Customer Analyzer on loopback")])
    names: list[x509.GeneralName] = [x509.DNSName("localhost")]
    names += [x509.IPAddress(ip_address(address)) for address in ("127.0.0.1", "::1")]
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        # A client whose clock is a little behind accepts it too.
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=DAYS))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        # Trusted by itself, it can vouch for no other certificate.
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(private.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(private.public_key()), critical=False)
        .sign(private, hashes.SHA256())
    )
