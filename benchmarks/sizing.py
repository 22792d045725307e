"""How much machine so many users take: arithmetic from what was measured (`.venv/bin/python -m benchmarks.sizing`).

Each figure of `Measured` names the command that it comes from. Prices are yours: `--core`, `--gib` and `--tb` are what
a core, a GiB of memory and a TB of fast disk cost a month, and only then the table has a price.
"""

import argparse
from dataclasses import dataclass

GIB = 1024**3
DAY_SECONDS = 86_400


@dataclass(frozen=True)
class Measured:
    """What one user, event or answer costs, on the two cores that everything was measured on."""

    events_of_user_day: float = 140_483 / 330_000  # benchmarks.data: mean of the week
    event_bytes: float = 19e9 / 106_334_562  # the same: events with their indexes
    rolled_up_bytes_of_user: float = 4.6e9 / 330_000  # the same: the roll-up of 753 days with its indexes
    snapshot_bytes_of_user: float = 25e9 / 33_000_000  # the same: a day of sums and features
    archived_event_bytes: float = 22e6 / 608_137  # events archive: a month
    day_core_seconds_of_user: float = 20.1 / 330_000  # benchmarks.data: processor seconds of one more day
    event_app_seconds: float = 0.68e-3  # benchmarks.api_events: one event a request
    event_database_seconds: float = 0.17e-3  # the same
    events_of_commit: float = 4.0  # the same
    answers_of_core_second: float = 59 / 2  # benchmarks.event_to_answer: event in, live answer out, all processes


@dataclass(frozen=True)
class Assumed:
    """What was not measured, and depends on the shop."""

    peak: float = 3.0  # the busiest hour beside the mean
    asking: float = 0.2  # events whose sender waits for an answer
    used: float = 0.6  # of a core at the peak, so that a lost replica can be borne
    hot_days: int = 90  # of events in Postgres; older months are archived
    kept_snapshots: int = 30
    archive_days: int = 3 * 365
    day_hours: float = 1.0  # in which one more day must be built


@dataclass(frozen=True)
class Size:
    """What so many users take."""

    events_a_day: float
    peak_events_a_second: float
    app_cores: float
    database_cores: float
    day_cores: float
    memory_gib: float
    disk_tb: float
    archive_tb: float
    commits_a_second: float
    day_megabytes_a_second: float


def size(users: float, measured: Measured, assumed: Assumed) -> Size:
    """The arithmetic. Cores are for the peak; `day_cores` work for `day_hours` and rest for the other hours."""
    events = users * measured.events_of_user_day
    peak = assumed.peak * events / DAY_SECONDS
    answers = peak * assumed.asking / measured.answers_of_core_second
    stored = peak * (1 - assumed.asking)
    snapshot = users * measured.snapshot_bytes_of_user
    hot = events * assumed.hot_days * measured.event_bytes
    disk = hot + users * measured.rolled_up_bytes_of_user + snapshot * assumed.kept_snapshots
    return Size(
        events,
        peak,
        (stored * measured.event_app_seconds + answers) / assumed.used,
        stored * measured.event_database_seconds / assumed.used,
        users * measured.day_core_seconds_of_user / (assumed.day_hours * 3600),
        # What every day and every request reads: the two newest snapshots and a month of events.
        (2 * snapshot + hot / assumed.hot_days * 30) / GIB,
        disk / 1e12,
        events * assumed.archive_days * measured.archived_event_bytes / 1e12,
        peak / measured.events_of_commit,
        2 * snapshot / (assumed.day_hours * 3600) / 1e6,
    )


def rows(sizes: list[Size]) -> list[tuple[str, list[str]]]:
    """The table, a line for each quantity."""
    return [
        ("events a day", [f"{each.events_a_day:,.0f}" for each in sizes]),
        ("events a second, at the peak", [f"{each.peak_events_a_second:,.0f}" for each in sizes]),
        ("cores: API, services, bot", [f"{each.app_cores:,.1f}" for each in sizes]),
        ("cores: Postgres, for events", [f"{each.database_cores:,.2f}" for each in sizes]),
        ("cores: Postgres, one more day in an hour", [f"{each.day_cores:,.2f}" for each in sizes]),
        ("GiB: what Postgres should keep in memory", [f"{each.memory_gib:,.1f}" for each in sizes]),
        ("TB: Postgres' disk", [f"{each.disk_tb:,.2f}" for each in sizes]),
        ("TB: archived events of three years", [f"{each.archive_tb:,.3f}" for each in sizes]),
        ("IOPS: commits, at the peak", [f"{each.commits_a_second:,.0f}" for each in sizes]),
        (
            "MB a second: snapshots read and written in that hour",
            [f"{each.day_megabytes_a_second:,.1f}" for each in sizes],
        ),
    ]


def price(each: Size, core: float, gib: float, tb: float) -> float:
    """A month, twice: a replica of everything. The archive is left out."""
    cores = each.app_cores + each.database_cores + each.day_cores
    return 2 * (cores * core + each.memory_gib * gib + each.disk_tb * tb)


def main() -> None:
    """Prints the table for 1, 10 and 100 million users."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=float, nargs="+", default=[1e6, 1e7, 1e8])
    for name, what in (("core", "a core"), ("gib", "a GiB of memory"), ("tb", "a TB of fast disk")):
        parser.add_argument(f"--{name}", type=float, default=0.0, help=f"what {what} costs a month")
    chosen = parser.parse_args()
    sizes = [size(users, Measured(), Assumed()) for users in chosen.users]
    heading = ["", *(f"{users:,.0f} users" for users in chosen.users)]
    print("| " + " | ".join(heading) + " |")
    print("| --- " * len(heading) + "|")
    lines = rows(sizes)
    if chosen.core or chosen.gib or chosen.tb:
        lines.append(("a month, twice", [f"{price(each, chosen.core, chosen.gib, chosen.tb):,.0f}" for each in sizes]))
    for name, values in lines:
        print(f"| {name} | " + " | ".join(values) + " |")


if __name__ == "__main__":
    main()
