"""What a device can be told, and what it is told of a notice.

Belongs here: topics, the permission of each, and the words' values. Does not belong here: the words, which the page's
service worker has (`web/src/worker`).

A message holds counts and names of jobs and models. It holds nothing about a user, and no text that people wrote, such
as the name of a campaign: it lies on a lock screen.
"""

from collections.abc import Mapping
from typing import Any, Literal, get_args

from backend.access.permissions import Permission
from warehouse.notices import StoredNotice

Topic = Literal["early_warning", "campaign", "drift", "failed_run"]
TOPICS: tuple[Topic, ...] = get_args(Topic)
PERMISSIONS: Mapping[Topic, Permission] = {
    "early_warning": Permission.ANALYTICS_READ,
    "campaign": Permission.CAMPAIGNS_READ,
    "drift": Permission.ANALYTICS_READ,
    "failed_run": Permission.ANALYTICS_READ,
}


def message_of(notice: StoredNotice) -> tuple[Topic, dict[str, Any]] | None:
    """The topic of a notice and what a device is told; None for what no device is told."""
    body = notice.body
    match notice.kind:
        case "early_warning":
            return "early_warning", {"count": body["users_at_high_risk"]}
        case "campaign":
            return "campaign", {"campaign_id": body["campaign_id"]}
        case "drift":
            return "drift", {"model": body["model"]}
        case "run" if body["state"] == "failed":
            return "failed_run", {"job": body["job"]}
        case _:
            return None
