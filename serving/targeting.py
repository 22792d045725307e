"""Whom to contact: the best users of the stored scores, for what a contact costs and how many there may be.

Belongs here: the two requests and their answers. Does not belong here: the queries behind them (`warehouse/scores.py`),
or scoring; the pipeline stores a score of every user for every day it runs for.
"""

import datetime
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Protocol, cast

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from serving.schemas import MAX_ROWS, WHOLE, Basis

if TYPE_CHECKING:
    # The clients read these answers too, and should not load what the warehouse needs.
    from warehouse.scores import RankedUser

# More than there is, and little enough that sums stay exact to the cent.
MAX_MONEY = 1e12


class TargetingRequest(BaseModel):
    """What may be spent: so many users, at so much a contact, in so much altogether."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        allow_inf_nan=False,
        frozen=True,
        json_schema_extra={"examples": [{"max_users": 50, "cost_per_contact": 0.4}]},
    )

    max_users: Annotated[int, Field(ge=1, le=MAX_ROWS, description="how many at most"), WHOLE] = 100
    cost_per_contact: Annotated[
        float,
        Field(ge=0, le=MAX_MONEY, description="in the shop's currency; who is expected to bring less is left out"),
    ] = 0.0
    budget: Annotated[
        float | None,
        Field(ge=0, le=MAX_MONEY, description="for all contacts together, in the shop's currency; null: no limit"),
    ] = None
    as_of: Annotated[datetime.date | None, Field(description="the day of the scores; the newest if absent")] = None

    @property
    def most(self) -> int:
        """How many users money and number allow."""
        if self.budget is None or self.cost_per_contact == 0:
            return self.max_users
        return int(min(self.max_users, self.budget / self.cost_per_contact))


class EarlyWarningRequest(TargetingRequest):
    """As above, with what a user who stays is worth, which the scores do not know."""

    value_of_user: Annotated[
        float | None,
        Field(ge=0, le=MAX_MONEY, description="what a user who stays brings, in the shop's currency; null: not known"),
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetOut:
    """One user worth a contact."""

    user_id: str
    probability: Annotated[float, Field(description="of a purchase, or of leaving, within the horizon")]
    expected_value: Annotated[
        float | None, Field(description="money expected (purchase) or at risk (churn); null: its value is not known")
    ]
    basis: Basis


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetingResponse:
    """The best users first, from the stored scores of one day."""

    model: str
    model_version: Annotated[int | None, Field(description="version that made the scores; null: nobody is listed")]
    as_of: Annotated[datetime.date, Field(description="the day of the scores")]
    users: list[TargetOut]
    expected_value: Annotated[float | None, Field(description="of all listed together")]
    cost: Annotated[float, Field(description="of contacting all listed, in the shop's currency")]


@dataclass(frozen=True, slots=True)
class Ranked:
    """Stored scores of one day, best first."""

    as_of: datetime.date
    users: "list[RankedUser]"


class ScoreStore(Protocol):
    """Whoever can rank stored scores."""

    async def ranked(self, kind: str, asked: TargetingRequest) -> Ranked:
        """The best users for what was asked. Raises SnapshotMissing or WarehouseUnavailable."""
        ...


def listed(kind: str, asked: TargetingRequest, ranked: Ranked) -> TargetingResponse:
    """The answer to a request."""
    users = [
        TargetOut(
            user_id=user.user_id,
            probability=user.probability,
            expected_value=user.expected_value,
            basis=cast(Basis, user.basis),
        )
        for user in ranked.users
    ]
    values = [user.expected_value for user in users if user.expected_value is not None]
    return TargetingResponse(
        model=kind,
        model_version=ranked.users[0].model_version if ranked.users else None,
        as_of=ranked.as_of,
        users=users,
        expected_value=sum(values) if len(values) == len(users) else None,
        cost=asked.cost_per_contact * len(users),
    )


TARGETING: dict[str, str] = {"purchase": "/targets", "churn": "/early-warnings"}
REQUEST_OF: dict[str, TypeAdapter[Any]] = {
    "purchase": TypeAdapter(TargetingRequest),
    "churn": TypeAdapter(EarlyWarningRequest),
}
RESPONSE = TypeAdapter(TargetingResponse)
