"""A visit to the shop, told to the API event by event, and what it answers each time: a part of the demo."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
from rich.table import Table

from core.errors import OperationError


@dataclass(frozen=True)
class Answer:
    """What the API said after an event: probabilities by model (None where it has none), and words for the user."""

    event_type: str
    probabilities: dict[str, float | None]
    known_until: str
    text: str


def answer_to(client: httpx.Client, user_id: str, event_type: str) -> Answer:
    """Sends an event that happens now and returns the answer. Raises OperationError where the API refuses."""
    event = {
        "event_id": str(uuid4()),
        "user_id": user_id,
        "event_type": event_type,
        "occurred_at": datetime.now(UTC).isoformat(),
    }
    response = client.post("/telegram/event", json=event)
    if not response.is_success:
        raise OperationError(f"The API at {client.base_url} answered {response.status_code}: {response.text}")
    answer = response.json()
    said: dict[str, dict[str, Any]] = {
        each["model"]: each["prediction"] for each in answer["predictions"] if each["prediction"]
    }
    return Answer(
        event_type,
        {model: prediction.get("probability") for model, prediction in said.items() if "probability" in prediction},
        max((prediction["known_until"] or "" for prediction in said.values()), default=""),
        answer["text"],
    )


def visit_table(answers: list[Answer]) -> Table:
    """One line for each event: what the models said a moment later, and what the user is told."""
    models = sorted({model for answer in answers for model in answer.probabilities})
    table = Table(title="POST /telegram/event: each answer counts the event that asks for it")
    for heading in ("event", *models, "events known until", "answer"):
        table.add_column(heading)
    for answer in answers:
        probabilities = [answer.probabilities.get(model) for model in models]
        shown = ["" if probability is None else f"{probability:.1%}" for probability in probabilities]
        table.add_row(answer.event_type, *shown, answer.known_until[:19], answer.text)
    return table
