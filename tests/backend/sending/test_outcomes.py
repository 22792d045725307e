"""Messages have ids that name them for good, and outcomes are events."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from backend.sending.outcomes import event_of, message_id
from warehouse.recipients import EPOCH, Key, Untold

CAMPAIGN = UUID("0b5dbf4e-5d0e-4d3c-9b0f-2f0f3a1f7c11")
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_a_message_id_is_made_of_user_and_campaign() -> None:
    key = Key(CAMPAIGN, "anna", EPOCH)
    assert message_id(key) == message_id(Key(CAMPAIGN, "anna", EPOCH))
    assert message_id(key).version == 5
    others = [Key(CAMPAIGN, "boris", EPOCH), Key(UUID(int=1), "anna", EPOCH)]
    others += [Key(CAMPAIGN, "anna", NOW), Key(CAMPAIGN, "anna", NOW + timedelta(seconds=1))]
    assert len({message_id(each) for each in [key, *others]}) == 5


@pytest.mark.parametrize(
    ("state", "arm", "kind"),
    [
        ("sent", "plain", "notification_sent"),
        ("control", "control", "notification_withheld"),
        ("capped", "plain", "notification_capped"),
    ],
)
def test_an_outcome_is_an_event(state: str, arm: str, kind: str) -> None:
    outcome = Untold(Key(CAMPAIGN, "anna", EPOCH), state, arm, None, NOW, "offers", "campaign", "Tea")  # type: ignore[arg-type]
    event = event_of(outcome)
    assert event["event_type"] == kind
    assert event["occurred_at"] == NOW.isoformat()
    assert event["properties"] == {
        "campaign_id": str(CAMPAIGN),
        "campaign": "Tea",
        "kind": "campaign",
        "topic": "offers",
        "arm": arm,
    }
