"""What live features cost in Postgres beside the same users' rows of the newest snapshot. Prints one table.

`python -m benchmarks.live [--users 200] [--rounds 5]`, on a home where `demo` or `run` has run; one connection with the
rights of the services, one user a statement, the two ways in turns.
"""

import argparse
import time
from datetime import UTC, datetime, timedelta
from statistics import median

import psycopg

from cli.session import open_session
from core.errors import UserError
from warehouse.databases import WAREHOUSE

_SNAPSHOT = (
    "select * from marts.user_features"
    " where user_id = any(%(users)s::text[]) and as_of = (select max(as_of) from marts.user_features)"
)
_LIVE = "select * from marts.live_user_features(%(users)s::text[], %(as_of)s)"


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    with (
        open_session() as session,
        psycopg.connect(session.platform.access.serving.url(WAREHOUSE), autocommit=True) as connection,
    ):
        drawn = "select user_id from marts.user_features group by user_id order by md5(user_id) limit %(users)s"
        users = [user_id for (user_id,) in connection.execute(drawn, {"users": asked.users})]
        if not users:
            raise UserError("No user is known in this home; run the demo first.")
        tomorrow = datetime.now(UTC).date() + timedelta(days=1)
        milliseconds: dict[str, list[float]] = {"snapshot": [], "live": []}
        for _ in range(asked.rounds):
            for user_id in users:
                for way, query in (("snapshot", _SNAPSHOT), ("live", _LIVE)):
                    begin = time.perf_counter()
                    connection.execute(query, {"users": [user_id], "as_of": tomorrow}, prepare=True).fetchall()
                    milliseconds[way].append(1000 * (time.perf_counter() - begin))
    print("| features | first, ms | median, ms | 99 % within, ms |\n| --- | --- | --- | --- |")
    for way, taken in milliseconds.items():
        within = sorted(taken)[int(0.99 * len(taken))]
        print(f"| {way} | {taken[0]:.1f} | {median(taken):.2f} | {within:.2f} |")


if __name__ == "__main__":
    main()
