"""What the double reads from its environment."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from telegram_double.limits import Rates

Count = Annotated[int, Field(ge=0)]


class DoubleSettings(BaseSettings):
    """`TELEGRAM_BOT_TOKEN`, and all others as in `TELEGRAM_DOUBLE_PER_SECOND`. A rate of 0 is no limit."""

    model_config = SettingsConfigDict(
        frozen=True, extra="ignore", env_prefix="TELEGRAM_DOUBLE_", hide_input_in_errors=True
    )

    token: Annotated[
        SecretStr,
        Field(validation_alias="TELEGRAM_BOT_TOKEN", description="the only token that is taken, as in 123:abc"),
    ]
    per_second: Annotated[Count, Field(description="messages overall")] = Rates.per_second
    per_chat_second: Annotated[Count, Field(description="messages to one chat")] = Rates.per_chat_second
    per_group_minute: Annotated[Count, Field(description="messages to one group")] = Rates.per_group_minute
    users_file: Annotated[Path | None, Field(description="keeps the users over a restart")] = None

    client_secret: Annotated[
        SecretStr | None, Field(min_length=8, description="with it the double has Telegram's sign-in pages too")
    ] = None

    @property
    def rates(self) -> Rates:
        """The limits."""
        return Rates(self.per_second, self.per_chat_second, self.per_group_minute)
