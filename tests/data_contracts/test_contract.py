"""Reading contracts: ours has the expected content, and a broken one is refused with its place."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from data_contracts.contract import Check, LogicalType, read_contract
from data_contracts.errors import ContractError

MINIMAL = """
apiVersion: v3.0.2
kind: DataContract
name: small
version: 1.0.0
schema:
  - name: small
    physicalName: raw.small
    properties:
      - {{name: a, logicalType: string, physicalType: text, description: A., {extra}}}
    quality: [{quality}]
"""


def write(path: Path, extra: str = "required: true", quality: str = "") -> Path:
    file = path / "small.odcs.yaml"
    file.write_text(MINIMAL.format(extra=extra, quality=quality))
    return file


def test_events_contract_has_the_columns_of_the_table() -> None:
    contract = read_contract()
    assert contract.table == "raw.events"
    assert contract.columns == (
        "event_id",
        "user_id",
        "event_type",
        "occurred_at",
        "received_at",
        "order_id",
        "item_id",
        "amount",
        "currency",
        "quantity",
        "source",
        "properties",
    )
    required = {each.name for each in contract.properties if each.required}
    assert required == {"event_id", "user_id", "event_type", "occurred_at", "received_at", "source"}


def test_events_contract_knows_what_is_done_to_users() -> None:
    passive = {each.name for each in read_contract().event_types if not each.is_activity}
    assert passive == {
        "alias",
        "answer_sent",
        "badge",
        "bot_blocked",
        "bot_unblocked",
        "campaign_received",
        "consent_changed",
        "notification_capped",
        "notification_sent",
        "notification_withheld",
    }


def test_rules_carry_their_limits_typed() -> None:
    rules = {(rule.column, rule.name): rule for rule in read_contract().rules}
    assert rules["occurred_at", "minimum"].limit == datetime(1990, 1, 1, tzinfo=UTC)
    assert rules["amount", "maximum"].limit == 1e12
    assert rules["source", "validValues"].limit == ("telegram", "web", "mobile", "import")
    assert rules["user_id", "minLength"].limit == 1
    assert rules["occurred_at", "occurred_before_received"].check is Check.PREDICATE


def test_rule_names_are_unique_within_a_column() -> None:
    names = [(rule.column, rule.name) for rule in read_contract().rules]
    assert len(names) == len(set(names))


def test_optional_drops_only_the_demand_to_be_there() -> None:
    contract = read_contract().optional("event_id")
    assert not contract.property("event_id").required
    assert [rule.check for rule in contract.property("event_id").rules] == [Check.TYPE]
    assert contract.property("user_id").required


def test_reads_a_minimal_contract(tmp_path: Path) -> None:
    contract = read_contract(write(tmp_path))
    assert contract.property("a").logical_type is LogicalType.STRING
    assert [rule.name for rule in contract.rules] == ["required", "type"]


@pytest.mark.parametrize(
    ("extra", "quality", "named"),
    [
        ("logicalTypeOptions: {multipleOf: 3}", "", "a: logicalTypeOptions.multipleOf"),
        ("logicalTypeOptions: {pattern: '['}", "", "a: pattern"),
        ("logicalTypeOptions: {format: email}", "", "a: format email"),
        ("quality: [{type: sql}]", "", "a: a column's quality rule"),
        ("logicalTypeOptions: [1]", "", "a.logicalTypeOptions must be a mapping"),
        ("", "{name: r, type: custom, engine: predicate, property: b}", "r: there is no column b"),
        ("", "{name: r, type: sql}", "r: a row rule must be"),
    ],
)
def test_what_is_not_understood_is_named(tmp_path: Path, extra: str, quality: str, named: str) -> None:
    with pytest.raises(ContractError, match="Contract small") as caught:
        read_contract(write(tmp_path, extra, quality))
    assert named in str(caught.value)


def test_unreadable_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="cannot be read"):
        read_contract(tmp_path / "absent.yaml")
    broken = tmp_path / "broken.yaml"
    broken.write_text("a: [")
    with pytest.raises(ContractError, match="is not YAML"):
        read_contract(broken)
    broken.write_text("kind: Something")
    with pytest.raises(ContractError, match="kind: DataContract"):
        read_contract(broken)


def test_asking_for_an_unknown_column_names_those_there_are() -> None:
    with pytest.raises(ContractError, match="no column nope; it has event_id, user_id"):
        read_contract().property("nope")
