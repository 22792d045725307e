"""What a sender reads from its environment, once, when it starts."""

from typing import Annotated, Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from core.secret_files import FileSettings
from warehouse.send_slots import A_SECOND

TELEGRAM_API_URL = "https://api.telegram.org"

Positive = Annotated[float, Field(gt=0)]


class SenderSettings(FileSettings, BaseSettings):
    """`WAREHOUSE_URL`, `TELEGRAM_BOT_TOKEN` and `TELEGRAM_API_URL`; all others as in `SENDER_LANES`."""

    model_config = SettingsConfigDict(
        frozen=True, extra="ignore", env_prefix="SENDER_", populate_by_name=True, hide_input_in_errors=True
    )

    warehouse_url: Annotated[SecretStr, Field(validation_alias="WAREHOUSE_URL", description="with the backend's login")]
    telegram_bot_token: Annotated[
        SecretStr, Field(min_length=1, validation_alias="TELEGRAM_BOT_TOKEN", description="the bot's token")
    ]
    telegram_api_url: Annotated[
        str, Field(validation_alias="TELEGRAM_API_URL", description="Telegram's Bot API, or a double of it")
    ] = TELEGRAM_API_URL
    lanes: Annotated[
        int,
        Field(ge=1, le=32, description="messages in flight; as many may be left unknown where the process is killed"),
    ] = 1
    messages_a_second: Annotated[Positive, Field(description="what Telegram allows the bot")] = A_SECOND
    idle_seconds: Annotated[Positive, Field(description="how long to wait where nothing is due")] = 0.5
    retry_seconds: Annotated[Positive, Field(description="before a second attempt; then twice as long each time")] = 2.0
    lost_seconds: Annotated[
        float, Field(ge=30, description="a message in flight for so long is unknown; more than a call may take")
    ] = 60.0
    log_level: Literal["debug", "info", "warning", "error"] = "info"
