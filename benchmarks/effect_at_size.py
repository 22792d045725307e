"""How long it takes to assign a million users and to measure the effect of the campaign that they got.

python -m benchmarks.effect_at_size [--users 1000000] [--purchases 2000000]

Users, recipients and events are made up by SQL, in a platform of their own. A tenth of the users is held out.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from psycopg import sql
from psycopg.types.json import Jsonb
from rich.table import Table

from backend.effects.schemas import WINDOW_DAYS
from backend.effects.service import measure
from cli.console import make_console
from core.settings import Settings
from ml.experiments.assignment import arms_of
from standalone.stack import running_platform
from warehouse.database import Connection, Database, execute_steps
from warehouse.databases import WAREHOUSE
from warehouse.experiments import arm_parameters, in_arm, in_global_control

T = TypeVar("T")

_ARMS = arms_of({"control": 0.1, "plain": 0.9})
_SALT = "benchmark"
_CAMPAIGN = """
insert into app.campaigns (name, kind, topic, is_transactional, audience, variants, control_share, state, made_by, salt,
    started_at)
values ('benchmark', 'campaign', 'offers', false, '{}', %s, 0.1, 'done', 'me', %s, now() - interval '10 days')
returning campaign_id
"""
_ASSIGN = sql.SQL(
    """
    insert into app.recipients (campaign_id, user_id, arm, state, selected_at, sent_at)
    select %(campaign_id)s, user_id, arm, case arm when 'control' then 'control' else 'sent' end,
        now() - interval '10 days', case arm when 'control' then null else now() - interval '10 days' end
    from (
        select user_id, {arm} as arm, {is_held_out} as is_held_out
        from (select 'user ' || number as user_id from generate_series(1, %(users)s) as number) as audience
    ) as assigned
    where not is_held_out
    """
).format(arm=in_arm(sql.Identifier("user_id")), is_held_out=in_global_control(sql.Identifier("user_id")))
_PURCHASES = """
insert into raw.events (event_id, user_id, event_type, occurred_at, received_at, amount, source)
select gen_random_uuid(), 'user ' || ceil(random() * %(users)s)::bigint, 'purchase', at, at, 10 + 90 * random(), 'web'
from (
    select now() - random() * interval '100 days' as at from generate_series(1, %(purchases)s) offset 0
) as moments
"""


def main() -> None:
    """Measures and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--users", type=int, default=1_000_000)
    parser.add_argument("--purchases", type=int, default=2_000_000)
    asked = parser.parse_args()
    table = Table(title=f"{asked.users:,} users, {asked.purchases:,} purchases in 100 days")
    for heading in ("", "seconds"):
        table.add_column(heading)
    with (
        TemporaryDirectory(prefix="benchmark-") as scratch,
        running_platform(Settings(home=Path(scratch) / "home", database_url=None)) as platform,
        platform.server.connect(WAREHOUSE, autocommit=True) as connection,
    ):
        variants = Jsonb([{"name": "plain", "share": 1, "texts": {"en": "Hello"}}])
        (campaign_id,) = connection.execute(_CAMPAIGN, [variants, _SALT]).fetchone() or (None,)
        given = {"users": asked.users, "campaign_id": campaign_id} | arm_parameters(_ARMS, _SALT)
        seconds, _ = timed(lambda: connection.execute(_ASSIGN, given))
        table.add_row("assigned, and a row each stored", f"{seconds:.1f}")
        add_purchases(connection, asked.users, asked.purchases)
        database = Database(platform.backend_url)

        def measured() -> object:
            with database.transaction() as reader:
                return execute_steps(reader, measure(campaign_id, WINDOW_DAYS))  # type: ignore[arg-type]

        for time_of in ("first", "second"):
            seconds, _ = timed(measured)
            table.add_row(f"the effect, measured a {time_of} time", f"{seconds:.1f}")
    make_console().print(table)


def add_purchases(connection: Connection, users: int, purchases: int) -> None:
    """Purchases of users by chance, over the last hundred days."""
    connection.execute("select raw.ensure_event_partitions(now() - interval '100 days', now())")
    connection.execute(_PURCHASES, {"users": users, "purchases": purchases})
    connection.execute("vacuum analyze raw.events")
    connection.execute("vacuum analyze app.recipients")


def timed(work: Callable[[], T]) -> tuple[float, T]:
    """How many seconds it took, and what it returned."""
    begun = time.perf_counter()
    result = work()
    return time.perf_counter() - begun, result


if __name__ == "__main__":
    main()
