"""What Evidently does for us: distances between two columns, and a page that draws the columns that moved most.

Belongs here: every call into Evidently. Does not belong here: what distance counts as drift of the whole. Evidently is
imported when first needed, since it takes seconds and every Dagster process loads the modules that compare.
"""

import html
from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl

_DRAWN_COLUMNS = 8
_STYLE = """
<style>
 .verdict {font-family: system-ui, sans-serif; margin: 24px auto; max-width: 1200px; color: #222}
 .verdict h1 {font-size: 22px} .verdict p {font-size: 16px}
 .verdict table {border-collapse: collapse; width: 100%; font-size: 13px}
 .verdict th, .verdict td {text-align: left; padding: 4px 10px; border-bottom: 1px solid #ddd}
 .verdict td.number {text-align: right; font-variant-numeric: tabular-nums}
 .verdict tr.drifted {background: #fdecea} .verdict tr.unjudged {color: #888}
</style>
"""


@dataclass(frozen=True)
class Distance:
    """An Evidently distance by name and the effect size from which it counts; `is_categorical`: value by value."""

    name: str
    threshold: float
    is_categorical: bool


def column_distance(reference: pl.Series, current: pl.Series, distance: Distance) -> float:
    """Evidently's distance between two columns without missing values; NaN where it is undefined."""
    from evidently.legacy.calculations import stattests
    from evidently.legacy.core import ColumnType

    kind = ColumnType.Categorical if distance.is_categorical else ColumnType.Numerical
    test = stattests.get_stattest(None, None, kind, distance.name)
    old, new = reference.to_pandas(), current.to_pandas()
    return float(test(old, new, kind, distance.threshold).drift_score)


def drift_page(table: pl.DataFrame, reference: pl.DataFrame, current: pl.DataFrame, reason: str) -> str:
    """One self-contained HTML page: the verdict, the table of all columns, drawings of those that moved most."""
    # What is no column (a mix, the mean score, performance) has nothing to draw but what stands in its note.
    is_column = pl.col("column").is_in(reference.columns)
    drawn = table.filter(is_column & pl.col("distance").is_not_null()).head(_DRAWN_COLUMNS)
    head = _STYLE + _summary(table, reason)
    if drawn.is_empty():
        return f"<!DOCTYPE html><html lang='en'><head><meta charset='UTF-8'></head><body>{head}</body></html>"
    page = _evidently_page(drawn, reference, current)
    return page.replace("<body>", "<body>" + head, 1)


def _evidently_page(drawn: pl.DataFrame, reference: pl.DataFrame, current: pl.DataFrame) -> str:
    from evidently import DataDefinition, Dataset, Report
    from evidently.metrics import ValueDrift

    names = drawn["column"].to_list()
    few = drawn.filter(pl.col("kind") == "few values")["column"].to_list()
    definition = DataDefinition(numerical_columns=[n for n in names if n not in few], categorical_columns=few)

    def dataset(frame: pl.DataFrame) -> Dataset:
        columns = frame.select(names).with_columns(pl.col(few).cast(pl.String))
        return Dataset.from_pandas(columns.to_pandas(), data_definition=definition)

    metrics = [
        ValueDrift(column=row["column"], method=row["method"], threshold=row["threshold"])
        for row in drawn.iter_rows(named=True)
    ]
    snapshot = Report(metrics).run(dataset(current), dataset(reference), timestamp=datetime.now(UTC))
    return str(snapshot.get_html_str(as_iframe=False))


def _summary(table: pl.DataFrame, reason: str) -> str:
    rows = "".join(_table_row(row) for row in table.iter_rows(named=True))
    titles = ("column", "kind", "distance", "limit", "undefined then", "undefined now", "verdict", "note")
    header = "".join(f"<th>{title}</th>" for title in titles)
    return (
        f"<div class='verdict'><h1>Drift: users of today against those of training</h1><p>{html.escape(reason)}</p>"
        f"<table><thead><tr>{header}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _table_row(row: dict[str, object]) -> str:
    number = {key: "" if row[key] is None else f"{row[key]:.3f}" for key in ("distance", "threshold")}
    share = {key: "" if row[key] is None else f"{row[key]:.1%}" for key in ("reference_missing", "current_missing")}
    verdict = "drifted" if row["is_drifted"] else "stable"
    if not row["is_judged"]:
        verdict = f"{verdict}, not judged"
    css = "unjudged" if not row["is_judged"] else verdict
    numbers = (number["distance"], number["threshold"], share["reference_missing"], share["current_missing"])
    cells = "".join(f"<td class='number'>{cell}</td>" for cell in numbers)
    return (
        f"<tr class='{css}'><td>{html.escape(str(row['column']))}</td><td>{row['kind']}</td>{cells}"
        f"<td>{verdict}</td><td>{html.escape(str(row['note']))}</td></tr>"
    )
