"""SQL on `app.template_versions`, and what is known of a user for choosing a template.

A user's facts are read from events, so that they are those of this moment, and for archived months from the list that
the last run made.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from warehouse.database import Statement, rows, value


@dataclass(frozen=True)
class StoredTemplate:
    """One version of a template."""

    name: str
    version: int
    changed_by: str
    changed_at: datetime
    content: dict[str, Any]


@dataclass(frozen=True)
class Facts:
    """What a user did, without what happened in the event that is answered."""

    has_been_here: bool
    orders_total: int
    days_since_last_purchase: int
    days_since_first_seen: int


def current_templates() -> Statement[list[StoredTemplate]]:
    """The newest version of every template that somebody has changed."""
    return rows(
        StoredTemplate,
        "select distinct on (name) name, version, changed_by, changed_at, content"
        " from app.template_versions order by name, version desc",
    )


def versions_of(name: str) -> Statement[list[StoredTemplate]]:
    """All versions of a template, newest first."""
    return rows(
        StoredTemplate,
        "select name, version, changed_by, changed_at, content"
        " from app.template_versions where name = %(name)s order by version desc",
        name=name,
    )


def add_version(name: str, content: dict[str, Any], changed_by: str) -> Statement[int]:
    """Adds a version; its number. Two at the same moment violate the key."""
    return value(
        int,
        "insert into app.template_versions (name, version, content, changed_by)"
        " select %(name)s, coalesce(max(version), 0) + 1, %(content)s, %(changed_by)s"
        " from app.template_versions where name = %(name)s returning version",
        name=name,
        content=Jsonb(content),
        changed_by=changed_by,
    )


def facts_of(ids: Sequence[str], answered_event_id: str | None) -> Statement[Facts]:
    """What the person with these ids did until now."""
    return value(
        lambda row: Facts(bool(row[0]), *row[1:]),
        """
        with history as (
            select
                count(*) filter (
                    where event_id is distinct from %(event_id)s::uuid
                        and event_type not in ('notification_sent', 'notification_withheld', 'campaign_received',
                            'answer_sent', 'consent_changed', 'alias', 'badge', 'bot_blocked', 'bot_unblocked')
                ) as earlier,
                count(distinct coalesce(order_id, event_id::text)) filter (where event_type = 'purchase') as orders,
                extract(day from now() - max(occurred_at) filter (where event_type = 'purchase'))::integer as silent,
                extract(day from now() - min(occurred_at))::integer as seen
            from raw.events where user_id = any(%(ids)s)
        )
        select array[(earlier > 0)::integer, orders, coalesce(silent, 0), coalesce(seen, 0)] from history
        """,
        ids=[*ids],
        event_id=answered_event_id,
    )


def listed_facts(ids: Sequence[str]) -> Statement[list[Facts]]:
    """The same as the last run saw it, archived months included; empty for somebody it did not see."""
    return rows(
        lambda orders, silent, seen: Facts(True, orders, silent, seen),
        "select coalesce(orders_total, 0)::integer, coalesce(current_date - last_active_day, 0),"
        " coalesce(current_date - first_seen_day, 0) from analytics.user_list"
        ' where user_id collate "C" = any(%(ids)s) order by as_of limit 1',
        ids=[*ids],
    )


def some_users(limit: int) -> Statement[list[str]]:
    """Users to try a template with: those who were active last."""
    return rows(
        str,
        "select user_id from analytics.user_list"
        " order by coalesce(last_active_day, '-infinity') desc, user_id collate \"C\" desc limit %(limit)s",
        limit=limit,
    )
