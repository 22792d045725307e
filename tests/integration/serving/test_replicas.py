"""Two replicas of a service behind the gateway: no question fails while a model changes, one hangs or is killed."""

import signal
from collections.abc import Iterator

import pytest

from tests.integration.serving.load import Load, PatientLoad
from tests.integration.serving.replicas import Replicas, two_replicas
from tests.integration.serving.shop import Shop, eventually

pytestmark = pytest.mark.system("nginx")


@pytest.fixture(scope="module")
def replicas(shop: Shop) -> Iterator[Replicas]:
    with two_replicas(shop) as running:
        yield running


def test_no_question_fails_while_the_model_changes_in_both(replicas: Replicas) -> None:
    first, second = replicas.shop.versions
    replicas.deploy(first)
    with Load(replicas.shop, replicas.address) as load:
        for version in (second, first, second):
            replicas.deploy(version)
        eventually(lambda: load.answered[second.version] > 100, "answers of the last version")
    assert load.failures == []
    assert min(load.answered.values()) > 0


def test_no_question_fails_while_one_hangs(replicas: Replicas) -> None:
    with PatientLoad(replicas.shop, replicas.address) as load:
        replicas.signal_second(signal.SIGSTOP)
        try:
            asked = load.requests
            eventually(lambda: load.requests > asked + 50, "answers of the first alone")
        finally:
            replicas.signal_second(signal.SIGCONT)
    assert load.failures == []


def test_no_question_fails_while_one_is_killed_and_comes_back(replicas: Replicas) -> None:
    before = replicas.asked()

    def both_asked() -> bool:
        return all(now > then + 10 for now, then in zip(replicas.asked(), before, strict=True))

    with PatientLoad(replicas.shop, replicas.address) as load:
        eventually(both_asked, "both are asked")
        replicas.signal_second(signal.SIGKILL)
        asked = load.requests
        eventually(lambda: load.requests > asked + 50, "answers of the first alone")
        replicas.start_second()
        # It starts with no answers.
        eventually(lambda: replicas.asked()[1] > 10, "answers of the second again")
    assert load.failures == []
