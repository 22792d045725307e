"""What the bot reads from its environment, once, when it starts."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from core.secret_files import FileSettings

Positive = Annotated[float, Field(gt=0)]


class BotSettings(FileSettings, BaseSettings):
    """`TELEGRAM_BOT_TOKEN`, and all others as in `BOT_API_URL`."""

    model_config = SettingsConfigDict(
        frozen=True, extra="ignore", env_prefix="BOT_", populate_by_name=True, hide_input_in_errors=True
    )

    token: Annotated[
        SecretStr, Field(min_length=1, validation_alias="TELEGRAM_BOT_TOKEN", description="the bot's token")
    ]
    telegram_url: Annotated[
        str, Field(validation_alias="TELEGRAM_API_URL", description="Telegram's Bot API, or a double of it")
    ] = "https://api.telegram.org"
    api_url: Annotated[str, Field(description="the backend API")]
    api_key_file: Annotated[Path, Field(description="the file with the key for the API")]
    updates: Annotated[
        Literal["polling", "webhook"],
        Field(description="polling: the bot fetches updates; webhook: Telegram posts them to the API"),
    ] = "polling"
    api_timeout_seconds: Annotated[Positive, Field(description="how long the API may take to answer")] = 5.0
    concurrent_updates: Annotated[int, Field(ge=1, le=1000, description="updates answered at a time")] = 32
    trace_endpoint: Annotated[
        str,
        Field(
            validation_alias=AliasChoices("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"),
            description="the collector of traces; empty: nothing is traced",
        ),
    ] = ""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
