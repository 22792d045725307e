"""`python -m backend.monitoring`: serves the figures at `/metrics` until it is told to end.

It needs no key, and so listens on this machine only unless told otherwise; what it says names nobody.
"""

import signal
from typing import Annotated

from prometheus_client import CollectorRegistry, start_http_server
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from backend.monitoring.figures import warehouse_figures
from backend.monitoring.home import HomeCollector
from backend.monitoring.pooler import PoolerCollector
from backend.monitoring.warehouse import WarehouseCollector
from core.home import LOOPBACK, Home
from core.logs import configure_logging
from core.settings import read_settings
from ml.kinds import model_kinds


class ExporterSettings(BaseSettings):
    """What the exporter reads from its environment."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_prefix="EXPORTER_", populate_by_name=True)

    warehouse_url: Annotated[SecretStr, Field(validation_alias="WAREHOUSE_URL", description="with monitoring's login")]
    pooler_url: Annotated[str | None, Field(description="PgBouncer's console, where there is one")] = None
    host: str = LOOPBACK
    port: Annotated[int, Field(ge=1, le=65535)]


def main() -> None:
    """Serves until the process is told to end."""
    configure_logging("exporter", "info")
    settings = ExporterSettings()
    registry = CollectorRegistry()
    figures = warehouse_figures([kind.name for kind in model_kinds()])
    registry.register(WarehouseCollector(settings.warehouse_url.get_secret_value(), figures))
    registry.register(HomeCollector(Home(read_settings().home)))
    if settings.pooler_url is not None:
        registry.register(PoolerCollector(settings.pooler_url))
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    server, thread = start_http_server(settings.port, settings.host, registry)
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    server.shutdown()
    thread.join()


if __name__ == "__main__":
    main()
