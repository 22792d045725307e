"""The permissions: `subject:action`, one for each thing that can be done."""

from enum import StrEnum


class Permission(StrEnum):
    """What a route may demand of whoever calls it."""

    EVENTS_WRITE = "events:write"
    PREDICTIONS_READ = "predictions:read"
    USERS_READ = "users:read"
    METRICS_READ = "metrics:read"
