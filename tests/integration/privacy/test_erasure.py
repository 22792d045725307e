"""A user who was erased is nowhere, does not come back, and the marts are as if the user had never been."""

import fcntl
import gzip
import hmac
import json
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import psycopg
import pytest

from core.errors import UserError
from core.home import Home, prepare_home
from ingestion import import_files
from privacy import mentions, statistics, tables
from privacy.erasure import erase_user
from privacy.export import export_user
from privacy.files import find as find_files
from privacy.trained import TrainedVersion
from standalone.stack import Platform
from tests.integration.dbt_project.shop import AS_OF_DATES, Dbt, random_events, rows
from warehouse.database import Database
from warehouse.databases import WAREHOUSE
from warehouse.scores import read_scores, write_scores

Connection = psycopg.Connection[tuple[object, ...]]

USER, OTHER = "tg-8412993", "tg-8412994"
DAY = date.fromisoformat(AS_OF_DATES[0])
MARTS = (
    "intermediate.int_user_daily",
    "marts.user_features",
    "marts.user_labels",
    "analytics.daily_activity",
    "analytics.customer_rfm",
    "analytics.user_list",
    "analytics.weekly_retention",
    "analytics.purchase_funnel",
    "analytics.segment_transitions",
    "scorecards.model_scorecard",
)
VERSIONS = (
    TrainedVersion("purchase", 1, (date(2023, 12, 1), date(2024, 1, 1)), 20),
    TrainedVersion("purchase", 2, (date(2024, 1, 1), date(2024, 3, 20)), 20),
    TrainedVersion("churn", 1, (date(2024, 6, 1),), 20, is_of_active=True),
    TrainedVersion("churn", 2, (date(2024, 6, 1),), 100, is_of_active=True),
    TrainedVersion("segmentation", 7, (date(2024, 6, 1),), 20),
)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home where predictions wait, a report shows the user, and a log tells of them."""
    home = prepare_home(tmp_path / "home")
    said = [{"user_id": user, "prediction_id": str(place)} for place, user in enumerate((USER, OTHER))]
    line = orjson.dumps([{"model": "churn", "idempotency_key": f"bot {USER}", "predictions": said}])
    for process in ("1-dead", "2-alive"):
        (home.ledger / process).mkdir(parents=True)
        (home.ledger / process / "lock").touch()
        (home.ledger / process / "00000001.jsonl").write_bytes(line + b"\n")
    (home.uploads / "an upload").mkdir(parents=True)
    (home.uploads / "an upload" / "shop.csv.gz").write_bytes(gzip.compress(USER.encode()))
    (home.reports / "drift.html").write_text(f"<td>{USER}</td><td>{OTHER}</td>")
    pl.DataFrame({"user_id": [USER, OTHER], "note": ["", f"friend of {USER}"]}).write_parquet(
        home.root / "data.parquet"
    )
    (home.logs / "churn.log").write_text(f'{{"message": "asked about {USER}, {USER}"}}\nand {USER}0\n')
    return home


@pytest.fixture
def shop_file(tmp_path: Path) -> Path:
    """Events of 30 users, USER and OTHER among them; bad rows of both, with and without their name."""
    names = {"user 1": USER, "user 2": OTHER}
    events: list[dict[str, Any]] = [
        {
            "user_id": names.get(str(user), user),
            "event_type": kind,
            "occurred_at": f"{occurred:%Y-%m-%d %H:%M:%S}",
            "received_at": f"{received:%Y-%m-%d %H:%M:%S}",
            "order_id": order,
            "item_id": item,
            "amount": amount if amount is None else str(amount),
            "currency": None if amount is None else "EUR",
            "friend": USER if user == "user 2" else None,
        }
        for _, user, kind, occurred, received, order, item, amount, _ in random_events(5)
    ]
    whose = ((USER, None), (None, USER), (OTHER, USER), (OTHER, None))
    bad = [{**events[0], "user_id": user, "occurred_at": "when?", "friend": friend} for user, friend in whose]
    file = tmp_path / "shop.csv"
    pl.DataFrame(events + bad, infer_schema_length=None).write_csv(file)
    with file.open("a") as more:
        more.write(f"{USER},a line cut short\n")
    return file


@pytest.fixture
def shop(dbt: Dbt, warehouse: Connection, warehouse_url: str, shop_file: Path, empty_platform: Platform) -> Database:
    """Everything about everyone: events, marts, scores, the ledger, what became of it; and a line of a log."""
    with empty_platform.access.logs.connect(WAREHOUSE) as logs:
        line = orjson.dumps({"message": f"asked about {USER}"}).decode()
        logs.execute("select logs.add_line('churn.log:0', 'churn', %s)", [line])
    (result,) = import_files(warehouse_url, [shop_file])
    assert (result.quarantined, result.erased) == (5, 0)
    dbt("seed")
    dbt("run", "--select", "staging intermediate marts")
    for model in ("churn", "segmentation"):
        warehouse.execute(
            "insert into ml.scores"
            " (model, user_id, as_of, horizon_days, score, basis, model_version, segment_id, segment)"
            " select %s, user_id, as_of, 20, 0.5, 'model', 1, 1, 'loyal' from marts.user_features",
            [model],
        )
    warehouse.execute(
        "insert into ml.ledger (prediction_id, kind, model, model_version, feature_hash, user_id, as_of, horizon_days,"
        " score, basis)"
        " select gen_random_uuid(), 'score', model, 1, 'f', user_id, as_of, 20, 0.5, 'model' from ml.scores"
    )
    dbt("run", "--select", "analytics scorecards", known_until="2024-04-09")
    warehouse.execute("analyze")
    return Database(warehouse_url)


def places(warehouse: Connection, user_id: str) -> list[str]:
    """Every column of every table, whatever is declared, and statistics, in which the user's id is found."""
    found = mentions.find(warehouse, tables.text_tables(warehouse), user_id)
    columns = [name for each in found for name in each.column_names]
    return columns + [f"statistics of {table}" for table in statistics.remembered(warehouse, user_id)]


def everything(warehouse: Connection) -> dict[str, list[tuple[object, ...]]]:
    return {mart: rows(warehouse, mart) for mart in MARTS}


def test_a_user_is_given_everything_and_erased_everywhere(
    dbt: Dbt, warehouse: Connection, shop: Database, home: Home, shop_file: Path
) -> None:
    others = "raw.events where user_id <> %s"
    kept = warehouse.execute(f"select count(*) from {others}", [USER]).fetchall()  # noqa: S608
    assert set(places(warehouse, USER)) > {
        "raw.events_2024_01.user_id",
        "raw.events_2024_02.properties",
        "raw.events_quarantine.row",
        "ml.ledger.user_id",
        "statistics of raw.events",
    }
    _export_gives_everything_held(shop, warehouse, home)
    with (home.ledger / "2-alive" / "lock").open("ab") as alive:
        fcntl.flock(alive, fcntl.LOCK_EX)
        # Its process would bring the file into Postgres, where the user is left out; nobody does here.
        (home.ledger / "2-alive" / "00000001.jsonl").unlink()
        receipt = erase_user(shop, home, USER, VERSIONS)

    assert receipt.found == places(warehouse, USER) == find_files(home.root, USER) == []
    assert USER not in json.dumps(receipt.to_dict())
    assert set(receipt.deleted) >= {
        "raw.events", "raw.events_quarantine", "intermediate.int_user_daily", "marts.user_features",
        "marts.user_labels", "ml.scores", "ml.ledger", "ml.outcomes", "analytics.customer_rfm",
    }  # fmt: skip
    assert receipt.deleted["raw.events_quarantine"] == 3
    assert receipt.deleted["ml.scores"] == receipt.deleted["ml.ledger"] == 2 * len(AS_OF_DATES)
    assert {(each["model"], each["version"]) for each in receipt.trained_models} == {
        ("purchase", 2),
        ("churn", 2),
        ("segmentation", 7),
    }
    # What is others' stays, their mentions of the user made illegible.
    assert warehouse.execute(f"select count(*) from {others}", [USER]).fetchall() == kept  # noqa: S608
    assert warehouse.execute("select distinct properties from raw.events where user_id = %s", [OTHER]).fetchall() == [
        ({"friend": "erased"},)
    ]
    assert pl.read_parquet(home.root / "data.parquet").rows() == [(OTHER, "friend of erased")]
    (line,) = (home.ledger / "1-dead" / "00000001.jsonl").read_bytes().splitlines()
    assert orjson.loads(line) == [
        {"model": "churn", "idempotency_key": "bot erased", "predictions": [{"user_id": OTHER, "prediction_id": "1"}]}
    ]
    assert warehouse.execute("select line from logs.lines").fetchall() == [({"message": "asked about erased"},)]
    assert (home.reports / "drift.html").read_text() == f"<td>{'*' * len(USER)}</td><td>{OTHER}</td>"
    assert (home.logs / "churn.log").read_text().endswith(f"\nand {USER}0\n")

    by_user = {mart: rows(warehouse, mart) for mart in MARTS[:3]}
    dbt("run", known_until="2024-04-09")
    after = everything(warehouse)
    assert {mart: after[mart] for mart in by_user} == by_user
    dbt("run", "--full-refresh", "--select", "intermediate marts scorecards", known_until="2024-04-09")
    assert everything(warehouse) == after

    # A re-import brings nobody back, nor do scores of a snapshot read before, nor an answer on its way.
    (again,) = import_files(shop.url, [shop_file])
    assert (again.stored, again.quarantined, again.quarantined_known) == (0, 2, 2)
    assert again.erased == receipt.deleted["raw.events"] + 3
    assert warehouse.execute("select rows_erased from raw.imports order by import_id desc limit 1").fetchall() == [
        (again.erased,)
    ]
    scores = pl.DataFrame({"user_id": [USER, OTHER], "score": [0.1, 0.2], "basis": ["model", "model"]})
    write_scores(shop, "churn", DAY, 20, 2, scores, feature_hash="f")
    assert places(warehouse, USER) == []
    assert read_scores(shop, "churn", DAY)["user_id"].to_list() == [OTHER]


def _export_gives_everything_held(shop: Database, warehouse: Connection, home: Home) -> None:
    given = json.loads("".join(export_user(shop, home, USER)))
    assert given["user_id"] == USER
    held = given["tables"]
    ((events,),) = warehouse.execute("select count(*) from raw.events where user_id = %s", [USER]).fetchall()
    assert len(held["raw.events"]) == events
    assert len(held["raw.events_quarantine"]) == 3
    assert [row["as_of"] for row in held["marts.user_features"]] == list(AS_OF_DATES)
    assert [len(held[table]) for table in ("ml.scores", "ml.ledger", "ledger folder")] == [6, 6, 2]
    assert {row["user_id"] for row in held["ml.outcomes"]} == {USER}
    assert OTHER not in json.dumps({**held, "ledger folder": [], "raw.events_quarantine": []})
    assert {said["user_id"] for entry in held["ledger folder"] for said in entry["predictions"]} == {USER}
    with pytest.raises(UserError, match="Nothing is held about a user nobody-4711"):
        next(export_user(shop, home, "nobody-4711"))


def test_an_erasure_can_be_done_again_and_nobody_is_not_erased(
    warehouse: Connection, warehouse_url: str, home: Home, shop_file: Path
) -> None:
    shutil.rmtree(home.ledger / "2-alive")
    import_files(warehouse_url, [shop_file])
    shop = Database(warehouse_url)
    with pytest.raises(UserError, match="Nothing is held about a user nobody-4711"):
        erase_user(shop, home, "nobody-4711", [])
    assert warehouse.execute("select count(*) from raw.erased_users").fetchall() == [(0,)]

    first = erase_user(shop, home, USER, VERSIONS[:2])
    again = erase_user(shop, home, USER, [])
    assert (again.deleted, again.files, again.found) == ({}, [], [])
    # Told from the events where no marts are built yet; and remembered.
    assert first.trained_models == again.trained_models == [{"model": "purchase", "version": 2}]
    assert (again.user_hash, again.erased_at) == (first.user_hash, first.erased_at)


def test_an_id_that_means_something_else_is_erased_where_it_is_an_id(
    warehouse: Connection, warehouse_url: str, home: Home, tmp_path: Path
) -> None:
    file = tmp_path / "events.jsonl"
    event = {"event_type": "view", "occurred_at": "2024-01-05T10:00:00"}
    lines = [{**event, "user_id": "42", "item_id": "7"}, {**event, "user_id": "7", "item_id": "42", "level": "42"}]
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    import_files(warehouse_url, [file])
    receipt = erase_user(Database(warehouse_url), home, "42", [])
    assert (receipt.deleted, receipt.masked, receipt.found) == ({"raw.events": 1}, {}, [])
    assert warehouse.execute("select user_id, item_id, properties from raw.events").fetchall() == [
        ("7", "42", {"level": "42"})
    ]


def test_the_hash_is_an_hmac_under_a_key_of_the_warehouses_own(warehouse: Connection) -> None:
    ((pad, hashed),) = warehouse.execute("select inner_pad, raw.user_hash('Köln 1') from raw.erasure_key").fetchall()
    assert isinstance(pad, bytes)
    key = bytes(byte ^ 0x36 for byte in pad)
    assert key.rstrip(b"\0") != b""
    assert hashed == hmac.digest(key, "Köln 1".encode(), "sha256")
