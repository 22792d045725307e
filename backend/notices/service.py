"""Who is told what: kinds by permission, where a listener begins, and what comes next.

Does not belong here: the WebSocket (`endpoints`), and the SQL (`warehouse.notices`).
"""

from collections.abc import Iterable
from dataclasses import dataclass

from backend.access.permissions import Permission
from backend.access.principal import Principal
from backend.database import DatabasePool
from backend.errors import Forbidden
from backend.notices.schemas import NOTICE, Notice, NoticePage, NoticeQuery, Ready
from warehouse import notices
from warehouse.notices import StoredNotice

PAGE = 100

KINDS = {
    "run": Permission.ANALYTICS_READ,
    "drift": Permission.ANALYTICS_READ,
    "early_warning": Permission.ANALYTICS_READ,
    "job": Permission.USERS_READ,
}
"""The permission that each kind of notice demands."""


def kinds_for(principal: Principal) -> list[str]:
    """The kinds that somebody may see. Raises Forbidden where that is none."""
    kinds = [kind for kind, permission in KINDS.items() if permission in principal.permissions]
    if not kinds:
        raise Forbidden(Permission.ANALYTICS_READ)
    return kinds


async def page(database: DatabasePool, principal: Principal, query: NoticeQuery) -> NoticePage:
    """The newest notices that somebody may see."""
    found = await database.run(notices.notices_before(query.before, kinds_for(principal), query.limit))
    return NoticePage(notices=_shown(found))


async def beginning(database: DatabasePool, after: int | None) -> Ready:
    """Where a listener begins that has seen everything up to `after`, or nothing yet."""
    ends = await database.run(notices.ends())
    if after is None:
        return Ready(after=ends.last_id, is_complete=True)
    if after > ends.last_id:
        return Ready(after=ends.last_dropped_id, is_complete=False)
    return Ready(after=max(after, ends.last_dropped_id), is_complete=after >= ends.last_dropped_id)


@dataclass(frozen=True, slots=True)
class Step:
    """Notices to be told now, and the number up to which everything then has been."""

    notices: list[Notice]
    after: int


async def step(database: DatabasePool, kinds: Iterable[str], after: int, newest: int) -> Step:
    """The next notices of some kinds. `newest` is the newest number that is known to be there."""
    found = await database.run(notices.notices_after(after, [*kinds], PAGE))
    last = found[-1].notice_id if found else after
    return Step(_shown(found), last if len(found) == PAGE else max(last, newest))


def _shown(found: Iterable[StoredNotice]) -> list[Notice]:
    return [
        NOTICE.validate_python(
            {"notice_id": each.notice_id, "noticed_at": each.noticed_at, "kind": each.kind, "body": each.body}
        )
        for each in found
    ]
