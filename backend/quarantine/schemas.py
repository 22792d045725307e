"""What rows that are held back look like, and how they are repaired."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from backend.fields import NO_NUL, Strict
from backend.imports.schemas import EventColumn, Text, Words
from backend.users.schemas import NextCursor

FilledColumn = Literal[
    "event_id", "user_id", "event_type", "occurred_at", "order_id", "item_id", "amount", "currency", "quantity"
]
ImportId = Annotated[int, Field(ge=1, le=2**62, description="of one import, as in `import_ids` of an upload")]
Reason = Annotated[str, Field(min_length=1, max_length=4000, pattern=NO_NUL, description="word by word")]
Currency = Annotated[str, Field(min_length=1, max_length=40, pattern=NO_NUL)]


class QuarantineQuery(BaseModel):
    """Which rows."""

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[Reason | None, Field(description="held for this reason, word by word")] = None
    waits_for: Annotated[Currency | None, Field(description="that wait for a rate of this currency")] = None
    import_id: ImportId | None = None
    cursor: Annotated[str | None, Field(max_length=2000, description="`next_cursor` of the page before")] = None
    limit: Annotated[int, Field(ge=1, le=100, description="how many")] = 50


class HeldReason(BaseModel):
    """Rows that are held back for one reason."""

    reason: Annotated[str, Field(description="of rows that wait for a rate, one of their reasons: each names its day")]
    waits_for: Annotated[str | None, Field(description="the currency for whose rate they wait; null: they are wrong")]
    rows: int
    first_at: datetime
    last_at: datetime


class HeldReasons(BaseModel):
    """Why rows are held back, the most frequent first, a hundred at most."""

    rows: Annotated[int, Field(description="of all reasons")]
    reasons: list[HeldReason]


class HeldRow(BaseModel):
    """A row that is held back, or was until it was repaired."""

    quarantine_id: UUID
    import_id: int | None
    file_name: Annotated[str | None, Field(description="null: the event came in no file")]
    row_number: Annotated[int, Field(description="in the file or the request; the first is 1")]
    reason: str
    waits_for: str | None
    quarantined_at: datetime
    row: Annotated[Any, Field(description="whole, as it came")]
    event: Annotated[dict[str, str | None], Field(description="what it says in each column of an event, as text")]
    repaired_at: datetime | None
    repaired_by: str | None
    repair: Annotated[dict[str, Any] | None, Field(description="what was changed")]
    event_id: Annotated[UUID | None, Field(description="the event that it became")]


class HeldRows(BaseModel):
    """A page of rows."""

    rows: list[HeldRow]
    next_cursor: NextCursor


class RepairedRows(BaseModel):
    """The newest hundred rows that were repaired."""

    rows: list[HeldRow]


class RowChange(Strict):
    """What is changed before rows are tried again; nothing: they are tried as they are."""

    fields: dict[FilledColumn, Annotated[str, Field(max_length=512, pattern=NO_NUL)]] = Field(
        default_factory=dict, description="values of columns of events, the same for all rows; empty: none"
    )
    columns: dict[EventColumn, Text] = Field(default_factory=dict, description="as in the reading of a file")
    values: dict[EventColumn, Words] = Field(default_factory=dict, description="as in the reading of a file")


class RepairRequest(Strict):
    """Which rows are tried again, and what is changed in them: one row, or all of a reason, a currency or an import."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "reason": "event_type is missing",
                    "change": {"fields": {"event_type": "purchase"}, "columns": {}, "values": {}},
                }
            ]
        }
    )

    quarantine_id: Annotated[UUID | None, Field(description="this row, and those that equal it")] = None
    reason: Reason | None = None
    waits_for: Currency | None = None
    import_id: ImportId | None = None
    change: RowChange

    @model_validator(mode="after")
    def _chooses(self) -> "RepairRequest":
        if self.quarantine_id is None and self.reason is None and self.waits_for is None and self.import_id is None:
            raise ValueError("names neither a row, nor a reason, a currency or an import")
        return self
