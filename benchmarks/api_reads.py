"""What the API reads at size: pages of the user list at its start and far in, and reports kept or counted anew.

python -m benchmarks.api_reads [--users 1100000] [--copies 100]

dbt builds the marts of a simulated shop. Its users are then copied under other names by SQL, with made-up scores, and
dbt makes the list of them. The daily roll-up is copied `--copies` times only: it is shorter than that of so many users
would be, and reports are cheaper to count. Each page is asked for by its cursor, in turns with the first one. Processor
time is that of the API and of Postgres.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import psutil
from psycopg import sql

from backend.paging import cursor_of
from benchmarks.marts import build_marts
from core.api_keys import digest_of, new_key
from core.settings import Settings
from dbt_project import PROJECT
from ingestion.importing import import_frames
from simulator import simulate
from standalone.fleet import running_servers
from standalone.postgres import running_postmaster
from standalone.servers import api_server
from standalone.stack import Platform, running_platform
from warehouse.api_keys import add_api_key
from warehouse.database import Database, value
from warehouse.events import event_range

_USERS, _DAYS = 2_000, 120
_FAR = 1_000_000
_LIMIT = 50
_SORTS = (
    "user_id", "expected_value", "purchase_probability", "churn_probability", "last_active_day", "purchase_amount_total"
)  # fmt: skip


def main() -> None:
    """Measures and prints two tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--users", type=int, default=1_100_000)
    parser.add_argument("--copies", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=30)
    asked = parser.parse_args()
    with (
        TemporaryDirectory(prefix="benchmark-") as scratch,
        running_platform(Settings(home=Path(scratch) / "home", database_url=None)) as platform,
    ):
        warehouse = Database(platform.warehouse_url)
        as_of = filled(warehouse, asked.users, asked.copies)
        seconds = listed()
        users = warehouse.run(value(int, "select count(*) from analytics.user_list"))
        print(f"{users:,} users; dbt makes their list in {seconds:.0f} s, once a run")
        with caller(platform) as client:
            print_pages(warehouse, client, min(_FAR, users - 2 * _LIMIT), asked.rounds)
            print_reports(platform, client, as_of)


def filled(warehouse: Database, users: int, copies: int) -> date:
    """Builds the marts of a shop and copies its users; returns the day of the features."""
    import_frames(warehouse.url, simulate(_USERS, _DAYS, 1), "a made-up shop")
    as_of = event_range(warehouse).last + timedelta(days=1)
    build_marts([as_of], 30)
    with warehouse.transaction() as connection:
        (built,) = connection.execute("select count(*) from marts.user_features").fetchall()[0]
        for table, times in (
            ("marts.user_features", users // int(str(built))),
            ("intermediate.int_user_daily", copies),
        ):
            name = sql.Identifier(*table.split("."))
            columns = connection.execute(sql.SQL("select * from {} limit 0").format(name)).description or ()
            copied = sql.SQL(", ").join(sql.Identifier(each.name) for each in columns if each.name != "user_id")
            connection.execute(
                sql.SQL(
                    "insert into {name} (user_id, {copied}) select user_id || '-' || copy, {copied} from {name}"
                    " cross join generate_series(2, {times}) as copy"
                ).format(name=name, copied=copied, times=sql.Literal(times))
            )
        connection.execute(
            "insert into ml.scores (model, user_id, as_of, horizon_days, score, expected_value, segment_id, segment,"
            " basis, model_version)"
            " select model, user_id, as_of, 30, random(), random() * 100, 1 + floor(random() * 8),"
            " 'segment ' || floor(random() * 8), 'model', 1"
            " from marts.user_features, unnest(array['purchase', 'churn', 'segmentation']) as model"
        )
    with warehouse.transaction() as connection:
        connection.execute("analyze ml.scores")
        connection.execute("analyze marts.user_features")
        connection.execute("analyze intermediate.int_user_daily")
    return as_of


def listed() -> float:
    """Lets dbt make the tables that lists and reports read; returns the seconds that the list took."""
    dbt = Path(sys.executable).with_name("dbt")
    with TemporaryDirectory(prefix="dbt-") as target:
        folders = ["--project-dir", PROJECT, "--profiles-dir", PROJECT, "--target-path", target, "--log-path", target]
        chosen = ["--select", "user_list", "customer_rfm"]
        subprocess.run([dbt, "--quiet", "run", *folders, *chosen], check=True)
        results = json.loads((Path(target) / "run_results.json").read_text(encoding="utf-8"))["results"]
    return next(float(each["execution_time"]) for each in results if each["unique_id"].endswith(".user_list"))


@contextmanager
def caller(platform: Platform) -> Iterator[httpx.Client]:
    """Somebody with a key, and the API."""
    platform.home.service_key.write_text("none\n", encoding="utf-8")
    key = new_key()
    Database(platform.backend_url).run(add_api_key("a benchmark", digest_of(key), ["users:read", "analytics:read"]))
    with (
        running_servers([api_server(platform)]) as (server,),
        httpx.Client(
            base_url=str(server.command.address),
            headers={"authorization": f"Bearer {key}"},
            timeout=120,
            trust_env=False,
        ) as client,
    ):
        yield client


def print_pages(warehouse: Database, client: httpx.Client, far: int, rounds: int) -> None:
    """The first page and one far in, in each order."""
    print(f"\n| order | first page, ms | page at user {far:,}, ms | ratio |\n| --- | --- | --- | --- |")
    for sort in _SORTS:
        first = {"sort": sort, "limit": _LIMIT}
        later = {**first, "cursor": cursor_at(warehouse, sort, far)}
        found: dict[str, list[float]] = {"first": [], "later": []}
        for _ in range(rounds):
            for name, query in (("first", first), ("later", later)):
                begin = time.perf_counter()
                page = client.get("/users", params=query).raise_for_status().json()["users"]
                found[name].append(time.perf_counter() - begin)
                if len(page) != _LIMIT:
                    raise SystemExit(f"A page by {sort} has {len(page)} users.")
        one, other = (1000 * statistics.median(found[name]) for name in ("first", "later"))
        print(f"| {sort} | {one:.1f} | {other:.1f} | {other / one:.2f} |")


def cursor_at(warehouse: Database, sort: str, place: int) -> str:
    """The cursor that a caller has who read page after page until a place."""
    key = "null" if sort == "user_id" else sort
    order = 'user_id collate "C"' if sort == "user_id" else f"coalesce({sort}, '-infinity'), user_id collate \"C\""
    query = sql.SQL(
        "select json_build_array({}, user_id) from analytics.user_list order by {} offset {} limit 1"
    ).format(sql.SQL(key), sql.SQL(order), sql.Literal(place))
    found, user_id = warehouse.run(value(list, query))
    return cursor_of({"sort": sort, "key": found, "user_id": user_id})


def print_reports(platform: Platform, client: httpx.Client, as_of: date) -> None:
    """A dashboard counted anew for each of some days, and the same ones again."""
    queries = [{"last_day": str(as_of - timedelta(days=1 + back))} for back in range(5)]
    client.get("/analytics/rfm").raise_for_status()

    def ask(times: int) -> Callable[[], int]:
        def work() -> int:
            for _ in range(times):
                for query in queries:
                    client.get("/analytics/dashboard", params=query).raise_for_status()
            return times * len(queries)

        return work

    anew, kept = (processor_ms(platform, work) for work in (ask(1), ask(40)))
    print("\n| dashboard | processor time, ms |\n| --- | --- |")
    print(f"| counted anew | {anew:.1f} |\n| kept | {kept:.2f} |\n| ratio | {anew / kept:.0f} |")


def processor_ms(platform: Platform, work: Callable[[], int]) -> float:
    """Processor time of the API and Postgres for one answer."""
    before = _processor_seconds(platform)
    answers = work()
    return 1000 * (_processor_seconds(platform) - before) / answers


def _processor_seconds(platform: Platform) -> float:
    postmaster = running_postmaster(platform.home)
    servers = psutil.Process().children(recursive=True)
    if postmaster is not None:
        servers += [psutil.Process(postmaster.pid), *psutil.Process(postmaster.pid).children(recursive=True)]
    everyone = {process.pid: process for process in servers}
    total = 0.0
    for process in everyone.values():
        times = process.cpu_times()
        total += times.user + times.system + times.children_user + times.children_system
    return total


if __name__ == "__main__":
    main()
