"""Features and labels of many days of the past: several days a pass, and none that are there and still true.

Belongs here: which days, how many at once, and calling dbt for them, on either engine. Not: what is still true and how
a day is built from another one, which the dbt project knows (macros/building).
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from dbt.cli.main import dbtRunner

from core.errors import DISK_FULL, NO_SPACE, OperationError, UserError
from core.home import Home
from core.settings import Settings
from lake.names import warehouse_location
from lake.opening import open_lake
from ml.kinds import model_kinds
from orchestration.engines import spark_of_build
from warehouse.database import Database
from warehouse.locks import marts_lock

DAYS_A_PASS = 13
"""What a pass holds in memory and temporary files grows with its days times users: some 600 bytes each."""
_MODELS = (
    "event_types",
    "stg_events",
    "int_identities",
    "merged_users",
    "int_user_daily",
    "int_user_sums",
    "user_features",
    "user_labels",
)
# dagster-dbt takes one word after --select; dbt reads a list in it.
PASS_SELECTION = ("--select", " ".join(_MODELS), "--resource-types", "seed", "model")
ON_SPARK = ("--target", "spark", "--exclude", "config.meta.engine:postgres")
"""What Spark builds."""
_AFTER_SPARK = ("--select", "event_types stg_events merged_users", "--resource-types", "seed", "model")
"""Of the same models, those that Postgres has whatever the engine is."""


@dataclass(frozen=True)
class Backfilled:
    """How many days were asked for, and of how many features were built; those of the others were there."""

    days: int
    built: int


def backfill_days(first: date, last: date, every: int) -> tuple[date, ...]:
    """The days from `first` to `last`, both included where `every` days apart meets them, ascending.

    Raises UserError for a range without days, or one that ends in the future.
    """
    if every < 1:
        raise UserError(f"Days cannot lie {every} apart; choose --every 1 or more.")
    if last < first:
        raise UserError(f"{last} is before {first}; choose a --to that is not before --from.")
    today = datetime.now(UTC).date()
    if last > today:
        raise UserError(f"{last} has not begun yet, so not everything before it is known; choose {today} or earlier.")
    return tuple(first + timedelta(days=distance) for distance in range(0, (last - first).days + 1, every))


def passes(days: Sequence[date], days_a_pass: int) -> tuple[tuple[date, ...], ...]:
    """The days cut into passes, in order, so that each pass goes on from where the one before it ended."""
    if days_a_pass < 1:
        raise UserError(f"A pass of {days_a_pass} days builds nothing; choose --days-a-pass 1 or more.")
    return tuple(tuple(days[start : start + days_a_pass]) for start in range(0, len(days), days_a_pass))


def variables(
    days: Sequence[date], horizon_days: int, *, known_until: date | None = None, rebuild: bool = False
) -> str:
    """What dbt is told. Unless told, labels are made of every window that has closed by what has arrived."""
    return json.dumps(
        {
            "as_of_dates": [day.isoformat() for day in days],
            "horizon_days": horizon_days,
            "model_labels": {kind.name: kind.outcome.label for kind in model_kinds() if kind.outcome},
            "known_until": "" if known_until is None else known_until.isoformat(),
            "rebuild": rebuild,
        }
    )


def with_plan(variables_json: str, plan: dict[str, Any]) -> str:
    """What dbt is told on Spark: the same, and what of the lake is built and still true (`lake.marts.plan_build`)."""
    return json.dumps({**json.loads(variables_json), "lake": plan})


def backfill(
    warehouse: Database,
    project: Path,
    target: Path,
    days: Sequence[date],
    horizon_days: int,
    *,
    days_a_pass: int = DAYS_A_PASS,
    rebuild: bool = False,
    progress: Callable[[int], None] = lambda _: None,
) -> Backfilled:
    """Builds features and labels of `days`; `progress` is told how many are done after each pass.

    A pass commits model by model. Stopped at any moment and started again, it ends with the same tables: days that are
    there and still true are left alone, unless `rebuild`. Raises OperationError with what dbt said.
    """
    started = _now(warehouse)
    dbt = _Dbt(project, target)
    done = 0
    for days_of_pass in passes(days, days_a_pass):
        with marts_lock(warehouse):
            dbt.build(variables(days_of_pass, horizon_days, rebuild=rebuild), *PASS_SELECTION)
        done += len(days_of_pass)
        progress(done)
    return Backfilled(len(days), _built_since(warehouse, days, started))


def backfill_with_spark(
    warehouse: Database,
    settings: Settings,
    home: Home,
    project: Path,
    target: Path,
    days: Sequence[date],
    horizon_days: int,
    *,
    days_a_pass: int = DAYS_A_PASS,
    rebuild: bool = False,
    progress: Callable[[int], None] = lambda _: None,
) -> Backfilled:
    """The same in the lake, from the events that are there by now. All its days are published in the end.

    Raises UserError where Spark or the lake's extra is not installed.
    """
    lake = open_lake(warehouse.url, warehouse_location(settings.lake, home.root))
    from ingestion.lake_copying import copy_to_lake
    from lake.marts import PUBLISHED, built_features, plan_build
    from lake.publishing import publish

    dbt, on_postgres = _Dbt(project, target / "spark", ON_SPARK), _Dbt(project, target)
    built = done = 0
    with spark_of_build(settings, home, warehouse.url):
        for days_of_pass in passes(days, days_a_pass):
            with marts_lock(warehouse):
                copy_to_lake(lake)
                plan = plan_build(lake)
                before = frozenset() if rebuild else built_features(lake)
                dbt.build(with_plan(variables(days_of_pass, horizon_days, rebuild=rebuild), plan), *PASS_SELECTION)
                built += sum(day in days_of_pass for _, day in built_features(lake) - before)
            done += len(days_of_pass)
            progress(done)
    with marts_lock(warehouse):
        publish(lake, [name for name in PUBLISHED if name[1] in _MODELS], every_day=True)
        on_postgres.build(variables(days, horizon_days), *_AFTER_SPARK)
    return Backfilled(len(days), built)


class _Dbt:
    """dbt in this process, with the project parsed once."""

    def __init__(self, project: Path, target: Path, options: Sequence[str] = ()) -> None:
        places = ["--project-dir", str(project), "--profiles-dir", str(project)]
        self._options = [*places, "--target-path", str(target), "--log-path", str(target), "--quiet"]
        self._of_build = options
        self._manifest = _invoke(dbtRunner(), ["parse", *self._options, *options[:2]])

    def build(self, variables_json: str, *selection: str) -> None:
        """Builds a selection. Raises OperationError with what dbt said."""
        arguments = ["build", *selection, *self._options, *self._of_build, "--vars", variables_json]
        _invoke(dbtRunner(manifest=self._manifest), arguments)


def _invoke(runner: dbtRunner, arguments: list[str]) -> Any:
    done = runner.invoke(arguments)
    if done.exception:
        raise OperationError(f"dbt {arguments[0]} failed: {done.exception}")
    if not done.success:
        failed = next(each for each in done.result if each.status in ("error", "fail"))
        said = " ".join(str(failed.message).split())
        raise OperationError(DISK_FULL if NO_SPACE in said else f"dbt could not build {failed.node.name}: {said}")
    return done.result


def _now(warehouse: Database) -> datetime:
    with warehouse.transaction() as connection:
        (now,) = connection.execute("select clock_timestamp()").fetchall()[0]
    assert isinstance(now, datetime)  # noqa: S101
    return now


def _built_since(warehouse: Database, days: Sequence[date], started: datetime) -> int:
    with warehouse.transaction() as connection:
        (built,) = connection.execute(
            "select count(*) from raw.snapshots where mart = 'user_features' and as_of = any(%s) and built_at >= %s",
            (list(days), started),
        ).fetchall()[0]
    return int(str(built))
