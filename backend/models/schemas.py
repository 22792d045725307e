"""What versions of models and changes of champions look like."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field, computed_field

from backend.fields import NO_NUL, Strict
from backend.models.words import read
from backend.told import Told

Version = Annotated[int, Field(ge=1, le=2_147_483_647)]
Reason = Annotated[
    str,
    Field(
        min_length=3,
        max_length=500,
        pattern=NO_NUL,
        description="why, for whoever looks at it later",
        examples=["complaints about the list of the weekend"],
    ),
]


class ReliabilityBin(BaseModel):
    """Users of the out-of-time test with about the same probability, and what came true for them."""

    predicted: Annotated[float, Field(description="mean probability")]
    observed: Annotated[float, Field(description="share for whom it came true")]
    low: Annotated[float, Field(description="of the 95 % interval of `observed`")]
    high: float
    rows: int


class GainPoint(BaseModel):
    """What is found by taking the best-scored share of users of the out-of-time test first."""

    contender: Annotated[
        Literal["model", "recency", "rfm_logistic"], Field(description="the model, or a baseline on the same users")
    ]
    share_users: float
    share_positives: float
    lift: Annotated[float | None, Field(description="times as many as among all users; null: nobody was taken")]


class FeatureStrength(BaseModel):
    """How far a feature moves answers, on average over the users of the test, either way."""

    feature: str
    label: str
    value: Annotated[float, Field(description="mean absolute contribution, in log-odds")]


class BacktestFigure(BaseModel):
    """A figure at one past test cutoff, with its 95 % interval."""

    group: Annotated[str, Field(description="the day of the cutoff, or `pooled`: over all of them")]
    contender: str
    figure: Literal["auc", "brier", "calibration_error"]
    estimate: float
    low: float | None
    high: float | None
    rows: int


class VersionReport(BaseModel):
    """The tables that charts of a version are drawn from; a table that the version does not have is empty."""

    reliability: list[ReliabilityBin] = []
    gain: list[GainPoint] = []
    importance: Annotated[list[FeatureStrength], Field(description="the strongest first")] = []
    backtest: list[BacktestFigure] = []


class ModelVersion(BaseModel):
    """One version, and what was said of it."""

    version: int
    role: Annotated[
        Literal["champion", "challenger"] | None,
        Field(description="`challenger`: newer than the champion, the newest of those"),
    ]
    as_of: Annotated[date, Field(description="it was trained on what was known when this day began")]
    horizon_days: int | None
    test_cutoff: Annotated[date | None, Field(description="the day of its out-of-time test; null: it has none")]
    created_at: datetime
    verdict: Annotated[str | None, Field(description="why it was promoted or not; null: nobody has judged it yet")]
    is_refused: Annotated[bool, Field(description="the gate did not let it through")]
    metrics: Annotated[dict[str, float | None], Field(description="of its out-of-time test")]
    checks: Annotated[
        dict[str, float | None],
        Field(description="what the gate compared: challenger and champion on the same newest matured users"),
    ]
    mlflow_url: Annotated[str | None, Field(description="its run in MLflow's pages; null: they have no address")]

    @computed_field  # type: ignore[prop-decorator]
    @property
    def verdict_told(self) -> list[Told]:
        """The verdict by codes."""
        return read(self.verdict)


class ModelChange(BaseModel):
    """A promotion or rollback that somebody asked for. Ask again until `state` is none of `waiting`, `running`."""

    change_id: UUID
    kind: Literal["promote", "rollback"]
    model: str
    from_version: Annotated[int | None, Field(description="the champion before; null: there was none")]
    to_version: int
    reason: str
    asked_by: str
    asked_at: datetime
    state: Annotated[
        Literal["waiting", "running", "done", "refused", "failed"],
        Field(description="`refused`: nothing has changed; `failed`: `error` says what has not been done"),
    ]
    finished_at: datetime | None
    error: str | None

    @computed_field  # type: ignore[prop-decorator]
    @property
    def error_told(self) -> list[Told]:
        """The error by codes."""
        return read(self.error)


class PromisedFigure(BaseModel):
    """A figure of the first ten items, foretold by the test of the version, and as it came."""

    foretold: Annotated[float | None, Field(description="null: its test has no such figure")]
    came: float
    low: Annotated[float, Field(description="of the 95 % interval of `came`")]
    high: float
    baselines: Annotated[dict[str, float], Field(description="`most_popular` and `own_repeats`, on the same users")]


class Promise(BaseModel):
    """What the recommender had ranked when a horizon began, beside what was bought until it was over."""

    cutoff: Annotated[date, Field(description="the horizon began on this day")]
    horizon_days: int
    model_version: int
    users: Annotated[int, Field(description="who bought within the horizon")]
    figures: Annotated[dict[str, PromisedFigure], Field(description="`recall` and `ndcg`")]
    is_early: Annotated[bool, Field(description="too few of them to say anything")]
    is_kept: Annotated[bool, Field(description="false: a figure is surely below what was foretold")]


class RecommenderUse(BaseModel):
    """What answers `GET /users/{user_id}/recommendations`."""

    model_version: Annotated[int | None, Field(description="null: none may be used, and counts answer")]
    as_of: Annotated[date | None, Field(description="the day of its tables of items")]
    verdict: Annotated[str | None, Field(description="why; null: no run has judged one yet")]
    promises: Annotated[list[Promise], Field(description="the newest first")]


class ModelVersions(BaseModel):
    """A model: its champion beside its challenger, and all newest versions."""

    model: str
    champion_version: Annotated[int | None, Field(description="null: nothing was promoted yet")]
    rollback_version: Annotated[int | None, Field(description="the champion before this one; null: there was none")]
    versions: Annotated[list[ModelVersion], Field(description="the newest first, and the champion")]
    reports: Annotated[dict[int, VersionReport], Field(description="of champion and challenger, by version")]
    drift_report_url: Annotated[
        str | None, Field(description="the newest Evidently report in MLflow's pages; null: there is none")
    ]
    change: Annotated[ModelChange | None, Field(description="what was asked for last; null: never")]
    use: Annotated[RecommenderUse | None, Field(description="of the recommender; null: any other model")] = None


class ModelsAnswer(BaseModel):
    """`GET /models`."""

    models: list[ModelVersions]
    dagster_url: Annotated[str | None, Field(description="Dagster's pages; null: they have no address")]


class NewPromotion(Strict):
    """Which version is to be champion, and why."""

    version: Version
    champion_version: Annotated[
        Version | None, Field(description="the champion that you saw; another one by now is 409; null: there was none")
    ]
    reason: Reason
    overrules_gate: Annotated[bool, Field(description="promote it though the gate refused it")] = False


class NewRollback(Strict):
    """Why the champion before is to be champion again."""

    champion_version: Annotated[Version, Field(description="the champion that you saw; another one by now is 409")]
    reason: Reason
