"""What uploading and importing takes and answers."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, computed_field

from backend.fields import NO_NUL, Strict, TimeZone
from backend.told import Told, Vocabulary
from data_contracts.numbers import DecimalSign
from data_contracts.times import DateOrder
from ingestion.profile import Profile
from ingestion.words import SENTENCES

_VOCABULARY = Vocabulary({"import": SENTENCES})

EventColumn = Literal[
    "event_id",
    "user_id",
    "event_type",
    "occurred_at",
    "received_at",
    "order_id",
    "item_id",
    "amount",
    "currency",
    "quantity",
    "source",
    "properties",
]
Text = Annotated[str, Field(min_length=1, max_length=300, pattern=NO_NUL)]
Words = Annotated[dict[Annotated[str, Field(max_length=300, pattern=NO_NUL)], Text], Field(max_length=200)]


def _known_encoding(name: str | None) -> str | None:
    try:
        if name is not None:
            "".encode(name)
    except (LookupError, ValueError):
        raise ValueError("is not an encoding, such as `windows-1251`") from None
    return name


class FileReading(Strict):
    """How a file is read: what it does not say about itself."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "columns": {"user_id": "visitor", "event_type": "action", "occurred_at": "date+time"},
                    "values": {"event_type": {"bought": "purchase"}},
                    "time_zone": "Europe/Moscow",
                }
            ]
        }
    )

    columns: dict[EventColumn, Text] = Field(
        default_factory=dict,
        description="for a column of events: a column of the file, a way into its JSON (`payload.id`), columns that"
        " are joined (`date+time`), a constant (`'purchase'`), or `-` to leave it out",
    )
    values: dict[EventColumn, Words] = Field(
        default_factory=dict, description="for a column of events: the file's words, and ours for them"
    )
    time_zone: Annotated[TimeZone, Field(description="of times that name none")] = "UTC"
    date_order: Annotated[Literal["day-first", "month-first"] | None, Field(description="how 03/04/2025 is read")] = (
        None
    )
    decimal: Annotated[Literal[".", ","] | None, Field(description="the decimal sign; null: found out")] = None
    minor_units: Annotated[bool, Field(description="amounts are cents, or the smallest unit of their currency")] = False
    encoding: Annotated[
        Text | None,
        AfterValidator(_known_encoding),
        Field(description="of text, such as `windows-1251`; null: UTF-8, or what its first bytes say"),
    ] = None
    records: Annotated[Text | None, Field(description="where the array of events is inside of one JSON object")] = None
    key: list[EventColumn] = Field(default_factory=list, max_length=12, description="what tells one row from another")
    lower_emails: Annotated[bool, Field(description="capitals in user ids that are e-mail addresses mean nothing")] = (
        False
    )
    sender: Annotated[
        str,
        Field(
            pattern=r"^[a-z0-9_-]{1,64}$",
            description="keeps ids of one sender apart from equal ones of another; the name of a profile, such as"
            " `shopify`",
        ),
    ] = "import"

    def profile(self) -> Profile:
        """The same for an import."""
        return Profile(
            columns={str(column): source for column, source in self.columns.items()},
            values={column: dict(words) for column, words in self.values.items()},
            time_zone=self.time_zone,
            date_order=None if self.date_order is None else DateOrder(self.date_order),
            decimal=None if self.decimal is None else DecimalSign(self.decimal),
            is_minor=self.minor_units,
            encoding=self.encoding,
            records=self.records,
            is_lower_emails=self.lower_emails,
            key=tuple(self.key),
            name=self.sender,
        )


def reading_of(profile: Profile) -> FileReading:
    """A profile as it is shown."""
    shown: dict[str, Any] = {
        "columns": dict(profile.columns),
        "values": {column: dict(words) for column, words in profile.values.items()},
        "time_zone": profile.time_zone,
        "date_order": profile.date_order and str(profile.date_order),
        "decimal": profile.decimal and str(profile.decimal),
        "minor_units": profile.is_minor,
        "encoding": profile.encoding,
        "records": profile.records,
        "key": list(profile.key),
        "lower_emails": profile.is_lower_emails,
        "sender": profile.name,
    }
    return FileReading.model_validate(shown)


class PreviewRequest(Strict):
    """How the file is to be read for once; nothing: as is proposed, or by the profile of a program."""

    reading: FileReading | None = None
    like: Annotated[
        Literal["shopify", "woocommerce", "stripe", "ga4", "segment", "amplitude", "mixpanel", "telegram"] | None,
        Field(description="what wrote the file, instead of `reading`"),
    ] = None


class FileColumn(BaseModel):
    """A column of a file, or a name in its documents."""

    name: str
    samples: Annotated[list[str], Field(description="some of its first values")]


class RefusedRow(BaseModel):
    """A row that would be refused."""

    row_number: Annotated[int, Field(description="in the file; the first is 1")]
    reason: str
    row: Annotated[str, Field(description="whole, as JSON")]


class ReasonCount(BaseModel):
    """How many rows a reason holds back."""

    reason: str
    rows: int


class ImportPreview(BaseModel):
    """What the first rows of a file become."""

    reading: Annotated[FileReading, Field(description="how they were read; the proposal where none was given")]
    columns: list[FileColumn]
    rows: Annotated[int, Field(description="how many were looked at, a thousand at most")]
    events: Annotated[list[dict[str, str | None]], Field(description="the first twenty, as they would be stored")]
    refused: Annotated[list[RefusedRow], Field(description="the first twenty that would not")]
    reasons: Annotated[list[ReasonCount], Field(description="why rows would be refused, the most frequent first")]
    notes: list[str]
    problem: Annotated[str | None, Field(description="why no row can be read so; null: they can")]

    @computed_field  # type: ignore[prop-decorator]
    @property
    def notes_told(self) -> list[Told]:
        """The notes by codes."""
        return [part for each in self.notes for part in _VOCABULARY.read(each)]

    @computed_field  # type: ignore[prop-decorator]
    @property
    def problem_told(self) -> list[Told]:
        """The problem by codes."""
        return [] if self.problem is None else _VOCABULARY.read(self.problem)


class ImportRequest(Strict):
    """How a file is read."""

    reading: FileReading
    even_if_known: Annotated[bool, Field(description="also where its events seem to be stored under other ids")] = False


class ImportCounts(BaseModel):
    """What became of a file's rows, or would: read = stored + known + quarantined + erased."""

    read: int
    stored: int
    known: Annotated[int, Field(description="stored before, or twice in the file")]
    quarantined: int
    conflicting: Annotated[int, Field(description="of those: their id belongs to another event")]
    waiting: Annotated[int, Field(description="of those: no rate is known for their currency and day")]
    erased: Annotated[int, Field(description="of users who were erased; kept nowhere")]
    reasons: Annotated[list[ReasonCount], Field(description="the most frequent first, at most twenty")]
    notes: list[str]

    @computed_field  # type: ignore[prop-decorator]
    @property
    def notes_told(self) -> list[Told]:
        """The notes by codes."""
        return [part for each in self.notes for part in _VOCABULARY.read(each)]


class RepairCounts(BaseModel):
    """What became of rows that were tried again: tried = stored + known + waiting + held + erased."""

    tried: int
    stored: int
    known: Annotated[int, Field(description="the event is stored already")]
    waiting: Annotated[int, Field(description="they wait for a rate now")]
    held: Annotated[int, Field(description="they still break the contract")]
    erased: int
    left: Annotated[int, Field(description="rows that were not tried, as 20,000 are tried at a time; ask again")]
    reasons: Annotated[list[ReasonCount], Field(description="why rows are still held")]


class DataJob(BaseModel):
    """A rehearsal, an import or a repair. Ask again until `state` is `done` or `failed`."""

    job_id: UUID
    kind: Annotated[
        Literal["rehearsal", "import", "repair"], Field(description="a rehearsal counts, and stores nothing")
    ]
    upload_id: UUID | None
    state: Literal["waiting", "running", "done", "failed"]
    asked_by: Annotated[str, Field(description="the name of the account or key")]
    asked_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    fraction: Annotated[float | None, Field(description="how much of the file is done, 0 to 1; null: not known")]
    counts: Annotated[ImportCounts | None, Field(description="of a rehearsal or an import, so far")]
    repaired: Annotated[RepairCounts | None, Field(description="of a repair that is done")]
    error: Annotated[str | None, Field(description="why it failed, or why it is tried again")]

    @computed_field  # type: ignore[prop-decorator]
    @property
    def error_told(self) -> list[Told]:
        """The error by codes."""
        return [] if self.error is None else _VOCABULARY.read(self.error)


class Upload(BaseModel):
    """A file that was uploaded."""

    upload_id: UUID
    file_name: str
    bytes: int
    uploaded_by: str
    uploaded_at: datetime
    is_kept: Annotated[bool, Field(description="false: it was imported, deleted, or is older than a week")]
    jobs: Annotated[list[DataJob], Field(description="what was done with it, newest first")]
    import_ids: Annotated[
        list[int], Field(description="its imports, newest first; `GET /quarantine?import_id=` has rows held back")
    ]


class Uploads(BaseModel):
    """The newest fifty files."""

    uploads: list[Upload]
