"""The double of Telegram's sign-in pages, at an address of its own, for tests that change what it says."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import uvicorn
from cryptography.hazmat.primitives.asymmetric import rsa
from starlette.applications import Starlette

from core.home import LOOPBACK
from telegram_double.sign_in import SignIn, sign_in_routes
from telegram_double.world import User

CLIENT_ID = "5768337691"
CLIENT_SECRET = "of the client"
REDIRECT_URL = "https://shop.example/signed-in"


@dataclass
class TelegramPages:
    """The pages, and who visits them."""

    provider: SignIn
    address: str

    def confirm(self, url: str, telegram_id: int) -> str:
        """Somebody goes to the address and confirms; returns the code that Telegram sends back."""
        assert url.startswith(f"{self.address}/auth?")
        query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        returned = self.provider.confirm(self.provider.visit(query), telegram_id)
        assert returned.startswith(f"{query['redirect_uri']}?")
        return parse_qs(urlsplit(returned).query)["code"][0]

    def lie(self, changes: dict[str, Any], key: rsa.RSAPrivateKey | None = None) -> None:
        """Has the next tokens say something else, or be signed by another key."""
        self.provider.changes, self.provider.signs_with = changes, key


@contextmanager
def telegram_pages(*names: str) -> Iterator[TelegramPages]:
    """The pages, with users of these names, whose ids are 1, 2, 3, ..."""
    provider = SignIn(CLIENT_ID, CLIENT_SECRET, lambda: [User(number, name) for number, name in enumerate(names, 1)])
    server = uvicorn.Server(
        uvicorn.Config(Starlette(routes=sign_in_routes(provider)), host=LOOPBACK, port=0, log_level="error")
    )
    thread = Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    pages = TelegramPages(provider, f"http://{LOOPBACK}:{port}")
    assert httpx.get(f"{pages.address}/.well-known/openid-configuration", trust_env=False).json()["issuer"]
    try:
        yield pages
    finally:
        server.should_exit = True
        thread.join()
