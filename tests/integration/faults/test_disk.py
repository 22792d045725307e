"""A full disk: said in a sentence, nothing half done, and with room again the same tables to the last bit.

The short tests give one table a file that takes nothing (`/dev/full`), which needs neither root nor room; the long one
puts everything on a small disk, where Postgres itself may have to stop.
"""

import os
import random
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from core.errors import DISK_FULL, OperationError
from dbt_project import PROJECT
from ingestion.errors import ImportStoppedError
from orchestration.backfill import backfill
from standalone.stack import Platform, running_platform
from tests.integration.conftest import own_settings
from tests.integration.faults.shop import HORIZON, NEWEST, Shop, back_to_the_evening, connections, start_again
from warehouse.database import Database
from warehouse.databases import WAREHOUSE

SMALL_DISK = 600 * 2**20


@contextmanager
def no_room_for(platform: Platform, table: str) -> Iterator[None]:
    """Lets every write to an empty table find the disk full while the block lasts."""
    with platform.server.connect(WAREHOUSE, autocommit=True) as connection:
        ((path, rows),) = connection.execute(
            f"select pg_relation_filepath('{table}'), (select count(*) from {table})".encode()  # noqa: S608
        ).fetchall()
        assert rows == 0
        # What is still to be synchronized is synchronized now: a device cannot be.
        connection.execute("checkpoint")
    file = platform.home.postgres / str(path)
    aside = file.with_name(f"{file.name}.aside")
    file.rename(aside)
    file.symlink_to("/dev/full")
    try:
        yield
    finally:
        aside.replace(file)


def ask(url: str, query: str) -> tuple[object, ...]:
    with psycopg.connect(url) as connection:
        return connection.execute(query.encode()).fetchall()[0]


def test_an_import_keeps_whole_batches_and_can_be_repeated(
    platform: Platform, shop: Shop, undisturbed: dict[str, str]
) -> None:
    back_to_the_evening(platform)
    (month,) = {step.table for step in shop.steps() if step.name == "import"}
    with psycopg.connect(shop.url) as connection:
        connection.execute(f"truncate {month}".encode())
    (before,) = ask(shop.url, "select count(*) from raw.events")
    said = "The disk of the warehouse is full; free some space and import the file again, what is stored stays"
    with no_room_for(platform, month), pytest.raises(ImportStoppedError, match=said):
        shop.import_file("day")
    assert ask(shop.url, f"select count(*) from {month}") == (0,)  # noqa: S608
    counted = ask(shop.url, "select rows_stored from raw.imports order by import_id desc limit 1")
    assert ask(shop.url, f"select count(*) - {before} from raw.events") == counted  # noqa: S608
    assert connections(platform) == []
    for name in ("history", "day"):
        shop.import_file(name)
    assert shop.checksums()["raw.events"] == undisturbed["raw.events"]


def test_a_mart_is_built_whole_or_not_at_all(platform: Platform, shop: Shop, undisturbed: dict[str, str]) -> None:
    back_to_the_evening(platform)
    with psycopg.connect(shop.url) as connection:
        connection.execute("truncate marts.user_features")
        connection.execute("delete from raw.snapshots where mart = 'user_features'")
    shop.import_file("day")
    with no_room_for(platform, "marts.user_features"), pytest.raises(OperationError, match=DISK_FULL):
        backfill(Database(shop.url), PROJECT, shop.folder, [NEWEST], HORIZON)
    recorded = "select count(*) from raw.snapshots where mart = 'user_features'"
    assert ask(shop.url, f"select (select count(*) from marts.user_features), ({recorded})") == (0, 0)  # noqa: S608
    assert connections(platform) == []
    for step in shop.steps():
        step.run()
    # The days before the last were truncated too.
    found = shop.checksums()
    shop.dbt("run", "int_user_sums", "user_features", newest=NEWEST - timedelta(days=1))
    assert found | {"marts.user_features": shop.checksums()["marts.user_features"]} == undisturbed


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """An empty disk that holds little more than a platform; needs the right to mount."""
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SMALL_DISK},mode=711", "tmpfs", disk], check=True)
    try:
        yield disk
    finally:
        # Postgres ends by itself, a moment after the last one who used it.
        deadline = time.monotonic() + 60
        while subprocess.run(["umount", disk], check=False).returncode:
            assert time.monotonic() < deadline, f"{disk} is still in use"
            time.sleep(1)


@contextmanager
def filled_up(disk: Path, room: int) -> Iterator[None]:
    """Leaves `room` bytes on a disk while the block lasts."""
    ballast = disk / "ballast"
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(disk).free - room)
    try:
        yield
    finally:
        ballast.unlink()


@pytest.mark.soak
def test_each_step_on_a_disk_that_fills_up(small_disk: Path, tmp_path: Path) -> None:
    chance = random.Random(5)
    with running_platform(own_settings(small_disk / "home")) as platform:
        folder = tmp_path / "shop"
        folder.mkdir()
        shop = Shop(platform.warehouse_url, folder)
        shop.write(users=100)
        shop.live_until_the_last_day()
        with platform.server.connect("postgres", autocommit=True) as connection:
            connection.execute("create database evening template warehouse")
        for step in shop.steps():
            step.run()
        undisturbed = shop.checksums()
        refused = 0
        for broken in shop.steps():
            back_to_the_evening(platform)
            for step in shop.steps():
                if step.name == broken.name:
                    with filled_up(small_disk, room=chance.randrange(2**18)):
                        try:
                            step.run()
                        except (ImportStoppedError, OperationError, psycopg.OperationalError):
                            refused += 1
                    start_again(platform)
                    assert connections(platform) == []
                step.run()
            assert shop.checksums() == undisturbed, broken.name
        assert refused
