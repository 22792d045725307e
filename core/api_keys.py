"""API keys as text: what one looks like, and what is stored of it.

Belongs here: making a key, telling a mistyped one, and its hash. Does not belong here: storing keys
(`warehouse.api_keys`), and whose key a request carries (`serving.key_ring`, `backend.access`).

    ca_<43 characters, 256 random bits>_<6 characters, CRC-32 of everything before>

The prefix lets scanners find a key that lies where it should not, and the checksum lets them be sure. Keys of earlier
versions have no checksum.
"""

import hashlib
import re
import secrets
import zlib

PREFIX = "ca_"
HINT_LENGTH = 8
"""How many characters of a key may be stored and shown, so that its owner recognises it."""

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_CHECKED = re.compile(r"(ca_[0-9A-Za-z]{43})_([0-9A-Za-z]{6})")


def new_key() -> str:
    """A key of 256 random bits."""
    return with_checksum(PREFIX + in_base62(secrets.randbits(256), 43))


def with_checksum(text: str) -> str:
    """The text, followed by its checksum."""
    return f"{text}_{in_base62(zlib.crc32(text.encode()), 6)}"


def is_mistyped(key: str) -> bool:
    """Whether the key has the right shape but a wrong checksum, so that there is no need to look it up."""
    match = _CHECKED.fullmatch(key)
    return match is not None and with_checksum(match[1]) != key


def digest_of(key: str) -> bytes:
    """What is stored of a key. It is too random to be guessed, so a plain hash is enough, and cheap."""
    return hashlib.sha256(key.encode()).digest()


def in_base62(number: int, width: int) -> str:
    """A number in digits and letters, which survive being copied by a double click."""
    digits = ""
    while number:
        number, digit = divmod(number, 62)
        digits = _ALPHABET[digit] + digits
    return digits.rjust(width, _ALPHABET[0])
