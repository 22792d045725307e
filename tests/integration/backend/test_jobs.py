"""Exports and erasures over HTTP, done by a real worker."""

import time
from collections.abc import Iterator
from datetime import date
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest

from standalone.fleet import running_servers
from standalone.servers import api_server, worker_server
from standalone.stack import Platform
from tests.integration.backend.conftest import Api
from tests.integration.dbt_project.shop import FIRST_DAY, insert, random_events
from warehouse.database import Database, command, value

_PATIENCE_SECONDS = 90


@pytest.fixture(scope="module")
def api(shared_warehouse_url: str, empty_platform: Platform) -> Iterator[Api]:
    """An API with its worker, and thirty users of whom two are one person."""
    empty_platform.home.service_key.write_text("none\n", encoding="utf-8")
    warehouse = Database(shared_warehouse_url)
    with warehouse.transaction() as connection:
        connection.execute("select raw.ensure_event_partitions(%s, %s)", [FIRST_DAY, date(2024, 5, 30)])
        insert(connection, random_events(seed=5))
        connection.execute(
            "insert into raw.user_aliases (old_user_id, new_user_id, known_at, said_by)"
            " values ('user 28', 'user 29', '2024-02-01', 'a test')"
        )
        connection.execute(
            # A job whose worker was killed long ago.
            "with worker as ("
            " insert into jobs.procrastinate_workers (last_heartbeat) values ('2024-01-01') returning id),"
            " asked as (insert into jobs.user_jobs (kind, user_id, asked_by, state)"
            " values ('export', 'user 1', 'a test', 'running') returning job_id)"
            " insert into jobs.procrastinate_jobs (queue_name, task_name, status, args, worker_id)"
            " select 'users', 'job_of_user', 'doing', jsonb_build_object('job_id', job_id), id from worker, asked"
        )
    with running_servers([api_server(empty_platform), worker_server(empty_platform)]) as (server, _worker):
        yield Api(str(server.command.address), warehouse, Database(empty_platform.backend_url))


def done(caller: httpx.Client, asked: httpx.Response) -> dict[str, Any]:
    """A job once it is done."""
    assert asked.status_code == 202, asked.text
    until = time.monotonic() + _PATIENCE_SECONDS
    while True:
        job: dict[str, Any] = caller.get(f"/jobs/{asked.json()['job_id']}").raise_for_status().json()
        if job["state"] == "done":
            return job
        assert job["state"] in ("waiting", "running"), job
        assert time.monotonic() < until, job
        time.sleep(0.2)


def test_an_export_holds_everything_under_all_ids(api: Api, caller: httpx.Client) -> None:
    job = done(caller, caller.post("/users/user 28/exports"))
    assert job["kind"] == "export"
    assert job["asked_by"].startswith("key:")
    response = caller.get(f"/jobs/{job['job_id']}/export").raise_for_status()
    assert "attachment" in response.headers["content-disposition"]
    assert len(response.content) == job["bytes_written"]
    told = response.json()
    assert set(told["user_ids"]) == {"user 28", "user 29"}
    stored = api.warehouse.run(value(int, "select count(*) from raw.events where user_id in ('user 28', 'user 29')"))
    assert len(told["tables"]["raw.events"]) == stored
    again = done(caller, caller.post("/users/user 28/exports"))
    assert again["job_id"] != job["job_id"]
    assert caller.get(f"/jobs/{job['job_id']}/export").status_code == 404


def test_an_erasure_leaves_a_receipt_and_nothing_else(api: Api, caller: httpx.Client) -> None:
    export = done(caller, caller.post("/users/user 7/exports"))
    update = """{"message": {"from": {"username": "user 7"}}}"""
    api.own.run(command("insert into app.telegram_updates (update_id, update) values (1, %(update)s)", update=update))
    job = done(caller, caller.post("/users/user 7/erasures"))
    assert job["receipt"]["deleted"]["raw.events"] > 0
    assert job["receipt"]["deleted"]["jobs.user_exports"] == 1
    assert job["receipt"]["found"] == []
    assert "user 7" not in str(job)
    assert "user 7" not in api.own.run(value(str, "select update::text from app.telegram_updates"))
    assert caller.get("/users/user 7").status_code == 404
    assert caller.get(f"/jobs/{export['job_id']}/export").status_code == 404
    assert api.warehouse.run(value(int, "select count(*) from raw.events where user_id = 'user 7'")) == 0
    assert api.warehouse.run(value(int, "select count(*) from jobs.user_jobs where user_id = 'user 7'")) == 0


def test_a_job_of_a_killed_worker_is_taken_up_again(api: Api) -> None:
    until = time.monotonic() + _PATIENCE_SECONDS
    state = value(str, "select state from jobs.user_jobs where asked_by = 'a test'")
    while api.warehouse.run(state) != "done":
        assert time.monotonic() < until
        time.sleep(0.5)


def test_asking_twice_for_what_is_not_done_is_asking_once(api: Api) -> None:
    asked = "select jobs.ask_for_user('export', 'user 3', 'a test, too')"
    with psycopg.connect(api.own.url) as connection:
        assert connection.execute(asked).fetchone() == connection.execute(asked).fetchone()
        connection.rollback()


def test_there_is_no_job_about_nobody(caller: httpx.Client) -> None:
    for what in ("exports", "erasures"):
        assert caller.post(f"/users/nobody/{what}").status_code == 404
    assert caller.get(f"/jobs/{uuid4()}").status_code == 404
    assert caller.get("/jobs/17").status_code == 422


def test_a_job_needs_its_own_permission(api: Api, make_key: Any) -> None:
    with api.caller(make_key("users:read")) as reader:
        for what, permission in (("exports", "users:export"), ("erasures", "users:erase")):
            response = reader.post(f"/users/user 2/{what}")
            assert response.status_code == 403
            assert permission in response.json()["detail"]


@pytest.mark.parametrize(
    "statement",
    [
        "select * from jobs.procrastinate_jobs",
        "insert into jobs.user_jobs (kind, user_id, asked_by) values ('erasure', 'user 2', 'me')",
        "update jobs.user_jobs set state = 'done'",
        "delete from jobs.user_exports",
        "delete from raw.events",
    ],
)
def test_the_api_has_no_right_on_the_queue(api: Api, statement: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        api.own.run(command(statement))
