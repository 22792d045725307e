"""A proposal for a file that nobody described."""

from pathlib import Path

import pytest

from data_contracts.contract import read_contract
from ingestion.errors import FileRefusedError
from ingestion.guessing import guess

CONTRACT = read_contract()


def guessed(tmp_path: Path, name: str, text: str) -> tuple[dict[str, str], dict[str, dict[str, str]], list[str]]:
    path = tmp_path / name
    path.write_text(text)
    found = guess(path, CONTRACT)
    values = {column: dict(words) for column, words in found.profile.values.items()}
    return dict(found.profile.columns), values, found.events["event_type"].to_list()


def test_by_names_and_words(tmp_path: Path) -> None:
    columns, values, types = guessed(
        tmp_path,
        "log.csv",
        "VisitorId,Event Name,eventTime,Total Price,productId\n"
        "1,order_paid,2025-07-01 10:00:00,9.90,mug\n1,addtocart,2025-07-01 09:00:00,,mug\n1,quiz,2025-07-01,,\n",
    )
    assert columns == {
        "user_id": "VisitorId",
        "event_type": "Event Name",
        "occurred_at": "eventTime",
        "item_id": "productId",
        "amount": "Total Price",
    }
    assert values == {"event_type": {"order_paid": "purchase", "addtocart": "add_to_cart"}}
    assert types == ["purchase", "add_to_cart", "quiz"]


def test_orders_without_a_type_are_purchases_and_times_are_known_by_their_looks(tmp_path: Path) -> None:
    columns, _, types = guessed(tmp_path, "a.csv", "customer,invoice_no,bought on,price\n7,A1,2025-07-01,5.50\n")
    assert columns["occurred_at"] == "bought on"
    assert types == ["purchase"]


def test_a_date_and_its_time_are_joined(tmp_path: Path) -> None:
    columns, _, _ = guessed(
        tmp_path, "a.csv", "customer,Order Date,order_time,price\n7,02.07.2025,21:30,5.50\n8,03.07.2025,,1.50\n"
    )
    assert columns["occurred_at"] == "Order Date+order_time"
    columns, _, _ = guessed(tmp_path, "a.csv", "customer,date,time,price\n7,2025-07-01,soon,5.50\n")
    assert columns["occurred_at"] == "date"


def test_documents_and_profiles_of_ours(tmp_path: Path) -> None:
    columns, _, types = guessed(
        tmp_path,
        "a.jsonl",
        '{"event": "Order Completed", "userId": "u", "timestamp": "2025-07-01T10:00:00Z", "messageId": "m",'
        ' "properties": {"revenue": 5.5}}\n',
    )
    assert columns["amount"] == "properties.revenue"
    assert types == ["purchase"]


def test_what_cannot_be_guessed_is_said(tmp_path: Path) -> None:
    with pytest.raises(FileRefusedError, match="no column looks like user_id"):
        guessed(tmp_path, "a.csv", "what,when\nview,2025-07-01\n")
