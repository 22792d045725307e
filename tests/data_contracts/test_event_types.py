"""Event types have one source: the seed that dbt loads is what the contract says."""

from pathlib import Path

from data_contracts.contract import Contract, EventType, read_contract
from data_contracts.event_types import event_types_csv

SEED = Path(__file__).parents[2] / "dbt_project" / "seeds" / "event_types.csv"


def test_the_seed_is_what_the_contract_says() -> None:
    assert SEED.read_text(encoding="utf-8") == event_types_csv(read_contract()), "run `make event-types`"


def test_one_line_an_event_type() -> None:
    types = (EventType("view", "view", True, "Seen."), EventType("badge", "other", False, "Awarded."))
    contract = Contract("events", "1", "raw.events", (), event_types=types)
    assert event_types_csv(contract) == "event_type,category,is_activity\nview,view,true\nbadge,other,false\n"
