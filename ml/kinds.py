"""The kinds of models there are: one record says all that other rooms ask about a kind.

Belongs here: the record, the records of the kinds that are part of this project, and finding those of other installed
packages. Does not belong here: how a kind learns (`ml.segmentation`, `ml.purchase`, `ml.churn`).

A package adds a kind by an entry point in the group `customer_analyzer.models` that names its record:

    [project.entry-points."customer_analyzer.models"]
    returning = "returning:KIND"
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.metadata import Distribution, entry_points
from pkgutil import resolve_name
from typing import Any

from ml.errors import MLError

ENTRY_POINT_GROUP = "customer_analyzer.models"
_NAME = re.compile(r"[a-z][a-z0-9_]*")


class UnknownKind(MLError):
    """There is no model of that name."""


class KindError(MLError):
    """The record of a kind is wrong, or the package that declares it cannot be imported."""


class Answer(StrEnum):
    """What a model says of a user."""

    PROBABILITY = "probability"
    """`score`: the probability that the outcome's label comes true."""
    PROBABILITY_AND_VALUE = "probability_and_value"
    """The same, with `expected_value`: the money expected of the user within the horizon."""
    SEGMENT = "segment"
    """`segment_id` and `segment`: the group of alike users that the user belongs to today."""


class Population(StrEnum):
    """Whom a model is asked about, drawn as of the day."""

    EVERYONE = "everyone"
    """All users seen before the day."""
    ACTIVE = "active"
    """Users active within the last horizon. The label says whether they are active again, or that they are not."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a model foretells of the days from `as_of` to the end of the horizon.

    `label` is the boolean column of `marts.user_labels` that comes true or not. `recency` is the feature that ranks
    users without any model: the days since something happened. With `is_wanted` the shop wants the label to come true,
    which is likelier the shorter ago that was; otherwise both are the other way round. `words` is how reasons call it,
    as in "raises the risk of leaving".
    """

    label: str
    recency: str
    words: str
    is_wanted: bool = True


@dataclass(frozen=True, kw_only=True)
class ModelKind:
    """One kind of model.

    `name` names it in MLflow, tables, services, routes, commands and settings. `purpose` completes "Trains NAME: ...".
    `outcome` is None for an answer about today, which nothing proves right or wrong later.

    `feature_role` is the name under which the feature catalogue lists this model's features (`models` in
    user_features.yml): the kind's own unless it is given, so that a kind may read the features of another.

    `model_class` and `trainer` are addresses, `module:name`, imported when they are needed: a service loads models
    without what trains them. The class fulfils `ml.artifact.Model` and `serving.model_slot.ServedModel`. The trainer of
    a kind with an outcome is called with `(frame, catalogue, plan)`, the frame holding features and labels of every day
    in `plan.all`; that of one without with `(snapshot, catalogue, as_of, previous=champion)`. Both return a record of
    `model`, `evaluation` and `parameters` (`ml.propensity.training`, `ml.segmentation`). The refitter of a kind with an
    outcome is optional. It is called with `(model, frame, catalogue, plan)` and returns the model to deploy, made again
    from all of `plan.all` (`ml.propensity.refitting`); without one the judged model is deployed.
    """

    name: str
    purpose: str
    answer: Answer
    model_class: str
    trainer: str
    outcome: Outcome | None = None
    population: Population = Population.EVERYONE
    feature_role: str = ""
    refitter: str = ""

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise KindError(f"A model cannot be called {self.name!r}; use small letters, digits and underscores.")
        if (self.answer is Answer.SEGMENT) != (self.outcome is None):
            raise KindError(f"The model {self.name} needs an outcome if, and only if, it answers with a probability.")
        if not self.feature_role:
            object.__setattr__(self, "feature_role", self.name)

    def __str__(self) -> str:
        return self.name

    def load_class(self) -> Any:
        """The class of its models."""
        return resolve_name(self.model_class)

    def load_trainer(self) -> Callable[..., Any]:
        """What trains it."""
        trainer: Callable[..., Any] = resolve_name(self.trainer)
        return trainer

    def load_refitter(self) -> Callable[..., Any] | None:
        """What makes a judged model again from newer days; None for a kind that has no such thing."""
        refitter: Callable[..., Any] | None = resolve_name(self.refitter) if self.refitter else None
        return refitter


SEGMENTATION = ModelKind(
    name="segmentation",
    purpose="groups of users who behave alike, with names that stay from one retrain to the next",
    answer=Answer.SEGMENT,
    model_class="ml.segments.model:SegmentationModel",
    trainer="ml.segmentation:train_segmentation",
)
PURCHASE = ModelKind(
    name="purchase",
    purpose="the calibrated probability that a user buys within the horizon, and what that is worth",
    answer=Answer.PROBABILITY_AND_VALUE,
    model_class="ml.propensity.model:PropensityModel",
    trainer="ml.purchase:train_purchase",
    refitter="ml.purchase:refit_purchase",
    outcome=Outcome(label="has_purchased", recency="days_since_last_purchase", words="the chance of a purchase"),
)
CHURN = ModelKind(
    name="churn",
    purpose="the calibrated probability that an active user falls silent for the whole horizon",
    answer=Answer.PROBABILITY,
    model_class="ml.propensity.model:PropensityModel",
    trainer="ml.churn:train_churn",
    refitter="ml.churn:refit_churn",
    outcome=Outcome(
        label="is_churned", recency="days_since_last_activity", words="the risk of leaving", is_wanted=False
    ),
    population=Population.ACTIVE,
)
BUILT_IN = (SEGMENTATION, PURCHASE, CHURN)


def outcome_of(kind: ModelKind) -> Outcome:
    """What a kind foretells. Raises KindError where it foretells nothing."""
    if kind.outcome is None:
        raise KindError(f"The model {kind.name} foretells nothing; only one with an outcome can be used here.")
    return kind.outcome


@dataclass(frozen=True)
class Package:
    """The installed package that declares a kind: the name of its top-level module, and its distribution."""

    module: str
    distribution: Distribution


def model_kinds() -> tuple[ModelKind, ...]:
    """Every kind there is: those of this project, then those of other packages by name."""
    return (*BUILT_IN, *(kind for kind, _ in _added().values()))


def model_kind(name: str) -> ModelKind:
    """The kind of a name. Raises UnknownKind naming those there are."""
    # First without looking through all installed packages, which a service need never do.
    for kind in BUILT_IN:
        if kind.name == name:
            return kind
    if name not in _added():
        known = ", ".join(kind.name for kind in model_kinds())
        raise UnknownKind(f"There is no model called {name!r}; there are {known}.")
    return _added()[name][0]


def package_of(kind: ModelKind) -> Package | None:
    """The package that declares a kind; None for those of this project."""
    return None if kind in BUILT_IN else _added()[kind.name][1]


@cache
def _added() -> dict[str, tuple[ModelKind, Package]]:
    found: dict[str, tuple[ModelKind, Package]] = {}
    taken = {kind.name for kind in BUILT_IN}
    for point in sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda point: point.name):
        try:
            kind = point.load()
        except (ImportError, AttributeError) as error:
            raise KindError(f"The model {point.name} cannot be loaded from {point.value}: {error}.") from error
        if not isinstance(kind, ModelKind):
            raise KindError(f"{point.value} is no ModelKind; let the entry point {point.name} name the record.")
        if kind.name in taken:
            raise KindError(f"{point.value} declares the model {kind.name}, which there is already; rename it.")
        if point.dist is None:
            raise KindError(f"The package of {point.value} is not installed.")
        taken.add(kind.name)
        found[kind.name] = (kind, Package(point.module.partition(".")[0], point.dist))
    return found
