"""Deployments on a running service of two workers: all take the good ones and refuse the bad, and no request fails."""

import itertools
import logging
import shutil
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from tests.integration.serving.load import USERS, Load
from tests.integration.serving.shop import NAMES, NOT_IN_MART, Shop, Trained, deploy, eventually, train
from warehouse.database import execute
from warehouse.workers import WorkerReport, worker_reports

logger = logging.getLogger(__name__)


def swap_under_load(shop: Shop, swaps: int) -> list[float]:
    """Swaps and rolls back between two versions under load; returns the seconds until the last worker had each."""
    first, second = shop.versions
    shop.deploy(first)
    with Load(shop) as load:
        seconds = [shop.deploy(version) for version in itertools.islice(itertools.cycle((second, first)), swaps)]
        time.sleep(0.2)
    assert load.failures == []
    assert min(load.answered.values()) > swaps
    logger.info(
        "%d swaps, answers by version %s, seconds until the last worker: median %.2f, most %.2f",
        swaps,
        load.answered,
        statistics.median(seconds),
        max(seconds),
    )
    return seconds


def test_no_request_fails_and_each_answer_is_by_one_version_while_models_change(shop: Shop) -> None:
    seconds = swap_under_load(shop, 10)

    # Within 2 s on a quiet machine; tests run on busy ones.
    assert statistics.median(seconds) < 4


@pytest.mark.soak
def test_fifty_swaps_and_rollbacks_under_load(shop: Shop) -> None:
    seconds = swap_under_load(shop, 50)

    assert statistics.median(seconds) < 4


def copied(trained: Trained, folder: Path) -> Trained:
    """A copy of a version that a test may spoil."""
    shutil.copytree(trained.directory, folder / "copy")
    return Trained(trained.version, folder / "copy", trained.digest, trained.probability)


def corrupted_file(good: Trained, folder: Path) -> tuple[Trained, dict[str, object]]:
    spoilt = copied(good, folder)
    file = max(spoilt.directory.iterdir(), key=lambda path: path.stat().st_size)
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    return spoilt, {}


def pickle_beside_it(good: Trained, folder: Path) -> tuple[Trained, dict[str, object]]:
    spoilt = copied(good, folder)
    (spoilt.directory / "model.pkl").write_bytes(b"\x80\x04.")
    return spoilt, {}


def wrong_digest(good: Trained, _: Path) -> tuple[Trained, dict[str, object]]:
    return good, {"digest": "0" * 64}


def features_the_mart_lacks(_: Trained, folder: Path) -> tuple[Trained, dict[str, object]]:
    return train(2, folder / "model", names=(*NAMES, NOT_IN_MART)), {}


def another_kind(_: Trained, folder: Path) -> tuple[Trained, dict[str, object]]:
    return train(2, folder / "model", kind="churn"), {}


def nowhere(good: Trained, folder: Path) -> tuple[Trained, dict[str, object]]:
    return good, {"artifact_uri": (folder / "nowhere").as_uri()}


def path_traversal(good: Trained, _: Path) -> tuple[Trained, dict[str, object]]:
    return good, {"artifact_uri": f"file://{good.directory}/../{good.directory.name}"}


def nonsense(good: Trained, _: Path) -> tuple[Trained, dict[str, object]]:
    return good, {
        "artifact_uri": "'; drop table ml.deployments; --",
        "digest": "../../etc",
        "model_version": -1,
    }


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (corrupted_file, "artifact"),
        (pickle_beside_it, "artifact"),
        (wrong_digest, "artifact"),
        (nowhere, "artifact"),
        (features_the_mart_lacks, "features"),
        (another_kind, "wrong_kind"),
        (path_traversal, "row"),
        (nonsense, "row"),
    ],
)
def test_a_bad_deployment_is_refused_logged_and_counted_and_the_old_model_answers(
    shop: Shop, tmp_path: Path, spoil: Callable[[Trained, Path], tuple[Trained, dict[str, object]]], code: str
) -> None:
    first, second = shop.versions
    if shop.service.client.get("/model").json()["model_version"] != first.version:
        shop.deploy(first)
    bad, changed = spoil(second, tmp_path)
    counted = shop.service.count("model_swap_failures_total", f'code="{code}"')

    number = deploy(shop.connection, bad, **changed)

    eventually(
        lambda: shop.service.count("model_swap_failures_total", f'code="{code}"') >= counted + 2, "refused by both"
    )
    eventually(lambda: reported_by_workers(shop) == [WorkerReport(number, code)] * 2, "reported by both")
    refused = shop.service.client.get("/model").json()["refused"]
    assert (refused["deployment_id"], refused["code"]) == (number, code)
    assert shop.service.log().count(f"deployment {number} of version {refused['model_version']} refused ({code})") >= 2
    for response in (shop.service.ask(*USERS), shop.service.ask_features(*USERS)):
        for row in response.raise_for_status().json()["predictions"]:
            assert row["model_version"] == first.version
            assert abs(row["probability"] - first.probability[row["user_id"]]) < 1e-9


def reported_by_workers(shop: Shop) -> list[WorkerReport]:
    """What whoever deploys is told."""
    return execute(shop.connection, worker_reports("purchase"))


def test_a_good_deployment_after_a_bad_one_is_taken_and_said_so(shop: Shop) -> None:
    first, second = shop.versions
    deploy(shop.connection, second, digest="0" * 64)

    number = deploy(shop.connection, first)

    eventually(lambda: reported_by_workers(shop) == [WorkerReport(number, None)] * 2, "taken by both")
    assert shop.service.client.get("/model").json()["refused"] is None


def test_a_row_of_no_model_or_with_holes_changes_nothing(shop: Shop) -> None:
    _, second = shop.versions
    before = shop.service.client.get("/model").json()

    deploy(shop.connection, second, model="nonsense")
    for column in ("digest", "artifact_uri", "model_version", "model"):
        with pytest.raises(psycopg.errors.NotNullViolation):
            deploy(shop.connection, second, **{column: None})

    time.sleep(1)
    assert shop.service.client.get("/model").json() == before
