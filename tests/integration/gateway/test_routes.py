"""What goes where, over which TLS, what is kept, and what those behind the gateway are told."""

import json
import os
import ssl
import subprocess
import time
from collections.abc import Callable
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from standalone.gateway import Limits
from standalone.rotating import rotate
from tests.integration.gateway.conftest import Door, context_of

pytestmark = pytest.mark.system("nginx")

HSTS = "max-age=31536000; includeSubDomains"


def test_the_api_gets_what_belongs_to_it(door: Door) -> None:
    with door.client() as client:
        for path in ("/users/7?limit=1", "/dashboard/", "/auth/me", "/notices", "/telegram/webhook", "/docs"):
            answer = client.get(path)
            assert (answer.status_code, answer.json()["path"]) == (200, path)
            assert answer.headers["strict-transport-security"] == HSTS


def test_what_is_internal_is_not_reachable(door: Door) -> None:
    before = len(door.api.requests), len(door.pages.requests)
    with door.client() as client:
        for path in ("/metrics", "/operations/dagster/graphql", "/operations/mlflow/", "/operations/allowed"):
            answer = client.get(path)
            assert answer.status_code == 404
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.headers["strict-transport-security"] == HSTS
            assert answer.json()["request_id"] == answer.headers["x-request-id"]
        for path in ("/", "/users/7", "/status", "/services/churn/predict", "/api/livez"):
            assert client.get(f"{door.operations}{path}", cookies={"c": "signed-in"}).status_code in (302, 404)
    assert all(seen["path"] == "/auth/browser/operations" for seen in door.api.requests[before[0] :])
    assert len(door.pages.requests) == before[1]


def test_the_pages_of_others_need_a_sign_in_and_get_no_credential(door: Door) -> None:
    with door.client() as client:
        refused = client.get(f"{door.operations}/operations/dagster/runs")
        assert refused.status_code == 302
        assert refused.headers["location"] == f"{door.address}/dashboard/settings?view=operations"
        secrets = {"cookie": "c=signed-in", "authorization": "Bearer secret", "x-api-key": "secret"}
        for path, told in (
            ("/operations/dagster/runs?x=1", "/operations/dagster/runs?x=1"),
            ("/operations/mlflow/ajax-api/2.0/x", "/ajax-api/2.0/x"),
        ):
            allowed = client.get(f"{door.operations}{path}", headers=secrets)
            assert (allowed.status_code, allowed.json()["path"]) == (200, told)
            assert not {"cookie", "authorization", "x-api-key"} & allowed.json()["headers"].keys()


def test_a_page_of_another_address_cannot_use_that_sign_in(door: Door) -> None:
    with door.client(headers={"cookie": "c=signed-in"}) as client:
        url = f"{door.operations}/operations/dagster/graphql"
        for origin in ("https://evil.example", door.address, "null", f"{door.operations}.evil.example"):
            assert client.post(url, headers={"origin": origin}).status_code == 403
        assert client.post(url, headers={"origin": door.operations}).status_code == 200


@pytest.mark.parametrize(
    ("version", "is_spoken"),
    [
        (ssl.TLSVersion.TLSv1_1, False),
        (ssl.TLSVersion.TLSv1_2, True),
        (ssl.TLSVersion.TLSv1_3, True),
    ],
)
def test_old_tls_is_refused(door: Door, version: ssl.TLSVersion, is_spoken: bool) -> None:
    context = context_of(door.gateway)
    # Otherwise this side would already refuse.
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = version
    if not is_spoken:
        with pytest.raises((ssl.SSLError, ConnectionResetError)), door.connected(context):
            pass
        return
    with door.connected(context) as connection:
        assert connection.version() == version.name.replace("_", ".")


@pytest.mark.parametrize("cipher", ["AES128-SHA", "ECDHE-ECDSA-AES128-SHA", "AES128-GCM-SHA256"])
def test_ciphers_without_forward_secrecy_or_authentication_are_refused(door: Door, cipher: str) -> None:
    context = context_of(door.gateway)
    context.set_ciphers(f"{cipher}:@SECLEVEL=0")
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises((ssl.SSLError, ConnectionResetError)), door.connected(context):
        pass


def test_plain_http_is_sent_to_https(door: Door) -> None:
    answer = httpx.get(f"http://127.0.0.1:{door.gateway.port}/users?limit=1", trust_env=False)
    assert (answer.status_code, answer.headers["location"]) == (308, f"{door.address}/users?limit=1")


def test_nothing_personal_is_kept(door: Door) -> None:
    """The server behind says of every answer that everybody may keep it."""
    with door.client() as client:
        for path in ("/users/7", "/analytics/dashboard", "/dashboard/", "/auth/me", "/openapi.json"):
            for headers in ({}, {"authorization": "Bearer a"}, {"cookie": "a=b"}):
                numbers = [client.get(path, headers=headers).json()["number"] for _ in range(2)]
                assert numbers[0] != numbers[1], path


def test_files_of_the_dashboard_are_kept_and_asked_for_without_credentials(door: Door) -> None:
    with door.client() as client:
        secrets = {"authorization": "Bearer a", "cookie": "a=b", "x-api-key": "c"}
        first = client.get("/dashboard/assets/app-1234.js", headers=secrets).json()
        assert not secrets.keys() & first["headers"].keys()
        again = client.get("/dashboard/assets/app-1234.js?whatever=1", headers={"authorization": "Bearer b"})
        assert again.json() == first
        assert client.get("/dashboard/assets/app-5678.js").json() != first


def test_a_replica_is_told_who_asks_and_nothing_that_a_client_claims(door: Door) -> None:
    claimed = {
        "x-forwarded-for": "10.1.2.3",
        "x-forwarded-proto": "http",
        "x-forwarded-host": "evil.example",
        "x-real-ip": "10.1.2.3",
        "forwarded": "for=10.1.2.3",
        "x-original-url": "/accounts",
        "x-rewrite-url": "/accounts",
        "connection": "close, authorization",
        "proxy": "http://evil.example",
        "x_api_key": "underscore",
        "x-request-id": "mine-1",
        "authorization": "Bearer kept",
    }
    with door.client() as client:
        answer = client.get("/users/7", headers=claimed)
    told = answer.json()["headers"]
    assert told["x-forwarded-for"] == "127.0.0.1"
    assert told["x-forwarded-proto"] == "https"
    assert told["x-request-id"] == "mine-1"
    assert told["authorization"] == "Bearer kept"
    assert told["host"] == f"127.0.0.1:{door.gateway.port}"
    gone = {"x-forwarded-host", "x-real-ip", "forwarded", "x-original-url", "x-rewrite-url", "proxy", "x_api_key"}
    assert not gone & told.keys()
    assert "x-powered-by" not in answer.headers
    assert answer.headers["server"] == "nginx"


def test_a_proxy_in_front_is_believed_where_it_is_named(open_door: Callable[..., Any]) -> None:
    with open_door(Limits(), trusted=[ip_network("127.0.0.0/8")]) as door, door.client() as client:
        told = client.get("/users/7", headers={"x-forwarded-for": "6.6.6.6, 203.0.113.9"}).json()["headers"]
        assert told["x-forwarded-for"] == "203.0.113.9"


def test_a_retry_of_the_gateway_stores_an_event_once(door: Door) -> None:
    with door.client() as client:
        given = client.post("/events", json={}, headers={"idempotency-key": "mine"}).json()["headers"]
        made = [client.post("/events", json={}).json()["headers"]["idempotency-key"] for _ in range(2)]
    assert given["idempotency-key"] == "mine"
    assert len(set(made)) == 2


def test_the_log_is_json_and_has_no_secret_and_nothing_personal(door: Door) -> None:
    before, deadline = len(door.log()), time.monotonic() + 30
    with door.client() as client:
        client.get("/users/user-4711?search=anna", headers={"authorization": "Bearer planted-secret"})
        client.get('/users/"quoted\\', headers={"user-agent": 'planted-agent"'})
    # nginx writes a line once the answer has been sent.
    while len(lines := door.log()) < before + 2:
        assert time.monotonic() < deadline
    assert {"@timestamp", "log.level", "message", "http.request.method", "url.path"} <= lines[-1].keys()
    assert lines[-1]["url.path"] == "/users"
    assert lines[-1]["client.ip"] == "127.0.0.0"
    text = json.dumps(lines) + (door.home.logs / "gateway.log").read_text(encoding="utf-8")
    assert not [planted for planted in ("user-4711", "anna", "planted") if planted in text]


def test_a_large_log_is_set_aside_and_nginx_writes_to_a_new_one(door: Door) -> None:
    log, pid = Path(door.gateway.access_log), int((door.gateway.folder / "nginx.pid").read_text(encoding="ascii"))
    with door.client() as client:
        client.get("/before")
        before = log.read_text(encoding="utf-8")
        assert rotate(log, pid, most_bytes=0)
        deadline = time.monotonic() + 30
        while not log.exists() or "/after" not in log.read_text(encoding="utf-8"):
            client.get("/after")
            assert time.monotonic() < deadline
    assert log.with_name("access.log.1").read_text(encoding="utf-8").startswith(before)


def test_a_killed_gateway_is_back_though_its_workers_live_on(open_door: Callable[..., Any]) -> None:
    with open_door(Limits()) as door:
        master = psutil.Process(door.fleet.children[0].process.pid)
        workers = master.children()
        assert workers
        master.kill()
        door.fleet.children[0].process.wait(30)
        door.fleet.revive()
        door.fleet.await_ready()
        # They would hold the port, and the new one would end.
        assert not any(each.is_running() and each.status() != psutil.STATUS_ZOMBIE for each in workers)
        with door.client() as client:
            assert client.get("/auth/me").status_code == 200
        assert door.fleet.children[0].is_running


def test_nginx_is_no_root(door: Door) -> None:
    """Where root starts it, it runs as another user."""
    pids = (door.gateway.folder / "nginx.pid").read_text(encoding="ascii").split()
    done = subprocess.run(
        ["ps", "-o", "uid=", "-p", pids[0], "--ppid", pids[0]], capture_output=True, text=True, check=True
    )
    assert "0" not in done.stdout.split()
    assert door.gateway.certificate_key.stat().st_mode & 0o077 == 0
    assert os.access(door.gateway.certificate_key, os.R_OK)
