"""The options of an import as a profile."""

import pytest

from ingestion.errors import MappingRefusedError
from ingestion.profile import Profile, constant, parse_mapping


def test_options_are_read() -> None:
    profile = parse_mapping(
        ["order_id=properties.invoice", " user_id = customer ", "event_type: Order Completed = purchase", "source=-"],
        Profile({"user_id": "buyer", "item_id": "sku"}),
    )
    assert profile.columns == {
        "user_id": "customer",
        "item_id": "sku",
        "order_id": "properties.invoice",
        "source": "-",
    }
    assert profile.values == {"event_type": {"Order Completed": "purchase"}}


@pytest.mark.parametrize("options", [["order_id"], ["=x"], ["user_id="], ["a=b", "a=c"], ["a:=c"], ["a:b=c", "a: b=d"]])
def test_options_of_no_form_are_refused(options: list[str]) -> None:
    with pytest.raises(MappingRefusedError, match="--map"):
        parse_mapping(options)


def test_constants_stand_in_quotes() -> None:
    assert constant("'purchase'") == "purchase"
    assert constant('"USD"') == "USD"
    assert (constant("purchase"), constant("''"), constant("-")) == (None, None, None)
