"""Assignment to experiments in SQL, and the global control group: `app.global_control`.

Belongs here: SQL that says which arm a user is in, and that changes, uses and releases the group. Does not: who
receives a campaign, and how arms are divided (`ml.experiments.assignment`).

The group is locked while it is used. A campaign uses it from the moment it assigns its first user until its effect is
no longer measured; until then nobody joins the group and nobody leaves it.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg import sql

from ml.experiments.assignment import BUCKETS, Arm
from warehouse.database import Statement, Steps, command, first_row, rows

LEAST_SHARE, MOST_SHARE = 0.01, 0.1


def in_arm(user_id: sql.Composable) -> sql.Composed:
    """The name of the arm of a user as an SQL expression of the id, null for a user in none.

    A query that contains it takes the values of `arm_parameters`.
    """
    return sql.SQL(
        "(%(arm_names)s::text[])[width_bucket(app.bucket_of(%(arm_salt)s::text, {user_id}), %(arm_firsts)s::integer[])]"
    ).format(user_id=user_id)


def arm_parameters(arms: Sequence[Arm], salt: str) -> dict[str, object]:
    """The values that `in_arm` needs. The arms follow each other from bucket 0 on, as `arms_of` makes them."""
    return {
        # A bucket from the end of the last arm on finds no name.
        "arm_names": [arm.name for arm in arms],
        "arm_firsts": [*(arm.first for arm in arms), arms[-1].end],
        "arm_salt": salt,
    }


def in_global_control(user_id: sql.Composable) -> sql.Composed:
    """Whether a user is in the global control group, as an SQL expression of the id; false while there is no group."""
    return sql.SQL(
        "coalesce(app.bucket_of((select salt from app.global_control where ended_at is null), {user_id})"
        " < (select buckets from app.global_control where ended_at is null), false)"
    ).format(user_id=user_id)


@dataclass(frozen=True)
class GlobalControl:
    """A global control group: whoever has a bucket below `buckets` under the salt. `ended_at` is None: it holds now."""

    global_control_id: int
    salt: str
    buckets: int
    begun_by: str
    begun_at: datetime
    ended_at: datetime | None

    @property
    def share(self) -> float:
        """The share of all users, 0.01 to 0.1."""
        return self.buckets / BUCKETS


_COLUMNS = sql.SQL("global_control_id, salt, buckets, begun_by, begun_at, ended_at")


def global_control() -> Statement[GlobalControl | None]:
    """The group of now, None where there is none."""
    return first_row(
        GlobalControl, sql.SQL("select {} from app.global_control where ended_at is null").format(_COLUMNS)
    )


def global_control_uses() -> Statement[list[str]]:
    """What uses the group, such as `campaign:7`, the oldest first."""
    return rows(str, "select used_by from app.global_control_uses where released_at is null order by begun_at, used_by")


def use_global_control(used_by: str) -> Steps[GlobalControl | None]:
    """Locks the group for a campaign; answers with the group, None where there is none. Call it before assigning.

    Using it again changes nothing.
    """
    yield _alone()
    group: GlobalControl | None = yield global_control()
    if group is not None:
        yield command(
            "insert into app.global_control_uses (used_by, global_control_id) values (%(used_by)s, %(group)s)"
            " on conflict (used_by) do update set released_at = null,"
            " global_control_id = excluded.global_control_id where global_control_uses.released_at is not null",
            used_by=used_by,
            group=group.global_control_id,
        )
    return group


def release_global_control(used_by: str) -> Statement[int]:
    """Lets the group be changed again, as far as this campaign is concerned; 0 where it did not use it."""
    return command(
        "update app.global_control_uses set released_at = clock_timestamp()"
        " where used_by = %(used_by)s and released_at is null",
        used_by=used_by,
    )


def set_global_control(share: float | None, begun_by: str, *, redraw: bool = False) -> Steps[list[str]]:
    """Gives the group another share of all users (0.01 to 0.1), or ends it (None). Answers with what it is used by.

    If that is not empty, nothing was changed. A group that grows keeps its members, and one that shrinks takes no new
    ones; `redraw` draws other users. A group that was ended begins again with the same users. Raises ValueError for
    another share.
    """
    if share is not None and not LEAST_SHARE <= share <= MOST_SHARE:
        raise ValueError(f"The global control group is {LEAST_SHARE:.0%} to {MOST_SHARE:.0%} of all users")
    yield _alone()
    uses: list[str] = yield global_control_uses()
    if uses:
        return uses
    last: GlobalControl | None = yield first_row(
        GlobalControl,
        sql.SQL("select {} from app.global_control order by global_control_id desc limit 1").format(_COLUMNS),
    )
    yield command("update app.global_control set ended_at = clock_timestamp() where ended_at is null")
    if share is not None:
        yield command(
            "insert into app.global_control (salt, buckets, begun_by) values (%(salt)s, %(buckets)s, %(begun_by)s)",
            salt=secrets.token_hex(8) if redraw or last is None else last.salt,
            buckets=round(share * BUCKETS),
            begun_by=begun_by,
        )
    return []


def _alone() -> Statement[int]:
    """Has whoever changes or begins to use the group wait for each other until the end of the transaction."""
    return command("select pg_advisory_xact_lock(hashtext('app.global_control'))")
