"""Following the newest deployment, and refusing what must not be served."""

import dataclasses
import shutil
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from serving.deployment_watcher import DeploymentWatcher
from serving.last_known import LastKnown
from serving.metrics import Metrics
from serving.model_slot import ModelSlot
from serving.settings import ServingSettings
from tests.serving.doubles import SavedModel
from warehouse.database import Statement
from warehouse.deployments import DeploymentRow
from warehouse.workers import HEARTBEAT_SECONDS


class Follower:
    """A watcher whose row comes from the test instead of a database."""

    def __init__(self, saved: SavedModel, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        self.slot = ModelSlot(saved.load(version=1))
        self.registry = CollectorRegistry()
        self.row: DeploymentRow | psycopg.Error | None = None
        self.columns = frozenset(self.slot.current.model.feature_names)
        settings = ServingSettings(
            warehouse_url=SecretStr("postgresql://nowhere.invalid/warehouse"), state_folder=folder
        )
        self.watcher = DeploymentWatcher(saved.kind, self.slot, settings, Metrics(self.registry), LastKnown(settings))
        self.reports: list[dict[str, object]] = []
        monkeypatch.setattr(self.watcher, "_connection", self)

    def run(self, statement: Statement[object]) -> object:
        """As the watcher's connection: answers by what is asked about."""
        if isinstance(self.row, psycopg.Error):
            raise self.row
        if "ml.workers" in str(statement.query):
            self.reports.append(dict(statement.parameters))
            return 1
        return self.row if "ml.deployments" in str(statement.query) else self.columns

    def close(self) -> None:
        """As the watcher's connection."""

    def look(self, row: DeploymentRow | psycopg.Error | None) -> None:
        self.row = row
        self.watcher.look()

    def refused_for(self) -> str | None:
        """The code of the refusal in force."""
        return self.slot.refusal.code if self.slot.refusal else None

    def count(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(f"customer_analyzer_{name}_total", labels)


@pytest.fixture
def saved(saved_models: dict[str, SavedModel], tmp_path: Path) -> SavedModel:
    """A copy of the churn model that a test may spoil."""
    original = saved_models["churn"]
    directory = tmp_path / "churn"
    shutil.copytree(original.directory, directory)
    return dataclasses.replace(original, directory=directory)


@pytest.fixture
def follower(saved_models: dict[str, SavedModel], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Follower:
    """A service that answers with the purchase model's neighbour, the churn model, version 1."""
    return Follower(saved_models["churn"], monkeypatch, tmp_path / "state")


def deployment(saved: SavedModel, number: int = 10, version: int = 2, digest: str | None = None) -> DeploymentRow:
    return DeploymentRow(number, version, digest or saved.digest, f"file://{saved.directory}", "churn:1")


def test_the_same_digest_under_a_new_version_needs_no_loading(follower: Follower, saved: SavedModel) -> None:
    model = follower.slot.current.model

    follower.look(deployment(saved))

    assert (follower.slot.current.version, follower.slot.current.deployment_id) == (2, 10)
    assert follower.slot.current.model is model
    assert follower.count("model_swaps") == 1
    assert follower.registry.get_sample_value("customer_analyzer_model_version") == 2


def test_another_model_is_loaded_and_swapped_in(
    follower: Follower, saved_models: dict[str, SavedModel], saved: SavedModel
) -> None:
    model = follower.slot.current.model
    follower.slot.swap(dataclasses.replace(follower.slot.current, digest="another"))

    follower.look(deployment(saved))

    assert follower.slot.current.model is not model
    assert follower.slot.current.digest == saved.digest


def test_a_deployment_is_followed_once(follower: Follower, saved: SavedModel) -> None:
    for _ in range(3):
        follower.look(deployment(saved))

    assert follower.count("model_swaps") == 1


def spoil_a_file(saved: SavedModel) -> DeploymentRow:
    file = saved.directory / "propensity.json"
    file.write_bytes(file.read_bytes()[:-20])
    return deployment(saved)


def smuggle_a_pickle(saved: SavedModel) -> DeploymentRow:
    (saved.directory / "model.pkl").write_bytes(b"\x80\x04.")
    return deployment(saved)


def another_digest(saved: SavedModel) -> DeploymentRow:
    return deployment(saved, digest="0" * 64)


def nowhere(saved: SavedModel) -> DeploymentRow:
    return dataclasses.replace(deployment(saved), artifact_uri="file:///nowhere/at/all")


def poisoned(**changed: object) -> Callable[[SavedModel], DeploymentRow]:
    return lambda saved: dataclasses.replace(deployment(saved), **changed)  # type: ignore[arg-type]


def roundabout(saved: SavedModel) -> DeploymentRow:
    return deployment(dataclasses.replace(saved, directory=saved.directory / ".." / saved.directory.name))


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (spoil_a_file, "artifact"),
        (smuggle_a_pickle, "artifact"),
        (another_digest, "artifact"),
        (nowhere, "artifact"),
        (roundabout, "row"),
        (poisoned(artifact_uri="home:/another/machines/home"), "artifact"),
        (poisoned(artifact_uri="a/b"), "row"),
        (poisoned(artifact_uri="/a/path"), "row"),
        (poisoned(artifact_uri="file:///a\0b"), "row"),
        (poisoned(artifact_uri="http://example.com/model"), "row"),
        (poisoned(artifact_uri=""), "row"),
        (poisoned(artifact_uri=None), "row"),
        (poisoned(digest=None), "row"),
        (poisoned(digest="../" * 22), "row"),
        (poisoned(model_version=-1), "row"),
    ],
)
def test_a_bad_model_is_refused_and_the_old_one_stays(
    follower: Follower, saved: SavedModel, spoil: Callable[[SavedModel], DeploymentRow], code: str
) -> None:
    follower.slot.swap(dataclasses.replace(follower.slot.current, digest="old"))
    before = follower.slot.current

    follower.look(spoil(saved))

    assert follower.slot.current is before
    refusal = follower.slot.refusal
    assert refusal is not None
    assert (refusal.deployment_id, refusal.code) == (10, code)
    assert follower.count("model_swap_failures", code=refusal.code) == 1


def test_a_model_of_another_kind_is_refused(follower: Follower, saved_models: dict[str, SavedModel]) -> None:
    follower.look(deployment(saved_models["purchase"]))

    assert follower.refused_for() == "wrong_kind"


def test_a_model_whose_features_the_mart_lacks_is_refused(follower: Follower, saved: SavedModel) -> None:
    follower.slot.swap(dataclasses.replace(follower.slot.current, digest="old"))
    follower.columns -= {"orders_total"}

    follower.look(deployment(saved))

    assert follower.refused_for() == "features"


def test_a_good_deployment_ends_a_refusal(follower: Follower, saved: SavedModel) -> None:
    follower.look(deployment(saved, digest="0" * 64))
    assert follower.refused_for() == "artifact"

    follower.look(deployment(saved, number=11, version=3))

    assert follower.refused_for() is None
    assert follower.slot.current.version == 3


def test_a_refused_deployment_is_tried_again_ever_more_seldom(
    follower: Follower, saved: SavedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr("serving.deployment_watcher.time.monotonic", lambda: now)
    follower.slot.swap(dataclasses.replace(follower.slot.current, digest="old"))
    columns, follower.columns = follower.columns, frozenset()
    tries = []
    for now in range(1000, 1020):  # noqa: B007 - the clock
        follower.look(deployment(saved))
        tries.append(follower.count("model_swap_failures", code="features"))
    assert [second for second in range(1, 20) if tries[second] != tries[second - 1]] == [2, 6, 14]

    follower.columns = columns
    now = 1030.0
    follower.look(deployment(saved))

    assert follower.refused_for() is None
    assert follower.slot.current.version == 2


def test_a_verdict_is_reported_at_once_and_then_every_two_seconds(
    follower: Follower, saved: SavedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr("serving.deployment_watcher.time.monotonic", lambda: now)

    def looked_after(seconds: float, row: DeploymentRow | None) -> list[tuple[object, object]]:
        """What is reported, for how long nothing has happened since."""
        nonlocal now
        now += seconds
        follower.reports.clear()
        follower.look(row)
        return [(report["deployment_id"], report["refused"]) for report in follower.reports]

    good, bad = deployment(saved), deployment(saved, number=11, digest="0" * 64)
    assert looked_after(0, None) == [(None, None)]
    assert looked_after(0.5, good) == [(10, None)]
    assert looked_after(0.5, good) == []
    assert looked_after(HEARTBEAT_SECONDS, good) == [(10, None)]
    assert looked_after(0.5, bad) == [(11, "artifact")]
    assert looked_after(0.5, bad) == []


def test_a_worker_that_stops_takes_itself_off_the_list(follower: Follower, saved: SavedModel) -> None:
    follower.row = deployment(saved)
    follower.watcher.start()
    follower.watcher.stop()

    first, *_, last = follower.reports
    assert last == {"worker_id": first["worker_id"]}


def test_a_warehouse_that_is_away_changes_nothing(follower: Follower, saved: SavedModel) -> None:
    before = follower.slot.current

    follower.look(psycopg.OperationalError("connection refused"))
    assert follower.slot.current is before

    follower.look(deployment(saved))
    assert follower.slot.current.version == 2


AWAY = psycopg.OperationalError("connection refused")


def restarted(
    saved_models: dict[str, SavedModel],
    monkeypatch: pytest.MonkeyPatch,
    folder: Path,
    row: DeploymentRow | psycopg.Error | None,
) -> Follower:
    """The service after a restart, with a Bento of another model; `row` is what it finds then."""
    follower = Follower(saved_models["churn"], monkeypatch, folder)
    follower.slot.swap(dataclasses.replace(follower.slot.current, digest="the Bento's"))
    follower.row = row
    follower.watcher.start()
    follower.watcher.stop()
    return follower


def test_a_service_that_starts_during_an_outage_answers_with_the_model_it_answered_with_last(
    follower: Follower,
    saved_models: dict[str, SavedModel],
    saved: SavedModel,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    follower.look(deployment(saved, number=10, version=2))

    again = restarted(saved_models, monkeypatch, tmp_path / "state", AWAY)

    assert (again.slot.current.version, again.slot.current.digest) == (2, saved.digest)
    again.look(deployment(saved, number=10, version=2))
    assert (again.slot.current.deployment_id, again.refused_for()) == (10, None)


def test_a_service_that_starts_with_a_bad_deployment_answers_with_the_good_one_before_it(
    follower: Follower,
    saved_models: dict[str, SavedModel],
    saved: SavedModel,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    follower.look(deployment(saved, number=10, version=2))

    bad = deployment(saved, number=11, version=3, digest="0" * 64)
    again = restarted(saved_models, monkeypatch, tmp_path / "state", bad)

    assert (again.slot.current.version, again.refused_for()) == (2, "artifact")


def test_a_model_that_was_spoilt_since_is_not_taken_from_memory(
    follower: Follower,
    saved_models: dict[str, SavedModel],
    saved: SavedModel,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    follower.look(deployment(saved, number=10, version=2))

    smuggle_a_pickle(saved)
    again = restarted(saved_models, monkeypatch, tmp_path / "state", AWAY)

    assert (again.slot.current.version, again.slot.current.digest) == (1, "the Bento's")


def test_what_is_remembered_of_a_warehouse_without_any_deployment_does_not_count(
    follower: Follower,
    saved_models: dict[str, SavedModel],
    saved: SavedModel,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    follower.look(deployment(saved, number=10, version=2))

    again = restarted(saved_models, monkeypatch, tmp_path / "state", None)

    assert (again.slot.current.version, again.slot.current.digest) == (1, "the Bento's")
