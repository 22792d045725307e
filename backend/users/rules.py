"""Rules of an audience: all or any of some conditions on features, scores, segments, properties and lists.

Belongs here: what a rule may say. Does not belong here: the SQL that it comes to (`selecting`).
"""

from enum import StrEnum
from functools import cache
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, Field, model_validator

from backend.fields import NO_NUL, Strict
from backend.users.fields import Text
from dbt_project import CATALOGUE
from ml.catalogue import read_catalogue

MOST_CONDITIONS = 20


class ListColumn(StrEnum):
    """Numbers that the list of users has of everybody, beside the features."""

    PURCHASE_PROBABILITY = "purchase_probability"
    CHURN_PROBABILITY = "churn_probability"
    EXPECTED_VALUE = "expected_value"


SCORES = (
    (ListColumn.PURCHASE_PROBABILITY, "probability of a purchase", "share"),
    (ListColumn.CHURN_PROBABILITY, "probability of leaving", "share"),
    (ListColumn.EXPECTED_VALUE, "expected value", "money"),
)
"""The same in words, with their units."""


@cache
def feature_names() -> frozenset[str]:
    """The features that a condition may name: those of the catalogue."""
    return frozenset(read_catalogue(CATALOGUE).names)


def _known_number(name: str) -> str:
    if name not in set(ListColumn) | feature_names():
        raise ValueError("is neither a feature of the catalogue nor a score")
    return name


class NumberCondition(Strict):
    """A feature or a score lies within bounds. What is not known lies within none."""

    kind: Literal["number"]
    name: Annotated[
        str,
        Field(max_length=63, description="a feature of the catalogue, or a score", examples=["orders_90d"]),
        AfterValidator(_known_number),
    ]
    least: Annotated[float | None, Field(allow_inf_nan=False, description="this or more")] = None
    most: Annotated[float | None, Field(allow_inf_nan=False, description="this or less")] = None

    @model_validator(mode="after")
    def _has_a_bound(self) -> Self:
        if self.least is None and self.most is None:
            raise ValueError("give `least`, `most` or both")
        return self


class SegmentCondition(Strict):
    """The user is in one of some segments."""

    kind: Literal["segment"]
    names: Annotated[list[Text], Field(min_length=1, max_length=50)]
    is_true: Annotated[bool, Field(description="false: the user is in none of them")] = True


class PropertyCondition(Strict):
    """The user has an event whose `properties` say so."""

    kind: Literal["property"]
    name: Text
    value: Annotated[str, Field(max_length=256, pattern=NO_NUL)]
    is_true: Annotated[bool, Field(description="false: the user has no such event")] = True


class ListCondition(Strict):
    """The user is on a list."""

    kind: Literal["list"]
    list_id: UUID
    is_true: Annotated[bool, Field(description="false: the user is not on it")] = True


Condition = Annotated[
    NumberCondition | SegmentCondition | PropertyCondition | ListCondition, Field(discriminator="kind")
]


class Rules(Strict):
    """Who is meant: those for whom all, or any, of the conditions hold."""

    match: Literal["all", "any"] = "all"
    conditions: Annotated[list[Condition], Field(min_length=1, max_length=MOST_CONDITIONS)]

    @property
    def features(self) -> list[str]:
        """The features that are named, each once, in the order in which they are."""
        named = [each.name for each in self.conditions if isinstance(each, NumberCondition)]
        return [name for name in dict.fromkeys(named) if name not in set(ListColumn)]
