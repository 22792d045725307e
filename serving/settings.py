"""What a service reads from its environment, once, when it starts.

Belongs here: every knob of a running service, with its default. Does not belong here: what the platform decides
(ports, homes) or what is fixed by the HTTP contract (`schemas.py`).
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from core.secret_files import FileSettings
from core.storage import Storage

# A Bento carries the packages and, beside them, the model it was built with.
_BENTO_SOURCE = Path(__file__).resolve().parent.parent
BUILD_FILE = _BENTO_SOURCE / "build.json"

Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]


def _default_home() -> Path:
    return Path.home() / ".customer-analyzer"


def _default_ledger_folder() -> Path:
    return _default_home() / "ledger"


def _default_state_folder() -> Path:
    return _default_home() / "state"


class ServingSettings(FileSettings, BaseSettings):
    """Settings of one service process: `WAREHOUSE_URL`, and all others as in `SERVING_POOL_SIZE`, with a default."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_prefix="SERVING_", populate_by_name=True)

    warehouse_url: Annotated[
        SecretStr,
        Field(min_length=1, validation_alias="WAREHOUSE_URL", description="postgresql://user@host:port/database"),
    ]
    model_directory: Annotated[Path, Field(description="what is served until a deployment says otherwise")] = (
        _BENTO_SOURCE / "model"
    )
    build_file: Annotated[Path, Field(description="which version and digest that is")] = BUILD_FILE
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    pool_size: Annotated[int, Field(ge=1, le=64, description="connections to the warehouse")] = 4
    pool_waiting: Annotated[Count, Field(description="requests that may wait for one")] = 256
    pool_timeout_seconds: Annotated[Positive, Field(description="how long they may")] = 1.0
    statement_timeout_seconds: Annotated[Positive, Field(description="how long a request waits for the warehouse")] = (
        5.0
    )
    prepared_statements: Annotated[
        bool, Field(description="false behind a PgBouncer older than 1.21, which loses them in transaction mode")
    ] = True
    first_answer_hours: Annotated[Positive, Field(description="how long an Idempotency-Key gets its first answer")] = (
        24.0
    )
    first_answers_max_bytes: Annotated[Count, Field(description="first answers kept in all; the oldest go first")] = (
        1024 * 1024 * 1024
    )
    deployment_poll_seconds: Annotated[Positive, Field(description="how soon a deployment is seen")] = 0.5
    key_poll_seconds: Annotated[Positive, Field(description="how soon a key is known, or revoked")] = 2.0
    concurrent_requests: Annotated[Count, Field(description="answered at a time; beyond it callers get 429")] = 128
    ledger: Annotated[bool, Field(description="whether predictions are recorded in `ml.ledger`")] = True
    live_share: Annotated[
        float,
        Field(ge=0, le=1, description="of which share of live predictions the features are kept, to check them later"),
    ] = 0.02
    ledger_folder: Annotated[
        Path,
        Field(default_factory=_default_ledger_folder, description="where they wait for the warehouse; shared by all"),
    ]
    ledger_max_bytes: Annotated[Count, Field(description="how much may wait; newer predictions are then dropped")] = (
        256 * 1024 * 1024
    )
    state_folder: Annotated[
        Path,
        Field(default_factory=_default_state_folder, description="the last known keys and deployment; shared by all"),
    ]
    home: Annotated[
        Path,
        Field(
            default_factory=_default_home,
            validation_alias="CUSTOMER_ANALYZER_HOME",
            description="where models are whose address begins with home:",
        ),
    ]
    retry_after_seconds: Annotated[Count, Field(description="what callers are told while it is away")] = 2
    trace_endpoint: Annotated[
        str,
        Field(
            validation_alias=AliasChoices("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"),
            description="the collector of traces; empty: nothing is traced",
        ),
    ] = ""

    @property
    def storage(self) -> Storage:
        """What the addresses of models lead to; remote ones are copied once, and found again without their store."""
        return Storage(self.home, self.state_folder / "folders")
