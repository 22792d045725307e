"""A running API on a warehouse of its own, and callers with keys and accounts.

The API is a real process, started by the command line that `up` uses. The tests of a module share it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from uuid import UUID, uuid4

import httpx
import pytest

from backend.access.permissions import KEY_SCOPES, Role
from backend.accounts.passwords import hashed
from backend.accounts.store import add_account
from core.api_keys import digest_of, new_key
from standalone.fleet import running_servers
from standalone.servers import api_server
from standalone.stack import Platform
from warehouse.api_keys import add_api_key
from warehouse.database import Database

PASSWORD = "a long sentence nobody guesses"


@dataclass(frozen=True)
class Api:
    """A running API: its address, and the warehouse behind it as the pipeline and as the API reach it."""

    address: str
    warehouse: Database
    own: Database

    def caller(self, key: str | None) -> httpx.Client:
        """Somebody with a key or an access token, or with none."""
        headers = {} if key is None else {"authorization": f"Bearer {key}"}
        return httpx.Client(base_url=self.address, headers=headers, timeout=30, trust_env=False)


@dataclass(frozen=True)
class Person:
    """Somebody with an account, whose password is PASSWORD."""

    account_id: UUID
    email: str


@pytest.fixture(scope="module")
def api(shared_warehouse_url: str, empty_platform: Platform) -> Iterator[Api]:
    """An API on an empty warehouse."""
    empty_platform.home.service_key.write_text("none\n", encoding="utf-8")
    with running_servers([api_server(empty_platform)]) as (server,):
        yield Api(str(server.command.address), Database(shared_warehouse_url), Database(empty_platform.backend_url))


@pytest.fixture(scope="module")
def make_key(api: Api) -> Callable[..., str]:
    """Makes keys that are valid; without scopes they may do everything that a key can."""

    def make(*scopes: str) -> str:
        key = new_key()
        api.own.run(add_api_key("test", digest_of(key), scopes or sorted(KEY_SCOPES)))
        return key

    return make


@pytest.fixture(scope="module")
def caller(api: Api, make_key: Callable[..., str]) -> Iterator[httpx.Client]:
    """A machine that may do everything that a machine can."""
    with api.caller(make_key()) as client:
        yield client


@pytest.fixture(scope="module")
def make_person(api: Api) -> Callable[[Role], Person]:
    """Makes accounts."""
    stored = hashed(PASSWORD)

    def make(role: Role) -> Person:
        email = f"{role}-{uuid4().hex[:8]}@shop.example"
        account_id = api.own.run(add_account(email, f"A {role}", role, stored))
        assert account_id is not None
        return Person(account_id, email)

    return make


@pytest.fixture(scope="module")
def signed_in(api: Api, make_person: Callable[[Role], Person]) -> Callable[[Role], httpx.Client]:
    """Signs somebody new in, and gives their client."""

    def sign_in(role: Role) -> httpx.Client:
        person = make_person(role)
        with api.caller(None) as nobody:
            answer = nobody.post("/auth/login", json={"email": person.email, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        return api.caller(answer.json()["access_token"])

    return sign_in
