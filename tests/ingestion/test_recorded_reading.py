"""What is kept of how a file was read."""

import json

from data_contracts.conventions import Conventions
from data_contracts.numbers import DecimalSign
from data_contracts.times import DateOrder, TimeUnit
from ingestion.normalizing import Reading
from ingestion.profile import Profile
from ingestion.recorded_reading import as_json, from_json


def test_a_reading_comes_back_from_json_as_it_was() -> None:
    reading = Reading(
        Profile(
            {"user_id": "visitor"},
            {"event_type": {"bought": "purchase"}},
            time_zone="Europe/Berlin",
            date_order=DateOrder.DAY_FIRST,
            decimal=DecimalSign.COMMA,
            is_minor=True,
            key=("order_id", "item_id"),
            name="shop",
            optional=frozenset({"user_id"}),
        ),
        Conventions(
            "Europe/Berlin",
            {"occurred_at": TimeUnit.MILLISECONDS},
            {"occurred_at": DateOrder.DAY_FIRST},
            {"quantity": DecimalSign.COMMA},
            frozenset({"user_id"}),
        ),
        is_marked=True,
        cents=DecimalSign.POINT,
    )
    assert from_json(json.loads(json.dumps(as_json(reading)))) == reading
    assert from_json(json.loads(json.dumps(as_json(Reading())))) == Reading()
