"""A running API on a warehouse of its own, and a caller with a key.

The API is a real process, started by the command line that `up` uses. The tests of a module share it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import httpx
import pytest

from serving.key_ring import digest_of, new_key
from standalone.fleet import running_servers
from standalone.servers import api_server
from standalone.stack import Platform
from warehouse.database import Database
from warehouse.service_keys import add_service_key


@dataclass(frozen=True)
class Api:
    """A running API: its address, and the warehouse behind it as the pipeline reaches it."""

    address: str
    warehouse: Database

    def caller(self, key: str | None) -> httpx.Client:
        """Somebody with a key, or with none."""
        headers = {} if key is None else {"authorization": f"Bearer {key}"}
        return httpx.Client(base_url=self.address, headers=headers, timeout=30, trust_env=False)


@pytest.fixture(scope="module")
def api(shared_warehouse_url: str, empty_platform: Platform) -> Iterator[Api]:
    """An API on an empty warehouse."""
    empty_platform.home.service_key.write_text("none\n", encoding="utf-8")
    with running_servers([api_server(empty_platform)]) as (server,):
        yield Api(str(server.command.address), Database(shared_warehouse_url))


@pytest.fixture(scope="module")
def make_key(api: Api) -> Callable[[], str]:
    """Makes keys that are valid."""

    def make() -> str:
        key = new_key()
        api.warehouse.run(add_service_key("test", digest_of(key)))
        return key

    return make


@pytest.fixture(scope="module")
def caller(api: Api, make_key: Callable[[], str]) -> Iterator[httpx.Client]:
    """Somebody who may do everything."""
    with api.caller(make_key()) as client:
        yield client
