"""Users who are left out: from a day on, of frames and lists, and back again."""

from datetime import date
from pathlib import Path

from ingestion import import_files
from standalone.stack import Platform
from tests.integration.conftest import command
from warehouse.database import Database
from warehouse.database import command as changes
from warehouse.excluded_users import Exclusion, exclude, excluded_users, include, unusual_users
from warehouse.marts import Marts
from warehouse.scores import best_buyers, likeliest_leavers

MARTS = """
create table marts.user_features as
select user_id, as_of::date, 1 as days_since_last_activity
from unnest(array['a', 'bot', 'c']) as user_id, unnest(array['2025-03-01', '2025-04-01']) as as_of;
create table marts.user_labels as
select user_id, as_of, 30 as horizon_days, true as has_activity, true as has_purchased, 1.0 as purchase_amount,
    false as is_churned
from marts.user_features;
insert into ml.scores (model, user_id, as_of, horizon_days, score, expected_value, basis, model_version)
select model, user_id, as_of, 30, 0.5, 10, 'model', 1
from marts.user_features, unnest(array['purchase', 'churn']) as model;
"""
MARCH, APRIL = date(2025, 3, 1), date(2025, 4, 1)


def test_an_excluded_user_is_in_no_population_from_that_day_on(warehouse_url: str) -> None:
    warehouse = Database(warehouse_url)
    for statement in MARTS.split(";")[:-1]:
        warehouse.run(changes(statement))
    marts = Marts(warehouse)

    def seen() -> dict[str, list[str]]:
        frame = marts.training_frame([MARCH, APRIL], 30)
        return {
            "march": marts.snapshot(MARCH)["user_id"].to_list(),
            "april": marts.snapshot(APRIL)["user_id"].to_list(),
            "sample": marts.sample(APRIL, 10, active_within_days=30)["user_id"].to_list(),
            "learned": frame.filter(as_of=APRIL)["user_id"].to_list(),
            "learned in march": frame.filter(as_of=MARCH)["user_id"].to_list(),
            "buyers": sorted(each.user_id for each in warehouse.run(best_buyers(APRIL, 0, 10))),
            "leavers": sorted(each.user_id for each in warehouse.run(likeliest_leavers(APRIL, 0, 10, None))),
        }

    everyone = ["a", "bot", "c"]
    assert all(users == everyone for users in seen().values())
    assert warehouse.run(exclude([Exclusion("bot", date(2025, 3, 2), "500,000 events")], "a test")) == 1
    assert warehouse.run(exclude([Exclusion("bot", date(2025, 3, 9), "again")], "a test")) == 0
    (held,) = warehouse.run(excluded_users())
    assert (held.user_id, held.since, held.reason, held.excluded_by) == ("bot", date(2025, 3, 2), "again", "a test")
    assert seen() == {name: everyone if "march" in name else ["a", "c"] for name in seen()}
    assert warehouse.run(include(["bot", "nobody"])) == 1
    assert all(users == everyone for users in seen().values())


def test_unusual_users_are_known_from_the_day_after_they_showed_it(
    empty_platform: Platform, warehouse_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "events.csv"
    rows = [f"bot,view,2025-01-05T10:{second // 60:02d}:{second % 60:02d},,2025-01-06" for second in range(1_200)]
    rows += ["tester,view,2025-02-01,true,", "tester,view,2025-01-01,,", "shopper,view,2025-01-01,false,"]
    file.write_text("user_id,event_type,occurred_at,is_test,received_at\n" + "\n".join(rows) + "\n")
    import_files(warehouse_url, [file])
    warehouse = Database(warehouse_url)
    found = [
        Exclusion("bot", date(2025, 1, 7), "1,200 events on 2025-01-05"),
        Exclusion("tester", date(2025, 2, 2), "is_test"),
    ]
    assert warehouse.run(unusual_users(1_000)) == found
    assert warehouse.run(unusual_users(1_200)) == found[1:]

    assert "1,200 events on 2025-01-05" in command(empty_platform, "users", "unusual")
    assert command(empty_platform, "users", "exclude", "--unusual").startswith("2 more users are left out")
    assert "bot" in command(empty_platform, "users", "excluded", "--json")
    assert command(empty_platform, "users", "include", "tester", "bot").startswith("2 users are back")
    assert warehouse.run(excluded_users()) == []
    said = command(empty_platform, "users", "exclude", exit_code=2)
    assert "either their ids, or --unusual" in said
