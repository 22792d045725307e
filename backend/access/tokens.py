"""Tokens: signed by the API for minutes, each for one purpose, and whose session a presented one belongs to.

Belongs here: what a token says, the keys that sign it, and every check of a presented token. Does not belong here: how
somebody signs in (`backend.auth`).

The checks follow RFC 8725: one algorithm, chosen here and never by the token; explicit type, issuer and audience; a
header with nothing else in it, so that no token can bring its own key. A token also ends with its session, which is
looked up: a session that was ended is refused after a moment.
"""

import hashlib
import secrets
import time
from dataclasses import dataclass
from uuid import UUID

import jwt

from backend.access import store
from backend.access.permissions import ROLE_PERMISSIONS, Role
from backend.access.principal import Principal
from backend.access.remembered import Remembered
from backend.database import DatabasePool
from backend.errors import NotAuthenticated
from warehouse.database import execute_async

ACCESS_SECONDS = 600
"""How long an access token is valid."""

ISSUER = "customer-analyzer"
AUDIENCE = "customer-analyzer-api"
TYPE = "at+jwt"
ALGORITHM = "HS256"


@dataclass(frozen=True, slots=True)
class Purpose:
    """What a token is good for. One for another purpose is refused, by its type and again by its audience."""

    type: str
    audience: str
    seconds: int


ACCESS = Purpose(TYPE, AUDIENCE, ACCESS_SECONDS)
OPERATIONS = Purpose("operations+jwt", "customer-analyzer-operations", 3600)
"""Looking at MLflow's and Dagster's pages, through the gateway."""

_SIGNING_DAYS = 30
_MOST_LENGTH = 2048
_HEADER = {"alg", "kid", "typ"}
_CLAIMS = ("iss", "aud", "sub", "sid", "iat", "exp")
_KNOWN_SECONDS = 10.0
_REFUSED = "This access token is not valid; refresh it or sign in again."


@dataclass(frozen=True, slots=True)
class Claims:
    """What a valid token says."""

    account_id: UUID
    session_id: UUID
    expires_at: int
    """Seconds since 1970."""


class AccessTokens:
    """Signs and checks tokens. All processes share the signing keys, which are in the warehouse."""

    def __init__(self, database: DatabasePool, seconds: float) -> None:
        self._database = database
        self._keys: Remembered[str, bytes] = Remembered(_KNOWN_SECONDS)
        # Checking a signature costs as much as all else about a small request.
        self._known: Remembered[tuple[Purpose, bytes], tuple[Principal, int]] = Remembered(seconds)

    async def sign(self, account_id: UUID, session_id: UUID, purpose: Purpose = ACCESS) -> str:
        """A token for a session. Where the newest key is old, a new one is made first."""
        kid, secret = await self._newest_key()
        now = int(time.time())
        claims = {
            "iss": ISSUER,
            "aud": purpose.audience,
            "sub": str(account_id),
            "sid": str(session_id),
            "iat": now,
            "exp": now + purpose.seconds,
        }
        return jwt.encode(claims, secret, ALGORITHM, headers={"kid": kid, "typ": purpose.type})

    async def principal_of(self, token: str, purpose: Purpose = ACCESS) -> Principal:
        """Who signed in. Raises NotAuthenticated, or Unavailable while that cannot be looked up."""
        digest = purpose, hashlib.sha256(token.encode()).digest()
        known = self._known.get(digest)
        if known is not None and known[1] > time.time():
            return known[0]
        claims = await self._claims(token, purpose)
        holder = await self._database.run(store.session_holder(claims.session_id))
        if holder is None:
            raise NotAuthenticated("This session has ended; sign in again.")
        if holder.account_id != claims.account_id:
            raise NotAuthenticated(_REFUSED)
        principal = Principal(
            f"account:{holder.account_id}",
            holder.email,
            ROLE_PERMISSIONS[Role(holder.role)],
            holder.account_id,
            claims.session_id,
        )
        self._known.put(digest, (principal, claims.expires_at))
        return principal

    async def _claims(self, token: str, purpose: Purpose) -> Claims:
        if len(token) > _MOST_LENGTH:
            raise NotAuthenticated(_REFUSED)
        try:
            header = jwt.get_unverified_header(token)
            secret = await self._key(header["kid"]) if is_expected(header, purpose) else None
            if secret is None:
                raise NotAuthenticated(_REFUSED)
            return verified(token, secret, purpose)
        except (jwt.PyJWTError, ValueError, KeyError, TypeError):
            raise NotAuthenticated(_REFUSED) from None

    async def _newest_key(self) -> tuple[str, bytes]:
        found = await self._database.run(store.newest_signing_key(_SIGNING_DAYS))
        if found is None:
            # Two processes may each make one; both are good.
            kid, secret = secrets.token_hex(8), secrets.token_bytes(32)
            async with self._database.transaction() as connection:
                await execute_async(connection, store.forget_signing_keys(_SIGNING_DAYS, ACCESS_SECONDS))
                await execute_async(connection, store.add_signing_key(kid, secret))
            return kid, secret
        return found

    async def _key(self, kid: str) -> bytes | None:
        """The secret of a key; None for one that does not sign here."""
        secret = self._keys.get(kid)
        if secret is None:
            secret = await self._database.run(store.signing_key(kid))
            if secret is not None:
                self._keys.put(kid, secret)
        return secret


def is_expected(header: dict[str, object], purpose: Purpose = ACCESS) -> bool:
    """Whether a token's header is one of ours: nothing missing, nothing else, no other algorithm or type."""
    return (
        set(header) == _HEADER
        and header["alg"] == ALGORITHM
        and header["typ"] == purpose.type
        and isinstance(header["kid"], str)
        and header["kid"].isalnum()
    )


def verified(token: str, secret: bytes, purpose: Purpose = ACCESS) -> Claims:
    """What a token says that this key has signed. Raises jwt.PyJWTError or ValueError for any other."""
    claims = jwt.decode(
        token,
        secret,
        algorithms=[ALGORITHM],
        issuer=ISSUER,
        audience=purpose.audience,
        options={"require": list(_CLAIMS), "strict_aud": True},
    )
    return Claims(UUID(claims["sub"]), UUID(claims["sid"]), int(claims["exp"]))
