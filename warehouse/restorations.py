"""What a warehouse that was restored from a backup must not do again: `app.restorations`.

Belongs here: SQL that notes a restoration, and that holds what it would repeat. Does not belong here: restoring
(`standalone.backups`), and campaigns that are overdue, which hold themselves (`warehouse.campaigns`).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from warehouse.database import Statement, command, first_row, rows, value


@dataclass(frozen=True)
class Restoration:
    """When the data was restored, as of when it is, and what was kept from happening again, by kind."""

    restored_at: datetime
    restored_to: datetime
    skipped: dict[str, Any]


@dataclass(frozen=True)
class Held:
    """A campaign or trigger that waits for somebody to confirm it, and how many of its recipients are queued."""

    name: str
    kind: str
    queued: int


def note_restoration(restored_to: datetime) -> Statement[datetime]:
    """Notes that the data was restored now, as of a moment. From here on, what was due before is overdue."""
    return value(
        datetime.fromisoformat,
        "insert into app.restorations (restored_to) values (%(restored_to)s) returning restored_at::text",
        restored_to=restored_to,
    )


def note_skipped(restored_at: datetime, skipped: dict[str, object]) -> Statement[int]:
    """Notes what was kept from happening again."""
    return command(
        "update app.restorations set skipped = %(skipped)s where restored_at = %(restored_at)s",
        restored_at=restored_at,
        skipped=Jsonb(skipped),
    )


def restorations() -> Statement[list[tuple[datetime, datetime]]]:
    """To which moments the data was restored, and when, oldest first."""
    return rows(lambda to, at: (to, at), "select restored_to, restored_at from app.restorations order by restored_at")


def last_restoration() -> Statement[Restoration | None]:
    """The last restoration; None where there was none."""
    return first_row(
        Restoration,
        "select restored_at, restored_to, skipped from app.restorations order by restored_at desc limit 1",
    )


def held_campaigns() -> Statement[list[Held]]:
    """Campaigns and triggers that are overdue."""
    return rows(
        Held,
        "select name, kind, (select count(*) from app.recipients where recipients.campaign_id = campaigns.campaign_id"
        " and recipients.state = 'queued') from app.campaigns where state = 'overdue' order by kind, name",
    )


def hold_answers() -> Statement[int]:
    """Keeps answers to feedback, which may have been sent already, from being sent; how many."""
    return command(
        "update app.feedback set answer_state = 'failed',"
        " answer_error = 'The data was restored from a backup: it may have been sent. Answer again if it was not.'"
        " where answer_state in ('queued', 'sending')"
    )


def end_sessions() -> Statement[int]:
    """Ends every session: one that was ended after the moment of the backup would be open again."""
    return command("update app.sessions set ended_at = now(), end_reason = 'ended' where ended_at is null")
