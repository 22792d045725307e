"""Each profile reads a small made-up export of its kind; a user's own profile is a file."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from data_contracts.contract import read_contract
from data_contracts.numbers import DecimalSign
from ingestion.batches import prepare
from ingestion.errors import MappingRefusedError, ProfileRefusedError
from ingestion.importing import look
from ingestion.mapping import demand_known_columns, wanted_columns
from ingestion.profile import Profile
from ingestion.profile_files import profile_names, read_profile, write_profile
from ingestion.readers import read_chunks

CONTRACT = read_contract()
Event = tuple[str, str, str, str | None, str | None, float | None, str | None]
# For each profile: the name of a file, what is in it, and the events that come of it.
SAMPLES: dict[str, tuple[str, str, list[Event]]] = {
    "shopify": (
        "orders.csv",
        "Name,Email,Financial Status,Paid at,Currency,Total,Lineitem quantity,Lineitem sku,Created at,Source\n"
        "#1001,Ann@x.example,paid,2025-07-01 10:00:00 +0300,EUR,1250.50,1,mug,2025-07-01 10:00:00 +0300,web\n"
        "#1001,ann@x.example,,,,,2,cup,2025-07-01 10:00:00 +0300,\n"
        "#1002,bob@x.example,pending,,EUR,9.90,1,mug,2025-07-02 10:00:00 +0300,web\n"
        "#1003,bob@x.example,refunded,,EUR,5.00,1,mug,2025-07-03 10:00:00 +0300,web\n",
        [
            ("ann@x.example", "purchase", "2025-07-01T07:00", "#1001", "mug", 1250.5, "EUR"),
            ("ann@x.example", "order_line", "2025-07-01T07:00", "#1001", "cup", None, None),
            ("bob@x.example", "order_pending", "2025-07-02T07:00", "#1002", "mug", 9.9, "EUR"),
            ("bob@x.example", "order_refunded", "2025-07-03T07:00", "#1003", "mug", 5.0, "EUR"),
        ],
    ),
    "woocommerce": (
        "orders.csv",
        "order_id,date,status,order_total,order_currency,billing_email\n"
        "7,2025-07-01 10:00:00,completed,20.00,EUR,ann@x.example\n"
        "8,2025-07-02 10:00:00,completed,-20.00,EUR,ann@x.example\n"
        "9,2025-07-03 10:00:00,on-hold,20.00,EUR,bob@x.example\n",
        [
            ("ann@x.example", "purchase", "2025-07-01T10:00", "7", None, 20.0, "EUR"),
            ("ann@x.example", "refund", "2025-07-02T10:00", "8", None, -20.0, "EUR"),
            ("bob@x.example", "order_pending", "2025-07-03T10:00", "9", None, 20.0, "EUR"),
        ],
    ),
    "stripe": (
        "payments.csv",
        "id,Created date (UTC),Amount,Amount Refunded,Currency,Status,Customer ID\n"
        "ch_1,2025-07-01 10:00:00,20.50,0.00,eur,Paid,cus_1\n"
        "ch_2,2025-07-02 10:00:00,20.50,20.50,eur,Refunded,cus_1\n"
        "ch_3,2025-07-03 10:00:00,500,0,jpy,Failed,cus_2\n",
        [
            ("cus_1", "purchase", "2025-07-01T10:00", "ch_1", None, 20.5, "EUR"),
            ("cus_1", "order_refunded", "2025-07-02T10:00", "ch_2", None, 20.5, "EUR"),
            ("cus_2", "order_cancelled", "2025-07-03T10:00", "ch_3", None, 500.0, "JPY"),
        ],
    ),
    "ga4": (
        "events.jsonl",
        '{"event_timestamp": "1751364000000000", "event_name": "purchase", "user_pseudo_id": "1.2", "user_id": "x",'
        ' "ecommerce": {"transaction_id": "T1", "purchase_revenue": 20.5}, "items": [{"item_id": "mug"}],'
        ' "event_params": [{"key": "currency", "value": {"string_value": "EUR"}}]}\n'
        '{"event_timestamp": "1751364001000000", "event_name": "page_view", "user_pseudo_id": "1.2", "items": [],'
        ' "event_params": [{"key": "page", "value": {"string_value": "/"}}]}\n',
        [
            ("1.2", "purchase", "2025-07-01T10:00", "T1", "mug", 20.5, "EUR"),
            ("1.2", "view", "2025-07-01T10:00:01", None, None, None, None),
        ],
    ),
    "segment": (
        "tracks.jsonl",
        '{"messageId": "ajs-1", "userId": "u1", "event": "Order Completed", "timestamp": "2025-07-01T10:00:00.000Z",'
        ' "receivedAt": "2025-07-01T10:00:01.000Z", "properties": {"order_id": "o1", "revenue": 20.5,'
        ' "currency": "EUR"}}\n'
        '{"messageId": "ajs-2", "userId": "u1", "event": "Product Viewed", "timestamp": "2025-07-01T09:00:00.000Z",'
        ' "receivedAt": "2025-07-01T09:00:01.000Z", "properties": {"product_id": "mug"}}\n',
        [
            ("u1", "purchase", "2025-07-01T10:00", "o1", None, 20.5, "EUR"),
            ("u1", "view", "2025-07-01T09:00", None, "mug", None, None),
        ],
    ),
    "amplitude": (
        "export.json",
        '{"user_id": "u1", "event_id": 7, "uuid": "0c5b2f0e-0000-4000-8000-000000000001", "event_type": "Add to Cart",'
        ' "event_time": "2025-07-01 10:00:00.123000", "event_properties": {"product_id": "mug"}}\n',
        [("u1", "add_to_cart", "2025-07-01T10:00:00.123", None, "mug", None, None)],
    ),
    "mixpanel": (
        "raw.jsonl",
        '{"event": "Order Completed", "properties": {"time": 1751364000, "distinct_id": "u1", "$insert_id": "a1",'
        ' "order_id": "o1", "revenue": 20.5}}\n',
        [("u1", "purchase", "2025-07-01T10:00", "o1", None, 20.5, None)],
    ),
    "telegram": (
        "result.json",
        '{"name": "Shop", "type": "private_group", "id": 1, "messages": [\n'
        ' {"id": 5, "type": "message", "date": "2025-07-01T12:00:00", "date_unixtime": "1751364000", "from": "Ann",'
        ' "from_id": "user1", "text": ["hello ", {"type": "bold", "text": "you"}]}]}',
        [("user1", "message", "2025-07-01T10:00", None, None, None, None)],
    ),
}


def test_every_profile_has_a_sample() -> None:
    assert sorted(SAMPLES) == profile_names()


@pytest.mark.parametrize("name", profile_names())
def test_profiles(tmp_path: Path, name: str) -> None:
    file, text, expected = SAMPLES[name]
    path, profile = tmp_path / file, read_profile(name)
    path.write_text(text)
    demand_known_columns(CONTRACT, profile)
    _, reading = look(path, CONTRACT, profile)
    (batch,) = prepare(read_chunks(path, wanted_columns(CONTRACT, profile)), CONTRACT, reading, source="import")
    assert batch.quarantine["reason"].to_list() == []
    columns = ("user_id", "event_type", "occurred_at", "order_id", "item_id", "amount", "currency")
    made = [tuple(row) for row in batch.events.select(columns).rows()]
    assert made == [(*row[:2], datetime.fromisoformat(row[2]).replace(tzinfo=UTC), *row[3:]) for row in expected]


def test_a_profile_demands_only_what_every_event_needs(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("Email,Created at\na,2025-07-01\n")
    with pytest.raises(MappingRefusedError, match="no column Financial Status"):
        look(path, CONTRACT, read_profile("shopify"))


def test_a_profile_of_a_user_is_a_file(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    profile = Profile(
        {"user_id": "buyer"},
        {"event_type": {"sold": "purchase"}},
        time_zone="Europe/Moscow",
        decimal=DecimalSign.COMMA,
        is_minor=True,
        key=("order_id",),
    )
    write_profile(profile, path)
    read = read_profile(str(path))
    assert (read.columns, read.values, read.time_zone) == (profile.columns, profile.values, "Europe/Moscow")
    assert (read.decimal, read.is_minor, read.key, read.name) == (DecimalSign.COMMA, True, ("order_id",), "own")
    with pytest.raises(ProfileRefusedError, match="cannot be written"):
        write_profile(profile, path)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("columns: [a]", "columns must be a mapping"),
        ("colums: {}", "colums is not one of columns"),
        ("decimal: x", "is none"),
        ("a: {", "is none"),
        ("", "it must be a mapping"),
    ],
)
def test_profiles_that_are_none_are_refused(tmp_path: Path, text: str, sentence: str) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(text)
    with pytest.raises(ProfileRefusedError, match=sentence):
        read_profile(str(path))


def test_profiles_that_do_not_exist_are_refused(tmp_path: Path) -> None:
    with pytest.raises(
        ProfileRefusedError, match=r"There is no profile etsy; give a .yaml file or one of amplitude, ga4"
    ):
        read_profile("etsy")
    with pytest.raises(ProfileRefusedError, match="cannot be read"):
        read_profile(str(tmp_path / "absent.yaml"))
