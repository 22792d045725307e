"""A lake in an object store: the same as in a folder."""

from pathlib import Path

import pytest

from core.home import prepare_home
from ingestion.accepting import Status
from ingestion.lake_accepting import accept
from lake.catalogue import Lake
from lake.names import warehouse_location
from lake.upkeep import keep_up
from privacy.erasure import erase_user
from tests.integration.ingestion.test_accepting import EVENT, statuses
from tests.integration.lake.held import held
from tests.integration.object_store import BUCKET, object_store
from warehouse.database import Database

USER = "tg-8412993"


def test_events_are_accepted_compacted_and_erased(lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with object_store(tmp_path / "store") as store:
        for name, value in store.environment.items():
            monkeypatch.setenv(name, value)
        remote = Lake(lake.url, warehouse_location(f"s3://{BUCKET}/a/lake", tmp_path))
        ids = [f"{number:032x}" for number in range(6)]
        for first in (0, 3):
            batch = [
                {**EVENT, "event_id": each, "user_id": USER if place == 0 else "b"}
                for place, each in enumerate(ids[first : first + 3])
            ]
            assert statuses(accept(remote, batch)) == [Status.STORED] * 3
        assert keep_up(remote).compacted == 2
        receipt = erase_user(Database(lake.url), prepare_home(tmp_path / "home"), USER, [])
        assert receipt.deleted == {"lake: raw.events": 2}
        assert held(remote)["user_id"].to_list() == ["b"] * 4
        client = store.client()
        found = [str(each["Key"]) for each in client.list_objects_v2(Bucket=BUCKET)["Contents"]]
        assert sum(key.endswith(".parquet") for key in found) == 1
