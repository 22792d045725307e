"""A double of Telegram's sign-in pages: it remembers what was asked for, and sells identity tokens for codes."""

import base64
import hashlib
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

CLIENT_ID = "5768337691"
CLIENT_SECRET = "of the client"
REDIRECT_URL = "https://shop.example/signed-in"
KID = "of-telegram"


@dataclass
class TelegramPages:
    """The double. `changes` are made to the claims of the next identity tokens; None takes a claim away."""

    key: rsa.RSAPrivateKey = field(default_factory=lambda: rsa.generate_private_key(65537, 2048))
    signs_with: rsa.RSAPrivateKey | None = None
    address: str = ""
    asked: dict[str, dict[str, str]] = field(default_factory=dict)
    changes: dict[str, Any] = field(default_factory=dict)

    def confirm(self, url: str, telegram_id: int) -> str:
        """Somebody goes to the address and confirms; returns the code that Telegram sends back."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        assert url.startswith(f"{self.address}/auth?")
        assert query["response_type"] == "code"
        assert query["client_id"] == CLIENT_ID
        assert query["redirect_uri"] == REDIRECT_URL
        assert query["code_challenge_method"] == "S256"
        code = f"code-{len(self.asked)}"
        self.asked[code] = {**query, "user": str(telegram_id)}
        return code

    def sell(self, form: dict[str, str], authorization: str) -> str | None:
        """The identity token for a code; None where anything about the request is wrong."""
        asked = self.asked.pop(form.get("code", ""), None)
        right = "Basic " + base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        if asked is None or authorization != right or form.get("redirect_uri") != REDIRECT_URL:
            return None
        challenge = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if base64.urlsafe_b64encode(challenge).rstrip(b"=").decode() != asked["code_challenge"]:
            return None
        now = int(time.time())
        claims = {
            "iss": self.address,
            "aud": CLIENT_ID,
            "sub": asked["user"],
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"],
            **self.changes,
        }
        kept = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(kept, self.signs_with or self.key, "RS256", headers={"kid": KID})

    def published(self) -> dict[str, Any]:
        """The keys by which identity tokens are checked."""
        return {"keys": [{**RSAAlgorithm.to_jwk(self.key.public_key(), as_dict=True), "kid": KID, "alg": "RS256"}]}


@contextmanager
def telegram_pages() -> Iterator[TelegramPages]:
    """The double, at an address of this machine."""
    pages = TelegramPages()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            token = pages.sell(form, self.headers.get("authorization", ""))
            if self.path != "/token" or token is None:
                self._answer(400, {"error": "invalid_grant"})
            else:
                self._answer(200, {"id_token": token, "access_token": "unused", "token_type": "Bearer"})

        def do_GET(self) -> None:
            self._answer(200, pages.published())

        def _answer(self, status: int, content: dict[str, Any]) -> None:
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    pages.address = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield pages
    finally:
        server.shutdown()
        thread.join()
