"""The key by which push services know this platform (VAPID, RFC 8292): a file of its own, made once.

Belongs here: making the key, and its public half for browsers. Does not belong here: sending (`backend.push`).
"""

import base64
from pathlib import Path

from core.home import write_private


def ensure_push_key(path: Path) -> str:
    """Makes the key where there is none; returns its public half, as browsers take it.

    Devices that subscribed with another key can no longer be told anything, so the file belongs into backups.
    """
    if not path.exists():
        write_private(path, _new_key())
    return public_half(path)


def public_half(path: Path) -> str:
    """The public key of a file, uncompressed, in base64url."""
    from cryptography.hazmat.primitives import serialization

    private = serialization.load_pem_private_key(path.read_bytes(), None)
    point = private.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    return base64.urlsafe_b64encode(point).rstrip(b"=").decode()


def _new_key() -> str:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    return (
        ec.generate_private_key(ec.SECP256R1())
        .private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        .decode()
    )
