"""A user who is erased is in no file of the lake, others are as they were, and a killed erasure is finished."""

import multiprocessing
import os
import signal
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyiceberg.avro.file import AvroFile
from pyiceberg.io.pyarrow import PyArrowFileIO

from core.errors import UserError
from core.home import Home, prepare_home
from ingestion.accepting import Status
from ingestion.lake_accepting import accept, accept_within
from lake import erasing
from lake.catalogue import Lake, LakeTransaction
from privacy.erasure import erase_user
from tests.integration.ingestion.test_accepting import EVENT, statuses
from tests.integration.lake.held import files, held
from warehouse.database import Database

USER, OTHER = "tg-8412993", "tg-8412994"


def events(first: int, count: int) -> list[dict[str, object]]:
    """Events of two users; the other one mentions the first."""
    made = []
    for number in range(first, first + count):
        user = USER if number % 5 == 0 else OTHER
        said = {"friend": USER} if number % 5 == 1 else {"page": number}
        made.append({**EVENT, "event_id": str(UUID(int=number)), "user_id": user, "properties": said})
    return made


@pytest.fixture
def filled(lake: Lake) -> Lake:
    """A lake with several snapshots of events, and a mart whose manifests have bounds of the users' ids."""
    accept(lake, events(0, 20))
    accept(lake, events(20, 20))
    accept(lake, [{**each, "user_id": OTHER, "properties": None} for each in events(40, 5)])
    with lake.writing() as transaction:
        transaction.catalogue.create_namespace("marts")
        rows = pa.table({"user_id": [USER, OTHER], "orders": [1, 2]})
        transaction.catalogue.create_table("marts.user_features", rows.schema).append(rows)
        _add_explanations(transaction)
    return lake


def _add_explanations(transaction: LakeTransaction) -> None:
    """Answers with reasons as Spark writes them: partitioned by what was asked, with reasons inside one another."""
    reason = {"feature": "orders_30d", "contribution": 0.5}
    rows = pa.table(
        {
            "model": ["churn", "churn", "purchase", "purchase"],
            "as_of": pa.array([date(2025, 3, 1)] * 4, pa.date32()),
            "horizon_days": pa.array([30] * 4, pa.int32()),
            "user_id": [USER, OTHER] * 2,
            "score": [0.25, 0.5, 0.75, 1.0],
            "reasons": [[reason], [reason, reason], [], [reason]],
        }
    )
    transaction.catalogue.create_namespace("ml")
    table = transaction.catalogue.create_table("ml.explanations", rows.schema)
    with table.update_spec() as spec:
        for column in ("model", "as_of", "horizon_days"):
            spec.add_identity(column)
    table.append(rows)


def mentions(lake: Lake) -> list[Path]:
    """Files that hold the user, looked into as their formats are."""
    return [file for file in files(lake) if USER in _text(file)]


def _text(file: Path) -> str:
    if file.suffix == ".parquet":
        return str(pq.read_table(file).to_pylist()) + file.read_bytes().decode("latin-1")
    if file.suffix == ".avro":
        with AvroFile[Any](PyArrowFileIO().new_input(str(file))) as entries:
            return str(list(entries))
    return file.read_text(encoding="utf-8")


def test_no_file_holds_an_erased_user(filled: Lake, tmp_path: Path) -> None:
    home = prepare_home(tmp_path)
    before = held(filled)
    # A process that was killed before its commit has left a file.
    killed(_accept_and_die, filled)
    assert len(mentions(filled)) == 8
    receipt = erase_user(Database(filled.url), home, USER, [])
    assert (receipt.deleted, receipt.masked) == (
        {"lake: marts.user_features": 1, "lake: ml.explanations": 2, "lake: raw.events": 8},
        {"lake: raw.events": 8},
    )
    assert receipt.found == []
    assert mentions(filled) == []
    left = held(filled)
    expected = before.filter(before["user_id"] == OTHER)
    assert left.drop("properties").sort("event_id").equals(expected.drop("properties").sort("event_id"))
    assert left["properties"].str.contains("erased").sum() == 8
    with filled.reading() as transaction:
        for name in transaction.names():
            assert len(transaction.table(name).snapshots()) == 1  # type: ignore[union-attr]
        (ids,) = transaction.connection.execute("select count(*) from lake.event_ids").fetchall()
    assert ids == (left.height,)
    # The user does not come back, and what others sent is known as it was sent.
    assert statuses(accept(filled, events(0, 2))) == [Status.ERASED, Status.KNOWN]
    assert statuses(accept(filled, events(51, 1))) == [Status.STORED]


def test_a_killed_erasure_leaves_the_old_and_the_next_one_goes_on(filled: Lake, tmp_path: Path) -> None:
    before = held(filled)
    killed(_erase_and_die, filled)
    assert held(filled).equals(before)
    receipt = erase_user(Database(filled.url), prepare_home(tmp_path), USER, [])
    assert receipt.deleted["lake: raw.events"] == 8
    assert mentions(filled) == []


def test_a_stranger_is_refused_and_nothing_is_rewritten(filled: Lake, tmp_path: Path) -> None:
    before = files(filled)
    with pytest.raises(UserError, match="Nothing is held"):
        erase_user(Database(filled.url), prepare_home(tmp_path), "tg-1111111", [])
    assert files(filled) == before


def killed(target: Any, lake: Lake) -> None:
    """Runs a function in a process that kills itself."""
    process = multiprocessing.get_context("spawn").Process(target=target, args=(lake,))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL


def _accept_and_die(lake: Lake) -> None:
    with lake.writing() as transaction:
        accept_within(transaction, events(100, 5))
        os.kill(os.getpid(), signal.SIGKILL)


def _erase_and_die(lake: Lake) -> None:
    """Dies when the files of one table are written and nothing is committed."""
    erasing.forget_ids = lambda _: os.kill(os.getpid(), signal.SIGKILL)  # type: ignore[assignment, return-value]
    erase_user(Database(lake.url), Home(Path("/nonexistent")), USER, [])
