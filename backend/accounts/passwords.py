"""Passwords: which are good enough, and how they are hashed and checked.

Belongs here: Argon2id. Does not belong here: whose password it is, and how often one may try (`backend.auth`).
"""

import asyncio
from collections.abc import Callable
from functools import cache
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

T = TypeVar("T")

MIN_LENGTH = 12
MAX_LENGTH = 256
"""Long sentences fit; hashing stays cheap."""

# RFC 9106's second recommendation: 64 MiB for each password that is being checked.
_HASHER = PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=4)
_AT_ONCE = 2


def hashed(password: str) -> str:
    """What is stored of a password."""
    return _HASHER.hash(password)


def fits(password: str, stored: str | None) -> bool:
    """Whether a password is the stored one. Takes the same time where nothing is stored."""
    try:
        return _HASHER.verify(stored or _nobodys(), password) and stored is not None
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(stored: str) -> bool:
    """Whether a hash was made with weaker settings than today's."""
    return _HASHER.check_needs_rehash(stored)


def fault_of(password: str, email: str) -> str | None:
    """Why a password is not good enough; None if it is. Length counts; there are no rules about characters."""
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        return f"must have {MIN_LENGTH} to {MAX_LENGTH} characters"
    if len(set(password)) < 5:
        return "repeats the same few characters"
    if email.split("@", maxsplit=1)[0].casefold() in password.casefold():
        return "contains the e-mail address"
    return None


@cache
def _nobodys() -> str:
    return hashed("nobody has this password")


class PasswordChecks:
    """Hashes in threads, few at a time: each needs 64 MiB, and the other requests need the processor too."""

    def __init__(self) -> None:
        self._free = asyncio.Semaphore(_AT_ONCE)

    async def fits(self, password: str, stored: str | None) -> bool:
        """See the function `fits`."""
        return await self._in_thread(lambda: fits(password, stored))

    async def hashed(self, password: str) -> str:
        """See the function `hashed`."""
        return await self._in_thread(lambda: hashed(password))

    async def _in_thread(self, call: Callable[[], T]) -> T:
        async with self._free:
            return await asyncio.to_thread(call)
