"""Settings of the shop: what a change sets, and which rules hold then."""

from datetime import UTC, datetime, time

from backend.shop.schemas import ShopChange
from backend.shop.service import columns_of
from backend.subscriptions.rules import ContactRules
from warehouse.shop_settings import Chosen, ShopSettings

ENVIRONMENT = ContactRules(most_a_day=1, most_a_week=3, quiet_from=time(21), quiet_until=time(9), time_zone="UTC")


def test_a_change_sets_what_it_names_and_null_leaves_it_to_the_environment() -> None:
    given = {"version": 0, "most_a_day": 0, "time_zone": None, "quiet_hours": {"start": "22:00", "end": "08:30"}}
    assert columns_of(ShopChange.model_validate(given)) == {
        "most_a_day": 0,
        "time_zone": None,
        "quiet_from": time(22),
        "quiet_until": time(8, 30),
    }
    none = ShopChange.model_validate({"version": 0, "quiet_hours": None})
    assert columns_of(none) == {"quiet_from": None, "quiet_until": None}


def test_what_was_set_stands_in_the_place_of_the_environments() -> None:
    chosen = Chosen(most_a_day=0, quiet_from=time(22), quiet_until=time(8), currency="USD")
    rules = ENVIRONMENT.changed_by(ShopSettings(1, chosen, "Anna", datetime(2025, 3, 1, tzinfo=UTC)))
    assert (rules.most_a_day, rules.most_a_week, rules.time_zone) == (0, 3, "UTC")
    assert (rules.quiet_from, rules.quiet_until) == (time(22), time(8))
    assert ENVIRONMENT.changed_by(None) == ENVIRONMENT
