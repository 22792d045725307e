"""Backtests as they run: the challenger and its older selves over the last test cutoffs, on record in its MLflow run.

Folds and figures are `ml.backtest`'s and `ml.backtest_report`'s; this module fetches the rows and keeps the report.
"""

from datetime import UTC, date, datetime

from core.errors import UserError
from dbt_project import CATALOGUE
from ml import artifact
from ml.backtest import backtest
from ml.backtest_report import CUTOFF, POOLED, BacktestReport, backtest_report
from ml.backtest_tables import backtest_figures
from ml.catalogue import read_catalogue
from ml.cutoffs import cutoff_days, plan_backtest
from ml.kinds import ModelKind
from registry.mlflow_registry import CHALLENGER, RegisteredModel, Registry, StepMetric
from warehouse.events import event_range
from warehouse.marts import Marts

_DRAWS = 200
_FOLDER = "backtest"


def backtest_challenger(
    kind: ModelKind, marts: Marts, registry: Registry, as_of: date, horizon_days: int
) -> BacktestReport:
    """Backtests the challenger of a day; the report hangs on its run as tables, plots and metrics by step.

    The newest fold is the challenger itself; the older ones are trained as it would have been then. Raises UserError
    where the challenger is another day's.
    """
    challenger = registry.with_alias(kind.name, CHALLENGER)
    asked = {"as_of": as_of.isoformat(), "horizon_days": str(horizon_days)}
    if challenger is None or asked.items() - challenger.tags.items():
        raise UserError(
            f"There is no {kind} challenger as of {as_of}, {horizon_days} days ahead; "
            f"materialize {kind}_candidate first."
        )
    known = event_range(marts.database, as_of)
    plans = plan_backtest(as_of, horizon_days, known.first, known.last)
    model = registry.load_judged(challenger)
    if artifact.read_provenance(registry.folder(challenger)).cutoffs != plans[-1].to_dict():
        raise UserError(f"The {kind} challenger was trained before older events arrived; materialize {kind}_candidate.")
    frame = marts.training_frame(cutoff_days(plans), horizon_days)
    predictions = backtest(kind, frame, read_catalogue(CATALOGUE), plans, newest=model)
    report = backtest_report(predictions, draws=_DRAWS)
    registry.log_report(
        challenger.run_id,
        tables={f"{_FOLDER}/{name}.csv": table for name, table in report.to_csv().items()},
        figures=backtest_figures(report, predictions),
        metrics=_metrics(report),
    )
    return report


def read_backtest(registry: Registry, version: RegisteredModel) -> BacktestReport | None:
    """The backtest on the run of a version, if it had one."""
    names = ("figures", "differences", "reliability")
    tables = {name: registry.read_text(version.run_id, f"{_FOLDER}/{name}.csv") for name in names}
    found = {name: table for name, table in tables.items() if table is not None}
    return BacktestReport.from_csv(found) if len(found) == len(names) else None


def _metrics(report: BacktestReport) -> list[StepMetric]:
    """`backtest_cutoff/FIGURE CONTENDER` with a step a test cutoff; pooled and slices under names of their own."""
    days = report.figures.filter(scope=CUTOFF)["group"].unique().sort().to_list()
    metrics = []
    for row in report.figures.drop_nulls("estimate").iter_rows(named=True):
        scope, group, figure = row["scope"], row["group"], row["figure"]
        if scope == CUTOFF:
            name, step = f"backtest_cutoff/{figure} {row['contender']}", days.index(group) + 1
            metrics.append(StepMetric(name, row["estimate"], step, datetime.fromisoformat(group).replace(tzinfo=UTC)))
        elif scope == POOLED:
            metrics.append(StepMetric(f"backtest_pooled/{figure} {row['contender']}", row["estimate"]))
        else:
            metrics.append(StepMetric(f"backtest_{scope}/{figure} {group}", row["estimate"]))
    return metrics
