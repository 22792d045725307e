"""A session, which most commands open first: the platform of this home, its warehouse and its registry."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from core.settings import read_settings
from standalone.stack import Platform, running_platform
from warehouse.database import Database
from warehouse.marts import Marts

if TYPE_CHECKING:
    from registry.mlflow_registry import Registry


@dataclass(frozen=True)
class Session:
    """A running platform with the warehouse and the registry that commands read and write."""

    platform: Platform
    warehouse: Database
    marts: Marts

    @cached_property
    def registry(self) -> "Registry":
        """The models. MLflow takes seconds to import, so commands that do not need it do not wait for it."""
        from registry.mlflow_registry import Registry

        platform = self.platform
        return Registry(platform.mlflow_url, platform.environment["MLFLOW_ARTIFACT_ROOT"], platform.home.storage)


@contextmanager
def open_session() -> Iterator[Session]:
    """Starts or joins the platform of this home for the duration of the block."""
    with running_platform(read_settings()) as platform:
        yield session_of(platform)


def session_of(platform: Platform) -> Session:
    """The session of a platform that already runs."""
    warehouse = Database(platform.warehouse_url)
    return Session(platform, warehouse, Marts(warehouse, platform.settings.training_rows))
