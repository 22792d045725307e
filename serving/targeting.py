"""Whom to contact: the best users of the stored scores, for what a contact costs and how many there may be.

Belongs here: the two requests, their answers, and the query behind both. Does not belong here: scoring; the pipeline
stores a score of every user for every day it runs for.
"""

import datetime
from dataclasses import dataclass
from typing import Annotated, Any, Protocol

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from serving.schemas import MAX_ROWS, WHOLE, Basis

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
    """Stored scores of one day, best first; `rows` are (user_id, probability, expected_value, basis, version)."""

    as_of: datetime.date
    rows: list[tuple[Any, ...]]


class ScoreStore(Protocol):
    """Whoever can rank stored scores."""

    async def ranked(self, kind: str, asked: TargetingRequest) -> Ranked:
        """The best users for what was asked. Raises SnapshotMissing or WarehouseUnavailable."""
        ...


# Early warnings are for who was active until now; who has long been silent cannot be lost again.
QUERIES: dict[str, str] = {
    "purchase": """
select scores.user_id, scores.score, scores.expected_value, scores.basis, scores.model_version
from ml.scores as scores
where scores.model = 'purchase' and scores.as_of = $1
    and coalesce(scores.expected_value >= $2::double precision, $2::double precision = 0)
order by scores.expected_value desc nulls last, scores.score desc, scores.user_id
limit $3
""",
    "churn": """
select scores.user_id, scores.score, scores.score * $4::double precision, scores.basis, scores.model_version
from ml.scores as scores
inner join marts.user_features as features on features.user_id = scores.user_id and features.as_of = scores.as_of
where scores.model = 'churn' and scores.as_of = $1 and features.days_since_last_activity <= scores.horizon_days
    and coalesce(scores.score * $4::double precision >= $2::double precision, true)
order by scores.score desc, scores.user_id
limit $3
""",
}
NEWEST = "select max(as_of) from ml.scores where model = $1 and ($2::date is null or as_of = $2::date)"


def parameters(kind: str, asked: TargetingRequest, as_of: datetime.date) -> list[Any]:
    """What the query of `kind` is asked with."""
    shared = [as_of, asked.cost_per_contact, asked.most]
    return [*shared, asked.value_of_user] if isinstance(asked, EarlyWarningRequest) else shared


def listed(kind: str, asked: TargetingRequest, ranked: Ranked) -> TargetingResponse:
    """The answer to a request."""
    users = [TargetOut(user_id=row[0], probability=row[1], expected_value=row[2], basis=row[3]) for row in ranked.rows]
    values = [user.expected_value for user in users if user.expected_value is not None]
    return TargetingResponse(
        model=kind,
        model_version=ranked.rows[0][4] if ranked.rows else None,
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
