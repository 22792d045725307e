"""What is said to a user of the shop's bot, who may deliver updates, and how they are given out."""

import hmac
import time
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import SecretStr

from backend.errors import Invalid, NotAuthenticated, Unavailable
from backend.predictions.schemas import ModelAnswer
from backend.resources import Resources
from backend.telegram import store
from core.problems import FieldError
from serving.schemas import AnyPrediction, ProbabilityPrediction

MOST_UPDATE_ID = 2**63 - 1
"""More does not fit into the table's column."""

_NEWCOMER = "Welcome! Shall I show you what others like most?"
_MISSED = "Good to see you again! There is something new since your last visit."
_INTERESTED = "Good choice! I can show you what goes well with it."
_REGULAR = "Thank you for being with us!"


def personal_text(answers: Sequence[ModelAnswer]) -> str:
    """Words for the user, by what the models say. Without any model it is a friendly sentence all the same."""
    said = {each.model: each.prediction for each in answers if each.prediction is not None}
    churn, purchase = said.get("churn"), said.get("purchase")
    if any(not prediction.is_known for prediction in said.values()):
        return _NEWCOMER
    if _is_high(churn):
        return _MISSED
    return _INTERESTED if _is_high(purchase) else _REGULAR


def _is_high(prediction: AnyPrediction | None) -> bool:
    return isinstance(prediction, ProbabilityPrediction) and prediction.risk == "high"


def demand_telegram(secret: SecretStr | None, given: str | None, retry_after_seconds: int) -> None:
    """Lets Telegram in: whoever knows the secret that the webhook was registered with.

    Raises NotAuthenticated, or Unavailable where no secret is set: then nobody can be Telegram.
    """
    if secret is None:
        raise Unavailable("No webhook secret is set: set BACKEND_TELEGRAM_WEBHOOK_SECRET.", retry_after_seconds)
    if given is None or not hmac.compare_digest(given.encode(), secret.get_secret_value().encode()):
        raise NotAuthenticated("Send the webhook's secret as X-Telegram-Bot-Api-Secret-Token.")


async def add_updates(resources: Resources, updates: Sequence[Mapping[str, Any]]) -> int:
    """Stores updates and wakes up whoever waits for them; how many were new. Raises Invalid for a number too high."""
    for place, update in enumerate(updates):
        if update["update_id"] > MOST_UPDATE_ID:
            raise Invalid(
                "Telegram numbers no update so high.", [FieldError(f"updates[{place}].update_id", "is too high")]
            )
    new = await resources.database.run(store.add_updates([_without_nul(update) for update in updates]))
    if new:
        resources.arrivals.announce()
    return new


async def take_updates(resources: Resources, limit: int, wait_seconds: float) -> list[dict[str, Any]]:
    """Updates for one bot to handle. Where there is none, it is waited for the first."""
    until = time.monotonic() + wait_seconds
    while True:
        updates = await resources.database.run(store.take_updates(limit))
        left = until - time.monotonic()
        if updates or left <= 0:
            return updates
        await resources.arrivals.wait(left)


def _without_nul(part: Any) -> Any:
    """The same JSON without the character NUL, which Postgres cannot store."""
    if isinstance(part, str):
        return part.replace("\x00", "")
    if isinstance(part, list):
        return [_without_nul(each) for each in part]
    if isinstance(part, Mapping):
        return {_without_nul(name): _without_nul(value) for name, value in part.items()}
    return part
