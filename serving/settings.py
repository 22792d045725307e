"""What a service reads from its environment, once, when it starts.

Belongs here: every knob of a running service, with its default. Does not belong here: what the platform decides
(ports, homes) or what is fixed by the HTTP contract (`schemas.py`).
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

# A Bento carries the packages and, beside them, the model it was built with.
_BENTO_SOURCE = Path(__file__).resolve().parent.parent


class ServingSettings(BaseSettings):
    """Settings of one service process; only `WAREHOUSE_URL` has no default."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    warehouse_url: Annotated[SecretStr, Field(min_length=1, description="postgresql://user@host:port/database")]
    model_directory: Annotated[Path, Field(validation_alias="SERVING_MODEL_DIRECTORY")] = _BENTO_SOURCE / "model"
    build_file: Annotated[Path, Field(validation_alias="SERVING_BUILD_FILE")] = _BENTO_SOURCE / "build.json"
    log_level: Annotated[Literal["debug", "info", "warning", "error"], Field(validation_alias="SERVING_LOG_LEVEL")] = (
        "info"
    )
    pool_size: Annotated[int, Field(validation_alias="SERVING_POOL_SIZE", ge=1, le=64)] = 4
    pool_waiting: Annotated[int, Field(validation_alias="SERVING_POOL_WAITING", ge=1)] = 256
    pool_timeout_seconds: Annotated[float, Field(validation_alias="SERVING_POOL_TIMEOUT", gt=0)] = 1.0
    statement_timeout_seconds: Annotated[float, Field(validation_alias="SERVING_STATEMENT_TIMEOUT", gt=0)] = 5.0
    deployment_poll_seconds: Annotated[float, Field(validation_alias="SERVING_POLL_SECONDS", gt=0)] = 1.0
    retry_after_seconds: Annotated[int, Field(validation_alias="SERVING_RETRY_AFTER", ge=1)] = 2
