"""What assets are handed: the warehouse, the registry, the choices of a run. Addresses come from the environment."""

from pathlib import Path

import dagster as dg
from pydantic import Field

from core.home import Home
from core.settings import TRAINING_ROWS
from registry.mlflow_registry import Registry
from warehouse.database import Database
from warehouse.marts import Marts


class WarehouseResource(dg.ConfigurableResource[Database]):
    """The warehouse database; the password is libpq's business, never in the address."""

    url: str
    training_rows: int = TRAINING_ROWS

    def open(self) -> Database:
        """The warehouse to read from and write to."""
        return Database(self.url)

    def marts(self) -> Marts:
        """Frames of the warehouse's marts."""
        return Marts(self.open(), self.training_rows)


class RegistryResource(dg.ConfigurableResource[Registry]):
    """MLflow: where runs are recorded and where their files lie."""

    tracking_uri: str
    artifacts: str
    home: str

    def open(self) -> Registry:
        """The registry to log to and load from."""
        return Registry(self.tracking_uri, self.artifacts, Home(Path(self.home)).storage)


class HomeResource(dg.ConfigurableResource[Home]):
    """The folder that holds everything local: Bentos, reports, artifacts."""

    root: str

    def open(self) -> Home:
        """The layout of the folder."""
        return Home(Path(self.root))


class Choices(dg.ConfigurableResource[object]):
    """What whoever starts a run may choose."""

    horizon_days: int = Field(default=30, gt=0, description="How many days ahead the models look.")
    started_by: str = Field(default="dagster", description="Who is on record for promotions and deployments.")
