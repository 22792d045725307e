"""The settings of an installation: environment variables, or a file `.env`.

Belongs here: every setting with its default. They are read once, where a process starts. Does not belong here: paths
inside the home (`core.home`), and what depends on a running server (`standalone.environment`).
"""

import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from core.errors import UserError
from core.secret_files import SecretFiles
from core.storage import StorageError, check_address

TRAINING_ROWS = 2_000_000

Port = Annotated[int, Field(ge=1, le=65535)]


def checkout() -> Path | None:
    """The checkout that this code runs from; None where it was installed from a wheel."""
    folder = Path(__file__).resolve().parents[1]
    # A file that no wheel carries.
    return folder if (folder / "workspace.yaml").is_file() else None


def working_folder() -> Path:
    """The folder of `.env` and, by default, of the home: the checkout, or the current folder if there is none."""
    return checkout() or Path.cwd()


class _ServicePorts(PydanticBaseSettingsSource):
    """`service_ports`: every variable named like a port that is no setting of its own. Later sources win."""

    def __init__(self, settings_cls: type[BaseSettings], *sources: PydanticBaseSettingsSource) -> None:
        super().__init__(settings_cls)
        self._sources = [source for source in sources if isinstance(source, EnvSettingsSource)]

    def __call__(self) -> dict[str, Any]:
        """The setting, as pydantic reads it from each source."""
        own, prefix = self.settings_cls.model_fields, self.config["env_prefix"].lower()
        ports = {
            variable.removeprefix(prefix).removesuffix("_port"): value
            for source in self._sources
            for variable, value in source.env_vars.items()
            if variable.startswith(prefix) and variable.endswith("_port") and variable.removeprefix(prefix) not in own
        }
        return {"service_ports": ports} if ports else {}

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Not by field: see `__call__`."""
        return None, field_name, False


class Settings(BaseSettings):
    """The installation's settings. For ports that are not set, free ones are chosen and remembered in the home."""

    model_config = SettingsConfigDict(
        frozen=True,
        env_prefix="CUSTOMER_ANALYZER_",
        env_ignore_empty=True,
        extra="ignore",
        populate_by_name=True,
        hide_input_in_errors=True,
    )

    home: Path = Field(
        default_factory=lambda: working_folder() / ".customer-analyzer",
        description="Postgres data, artifacts and logs",
    )
    database_url: SecretStr | None = Field(
        None, validation_alias="DATABASE_URL", description="a Postgres server in place of the embedded one"
    )
    database_password: SecretStr | None = Field(
        None, validation_alias="DATABASE_PASSWORD", description="its password, where the address has none"
    )
    artifact_root: str = Field(
        "home:/artifacts",
        validation_alias="MLFLOW_ARTIFACT_ROOT",
        description="where models, plots and tables are kept: in the home, or s3://bucket/prefix",
    )
    engine: Literal["postgres", "spark"] = Field("postgres", description="what builds the marts")
    spark_remote: SecretStr | None = Field(
        None, validation_alias="SPARK_REMOTE", description="the Spark cluster as sc://host:port; unset: one of our own"
    )
    lake: str = Field("home:/lake", description="where the lake's tables are: in the home, or s3://bucket/prefix")
    postgres_port: Port | None = None
    api_port: Port | None = None
    telegram_port: Port | None = Field(None, description="of the double that is Telegram where no token is set")
    dagster_port: Port | None = None
    mlflow_port: Port | None = None
    dagster_pages: str | None = Field(None, description="where people open Dagster, if not at its port on this machine")
    mlflow_pages: str | None = Field(None, description="where people open MLflow, if not at its port on this machine")
    gateway_port: Port | None = Field(None, description="of the gateway, for the dashboard and the API over HTTPS")
    gateway_operations_port: Port | None = Field(None, description="of the gateway, for MLflow's and Dagster's pages")
    gateway_hosts: str = Field(
        "127.0.0.1,localhost", description="host names that the gateway answers to; the first is in its addresses"
    )
    gateway_certificate: Path | None = Field(
        None, description="PEM file with the certificate of these names; unset: one is made for loopback"
    )
    gateway_certificate_key: Path | None = Field(None, description="PEM file with its key")
    service_ports: dict[str, Port] = Field({}, description="by model, each from CUSTOMER_ANALYZER_<MODEL>_PORT")
    currency: str | None = Field(None, description="the base currency, in which amounts are added up, such as EUR")
    horizon_days: int = Field(30, ge=1, le=730, description="how many days ahead the models predict")
    training_rows: int = Field(TRAINING_ROWS, ge=1_000, description="how many rows a training frame may have")
    service_key: SecretStr | None = Field(None, description="the key sent to the services, instead of the home's own")
    bot_key: SecretStr | None = Field(None, description="the bot's key for the API, where `migrate` stores a given one")
    login: str = Field("app", pattern=r"^[a-z0-9]{1,20}$", description="how names of logins with given passwords end")
    pipeline_password: SecretStr | None = Field(None, description="of the pipeline's login; made up if not given")
    serving_password: SecretStr | None = Field(None, description="of the services' login")
    backend_password: SecretStr | None = Field(None, description="of the login of the API and the sender")
    monitoring_password: SecretStr | None = Field(None, description="of the login of monitoring's exporters")
    telegram_bot_token: SecretStr | None = Field(
        None, validation_alias="TELEGRAM_BOT_TOKEN", description="the bot's token; without one a double is Telegram"
    )
    backup_to: Path | None = Field(None, description="the folder that `up` archives to, on another disk or machine")
    backup_days: int = Field(7, ge=1, le=3650, description="how many days back a restore must be possible")
    postgres_programs: Path | None = Field(
        None, description="the folder of Postgres' programs for backups of a given server; else the embedded ones"
    )
    replica: bool = Field(False, description="whether `up` keeps a replica of the embedded Postgres, for reports")
    synchronous: bool = Field(False, description="whether a commit waits until the replica has it on disk")
    pooled: bool = Field(False, description="whether API and services reach Postgres through PgBouncer")
    replica_port: Port | None = None
    pgbouncer_port: Port | None = None
    logs: bool = Field(False, description="whether `up` makes the logs of all processes searchable")
    elasticsearch_url: SecretStr | None = Field(
        None, description="where `up --logs` sends logs too, as https://user:password@host:9200"
    )
    alert_webhook: SecretStr | None = Field(
        None, description="an address that Alertmanager posts pages to as well, for who must be woken"
    )
    drift_cooldown_days: int = Field(14, ge=1, le=730, description="days between two retrains that drift starts")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Those of pydantic, secrets in files, and the ports of services: which models there are is not known here."""
        ports = _ServicePorts(settings_cls, dotenv_settings, env_settings)
        files = SecretFiles(settings_cls)
        return init_settings, ports, env_settings, files, dotenv_settings, file_secret_settings

    @field_validator("home", "backup_to", "postgres_programs")
    @classmethod
    def _absolute(cls, path: Path | None) -> Path | None:
        return None if path is None else path.expanduser().absolute()

    @field_validator("currency")
    @classmethod
    def _is_currency(cls, currency: str | None) -> str | None:
        if currency is not None and not re.fullmatch("[A-Z]{3}", currency):
            raise ValueError("must be an ISO 4217 code like EUR")
        return currency

    @field_validator("artifact_root", "lake")
    @classmethod
    def _is_address(cls, root: str) -> str:
        try:
            check_address(root)
        except StorageError as error:
            raise ValueError(str(error)) from None
        return root.rstrip("/")

    @field_validator("database_url")
    @classmethod
    def _is_postgres(cls, url: SecretStr | None) -> SecretStr | None:
        # The message does not quote the address, because it contains a password.
        if url is not None and not url.get_secret_value().startswith(("postgresql://", "postgres://")):
            raise ValueError("must be an address like postgresql://user:password@host:5432/database")
        return url

    @model_validator(mode="after")
    def _ports_differ(self) -> Self:
        names: dict[int, str] = {}
        for name, port in self.ports.items():
            if port is not None and names.setdefault(port, name) != name:
                raise ValueError(f"{names[port]} and {name} cannot both use port {port}")
        return self

    @property
    def ports(self) -> dict[str, int | None]:
        """The port that is set for each server, by name; None, or no entry, if any free port will do."""
        return {
            "postgres": self.postgres_port,
            "replica": self.replica_port,
            "pgbouncer": self.pgbouncer_port,
            "api": self.api_port,
            "telegram": self.telegram_port,
            "dagster": self.dagster_port,
            "mlflow": self.mlflow_port,
            "gateway": self.gateway_port,
            "gateway_operations": self.gateway_operations_port,
            **self.service_ports,
        }

    @property
    def gateway_names(self) -> list[str]:
        """The host names that the gateway answers to."""
        return [name.strip() for name in self.gateway_hosts.split(",") if name.strip()]

    @property
    def variables(self) -> dict[str, str]:
        """Everything that is set here and no secret, as the environment variables that would set it."""
        fields = Settings.model_fields.items()
        values = {
            str(field.validation_alias or name): getattr(self, name)
            for name, field in fields
            if name != "service_ports"
        }
        values |= {f"{name}_port": port for name, port in self.service_ports.items()}
        return {
            _variable(name): str(value)
            for name, value in values.items()
            if value is not None and not isinstance(value, SecretStr)
        }


def read_settings() -> Settings:
    """The settings from this process's environment. Raises UserError that names a wrong variable."""
    try:
        return Settings(_env_file=working_folder() / ".env")
    except ValidationError as error:
        faults = "; ".join(_sentence(fault["loc"], fault["msg"]) for fault in error.errors())
        raise UserError(f"A setting is wrong: {faults}. See .env.example for what can be set.") from None


def _sentence(location: tuple[int | str, ...], message: str) -> str:
    reason = message.removeprefix("Value error, ").rstrip(".")
    if not location:
        return reason
    is_service_port = location[0] == "service_ports" and len(location) > 1
    variable = _variable(f"{location[1]}_port" if is_service_port else str(location[0]))
    return f"{variable}: {reason[0].lower()}{reason[1:]}"


def _variable(name: str) -> str:
    """The environment variable of a field, or of the alias that stands for one in a validation error."""
    return name if name.isupper() else f"CUSTOMER_ANALYZER_{name.upper()}"
