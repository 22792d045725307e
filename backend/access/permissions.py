"""The permissions: `subject:action`, one for each thing that can be done; and which role has which.

A new permission is an admin's until it is given to a role here. docs/security.md shows who may call what; a test
compares it with the routes.
"""

from collections.abc import Iterable
from enum import StrEnum


class Permission(StrEnum):
    """What a route may demand of whoever calls it."""

    EVENTS_WRITE = "events:write"
    TELEGRAM_WRITE = "telegram:write"
    PREDICTIONS_READ = "predictions:read"
    USERS_READ = "users:read"
    USERS_EXPORT = "users:export"
    USERS_ERASE = "users:erase"
    SUBSCRIPTIONS_READ = "subscriptions:read"
    SUBSCRIPTIONS_WRITE = "subscriptions:write"
    """Passing on what a user chooses: for the bot."""
    SUBSCRIPTIONS_FORBID = "subscriptions:forbid"
    CAMPAIGNS_READ = "campaigns:read"
    CAMPAIGNS_MANAGE = "campaigns:manage"
    CAMPAIGNS_APPROVE = "campaigns:approve"
    CAMPAIGNS_SEND = "campaigns:send"
    """Starting, pausing, resuming and cancelling what is approved, and tests."""
    ORDERS_READ = "orders:read"
    RECOMMENDATIONS_READ = "recommendations:read"
    TEMPLATES_READ = "templates:read"
    TEMPLATES_WRITE = "templates:write"
    FEEDBACK_READ = "feedback:read"
    FEEDBACK_ANSWER = "feedback:answer"
    ANALYTICS_READ = "analytics:read"
    IMPORTS_MANAGE = "imports:manage"
    """Uploading files of events, looking into them, and importing them."""
    QUARANTINE_READ = "quarantine:read"
    """Seeing rows that are held back, whole."""
    QUARANTINE_REPAIR = "quarantine:repair"
    EXPERIMENTS_MANAGE = "experiments:manage"
    MODELS_MANAGE = "models:manage"
    """Promoting a version and rolling one back, which services then answer with."""
    RUNS_MANAGE = "runs:manage"
    """Starting and cancelling runs of the pipeline."""
    METRICS_READ = "metrics:read"
    ALERTS_WRITE = "alerts:write"
    """Telling people of alerts: for Alertmanager."""
    KEYS_MANAGE = "keys:manage"
    ACCOUNTS_MANAGE = "accounts:manage"
    SETTINGS_MANAGE = "settings:manage"
    """Caps, quiet hours, time zone and currency of the whole shop."""
    AUDIT_READ = "audit:read"
    OPERATIONS_USE = "operations:use"
    """Opening MLflow's and Dagster's pages, where everything can be done that they can do."""
    PROFILE_READ = "profile:read"
    PROFILE_MANAGE = "profile:manage"


class Role(StrEnum):
    """What an account is; each role may do what the one before it may, and more."""

    VIEWER = "viewer"
    MARKETER = "marketer"
    ANALYST = "analyst"
    ADMIN = "admin"


_VIEWER = frozenset({Permission.ANALYTICS_READ, Permission.PROFILE_READ, Permission.PROFILE_MANAGE})
_MARKETER = _VIEWER | {
    Permission.ORDERS_READ,
    Permission.RECOMMENDATIONS_READ,
    Permission.TEMPLATES_READ,
    Permission.TEMPLATES_WRITE,
    Permission.FEEDBACK_READ,
    Permission.FEEDBACK_ANSWER,
    Permission.USERS_READ,
    Permission.PREDICTIONS_READ,
    Permission.SUBSCRIPTIONS_READ,
    Permission.SUBSCRIPTIONS_FORBID,
    Permission.CAMPAIGNS_READ,
    Permission.CAMPAIGNS_MANAGE,
    Permission.CAMPAIGNS_SEND,
}
_ANALYST = _MARKETER | {
    Permission.METRICS_READ,
    Permission.KEYS_MANAGE,
    Permission.EXPERIMENTS_MANAGE,
    Permission.MODELS_MANAGE,
    Permission.RUNS_MANAGE,
    Permission.CAMPAIGNS_APPROVE,
    Permission.IMPORTS_MANAGE,
    Permission.QUARANTINE_READ,
    Permission.QUARANTINE_REPAIR,
}
ROLE_PERMISSIONS = {
    Role.VIEWER: _VIEWER,
    Role.MARKETER: _MARKETER,
    Role.ANALYST: _ANALYST,
    Role.ADMIN: frozenset(Permission),
}

KEY_SCOPES = frozenset(Permission) - {
    Permission.PROFILE_MANAGE,
    Permission.KEYS_MANAGE,
    Permission.ACCOUNTS_MANAGE,
    Permission.OPERATIONS_USE,
}
"""What a key may be allowed. A stolen key must not be able to make itself another one."""


_KNOWN = {str(permission): permission for permission in Permission}


def permissions_named(names: Iterable[str]) -> frozenset[Permission]:
    """The permissions with these names. A name that this version does not know allows nothing."""
    return frozenset(_KNOWN[name] for name in names if name in _KNOWN)
