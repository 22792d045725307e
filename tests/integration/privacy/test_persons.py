"""Several ids of one person: joined by command or by event, given and erased together."""

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from core.errors import UserError
from core.home import Home, prepare_home
from data_contracts.contract import Check, read_contract
from ingestion import import_files
from ingestion.accepting import accept
from privacy.export import export_user
from privacy.persons import erase_person, merge_users, unmerge_user
from tests.integration.dbt_project.shop import Dbt, rows
from warehouse.database import Database
from warehouse.user_aliases import ids_of_person

Connection = psycopg.Connection[tuple[object, ...]]
SINCE = date(2024, 1, 20)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return prepare_home(tmp_path / "home")


@pytest.fixture
def shop(warehouse_url: str, tmp_path: Path) -> Database:
    """A view by each of four ids, day after day."""
    file = tmp_path / "shop.csv"
    lines = [f"{user},view,2024-01-0{day}" for day, user in enumerate(("tg-1234567", "web-1234567", "c-7", "d-8"), 1)]
    file.write_text("\n".join(["user_id,event_type,occurred_at", *lines]))
    import_files(warehouse_url, [file])
    return Database(warehouse_url)


def refused(shop: Database, old: str, new: str) -> str:
    with pytest.raises(UserError) as error:
        merge_users(shop, old, new, "a test")
    return str(error.value)


def test_what_makes_no_sense_is_refused_in_a_sentence(shop: Database) -> None:
    done = merge_users(shop, "tg-1234567", "web-1234567", "a test", SINCE)
    assert (done.shown_as, done.known_at) == ("web-1234567", datetime(2024, 1, 20, tzinfo=UTC))
    chained = merge_users(shop, "web-1234567", "c-7", "a test", SINCE)
    assert (chained.shown_as, set(chained.ids)) == ("c-7", {"tg-1234567", "web-1234567", "c-7"})

    assert refused(shop, "c-7", "c-7").startswith("A user cannot be merged into itself")
    assert refused(shop, "c-7", "tg-1234567") == "c-7 and tg-1234567 are one user already, shown as c-7."
    assert refused(shop, "d-9", "c-7") == "There are no events of a user d-9; check how the id is written."
    assert refused(shop, "tg-1234567", "d-8") == (
        "tg-1234567 is merged into another id and shown as c-7. Merge c-7 into d-8, or undo that first:"
        " customer-analyzer users unmerge tg-1234567"
    )
    with pytest.raises(UserError, match="is in the future"):
        merge_users(shop, "d-8", "c-7", "a test", datetime.now(UTC).date() + timedelta(days=2))
    with pytest.raises(
        UserError, match=r"c-7 is not merged into another id\. Others are merged into it; .*\n.* web-1234567"
    ):
        unmerge_user(shop, "c-7")
    apart = unmerge_user(shop, "web-1234567", SINCE)
    assert (apart.new_id, apart.known_at) == ("c-7", datetime(2024, 1, 20, tzinfo=UTC))
    assert shop.run(ids_of_person("tg-1234567")) == ["tg-1234567", "web-1234567"]


def test_ids_with_archived_events_are_not_joined(dbt: Dbt, warehouse: Connection, shop: Database) -> None:
    dbt("seed")
    dbt("run", "--select", "staging intermediate")
    warehouse.execute(
        "insert into raw.archives (sha256, month, path, rows, checksum, first_known_day)"
        " values (repeat('0', 64), '2024-01-01', 'away.parquet', 4, '', '2024-01-01')"
    )
    assert "archived months (2024-01)" in refused(shop, "tg-1234567", "c-7")
    # An event cannot be refused for it; it waits until the month is back.
    said = {"event_id": f"{1:032x}", "user_id": "c-7", "event_type": "alias", "occurred_at": "2024-02-01",
            "properties": {"previous_id": "d-8"}}  # fmt: skip
    with psycopg.connect(shop.url) as connection:
        (outcome,) = accept(connection, [said], source="web")
    assert outcome.status == "stored"
    dbt("run", "--select", "staging intermediate")
    assert rows(warehouse, "intermediate.int_identities") == []
    warehouse.execute("update raw.archives set restored_at = now()")
    dbt("run", "--select", "staging intermediate")
    assert len(rows(warehouse, "intermediate.int_identities")) == 2


def alias(number: int, user: str, previous: object, day: int) -> dict[str, object]:
    return {
        "event_id": f"{number:032x}",
        "user_id": user,
        "event_type": "alias",
        "occurred_at": f"2024-01-{day:02}T10:00:00Z",
        "properties": {"previous_id": previous},
    }


def said_by_events(warehouse: Connection) -> Sequence[object]:
    return warehouse.execute(
        "select old_user_id, new_user_id, known_at::date::text, said_by from raw.user_aliases order by alias_id"
    ).fetchall()


def test_events_of_type_alias_join_ids(warehouse: Connection, shop: Database, tmp_path: Path) -> None:
    file = tmp_path / "aliases.jsonl"
    told = [alias(1, "web-1234567", "tg-1234567", 5), alias(2, "web-1234567", "tg-1234567", 6), alias(3, "c-7", 12, 7)]
    file.write_text("".join(json.dumps(each) + "\n" for each in told))
    for _ in range(2):
        import_files(shop.url, [file], even_if_known=True)
    expected = [("tg-1234567", "web-1234567", "2024-01-05", None), ("12", "c-7", "2024-01-07", None)]
    assert said_by_events(warehouse) == expected

    # Over HTTP it is known when it came. What was undone is not done again by a sender who repeats it.
    unmerge_user(shop, "tg-1234567")
    nothing = [alias(4, "web-1234567", "tg-1234567", 8), alias(5, "d-8", "d-8", 8), alias(6, "d-8", " ", 8)]
    with psycopg.connect(shop.url) as connection:
        accept(connection, [*nothing, alias(7, "c-7", " d-8 ", 8)], source="web")
    today = datetime.now(UTC).date()
    (*before, (old, new, day, _)) = said_by_events(warehouse)
    assert before == expected
    assert (old, new) == ("d-8", "c-7")
    assert abs((date.fromisoformat(day) - today).days) <= 1

    # An event that is taken back takes back what it said.
    warehouse.execute("delete from raw.events where event_type = 'alias'")
    assert said_by_events(warehouse) == []


def test_words_for_nobody_join_nobody(warehouse: Connection) -> None:
    (words,) = (
        rule.limit for rule in read_contract().rules if rule.check is Check.MISSING_VALUES and rule.column == "user_id"
    )
    ask = "select raw.alias_user(word, 'somebody', now(), 'a test', null) from unnest(%s::text[]) as word"
    assert set(warehouse.execute(ask, [list(words)]).fetchall()) == {("nobody",)}
    assert warehouse.execute(ask, [["a", "x" * 513]]).fetchall() == [(None,), ("nobody",)]


def test_a_person_is_given_everything_and_erased_under_all_ids(
    dbt: Dbt, warehouse: Connection, shop: Database, home: Home
) -> None:
    merge_users(shop, "tg-1234567", "web-1234567", "a test", SINCE)
    merge_users(shop, "c-7", "tg-1234567", "a test", SINCE)
    dbt("seed")
    dbt("run", "--select", "staging intermediate marts")
    given = json.loads("".join(export_user(shop, home, "c-7")))
    assert given["user_ids"] == ["c-7", "tg-1234567", "web-1234567"]
    assert {event["user_id"] for event in given["tables"]["raw.events"]} == set(given["user_ids"])
    assert len(given["tables"]["raw.user_aliases"]) == 2

    receipt = erase_person(shop, home, "c-7", [])

    assert receipt.found == []
    assert receipt.deleted["raw.events"] == 3
    assert (receipt.deleted["raw.user_aliases"], len(receipt.other_user_hashes)) == (2, 2)
    held = [f"{table} {row}" for table in TABLES for row in rows(warehouse, table)]
    assert not [row for row in held if "1234567" in row or "c-7" in row]
    assert {user for (user,) in warehouse.execute("select user_id from marts.user_features").fetchall()} == {"d-8"}
    with pytest.raises(UserError, match="Nothing is held about a user c-7"):
        next(export_user(shop, home, "c-7"))


TABLES = (
    "raw.events",
    "raw.user_aliases",
    "intermediate.int_identities",
    "intermediate.int_user_daily",
    "intermediate.int_user_sums",
    "marts.user_features",
    "marts.user_labels",
)


def test_of_ids_that_are_apart_again_one_is_erased_and_no_longer_counted_in_the_other(
    dbt: Dbt, warehouse: Connection, shop: Database, home: Home
) -> None:
    merge_users(shop, "tg-1234567", "web-1234567", "a test", SINCE)
    unmerge_user(shop, "tg-1234567", date(2024, 2, 15))
    dbt("seed")
    dbt("run", "--select", "staging intermediate marts")
    features = (
        "select as_of::text, days_since_first_seen from marts.user_features where user_id = 'web-1234567' order by 1"
    )
    assert warehouse.execute(features).fetchall() == [("2024-02-10", 40), ("2024-03-01", 59), ("2024-03-20", 78)]

    erase_person(shop, home, "tg-1234567", [])

    assert [row for row in rows(warehouse, "raw.events") if "web-1234567" in str(row)]
    assert warehouse.execute(features).fetchall() == [("2024-03-01", 59), ("2024-03-20", 78)]
    dbt("run", "--select", "staging intermediate marts")
    alone = [("2024-02-10", 39), ("2024-03-01", 59), ("2024-03-20", 78)]
    assert warehouse.execute(features).fetchall() == alone
    dbt("run", "--select", "staging intermediate marts", "--full-refresh")
    assert warehouse.execute(features).fetchall() == alone
