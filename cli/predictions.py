"""Tables of predictions for the terminal. Separate from `tables.py`, which imports Dagster and MLflow."""

from collections.abc import Sequence

from rich.table import Table

from serving.schemas import AnyPrediction, SegmentPrediction


def predictions_table(model: str, predictions: Sequence[AnyPrediction]) -> Table:
    """The answers of a service with their basis, reasons and advice."""
    table = Table(title=f"{model}, asked over HTTP")
    for heading in ("user", "answer", "basis", "reasons", "advice"):
        table.add_column(heading)
    for row in predictions:
        answer = row.segment if isinstance(row, SegmentPrediction) else f"{row.probability:.1%} ({row.risk})"
        reasons = "\n".join(reason.text for reason in row.reasons)
        table.add_row(row.user_id, answer, row.basis, reasons, "\n".join(row.advice))
    return table
