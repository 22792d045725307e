"""How a file was read, as JSON that is kept with its import, so that rows of it can be tried again later.

Belongs here: a reading to JSON and back. Does not: finding it (`normalizing`), or trying rows again (`repairing`).
"""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from data_contracts.conventions import Conventions
from data_contracts.numbers import DecimalSign
from data_contracts.times import DateOrder, TimeUnit
from ingestion.normalizing import Reading
from ingestion.profile import Profile

_ENUMS = {"date_order": DateOrder, "decimal": DecimalSign}


def profile_as_json(profile: Profile) -> dict[str, Any]:
    """A profile as JSON can hold it."""
    found = {each.name: getattr(profile, each.name) for each in fields(profile)}
    return found | {
        "columns": dict(profile.columns),
        "values": {column: dict(words) for column, words in profile.values.items()},
        "key": list(profile.key),
        "optional": sorted(profile.optional),
        **{name: None if found[name] is None else str(found[name]) for name in _ENUMS},
    }


def profile_from_json(kept: Mapping[str, Any]) -> Profile:
    """The profile that became `kept`."""
    given = {
        name: None if value is None else _ENUMS[name](value) if name in _ENUMS else value
        for name, value in kept.items()
    }
    return Profile(**(given | {"key": tuple(kept["key"]), "optional": frozenset(kept["optional"])}))


def as_json(reading: Reading) -> dict[str, Any]:
    """A reading as JSON can hold it, without its notes."""
    conventions = reading.conventions
    return {
        "profile": profile_as_json(reading.profile),
        "conventions": {
            "time_zone": conventions.time_zone,
            "time_units": {name: str(unit) for name, unit in conventions.time_units.items()},
            "date_orders": {name: str(order) for name, order in conventions.date_orders.items()},
            "decimals": {name: str(sign) for name, sign in conventions.decimals.items()},
            "whole_ids": sorted(conventions.whole_ids),
        },
        "is_marked": reading.is_marked,
        "cents": None if reading.cents is None else str(reading.cents),
    }


def from_json(kept: Mapping[str, Any]) -> Reading:
    """The reading that became `kept`."""
    conventions = kept["conventions"]
    return Reading(
        profile_from_json(kept["profile"]),
        Conventions(
            conventions["time_zone"],
            {name: TimeUnit(unit) for name, unit in conventions["time_units"].items()},
            {name: DateOrder(order) for name, order in conventions["date_orders"].items()},
            {name: DecimalSign(sign) for name, sign in conventions["decimals"].items()},
            frozenset(conventions["whole_ids"]),
        ),
        kept["is_marked"],
        None if kept["cents"] is None else DecimalSign(kept["cents"]),
    )
