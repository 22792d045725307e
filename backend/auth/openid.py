"""OpenID Connect with Telegram: the address to go to, the code that comes back, and the token that it buys.

Belongs here: what is said to Telegram and how its answer is checked. Does not belong here: remembering who went there
(`telegram`), or which account the Telegram user has.

Authorisation code with PKCE (RFC 7636). The identity token must be signed by a key that Telegram publishes, for this
client, now, and for this very sign-in (`nonce`).
"""

import base64
import hashlib
from dataclasses import dataclass
from urllib.parse import urlencode

import httpx
import jwt

from backend.errors import NotAuthenticated, Unavailable

_SECONDS = 5.0
_ALGORITHMS = ["RS256", "ES256", "EdDSA"]
_REFUSED = "Telegram did not confirm this sign-in; begin again."


@dataclass(frozen=True)
class Provider:
    """Telegram as this shop's bot reaches it; `issuer` is also the address of its pages."""

    issuer: str
    client_id: str
    client_secret: str
    redirect_url: str


@dataclass(frozen=True)
class Started:
    """One sign-in: what goes to Telegram (`state`, `nonce`) and what proves that it was begun here (`verifier`)."""

    state: str
    nonce: str
    verifier: str


def address(provider: Provider, started: Started) -> str:
    """Where the person goes to confirm."""
    challenge = base64.urlsafe_b64encode(hashlib.sha256(started.verifier.encode()).digest()).rstrip(b"=")
    query = {
        "response_type": "code",
        "client_id": provider.client_id,
        "redirect_uri": provider.redirect_url,
        "scope": "openid profile",
        "state": started.state,
        "nonce": started.nonce,
        "code_challenge": challenge.decode(),
        "code_challenge_method": "S256",
    }
    return f"{provider.issuer}/auth?{urlencode(query)}"


async def telegram_user(provider: Provider, code: str, verifier: str, nonce: str, retry_after_seconds: int) -> int:
    """The id of the Telegram user who confirmed. Raises NotAuthenticated, or Unavailable while Telegram is away."""
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": provider.redirect_url,
        "client_id": provider.client_id,
        "code_verifier": verifier,
    }
    try:
        # No redirect is followed: what is sent holds secrets.
        async with httpx.AsyncClient(timeout=_SECONDS, trust_env=False) as client:
            answer = await client.post(
                f"{provider.issuer}/token", data=form, auth=(provider.client_id, provider.client_secret)
            )
            keys = await client.get(f"{provider.issuer}/.well-known/jwks.json")
    except httpx.HTTPError as error:
        raise Unavailable("Telegram does not answer; try again shortly.", retry_after_seconds) from error
    if answer.status_code >= 500 or keys.status_code != 200:
        raise Unavailable("Telegram does not answer; try again shortly.", retry_after_seconds)
    if answer.status_code != 200:
        raise NotAuthenticated(_REFUSED)
    try:
        return confirmed_user(answer.json()["id_token"], keys.json(), provider, nonce)
    except (jwt.PyJWTError, ValueError, KeyError, TypeError):
        raise NotAuthenticated(_REFUSED) from None


def confirmed_user(token: str, published: dict[str, object], provider: Provider, nonce: str) -> int:
    """The Telegram user whom an identity token names. Raises jwt.PyJWTError, ValueError, KeyError or TypeError."""
    kid = jwt.get_unverified_header(token)["kid"]
    key = jwt.PyJWKSet.from_dict(published)[kid]
    claims = jwt.decode(
        token,
        key,
        algorithms=_ALGORITHMS,
        issuer=provider.issuer,
        audience=provider.client_id,
        options={"require": ["iss", "aud", "sub", "iat", "exp", "nonce"], "strict_aud": True},
    )
    if claims["nonce"] != nonce:
        raise ValueError
    user_id = int(claims.get("id", claims["sub"]))
    if user_id <= 0:
        raise ValueError
    return user_id
