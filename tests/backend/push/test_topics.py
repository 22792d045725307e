"""What a device is told of a notice, and where the worker may write."""

from datetime import UTC, datetime
from typing import Any

import pytest

from backend.push.service import is_known
from backend.push.topics import PERMISSIONS, TOPICS, message_of
from backend.settings import BackendSettings
from warehouse.notices import StoredNotice

SERVICES = BackendSettings.model_fields["push_services"].default


def notice(kind: str, body: dict[str, Any]) -> StoredNotice:
    return StoredNotice(1, datetime(2025, 1, 1, tzinfo=UTC), kind, body)


def test_a_message_holds_counts_and_names_of_ours_and_nothing_that_people_wrote() -> None:
    drift = {"model": "churn", "as_of": "2025-01-01", "since": "2024-12-25", "reason": "Somebody's words."}
    assert message_of(notice("drift", drift)) == ("drift", {"model": "churn"})
    campaign = {"campaign_id": "c", "name": "For Ivan", "state": "done"}
    assert message_of(notice("campaign", campaign)) == ("campaign", {"campaign_id": "c"})
    warning = {"as_of": "2025-01-01", "users_at_high_risk": 3, "users_asked_about": 9}
    assert message_of(notice("early_warning", warning)) == ("early_warning", {"count": 3})


@pytest.mark.parametrize(("state", "is_told"), [("failed", True), ("done", False), ("canceled", False)])
def test_of_runs_only_failed_ones_are_told(state: str, is_told: bool) -> None:
    body = {"run_id": "r", "job": "refresh", "state": state, "as_of": None}
    assert (message_of(notice("run", body)) is not None) == is_told


def test_jobs_about_users_are_told_to_no_device() -> None:
    assert message_of(notice("job", {"job_id": "j", "kind": "erasure", "state": "done"})) is None


def test_every_topic_demands_a_permission() -> None:
    assert set(PERMISSIONS) == set(TOPICS)


@pytest.mark.parametrize(
    ("endpoint", "is_taken"),
    [
        ("https://fcm.googleapis.com/fcm/send/abc", True),
        ("https://updates.push.services.mozilla.com/wpush/v2/abc", True),
        ("https://web.push.apple.com/abc", True),
        ("http://fcm.googleapis.com/fcm/send/abc", False),
        ("https://fcm.googleapis.com.evil.example/abc", False),
        ("https://fcm.googleapis.com@evil.example/abc", False),
        ("https://fcm.googleapis.com:8443/abc", False),
        ("https://evil.example/https://web.push.apple.com", False),
        ("https://evil.example?.push.apple.com/", False),
        ("https://127.0.0.1/.push.apple.com", False),
        ("https://[::1].push.apple.com/x", False),
        ("https://evil.example\\.push.apple.com/x", False),
        ("https://evil.example%2f.push.apple.com/x", False),
        ("ftp://web.push.apple.com/abc", False),
        ("not an address", False),
    ],
)
def test_the_worker_writes_to_known_services_alone(endpoint: str, is_taken: bool) -> None:
    assert is_known(endpoint, SERVICES) == is_taken
