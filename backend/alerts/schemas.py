"""What Alertmanager posts (version 4 of its webhook), as far as it is read; and what people are shown."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from backend.fields import Moment


class PostedAlert(BaseModel):
    """One alert that fires, or that is over."""

    model_config = ConfigDict(extra="ignore", populate_by_name=True)

    status: Literal["firing", "resolved"]
    labels: Annotated[dict[str, str], Field(description="`alertname`, `severity`, and what the alert is about")]
    annotations: Annotated[dict[str, str], Field(description="`summary` and `runbook`")] = {}
    starts_at: Annotated[Moment, Field(alias="startsAt", description="since when it fires")]
    ends_at: Annotated[Moment, Field(alias="endsAt", description="when it ended; read of a resolved one only")]
    fingerprint: Annotated[
        str,
        Field(max_length=64, pattern="^[0-9a-f]+$", description="the same for the same labels", examples=["1f9a6c"]),
    ]


class AlertGroup(BaseModel):
    """What Alertmanager sends at once."""

    model_config = ConfigDict(extra="ignore")

    version: Literal["4"]
    alerts: Annotated[list[PostedAlert], Field(max_length=1000)]


class AlertsRecorded(BaseModel):
    """What became of them."""

    changed: Annotated[int, Field(description="alerts that are new or have ended; the same is posted again and again")]


class ShownAlert(BaseModel):
    """One time that an alert fired."""

    name: Annotated[str, Field(description="such as `ServiceDown`; docs/runbooks has a page of this name")]
    severity: Annotated[str, Field(description="`page`: now; `ticket`: on the next working day")]
    summary: str
    runbook: Annotated[str, Field(description="the page that says what to do")]
    began_at: Annotated[datetime, Field(description="since when it fires, or did")]
    ended_at: Annotated[datetime | None, Field(description="null while it fires")]


class AlertList(BaseModel):
    """Alerts that fire, then those that are over, newest first."""

    alerts: list[ShownAlert]


class AlertQuery(BaseModel):
    """How many alerts."""

    model_config = ConfigDict(extra="forbid")

    limit: Annotated[int, Field(ge=1, le=500)] = 50
