"""What `GET /model` says about the model in use.

Belongs here: the records of that answer. Does not: predictions and explanations (`schemas`).
"""

import datetime
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from serving.schemas import WarningText


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureInfo:
    """A feature the model reads."""

    name: str
    label: str
    unit: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """The newest deployment, if the service would not take it."""

    deployment_id: int
    model_version: int
    code: Annotated[str, Field(description="why, in one word; the service's log has the sentence")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelInfo:
    """What `GET /model` says about the model in use."""

    model: str
    model_version: int
    digest: Annotated[str, Field(description="SHA-256 of the model directory's manifest")]
    deployment_id: Annotated[int | None, Field(description="null: the model the Bento was built with")]
    horizon_days: int | None
    loaded_at: datetime.datetime
    features: list[FeatureInfo]
    metrics: Annotated[dict[str, float | None], Field(description="out-of-time evaluation; null: undefined")]
    cutoffs: Annotated[dict[str, Any], Field(description="the days the model was trained and judged on")]
    refused: Refusal | None
    warning: WarningText = None
