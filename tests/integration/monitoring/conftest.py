"""A real stack that a real Prometheus watches: API, services, worker and exporters beside a finished run.

Scrapes, rules and waits are a second long here instead of 15 seconds and minutes; everything else is what is deployed.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from core.home import write_private
from standalone.fleet import Fleet
from standalone.monitoring_servers import monitoring_servers
from standalone.servers import api_server, worker_server
from standalone.stack import Platform
from tests.integration.conftest import RanPlatform
from warehouse.databases import WAREHOUSE


@dataclass(frozen=True)
class Watched:
    """The stack, and where Prometheus, Alertmanager and the API are."""

    platform: Platform
    addresses: Mapping[str, str]
    api: httpx.Client

    def ask(self, query: str) -> list[dict[str, Any]]:
        """What Prometheus answers now."""
        with httpx.Client(trust_env=False, timeout=10) as client:
            answer = client.get(f"{self.addresses['prometheus']}/api/v1/query", params={"query": query})
        assert answer.status_code == 200, f"{query}: {answer.text}"
        return list(answer.json()["data"]["result"])


def hasten(folder: Path) -> None:
    """Rewrites a configuration so that what takes minutes takes a second, and nothing else changes."""
    for path in (folder / "rules").glob("*.yml"):
        rules = yaml.safe_load(path.read_text(encoding="utf-8"))
        for group in rules["groups"]:
            group.pop("interval", None)
            for rule in group["rules"]:
                if "for" in rule:
                    rule["for"] = "1s"
        path.write_text(yaml.safe_dump(rules), encoding="utf-8")
    for name, change in (
        ("prometheus.yml", {"global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"}}),
        ("alertmanager.yml", {"route": {"group_wait": "1s", "group_interval": "1s"}}),
    ):
        content = yaml.safe_load((folder / name).read_text(encoding="utf-8"))
        for section, values in change.items():
            content[section] |= values
        (folder / name).write_text(yaml.safe_dump(content), encoding="utf-8")


def until(found: Callable[[], Any], seconds: float = 40) -> Any:
    """The first answer that is not empty."""
    deadline = time.monotonic() + seconds
    while not (answer := found()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.5)
    return answer


@pytest.fixture(scope="module")
def watched(finished_run: RanPlatform) -> Iterator[Watched]:
    """The stack with all that this machine has of exporters. Events that a test sends are gone afterwards."""
    platform = finished_run.platform
    with pytest.MonkeyPatch.context() as monkeypatch, Fleet() as fleet:
        for name, value in platform.environment.items():
            monkeypatch.setenv(name, value)
        api = api_server(platform)
        fleet.start([api, worker_server(platform)])
        running = dict(finished_run.service_urls) | {"api": str(api.address)}
        monitoring = monitoring_servers(platform, str(api.address), running)
        hasten(platform.home.monitoring)
        fleet.start(monitoring.servers)
        addresses = {child.command.name: str(child.command.address) for child in fleet.children if child.command.port}
        headers = {"authorization": f"Bearer {finished_run.service_key}"}
        with (
            announced_too(platform, fleet),
            httpx.Client(base_url=str(api.address), headers=headers, timeout=20, trust_env=False) as client,
        ):
            yield Watched(platform, addresses | dict(finished_run.service_urls), client)
    with platform.server.connect(WAREHOUSE, autocommit=True) as connection:
        connection.execute("delete from raw.events where source = 'telegram'")


@contextmanager
def announced_too(platform: Platform, fleet: Fleet) -> Iterator[None]:
    """The file of `up` names these servers too, for the length of the block."""
    before = platform.home.up.read_text(encoding="utf-8")
    content = json.loads(before)
    for child in fleet.children:
        content["servers"][child.command.name] = {"pid": child.process.pid, "address": child.command.address}
    write_private(platform.home.up, json.dumps(content))
    yield
    write_private(platform.home.up, before)
