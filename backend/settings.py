"""What the API reads from its environment, once, when it starts.

Belongs here: every setting of a running API process, with its default.
"""

from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from backend.sending.settings import TELEGRAM_API_URL
from core.home import Home
from core.secret_files import FileSettings
from core.settings import read_settings

Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]


class BackendSettings(FileSettings, BaseSettings):
    """Settings of one API process: `WAREHOUSE_URL`, and all others as in `BACKEND_POOL_SIZE`, with a default."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_prefix="BACKEND_", populate_by_name=True)

    warehouse_url: Annotated[
        SecretStr,
        Field(min_length=1, validation_alias="WAREHOUSE_URL", description="postgresql://user@host:port/database"),
    ]
    services: Annotated[
        dict[str, str], Field(description='address of the service of each model, as in {"churn": "http://..."}')
    ] = {}
    dagster_url: Annotated[str, Field(description="where Dagster's webserver answers; empty: runs cannot be seen")] = ""
    dagster_pages: Annotated[str, Field(description="where people open Dagster; empty: no links to it")] = ""
    mlflow_pages: Annotated[str, Field(description="where people open MLflow; empty: no links to it")] = ""
    service_key_file: Annotated[Path | None, Field(description="the file with the key that the services ask for")] = (
        None
    )
    service_timeout_seconds: Annotated[Positive, Field(description="how long a service may take to answer")] = 3.0
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    pool_size: Annotated[int, Field(ge=1, le=64, description="connections to the warehouse")] = 8
    pool_waiting: Annotated[Count, Field(description="requests that may wait for one")] = 256
    pool_timeout_seconds: Annotated[Positive, Field(description="how long they may")] = 2.0
    statement_timeout_seconds: Annotated[Positive, Field(description="how long one statement may take")] = 10.0
    report_timeout_seconds: Annotated[Positive, Field(description="how long a statement of a report may take")] = 60.0
    prepared_statements: Annotated[
        bool, Field(description="false behind a PgBouncer older than 1.21, which loses them in transaction mode")
    ] = True
    replica_url: Annotated[
        SecretStr | None, Field(description="a streaming replica of the warehouse, which reports and lists read")
    ] = None
    replica_lag_seconds: Annotated[
        Positive, Field(description="how long a report waits for the replica before it reads the warehouse itself")
    ] = 0.5
    key_seconds: Annotated[Positive, Field(description="how long a key or session that was looked up is known")] = 2.0
    proof_minutes: Annotated[
        Count, Field(description="how long a password or Telegram's word is proof enough for dangerous acts")
    ] = 10
    concurrent_requests: Annotated[Count, Field(description="answered at a time; beyond it callers get 429")] = 256
    limit_of_key: Annotated[str, Field(description="requests of one API key, as in 5000/second")] = "300000/minute"
    limit_of_account: Annotated[str, Field(description="requests of one account")] = "3000/minute"
    limit_of_address: Annotated[str, Field(description="requests from one address")] = "300000/minute"
    redis_url: Annotated[
        SecretStr | None,
        Field(
            validation_alias="REDIS_URL", description="redis://host:port/0; without it caches and limits are in process"
        ),
    ] = None
    trusted_proxies: Annotated[
        list[IPv4Network | IPv6Network],
        Field(description='whose X-Forwarded-For and -Proto are believed, as in ["10.0.0.0/8"]'),
    ] = []
    operations_url: Annotated[
        str, Field(description="where the gateway shows MLflow and Dagster, as in https://shop.example:8444")
    ] = ""
    allowed_origins: Annotated[
        list[str], Field(description='pages of other addresses that may listen, as in ["https://shop.example"]')
    ] = []
    listeners: Annotated[Count, Field(description="open connections for notices; beyond it: 503")] = 500
    waiting_events: Annotated[Count, Field(description="events that may wait to be stored; beyond it: 503")] = 20_000
    uploads: Annotated[
        Path,
        Field(
            default_factory=lambda: Home(read_settings().home).uploads,
            description="the folder of uploaded files, which the API and the worker share; of the home, unless told",
        ),
    ]
    upload_bytes: Annotated[Count, Field(description="the largest file that can be uploaded")] = 1 << 30
    uploads_bytes: Annotated[Count, Field(description="all files that are kept; beyond it: 409")] = 10 << 30
    telegram_webhook_secret: Annotated[
        SecretStr | None,
        Field(min_length=1, max_length=600, description="what Telegram sends with each update; unset: none is taken"),
    ] = None
    telegram_webhook_secret_file: Annotated[
        Path | None, Field(description="the file with it, read anew each time; while it is replaced, with both")
    ] = None
    retry_after_seconds: Annotated[Count, Field(description="what callers are told while something is away")] = 2
    telegram_bot_token: Annotated[
        SecretStr | None,
        Field(
            validation_alias=AliasChoices("TELEGRAM_BOT_TOKEN", "BACKEND_TELEGRAM_BOT_TOKEN"),
            description="the bot's token, by which people who open its Mini App are known",
        ),
    ] = None
    telegram_api_url: Annotated[
        str, Field(validation_alias="TELEGRAM_API_URL", description="Telegram's Bot API, or a double of it")
    ] = TELEGRAM_API_URL
    telegram_sending_token: Annotated[
        SecretStr | None,
        Field(
            validation_alias=AliasChoices("BACKEND_TELEGRAM_SENDING_TOKEN", "TELEGRAM_BOT_TOKEN"),
            description="the bot's token at that address, with which campaigns are tried",
        ),
    ] = None
    telegram_bot_id: Annotated[
        str, Field(pattern=r"^\d*$", description="the bot's id, where its token is not known; also the client id")
    ] = ""
    telegram_public_key: Annotated[
        str, Field(pattern=r"^[0-9a-f]{64}$", description="Telegram's Ed25519 key: of its production by default")
    ] = "e7bf03a2fa4602af4580703d88dda5bb59f32ed8b02a56c187fe7d34caed242d"
    telegram_issuer: Annotated[str, Field(pattern=r"^https?://[^/]+$", description="Telegram's sign-in pages")] = (
        "https://oauth.telegram.org"
    )
    telegram_client_secret: Annotated[
        SecretStr | None, Field(description="the secret that BotFather gives for sign-in on the web")
    ] = None
    telegram_redirect_url: Annotated[str, Field(description="the page that Telegram sends people back to")] = ""
    push_public_key: Annotated[
        str, Field(description="the public half of the worker's key, with which browsers subscribe; empty: no push")
    ] = ""
    push_services: Annotated[
        list[str], Field(description="origins of push services, to which the worker may write; `*` is any subdomain")
    ] = [
        "https://fcm.googleapis.com",
        "https://*.push.services.mozilla.com",
        "https://*.push.apple.com",
        "https://*.notify.windows.com",
    ]
    trace_endpoint: Annotated[
        str,
        Field(
            validation_alias=AliasChoices("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"),
            description="the collector of traces; empty: nothing is traced",
        ),
    ] = ""

    @property
    def limits(self) -> dict[str, str]:
        """How many requests each kind of subject may make, by the kind."""
        return {"key": self.limit_of_key, "account": self.limit_of_account, "address": self.limit_of_address}
