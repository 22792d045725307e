"""How predictions look in the terminal. Apart from `tables.py`, which loads Dagster and MLflow: asking should not."""

from collections.abc import Sequence

from rich.table import Table

from serving.schemas import AnyPrediction, SegmentPrediction


def predictions_table(model: str, predictions: Sequence[AnyPrediction]) -> Table:
    """What a service answered: the answer, what it rests on, reasons and advice."""
    table = Table(title=f"{model}, asked over HTTP")
    for heading in ("user", "answer", "basis", "reasons", "advice"):
        table.add_column(heading)
    for row in predictions:
        answer = row.segment if isinstance(row, SegmentPrediction) else f"{row.probability:.1%} ({row.risk})"
        reasons = "\n".join(reason.text for reason in row.reasons)
        table.add_row(row.user_id, answer, row.basis, reasons, "\n".join(row.advice))
    return table
