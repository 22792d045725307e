"""One Bento, and one service of two workers, for all tests of running services.

Their Postgres is their own, because tests stop it, and their two models are made to differ for every user.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from serving.build import bento_folder, build_bento
from tests.integration.serving.shop import Shop, Trained, open_shop, train


@pytest.fixture(scope="session")
def versions(tmp_path_factory: pytest.TempPathFactory) -> tuple[Trained, Trained]:
    """Two versions of a small purchase model that say something else of everybody."""
    folder = tmp_path_factory.mktemp("versions")
    first, second = train(1, folder / "one"), train(2, folder / "two")
    assert all(abs(first.probability[user] - second.probability[user]) > 1e-3 for user in first.probability)
    return first, second


@pytest.fixture(scope="session")
def bento(versions: tuple[Trained, Trained], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the Bento of version 1."""
    first, _ = versions
    bentoml_home = tmp_path_factory.mktemp("bentoml")
    tag = build_bento("purchase", first.directory, digest=first.digest, version=1, bentoml_home=bentoml_home)
    return bento_folder(tag, bentoml_home)


@pytest.fixture(scope="session")
def shop(versions: tuple[Trained, Trained], bento: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A service of two workers that answers with one of the versions."""
    with open_shop(tmp_path_factory.mktemp("shop"), versions, bento) as opened:
        yield opened
