"""What is said to a user of the shop's bot, and who may deliver updates."""

import hmac
from collections.abc import Sequence

from pydantic import SecretStr

from backend.errors import NotAuthenticated, Unavailable
from backend.predictions.schemas import ModelAnswer
from serving.schemas import AnyPrediction, ProbabilityPrediction

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
