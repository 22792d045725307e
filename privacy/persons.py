"""Several ids of one person: joined, separated again, erased together.

Belongs here: what is refused, and in which order a person's ids are erased. Does not: SQL on aliases
(`warehouse.user_aliases`), what joined ids mean for features (`dbt_project`), erasing one id (`erasure`).
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time

from core.errors import UserError
from core.home import Home
from privacy.erasure import erase_user
from privacy.receipt import Receipt
from privacy.trained import TrainedVersion
from warehouse.database import Database, execute
from warehouse.events import archived_months
from warehouse.user_aliases import (
    Refusal,
    alias_user,
    archived_months_of,
    has_events,
    ids_of_person,
    joined_to,
    separate_user,
    shown_as,
)


@dataclass(frozen=True)
class Joined:
    """What joining or separating ids came to.

    `known_at`: since when it is known; snapshots as of the next day and later ones know it. `shown_as`: the id under
    which the person of the new id is shown, `ids` all that belong to it.
    """

    old_id: str
    new_id: str
    known_at: datetime
    shown_as: str
    ids: tuple[str, ...]


def merge_users(warehouse: Database, old_id: str, new_id: str, said_by: str, since: date | None = None) -> Joined:
    """Joins an old id to a new one, as known since a day (UTC), or now. Raises UserError where that makes no sense."""
    known_at = _moment(since)
    if old_id == new_id:
        raise UserError("A user cannot be merged into itself; name the old id first, then the new one.")
    with warehouse.transaction() as connection:
        if execute(connection, archived_months()):
            _demand_events(execute(connection, archived_months_of([old_id, new_id])))
        for each in (old_id, new_id):
            if not execute(connection, has_events(each)):
                raise UserError(f"There are no events of a user {each}; check how the id is written.")
        refusal = execute(connection, alias_user(old_id, new_id, known_at, said_by))
        ids, shown = execute(connection, ids_of_person(new_id)), execute(connection, shown_as(new_id))
        if refusal is Refusal.ONE:
            raise UserError(f"{old_id} and {new_id} are one user already, shown as {shown}.")
        if refusal is Refusal.TAKEN:
            other = execute(connection, shown_as(old_id))
            raise UserError(
                f"{old_id} is merged into another id and shown as {other}. Merge {other} into {new_id}, or undo that"
                f" first: customer-analyzer users unmerge {old_id}"
            )
        if refusal is not None:
            raise UserError(_SENTENCES[refusal].format(old=old_id, new=new_id))
    return Joined(old_id, new_id, known_at, shown, tuple(ids))


_SENTENCES = {
    Refusal.MANY: "{old} and {new} would be more than 100 ids together; something that many users share is no user.",
    Refusal.ERASED: "{old} or {new} was erased.",
    Refusal.NOBODY: "{old} or {new} is a word for nobody, not an id.",
}


def _demand_events(archived: Sequence[str]) -> None:
    """Raises UserError where events of a user lie in archived months: joined ids are counted anew, from all events."""
    if archived:
        raise UserError(
            f"There are events of these users in archived months ({', '.join(archived)}), and what they did together is"
            " counted from all their events. Bring them back first: customer-analyzer events restore FILE..."
        )


def unmerge_user(warehouse: Database, old_id: str, since: date | None = None) -> Joined:
    """Ends what joins an id to another, as known since a day (UTC), or now. Raises UserError where nothing does."""
    with warehouse.transaction() as connection:
        ended = execute(connection, separate_user(old_id, _moment(since)))
        if ended is None or ended.ended_at is None:
            into = execute(connection, joined_to(old_id))
            way_out = "".join(f"\n  customer-analyzer users unmerge {each}" for each in into)
            raise UserError(
                f"{old_id} is not merged into another id."
                + (f" Others are merged into it; to undo one of these:{way_out}" if into else "")
            )
        ids, shown = execute(connection, ids_of_person(ended.new_id)), execute(connection, shown_as(ended.new_id))
    return Joined(old_id, ended.new_id, ended.ended_at, shown, tuple(ids))


def _moment(since: date | None) -> datetime:
    now = datetime.now(UTC)
    if since is None:
        return now
    if since > now.date():
        raise UserError(f"{since} is in the future; nothing is known since then yet.")
    return datetime.combine(since, time(), UTC)


def erase_person(
    warehouse: Database,
    home: Home,
    user_id: str,
    versions: Iterable[TrainedVersion],
    others: Sequence[str] = (),
) -> Receipt:
    """Erases a user and all ids that belong to the same person now; see `erase_user`, and what it raises.

    The id that was asked for comes last, and what is nearest to it before it: whoever repeats an erasure that was
    interrupted finds the ids that are left.
    """
    ids, learned = warehouse.run(ids_of_person(user_id)), list(versions)
    is_several = len(ids) > 1
    receipts = [erase_user(warehouse, home, each, learned, others, is_expected=is_several) for each in reversed(ids)]
    return combined(receipts)


def combined(receipts: Sequence[Receipt]) -> Receipt:
    """The receipts of a person's ids as one, in the name of the last."""
    *earlier, last = receipts
    return replace(
        last,
        other_user_hashes=[each.user_hash for each in earlier],
        deleted=_added([each.deleted for each in receipts]),
        pseudonymised=_added([each.pseudonymised for each in receipts]),
        kept=_added([each.kept for each in receipts]),
        masked=_added([each.masked for each in receipts]),
        files=sorted({file for each in receipts for file in each.files}),
        unreached_archives=last.unreached_archives,
        trained_models=_once([version for each in receipts for version in each.trained_models]),
        found=sorted({place for each in receipts for place in each.found}),
    )


def _added(counts: Iterable[dict[str, int]]) -> dict[str, int]:
    total = Counter[str]()
    for each in counts:
        total.update(each)
    return dict(total)


def _once(versions: Iterable[dict[str, str | int]]) -> list[dict[str, str | int]]:
    return [dict(each) for each in dict.fromkeys(tuple(version.items()) for version in versions)]
