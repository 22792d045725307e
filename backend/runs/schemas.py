"""What runs look like."""

from datetime import date, datetime
from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field, model_validator

from backend.fields import Strict

MOST_DAYS = 400


class Run(BaseModel):
    """One run of the pipeline."""

    run_id: str
    job: Annotated[
        str, Field(description="`refresh`, `retrain`, `quick_retrain`, `backfill`, ...", examples=["refresh"])
    ]
    state: Literal["queued", "running", "done", "failed", "canceled"]
    first_day: Annotated[str | None, Field(description="the day it is about, or the first of a range; null: none")]
    last_day: str | None
    asked_at: datetime
    started_at: Annotated[datetime | None, Field(description="null: it waits; runs go one after the other")]
    ended_at: datetime | None
    duration_seconds: Annotated[float | None, Field(description="until now, where it has not ended")]
    can_cancel: bool
    dagster_url: Annotated[str | None, Field(description="the run in Dagster's pages; null: they have no address")]


class Runs(BaseModel):
    """`GET /runs`."""

    runs: Annotated[list[Run], Field(description="the newest first")]
    dagster_url: Annotated[str | None, Field(description="Dagster's pages; null: they have no address")]


class NewRun(Strict):
    """Which job to start, and for which days."""

    job: Annotated[
        Literal["refresh", "retrain", "quick_retrain", "backfill"],
        Field(
            description="`refresh`: marts, scores, drift; `retrain`: the same with training, gate, backtests and"
            " deployment; `quick_retrain`: without backtests; `backfill`: features and labels of a range of days"
        ),
    ]
    first_day: Annotated[date, Field(description="everything known when this day begins", examples=["2025-03-01"])]
    last_day: Annotated[
        date | None, Field(description=f"of a backfill, at most {MOST_DAYS} days; default: `first_day`")
    ] = None

    @model_validator(mode="after")
    def _is_a_range(self) -> Self:
        last = self.last_day or self.first_day
        if last < self.first_day:
            raise ValueError("last_day must not be before first_day")
        if self.job != "backfill" and last != self.first_day:
            raise ValueError("only a backfill takes more than one day")
        if (last - self.first_day).days >= MOST_DAYS:
            raise ValueError(f"a backfill takes at most {MOST_DAYS} days")
        return self
