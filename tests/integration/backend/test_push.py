"""Devices are told of notices through a push service that checks who sends, and decrypts what is sent."""

import json
import stat
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from backend.access.permissions import Role
from backend.push.sending import Sender, send_due
from core.push_keys import ensure_push_key
from standalone.fleet import running_servers
from standalone.servers import api_server
from standalone.stack import Platform
from tests.integration.backend.conftest import PASSWORD, Api, Person
from tests.integration.backend.push_service import Device, PushService, push_service
from warehouse.database import Database, command, rows
from warehouse.notices import drift_confirmed, early_warning, run_ended

ALL = ["campaign", "drift", "early_warning", "failed_run"]


@pytest.fixture(scope="module")
def service() -> Iterator[PushService]:
    with push_service() as running:
        yield running


@pytest.fixture(scope="module")
def api(shared_warehouse_url: str, empty_platform: Platform, service: PushService) -> Iterator[Api]:
    """An API that knows the stand-in for a push service."""
    empty_platform.home.service_key.write_text("none\n", encoding="utf-8")
    server = api_server(empty_platform)
    service.public_key = server.environment["BACKEND_PUSH_PUBLIC_KEY"]
    environment = {**server.environment, "BACKEND_PUSH_SERVICES": json.dumps([service.address])}
    with running_servers([replace(server, environment=environment)]) as (running,):
        yield Api(str(running.command.address), Database(shared_warehouse_url), Database(empty_platform.backend_url))


@pytest.fixture
def sender(empty_platform: Platform) -> Sender:
    return Sender(empty_platform.home.push_key, "mailto:anna@shop.example")


@pytest.fixture
def device(api: Api, service: PushService) -> Iterator[Device]:
    yield service.new_device()
    api.own.run(command("delete from app.push_subscriptions"))
    api.own.run(command("delete from app.login_attempts"))


def subscribe(client: httpx.Client, device: Device, topics: list[str] = ALL, **changes: str) -> httpx.Response:
    body = {"endpoint": device.endpoint, **device.keys, "topics": topics, "language": "ru", **changes}
    return client.put("/push/devices", json=body)


def happen(api: Api, number: int) -> None:
    """A day on which everything happens."""
    day = date(2025, 1, number)
    api.warehouse.run(early_warning(day, 12, 100))
    api.warehouse.run(drift_confirmed("churn", day, day, f"It differs {number}."))
    api.warehouse.run(run_ended(f"run-{number}", "refresh", "failed", day.isoformat()))
    api.warehouse.run(run_ended(f"run-{number}-again", "refresh", "done", day.isoformat()))


def test_a_device_is_told_of_what_it_turned_on_and_of_nothing_personal(
    api: Api, signed_in: Callable[[Role], httpx.Client], device: Device, sender: Sender
) -> None:
    happen(api, 1)
    with signed_in(Role.VIEWER) as client:
        answer = subscribe(client, device)
        assert answer.status_code == 200, answer.text
        (shown,) = answer.json()["devices"]
        assert shown["is_current"]
        assert device.endpoint not in answer.text
        happen(api, 2)
        assert send_due(api.warehouse, sender) == 3
        ids = [each.pop("notice_id") for each in device.heard]
        assert ids == sorted(ids)
        assert device.heard == [
            {"topic": "early_warning", "language": "ru", "count": 12},
            {"topic": "drift", "language": "ru", "model": "churn"},
            {"topic": "failed_run", "language": "ru", "job": "refresh"},
        ]
        assert send_due(api.warehouse, sender) == 0
        assert subscribe(client, device, ["drift"]).json()["devices"][0]["subscription_id"] == shown["subscription_id"]
        happen(api, 3)
        assert send_due(api.warehouse, sender) == 1


def test_the_end_of_a_campaign_is_told_to_who_may_see_campaigns(
    api: Api, signed_in: Callable[[Role], httpx.Client], device: Device, service: PushService, sender: Sender
) -> None:
    other = service.new_device()
    with signed_in(Role.VIEWER) as viewer, signed_in(Role.MARKETER) as marketer:
        subscribe(viewer, device)
        subscribe(marketer, other)
        made = (
            "insert into app.campaigns (name, kind, topic, is_transactional, audience, variants, control_share, state,"
            " made_by) values ('Come back, Ivan', 'campaign', 'offers', false, '{}', '[]', 0, 'running', 'x')"
            " returning campaign_id"
        )
        (campaign_id,) = api.own.run(rows(str, made))
        api.own.run(command("update app.campaigns set state = 'done'"))
        assert send_due(api.warehouse, sender) == 1
        assert device.heard == []
        (heard,) = other.heard
        assert heard["campaign_id"] == campaign_id
        assert "Ivan" not in json.dumps(heard)


def test_a_device_that_is_gone_is_forgotten_and_a_busy_service_is_left_alone(
    api: Api, signed_in: Callable[[Role], httpx.Client], device: Device, service: PushService, sender: Sender
) -> None:
    gone, busy = service.new_device(), service.new_device()
    with signed_in(Role.VIEWER) as client:
        for each in (gone, busy, device):
            subscribe(client, each, ["drift"])
        gone.answers, busy.answers = [(410, {})], [(429, {"retry-after": "120"})]
        happen(api, 4)
        assert send_due(api.warehouse, sender) == 1
        assert len(device.heard) == 1
        kept = api.own.run(rows(str, "select endpoint from app.push_subscriptions where waits_until > now() + '110s'"))
        assert kept == [busy.endpoint]
        assert not api.own.run(
            rows(
                str, "select endpoint from app.push_subscriptions where endpoint = %(endpoint)s", endpoint=gone.endpoint
            )
        )
        assert send_due(api.warehouse, sender) == 0
        api.own.run(command("update app.push_subscriptions set waits_until = now()"))
        assert send_due(api.warehouse, sender) == 1
        assert len(busy.heard) == 1


def test_a_device_ends_with_its_session(
    api: Api, make_person: Callable[[Role], Person], device: Device, sender: Sender
) -> None:
    person = make_person(Role.VIEWER)
    with api.caller(None) as browser:
        answer = browser.post("/auth/browser/login", json={"email": person.email, "password": PASSWORD})
        browser.headers["authorization"] = f"Bearer {answer.json()['access_token']}"
        assert subscribe(browser, device).status_code == 200
        assert browser.post("/auth/browser/logout", json={}).status_code == 204
    happen(api, 5)
    assert send_due(api.warehouse, sender) == 0
    assert api.own.run(rows(UUID, "select subscription_id from app.push_subscriptions")) == []


def test_only_known_services_and_real_keys_are_taken(
    signed_in: Callable[[Role], httpx.Client], device: Device, service: PushService
) -> None:
    with signed_in(Role.VIEWER) as client, signed_in(Role.VIEWER) as other:
        for endpoint in ("http://169.254.169.254/latest", f"{service.address}@evil.example/x", "file:///etc/passwd"):
            assert subscribe(client, device, endpoint=endpoint).status_code == 422
        assert subscribe(client, device, auth="AAAAAAAAAAAAAAAAAAAA").status_code == 422
        mine = subscribe(client, device).json()["devices"][0]["subscription_id"]
        assert other.delete(f"/push/devices/{mine}").status_code == 404
        assert client.delete(f"/push/devices/{mine}").status_code == 204


def test_the_key_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    file = tmp_path / "push-key.pem"
    assert ensure_push_key(file) == ensure_push_key(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
