"""The HTTP contract: what a request may say and what an answer looks like, with units and examples.

Belongs here: request models, answer records, and the limits that are part of the contract. Does not belong here: how
an answer is made. Answers are dataclasses because they are written far more often than they are checked; those that
come by the thousand are neither frozen nor slotted, which makes them quickest to make and to write as JSON.
"""

import datetime
from dataclasses import dataclass
from typing import Annotated, Any, Generic, Literal, Self, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, TypeAdapter, model_validator

from ml.kinds import Answer

MAX_ROWS = 1000
MAX_EXPLAINED_ROWS = 100
MAX_BODY_BYTES = 1024 * 1024
DEFAULT_REASONS = 3

Basis = Literal["model", "rule", "prior"]
Risk = Literal["low", "medium", "high"]
Freshness = Literal["snapshot", "live"]
ContributionUnit = Literal["log_odds", "squared_distance"]

# Postgres cannot store the character NUL in a text, so no user is called that.
UserId = Annotated[str, StringConstraints(min_length=1, max_length=256, pattern=r"^[^\x00]+$")]


IntervalNote = Annotated[
    str | None,
    Field(
        description="why the intervals of probabilities are as wide as they are, such as less than a year of history; "
        "null where there are none"
    ),
]
WarningText = Annotated[
    str | None, Field(description="what to know before relying on the answers: `not judged` and why; usually null")
]


def _whole(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value


WHOLE = BeforeValidator(_whole)
"""To JSON Schema, and so to callers, 2.0 is an integer too."""

_REQUEST_EXAMPLES = [{"user_ids": ["1024", "new-user"]}, {"user_ids": ["1024"], "as_of": "1998-06-01", "reasons": 5}]


def _one_way_to_ask(schema: dict[str, Any]) -> None:
    for name in ("user_ids", "features"):
        schema["properties"][name].pop("default")
    schema["oneOf"] = [
        {"required": ["user_ids"], "properties": {"features": False}},
        {"required": ["features"], "properties": {"user_ids": False, "as_of": {"type": "null"}}},
    ]
    schema["if"] = {"required": ["freshness"], "properties": {"freshness": {"const": "live"}}}
    schema["then"] = {"required": ["user_ids"], "properties": {"as_of": {"type": "null"}}}
    schema["examples"] = _REQUEST_EXAMPLES


class FeatureRow(BaseModel):
    """One user's features by name, null where undefined; `GET /model` lists the names with their units."""

    model_config = ConfigDict(
        extra="allow",
        strict=True,
        allow_inf_nan=False,
        frozen=True,
        json_schema_extra={"examples": [{"user_id": "1024", "days_since_last_purchase": 12, "orders_total": 4}]},
    )
    __pydantic_extra__: dict[str, float | None]

    user_id: Annotated[UserId | None, Field(description="returned as it came; not looked up")] = None
    as_of: Annotated[datetime.date | None, Field(description="the day the features are of; returned")] = None

    @property
    def values(self) -> dict[str, float | None]:
        """Feature name to value, in the feature's own unit."""
        return self.__pydantic_extra__


class PredictionRequest(BaseModel):
    """Whom to predict: either by `user_ids`, whose features are looked up, or by `features` themselves."""

    model_config = ConfigDict(
        extra="forbid", strict=True, allow_inf_nan=False, frozen=True, json_schema_extra=_one_way_to_ask
    )

    user_ids: Annotated[
        list[UserId], Field(min_length=1, max_length=MAX_ROWS, description="answered in this order; may repeat")
    ] = []
    features: Annotated[
        list[FeatureRow], Field(min_length=1, max_length=MAX_ROWS, description="answered in this order")
    ] = []
    as_of: Annotated[
        datetime.date | None, Field(description="feature snapshot to use with `user_ids`; the newest if absent")
    ] = None
    freshness: Annotated[
        Freshness,
        Field(
            description="with `user_ids`: `snapshot` for the features of a day's beginning; `live` for those of "
            "everything that has happened until now, as tomorrow's snapshot will have them"
        ),
    ] = "snapshot"
    reasons: Annotated[
        int, Field(ge=0, le=10, description="how many reasons each answer carries; 0 is fastest"), WHOLE
    ] = DEFAULT_REASONS

    @model_validator(mode="after")
    def _asks_one_way(self) -> Self:
        if bool(self.user_ids) == bool(self.features):
            raise ValueError("give either `user_ids` or `features`")
        if self.features and self.as_of is not None:
            raise ValueError("`as_of` goes with `user_ids`; with `features`, put it into each row")
        if self.freshness == "live" and (self.features or self.as_of is not None):
            raise ValueError("`freshness` live goes with `user_ids` alone")
        return self


class ExplanationRequest(PredictionRequest):
    """Whom to explain: asked like a prediction, for fewer at a time, because every feature has its say."""

    user_ids: Annotated[
        list[UserId],
        Field(min_length=1, max_length=MAX_EXPLAINED_ROWS, description="answered in this order; may repeat"),
    ] = []
    features: Annotated[
        list[FeatureRow], Field(min_length=1, max_length=MAX_EXPLAINED_ROWS, description="answered in this order")
    ] = []


@dataclass
class ReasonOut:
    """One feature's part in the answer, strongest first."""

    feature: Annotated[str, Field(description="name in the feature catalogue")]
    label: Annotated[str, Field(description="the feature in words")]
    value: Annotated[float | None, Field(description="the user's value in the feature's unit; null if undefined")]
    contribution: Annotated[float, Field(description="part in the answer, in the model's additive unit")]
    text: Annotated[str, Field(description="a sentence for people")]


@dataclass(kw_only=True)
class Prediction:
    """What every answer says, whichever the model."""

    prediction_id: Annotated[
        str,
        Field(
            description="names this prediction in the ledger; the same for a request repeated with its Idempotency-Key",
            json_schema_extra={"format": "uuid"},
        ),
    ]
    user_id: Annotated[str | None, Field(description="as asked")]
    is_known: Annotated[bool, Field(description="false: no features of this user, so the answer is the prior")]
    as_of: Annotated[datetime.date | None, Field(description="the day whose beginning the features describe")]
    known_until: Annotated[
        datetime.datetime | None,
        Field(description="events that arrived until then count; null where features were given"),
    ]
    feature_age_days: Annotated[
        int | None,
        Field(description="days from `as_of` to today (UTC); 0 for live features, as of tomorrow"),
    ]
    basis: Annotated[Basis, Field(description="what answered: the model, a simple rule, or the prior")]
    model_version: Annotated[int, Field(description="version in the registry")]
    reasons: list[ReasonOut]
    advice: Annotated[list[str], Field(description="what can be done, in words")]


@dataclass(kw_only=True)
class ProbabilityPrediction(Prediction):
    """How likely is it that what the model foretells comes true within the horizon?"""

    probability: Annotated[float, Field(ge=0, le=1, description="calibrated probability")]
    probability_low: Annotated[
        float | None,
        Field(
            ge=0,
            le=1,
            description="lower end of an 80 % interval, which shows by how much all probabilities may be too low or "
            "too high together; null for models from before there was one",
        ),
    ]
    probability_high: Annotated[float | None, Field(ge=0, le=1, description="upper end of that interval")]
    risk: Annotated[
        Risk, Field(description="probability in words, beside the base rate, or 1 or 80 % if that is lower or higher")
    ]


@dataclass(kw_only=True)
class ValuePrediction(ProbabilityPrediction):
    """The same, and how much money is expected of the user within the horizon."""

    expected_value: Annotated[
        float | None, Field(description="expected purchase amount within the horizon, in the shop's currency")
    ]
    expected_amount: Annotated[
        float | None, Field(description="the same if the user buys at all, in the shop's currency")
    ]
    expected_amount_low: Annotated[
        float | None, Field(description="lower end of the 80 % interval for what such a buyer spends")
    ]
    expected_amount_high: Annotated[float | None, Field(description="upper end of that interval")]


@dataclass(kw_only=True)
class SegmentPrediction(Prediction):
    """Which group of alike users is this one in?"""

    segment_id: Annotated[
        int | None, Field(description="stable from one retrain to the next; null for a user nobody has seen")
    ]
    segment: Annotated[str | None, Field(description="the segment's name; `new` for a user nobody has seen")]


# One with a value is one with a probability too.
AnyPrediction = ProbabilityPrediction | SegmentPrediction
P = TypeVar("P", bound=Prediction)


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictionResponse(Generic[P]):
    """The envelope of `POST /predict`; `predictions` are in the order asked and all of one model version."""

    model: Annotated[str, Field(description="which service answered")]
    model_version: Annotated[int, Field(description="version in the registry")]
    horizon_days: Annotated[int | None, Field(description="how far the prediction looks; null for segmentation")]
    predictions: list[P]
    warning: WarningText = None
    interval_note: IntervalNote = None


@dataclass(frozen=True, slots=True)
class FeatureContribution:
    """One feature's exact part in an answer."""

    feature: Annotated[str, Field(description="name in the feature catalogue")]
    label: Annotated[str, Field(description="the feature in words")]
    unit: Annotated[str, Field(description="the unit of `value`")]
    value: Annotated[float | None, Field(description="the user's value; null if undefined")]
    contribution: float


@dataclass(frozen=True, slots=True)
class FamilyContribution:
    """What the features of one family, which say much the same, add up to."""

    family: Annotated[str, Field(description="as in recency, frequency, monetary")]
    contribution: Annotated[float, Field(description="sum over its features")]
    features: Annotated[list[FeatureContribution], Field(description="all of the family, the strongest first")]


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenApart(Generic[P]):
    """A prediction and all it is made of: `bias` and the families' contributions add up to `total`."""

    prediction: Annotated[P, Field(description="as `POST /predict` answers it")]
    total: Annotated[float, Field(description="the answer in the unit of contributions")]
    bias: Annotated[float, Field(description="what everyone starts from; all of `total` for a prior")]
    families: Annotated[list[FamilyContribution], Field(description="the strongest first; none for a prior")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplanationResponse(Generic[P]):
    """The envelope of `POST /explain`; `explanations` are in the order asked and all of one model version."""

    model: Annotated[str, Field(description="which service answered")]
    model_version: Annotated[int, Field(description="version in the registry")]
    horizon_days: Annotated[int | None, Field(description="how far the prediction looks; null for segmentation")]
    unit: Annotated[
        ContributionUnit,
        Field(
            description="of every contribution: log-odds of the probability, or the squared scaled distance by which "
            "the user is nearer to the segment's centre than to the average user"
        ),
    ]
    explanations: list[TakenApart[P]]
    warning: WarningText = None
    interval_note: IntervalNote = None


REQUEST = TypeAdapter(PredictionRequest)
EXPLANATION_REQUEST = TypeAdapter(ExplanationRequest)
RESPONSE_OF: dict[Answer, TypeAdapter[Any]] = {
    Answer.PROBABILITY: TypeAdapter(PredictionResponse[ProbabilityPrediction]),
    Answer.PROBABILITY_AND_VALUE: TypeAdapter(PredictionResponse[ValuePrediction]),
    Answer.SEGMENT: TypeAdapter(PredictionResponse[SegmentPrediction]),
}
EXPLANATION_OF: dict[Answer, TypeAdapter[Any]] = {
    Answer.PROBABILITY: TypeAdapter(ExplanationResponse[ProbabilityPrediction]),
    Answer.PROBABILITY_AND_VALUE: TypeAdapter(ExplanationResponse[ValuePrediction]),
    Answer.SEGMENT: TypeAdapter(ExplanationResponse[SegmentPrediction]),
}
