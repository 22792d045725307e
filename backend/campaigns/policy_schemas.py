"""What makes a variant a whole policy: whom of its arm it writes to, and when.

Belongs here: what a request may say. Does not belong here: choosing (`choosing`).
"""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from backend.fields import Strict
from backend.users.rules import Rules


class ChosenBy(StrEnum):
    """What users are chosen by, the highest first."""

    EFFECT = "effect"
    EXPECTED_VALUE = "expected_value"
    CHURN_PROBABILITY = "churn_probability"
    CHANCE = "chance"


class Whom(Strict):
    """Whom of its arm a variant writes to. The others of the arm are left alone, and still count in its effect."""

    by: Annotated[
        ChosenBy,
        Field(description="`effect`: those whom a message changes most, by the policy in use; by chance without one"),
    ]
    share: Annotated[float, Field(gt=0, le=1, description="at most this share of those who may be chosen")] = 1.0
    rules: Annotated[Rules | None, Field(description="nobody else may be chosen; null: everybody in the arm may")] = (
        None
    )


class When(Strict):
    """When a message leaves. Quiet hours hold as well."""

    after_hours: Annotated[int, Field(ge=0, le=336, description="so many hours after the user was selected")] = 0
    at_hour: Annotated[
        int | None, Field(ge=0, le=23, description="when this hour begins in the user's time zone; null: at any time")
    ] = None
