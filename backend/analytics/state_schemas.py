"""What reports on models and data look like."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field, computed_field

from backend.imports.schemas import Uploads
from backend.models.words import read
from backend.quarantine.schemas import HeldReasons
from backend.told import Told


class Deployment(BaseModel):
    """The version that a model's service is told to run."""

    model_version: int
    digest: Annotated[str, Field(description="SHA-256 of the model directory's manifest")]
    deployed_at: datetime
    deployed_by: str


class ChampionChange(BaseModel):
    """A champion that another version replaced, and why the gate let it."""

    promoted_at: datetime
    kind: Literal["promote", "rollback"]
    from_version: Annotated[int | None, Field(description="null: the first champion")]
    to_version: int
    reason: str

    @computed_field  # type: ignore[prop-decorator]
    @property
    def reason_told(self) -> list[Told]:
        """The reason by codes."""
        return read(self.reason)

    promoted_by: str


class ScorecardWeek(BaseModel):
    """How what was said in one week compares with what happened."""

    as_of_week: Annotated[date, Field(description="the Monday of the week, UTC")]
    kind: Annotated[Literal["score", "prediction"], Field(description="`score`: in batch; `prediction`: on request")]
    is_live: Annotated[bool, Field(description="said before its window; false: in hindsight, which judges no model")]
    model_version: int
    horizon_days: int
    users: int
    observed_rate: Annotated[float, Field(description="share of users for whom it came true")]
    predicted_rate: Annotated[float, Field(description="mean of the probabilities")]
    observed_amount: Annotated[float | None, Field(description="what these users spent, base currency; null: as below")]
    predicted_amount: Annotated[
        float | None, Field(description="what was foretold of it; null: of a prediction, or no money was foretold")
    ]
    auc: Annotated[float | None, Field(description="null: it came true for all or nobody")]
    brier: float
    calibration_error: Annotated[float, Field(description="mean gap between predicted and observed")]
    lift_at_10: float | None


class DriftDay(BaseModel):
    """What one look for drift found."""

    as_of: date
    model_version: int
    is_drifted: bool
    is_confirmed: Annotated[bool, Field(description="every look of at least a week saw it")]
    share_drifted: Annotated[float, Field(description="share of features whose distribution has changed")]
    alarms: list[str]
    reason: str

    @computed_field  # type: ignore[prop-decorator]
    @property
    def reason_told(self) -> list[Told]:
        """The reason by codes."""
        return read(self.reason)


class ModelReport(BaseModel):
    """One model: what runs, how it came to run, and how good it is."""

    model: str
    deployment: Annotated[Deployment | None, Field(description="null: nothing was deployed yet")]
    changes: Annotated[list[ChampionChange], Field(description="the newest first")]
    scorecard: Annotated[list[ScorecardWeek], Field(description="weeks that have matured, the newest first")]
    drift: Annotated[list[DriftDay], Field(description="the newest first")]


class ModelsReport(BaseModel):
    """`GET /analytics/models`."""

    models: list[ModelReport]


class Import(BaseModel):
    """A file that events were imported from."""

    file_name: str
    started_at: datetime
    finished_at: Annotated[datetime | None, Field(description="null: it is going on, or was cut off")]
    rows_read: int
    rows_stored: int
    rows_known: int
    rows_quarantined: int


class QuarantineReason(BaseModel):
    """Rows that are held back for one reason."""

    reason: str
    waits_for: Annotated[str | None, Field(description="the currency for whose rate they wait; null: they are wrong")]
    rows: int
    first_at: datetime
    last_at: datetime


class ScoredDay(BaseModel):
    """The newest day that a model has scored."""

    model: str
    as_of: Annotated[date | None, Field(description="null: never")]


class SourceFreshness(BaseModel):
    """How new the events of one source are."""

    source: str
    last_occurred_at: datetime
    last_received_at: datetime
    events: Annotated[int, Field(description="in the last 30 days that have any event")]


class MartFreshness(BaseModel):
    """How new a table is that runs build."""

    mart: str
    as_of: Annotated[date | None, Field(description="its newest day; null: it is not built, or empty")]


class ContractCheckResult(BaseModel):
    """A check of the events that were new, which every run begins with."""

    checked_at: datetime
    is_passed: Annotated[bool, Field(description="false: nothing was built, and what was there stayed")]
    rows_checked: int
    sentence: str
    warnings: list[str]


class Freshness(BaseModel):
    """How new what is known is."""

    events_read_at: Annotated[datetime | None, Field(description="when a run last read new events; null: never")]
    contract_passed_at: Annotated[
        datetime | None, Field(description="when new events last passed all checks of the contract; null: never")
    ]
    last_event_day: Annotated[date | None, Field(description="newest day with an event that a run has read, UTC")]
    features_as_of: Annotated[date | None, Field(description="day of the newest features")]
    scores: list[ScoredDay]
    sources: Annotated[list[SourceFreshness], Field(description="by name; of the last 30 days with any event")]
    marts: list[MartFreshness]


class DataHealth(BaseModel):
    """`GET /analytics/data-health`."""

    freshness: Freshness
    checks: Annotated[list[ContractCheckResult], Field(description="the newest first")]
    imports: Annotated[list[Import], Field(description="the newest first")]
    quarantine: Annotated[list[QuarantineReason], Field(description="the most frequent first")]
    archived_months: list[str]
    held: Annotated[HeldReasons | None, Field(description="as `GET /quarantine/reasons`")] = None
    uploads: Annotated[Uploads | None, Field(description="as `GET /imports`")] = None
