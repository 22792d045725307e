"""A session, which most commands open first: the platform of this home, its warehouse and its registry."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from core.settings import read_settings
from registry.mlflow_registry import Registry
from standalone.stack import Platform, running_platform
from warehouse.database import Database
from warehouse.marts import Marts


@dataclass(frozen=True)
class Session:
    """A running platform with the warehouse and the registry that commands read and write."""

    platform: Platform
    warehouse: Database
    marts: Marts
    registry: Registry


@contextmanager
def open_session() -> Iterator[Session]:
    """Starts or joins the platform of this home for the duration of the block."""
    with running_platform(read_settings()) as platform:
        yield session_of(platform)


def session_of(platform: Platform) -> Session:
    """The session of a platform that already runs."""
    registry = Registry(platform.mlflow_url, platform.environment["MLFLOW_ARTIFACT_ROOT"])
    warehouse = Database(platform.warehouse_url)
    marts = Marts(warehouse, platform.settings.training_rows)
    return Session(platform, warehouse, marts, registry)
