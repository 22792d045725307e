"""A file is uploaded, looked into, rehearsed and imported, and what was held back is repaired; with a real worker."""

import gzip
import json
import time
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from backend.access.permissions import Role
from standalone.fleet import running_servers
from standalone.servers import api_server, worker_server
from standalone.stack import Platform
from tests.integration.backend.conftest import Api
from warehouse.database import Database, command, rows, value

_PATIENCE_SECONDS = 60
FILE = (
    "visitor,action,when,total,money\n"
    '1,bought,05.01.2025 10:00,"12,50",EUR\n'
    "1,looked,06.01.2025 11:00,,\n"
    '2,bought,07.01.2025 12:00,"3,00",EUR\n'
    '2,bought,the other day,"7,00",EUR\n'
    "3,,08.01.2025 09:00,,\n"
    "4,,08.01.2025 09:30,,\n"
    ",looked,09.01.2025 09:00,,\n"
    '5,bought,10.01.2025 10:00,"5,00",USD\n'
)
READING = {
    "columns": {
        "user_id": "visitor",
        "event_type": "action",
        "occurred_at": "when",
        "amount": "total",
        "currency": "money",
    },
    "values": {"event_type": {"bought": "purchase", "looked": "view"}},
}


@pytest.fixture(scope="module")
def api(shared_warehouse_url: str, empty_platform: Platform) -> Iterator[Api]:
    """An API with its worker, on an empty warehouse."""
    empty_platform.home.service_key.write_text("none\n", encoding="utf-8")
    with running_servers([api_server(empty_platform), worker_server(empty_platform)]) as (server, _worker):
        yield Api(str(server.command.address), Database(shared_warehouse_url), Database(empty_platform.backend_url))


def uploaded(caller: httpx.Client, content: bytes, name: str = "shop.csv") -> str:
    headers = {"content-type": "application/octet-stream"}
    answer = caller.post("/imports", params={"file_name": name}, content=content, headers=headers)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["upload_id"])


def done(caller: httpx.Client, asked: httpx.Response, state: str = "done") -> dict[str, Any]:
    """A job once it is over."""
    assert asked.status_code == 202, asked.text
    until = time.monotonic() + _PATIENCE_SECONDS
    while True:
        job: dict[str, Any] = caller.get(f"/data-jobs/{asked.json()['job_id']}").raise_for_status().json()
        if job["state"] in ("done", "failed"):
            assert job["state"] == state, job
            return job
        assert time.monotonic() < until, job
        time.sleep(0.1)


def test_a_file_is_shown_and_rehearsed_before_anything_is_stored(api: Api, caller: httpx.Client) -> None:
    upload_id = uploaded(caller, FILE.encode())
    proposed = caller.post(f"/imports/{upload_id}/preview", json={}).raise_for_status().json()
    assert [each["name"] for each in proposed["columns"]] == ["visitor", "action", "when", "total", "money"]
    assert proposed["columns"][1]["samples"] == ["bought", "looked"]
    seen = caller.post(f"/imports/{upload_id}/preview", json={"reading": READING}).raise_for_status().json()
    assert seen["problem"] is None
    assert seen["events"][0] == {
        "row_number": "1",
        "user_id": "1",
        "event_type": "purchase",
        "occurred_at": "2025-01-05T10:00:00+00:00",
        "order_id": None,
        "item_id": None,
        "amount": "12.5",
        "currency": "EUR",
        "quantity": None,
        "source": "import",
    }
    assert {each["row_number"] for each in seen["refused"]} == {4, 5, 6, 7}

    rehearsed = done(caller, caller.post(f"/imports/{upload_id}/rehearsal", json={"reading": READING}))["counts"]
    assert (rehearsed["read"], rehearsed["stored"], rehearsed["quarantined"], rehearsed["waiting"]) == (8, 3, 5, 1)
    assert api.warehouse.run(value(int, "select count(*) from raw.events")) == 0
    assert api.warehouse.run(value(int, "select count(*) from raw.events_quarantine")) == 0

    assert caller.delete(f"/imports/{upload_id}").status_code == 204


def test_a_broken_file_is_imported_and_repaired_until_nothing_is_held(api: Api, caller: httpx.Client) -> None:
    upload_id = uploaded(caller, FILE.encode())
    counts = done(caller, caller.post(f"/imports/{upload_id}/start", json={"reading": READING}))["counts"]
    assert (counts["read"], counts["stored"], counts["quarantined"], counts["waiting"]) == (8, 3, 5, 1)
    upload = caller.get(f"/imports/{upload_id}").json()
    assert not upload["is_kept"]
    (import_id,) = upload["import_ids"]
    assert caller.post(f"/imports/{upload_id}/preview", json={}).status_code == 404

    held = caller.get("/quarantine/reasons").json()
    assert held["rows"] == 5
    by_reason = {each["reason"]: each["rows"] for each in held["reasons"]}
    (nameless,) = [reason for reason in by_reason if reason.startswith("event_type")]
    assert by_reason[nameless] == 2
    (row,) = caller.get(
        "/quarantine", params={"reason": next(each for each in by_reason if "occurred_at" in each)}
    ).json()["rows"]
    assert row["row"]["when"] == "the other day"
    assert row["event"]["user_id"] == "2"
    assert row["row_number"] == 4

    def repaired(chosen: dict[str, Any], **change: Any) -> dict[str, Any]:
        asked = caller.post("/quarantine/repairs", json={**chosen, "change": change})
        return dict(done(caller, asked)["repaired"])

    # As it is, it is held again.
    assert repaired({"quarantine_id": row["quarantine_id"]})["held"] == 1
    one = repaired({"quarantine_id": row["quarantine_id"]}, fields={"occurred_at": "2025-01-07T13:00:00Z"})
    assert (one["stored"], one["held"]) == (1, 0)
    assert repaired({"reason": nameless}, fields={"event_type": "view"})["stored"] == 2
    (missing,) = [reason for reason in by_reason if reason.startswith("user_id")]
    assert repaired({"reason": missing}, fields={"user_id": "9"})["stored"] == 1
    assert repaired({"waits_for": "USD"}, fields={"currency": "EUR"})["stored"] == 1
    assert caller.get("/quarantine/reasons").json() == {"rows": 0, "reasons": []}
    assert caller.post("/quarantine/repairs", json={"import_id": import_id, "change": {}}).status_code == 404

    stored = api.warehouse.run(
        rows(
            lambda *row: row,
            "select user_id, event_type, amount::float8, properties from raw.events order by occurred_at, user_id",
        )
    )
    assert [row[:3] for row in stored] == [
        ("1", "purchase", 12.5),
        ("1", "view", None),
        ("2", "purchase", 3.0),
        ("2", "purchase", 7.0),
        ("3", "view", None),
        ("4", "view", None),
        ("9", "view", None),
        ("5", "purchase", 5.0),
    ]
    assert {row[3] for row in stored} == {None}

    # What was repaired can be traced.
    traces = {each["row_number"]: each for each in caller.get("/quarantine/repaired").json()["rows"]}
    assert set(traces) == {4, 5, 6, 7, 8}
    assert traces[4]["repair"]["fields"] == {"occurred_at": "2025-01-07T13:00:00Z"}
    assert traces[4]["row"]["when"] == "the other day"
    event = "select count(*) from raw.events where event_id = %(id)s"
    assert api.warehouse.run(value(int, event, id=traces[4]["event_id"])) == 1

    # The broken file again brings nothing back, and the file that was mended brings nothing twice.
    again = uploaded(caller, FILE.encode())
    assert done(caller, caller.post(f"/imports/{again}/start", json={"reading": READING}))["counts"]["known"] == 3
    assert caller.get("/quarantine/reasons").json()["rows"] == 0
    mended = uploaded(caller, FILE.replace("the other day", "07.01.2025 13:00").replace("3,,", "3,looked,").encode())
    assert done(caller, caller.post(f"/imports/{mended}/start", json={"reading": READING}))["counts"]["known"] == 5


def test_values_that_are_filled_in_are_kept_with_the_row_alone(api: Api, caller: httpx.Client) -> None:
    assert api.warehouse.run(value(int, "select count(*) from jobs.data_jobs where kind = 'repair'")) > 0
    filled = (
        "select count(*) from jobs.data_jobs where wanted::text like '%the other day%' or wanted::text like '%T13:00%'"
    )
    assert api.warehouse.run(value(int, filled)) == 0
    audited = "select count(*) from app.audit where action = 'quarantine:repair' and after::text like '%T13:00%'"
    assert api.own.run(value(int, audited)) == 0


def test_an_import_that_was_cut_off_goes_on_and_counts_everything(api: Api, caller: httpx.Client) -> None:
    content = "user_id,event_type,occurred_at\n" + "".join(f"cut {n},view,2025-02-01\n" for n in range(50))
    upload_id = uploaded(caller, gzip.compress(content.encode()), "views.csv.gz")
    # The worker of the first beginning was killed after some rows.
    first = "\n".join(content.splitlines()[:21]).encode()
    part = uploaded(caller, first, "views.csv")
    done(caller, caller.post(f"/imports/{part}/start", json={"reading": {}}))
    api.warehouse.run(
        command("update raw.imports set upload_id = %(now)s where upload_id = %(part)s", now=upload_id, part=part)
    )
    api.warehouse.run(
        command(
            "with worker as (insert into jobs.procrastinate_workers (last_heartbeat) values ('2024-01-01')"
            " returning id), asked as (insert into jobs.data_jobs (kind, upload_id, wanted, asked_by, state) values"
            " ('import', %(upload_id)s, %(wanted)s, 'a test', 'running') returning job_id)"
            " insert into jobs.procrastinate_jobs (queue_name, task_name, status, args, worker_id)"
            " select 'data', 'job_of_data', 'doing', jsonb_build_object('job_id', job_id), id from worker, asked",
            upload_id=upload_id,
            wanted=json.dumps({"reading": {}, "even_if_known": False}),
        )
    )
    assert caller.delete(f"/imports/{upload_id}").status_code == 409
    until = time.monotonic() + 90
    while (job := caller.get(f"/imports/{upload_id}").json()["jobs"][0])["state"] != "done":
        assert time.monotonic() < until, job
        time.sleep(0.5)
    assert (job["counts"]["read"], job["counts"]["stored"], job["counts"]["known"]) == (50, 50, 0)


def test_a_file_that_cannot_be_read_is_refused_in_a_sentence(api: Api, caller: httpx.Client) -> None:
    upload_id = uploaded(caller, b"%PDF-1.7 ...", "../../etc/report.csv")
    assert caller.get(f"/imports/{upload_id}").json()["file_name"] == "report.csv"
    answer = caller.post(f"/imports/{upload_id}/preview", json={})
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("report.csv is a PDF document")
    job = done(caller, caller.post(f"/imports/{upload_id}/start", json={"reading": READING}), "failed")
    assert job["error"].startswith("report.csv is a PDF document")
    assert caller.delete(f"/imports/{upload_id}").status_code == 204
    assert not caller.get(f"/imports/{upload_id}").json()["is_kept"]


def test_columns_that_are_not_there_are_named_before_anything_is_stored(api: Api, caller: httpx.Client) -> None:
    upload_id = uploaded(caller, FILE.encode())
    wrong = {"reading": {"columns": {**READING["columns"], "user_id": "guest"}}}
    seen = caller.post(f"/imports/{upload_id}/preview", json=wrong).raise_for_status().json()
    assert "no column guest" in seen["problem"]
    assert seen["events"] == []


def test_what_is_no_file_is_refused(api: Api, caller: httpx.Client) -> None:
    headers = {"content-type": "application/octet-stream"}
    assert caller.post("/imports", params={"file_name": "a.csv"}, content=b"", headers=headers).status_code == 422
    assert caller.post("/imports", params={"file_name": "a.csv"}, json={}).status_code == 415
    assert caller.post("/imports", content=b"a", headers=headers).status_code == 422
    assert caller.get(f"/imports/{uuid4()}").status_code == 404
    assert caller.get(f"/data-jobs/{uuid4()}").status_code == 404
    assert caller.get(f"/quarantine/{uuid4()}").status_code == 404
    assert caller.post("/quarantine/repairs", json={"change": {}}).status_code == 422
    assert caller.get("/quarantine/repairs").status_code == 405


def test_a_large_file_goes_to_the_disk(api: Api, caller: httpx.Client) -> None:
    line = b"u,view,2025-01-01\n"
    upload_id = uploaded(caller, b"user_id,event_type,occurred_at\n" + line * 400_000, "large.csv")
    assert caller.get(f"/imports/{upload_id}").json()["bytes"] > 7_000_000
    assert caller.delete(f"/imports/{upload_id}").status_code == 204


def test_only_some_may_import_and_look(api: Api, signed_in: Any) -> None:
    with signed_in(Role.MARKETER) as marketer:
        assert marketer.get("/imports").status_code == 403
        assert marketer.get("/quarantine").status_code == 403
        assert marketer.get("/quarantine/reasons").status_code == 200
    with signed_in(Role.ANALYST) as analyst:
        assert analyst.get("/imports").status_code == 200
        assert analyst.get("/quarantine").status_code == 200
