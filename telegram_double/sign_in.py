"""Telegram's sign-in pages: OpenID Connect with an authorisation code and PKCE, as at oauth.telegram.org.

Belongs here: the provider, with its discovery document, keys, page and token. Does not belong here: the Bot API
(`methods`). Whoever reaches these pages may say that they are any of the double's users, so they exist only where
TELEGRAM_DOUBLE_CLIENT_SECRET is set.
"""

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from html import escape
from typing import Any, Literal
from urllib.parse import urlencode

import jwt
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from jwt.algorithms import OKPAlgorithm, RSAAlgorithm
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from telegram_double.world import User

Algorithm = Literal["RS256", "EdDSA"]
Json = dict[str, Any]

CODE_SECONDS = 60
_HEADERS = {
    "content-security-policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}
_ASKED = ("client_id", "redirect_uri", "state", "nonce", "code_challenge")


class Refused(Exception):
    """A request that the provider does not answer; its text is OAuth's name of the error."""


@dataclass(frozen=True)
class _Asked:
    """What a browser came with."""

    redirect_uri: str
    state: str
    nonce: str
    code_challenge: str


@dataclass(frozen=True)
class _Confirmed:
    """A code that was given out."""

    asked: _Asked
    user_id: int
    until: float


@dataclass
class SignIn:
    """The provider for one client. `changes` are made to the claims of tokens, for tests; None takes a claim away."""

    client_id: str
    client_secret: str = field(repr=False)
    users: Callable[[], Iterable[User]]
    algorithm: Algorithm = "RS256"
    changes: Json = field(default_factory=dict)
    rsa_key: rsa.RSAPrivateKey = field(default_factory=lambda: rsa.generate_private_key(65537, 2048), repr=False)
    ed25519_key: ed25519.Ed25519PrivateKey = field(default_factory=ed25519.Ed25519PrivateKey.generate, repr=False)
    signs_with: rsa.RSAPrivateKey | None = field(default=None, repr=False)
    _visits: dict[str, _Asked] = field(default_factory=dict)
    _codes: dict[str, _Confirmed] = field(default_factory=dict)

    def visit(self, query: Json) -> str:
        """Somebody comes to the page; returns what names the visit. Raises Refused."""
        if any(not query.get(name) for name in _ASKED) or query.get("response_type") != "code":
            raise Refused("invalid_request")
        if query["client_id"] != self.client_id:
            raise Refused("unauthorized_client")
        if query.get("code_challenge_method") != "S256" or "openid" not in query.get("scope", "").split():
            raise Refused("invalid_request")
        visit = secrets.token_urlsafe(16)
        self._visits[visit] = _Asked(query["redirect_uri"], query["state"], query["nonce"], query["code_challenge"])
        return visit

    def confirm(self, visit: str, user_id: int) -> str:
        """The address that somebody who confirmed is sent to, with a code. Raises Refused for a visit that is over."""
        asked = self._visits.pop(visit, None)
        if asked is None:
            raise Refused("invalid_request")
        code = secrets.token_urlsafe(24)
        self._codes[code] = _Confirmed(asked, user_id, time.monotonic() + CODE_SECONDS)
        return f"{asked.redirect_uri}?{urlencode({'code': code, 'state': asked.state})}"

    def token(self, issuer: str, form: Json, authorization: str) -> str:
        """The identity token for a code, once. Raises Refused."""
        right = "Basic " + base64.b64encode(f"{self.client_id}:{self.client_secret}".encode()).decode()
        if not hmac.compare_digest(authorization.encode(), right.encode()):
            raise Refused("invalid_client")
        known = self._codes.pop(form.get("code", ""), None)
        if form.get("grant_type") != "authorization_code" or known is None or known.until < time.monotonic():
            raise Refused("invalid_grant")
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if (
            challenge.rstrip(b"=").decode() != known.asked.code_challenge
            or form.get("redirect_uri") != known.asked.redirect_uri
        ):
            raise Refused("invalid_grant")
        now = int(time.time())
        claims = {
            "iss": issuer,
            "aud": self.client_id,
            "sub": str(known.user_id),
            "iat": now,
            "exp": now + 300,
            "nonce": known.asked.nonce,
            **self.changes,
        }
        kept = {name: value for name, value in claims.items() if value is not None}
        key = self.ed25519_key if self.algorithm == "EdDSA" else self.signs_with or self.rsa_key
        return jwt.encode(kept, key, self.algorithm, headers={"kid": self.algorithm})

    def keys(self) -> Json:
        """The public keys by which tokens are checked."""
        return {
            "keys": [
                {**RSAAlgorithm.to_jwk(self.rsa_key.public_key(), as_dict=True), "kid": "RS256", "alg": "RS256"},
                {**OKPAlgorithm.to_jwk(self.ed25519_key.public_key(), as_dict=True), "kid": "EdDSA", "alg": "EdDSA"},
            ]
        }


def discovery(issuer: str) -> Json:
    """What a provider says about itself."""
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/auth",
        "token_endpoint": f"{issuer}/token",
        "jwks_uri": f"{issuer}/.well-known/jwks.json",
        "response_types_supported": ["code"],
        "grant_types_supported": ["authorization_code"],
        "subject_types_supported": ["public"],
        "scopes_supported": ["openid", "profile"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic"],
        "id_token_signing_alg_values_supported": ["RS256", "EdDSA"],
    }


def sign_in_routes(provider: SignIn) -> list[Route]:
    """The provider's addresses."""

    async def described(request: Request) -> Response:
        return JSONResponse(discovery(_issuer(request)))

    async def keys(_request: Request) -> Response:
        return JSONResponse(provider.keys())

    async def page(request: Request) -> Response:
        try:
            visit = provider.visit(dict(request.query_params))
        except Refused as error:
            return JSONResponse({"error": str(error)}, 400)
        links = "".join(
            f'<li><a href="/auth/confirm?{urlencode({"visit": visit, "user": user.id})}">{escape(user.first_name)}</a>'
            for user in provider.users()
        )
        text = "<!doctype html><html lang=en><meta charset=utf-8><title>Sign in with Telegram</title>"
        return HTMLResponse(f"{text}<h1>Who are you?</h1><ul>{links}</ul>", headers=_HEADERS)

    async def confirm(request: Request) -> Response:
        query = request.query_params
        try:
            return RedirectResponse(provider.confirm(query.get("visit", ""), int(query.get("user", "0"))), 303)
        except (Refused, ValueError):
            return JSONResponse({"error": "invalid_request"}, 400)

    async def token(request: Request) -> Response:
        async with request.form() as form:
            given = {name: str(value) for name, value in form.items()}
        try:
            text = provider.token(_issuer(request), given, request.headers.get("authorization", ""))
        except Refused as error:
            return JSONResponse({"error": str(error)}, 401 if str(error) == "invalid_client" else 400)
        return JSONResponse({"id_token": text, "access_token": secrets.token_urlsafe(16), "token_type": "Bearer"})

    return [
        Route("/.well-known/openid-configuration", described),
        Route("/.well-known/jwks.json", keys),
        Route("/auth", page),
        Route("/auth/confirm", confirm),
        Route("/token", token, methods=["POST"]),
    ]


def _issuer(request: Request) -> str:
    return str(request.base_url).rstrip("/")
