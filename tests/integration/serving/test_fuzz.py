"""The services against Schemathesis: whatever its description allows is answered, whatever it forbids is refused."""

from pathlib import Path
from typing import Protocol

import pytest

from tests.integration.fuzzing import fuzz
from tests.integration.serving.shop import KINDS

CONFIGURATION = Path(__file__).with_name("schemathesis.toml")


class ServedPlatform(Protocol):
    """What these tests need of a platform with running services."""

    @property
    def service_urls(self) -> dict[str, str]: ...

    @property
    def service_key(self) -> str: ...


@pytest.mark.parametrize("kind", KINDS)
def test_a_service_keeps_to_its_description(ran_platform: ServedPlatform, kind: str, tmp_path: Path) -> None:
    address, key = ran_platform.service_urls[kind], ran_platform.service_key
    assert fuzz(CONFIGURATION, address, key, 10, tmp_path, "--seed=1") > 200


@pytest.mark.soak
@pytest.mark.parametrize("kind", KINDS)
def test_a_service_keeps_to_its_description_for_long(ran_platform: ServedPlatform, kind: str, tmp_path: Path) -> None:
    address, key = ran_platform.service_urls[kind], ran_platform.service_key
    assert fuzz(CONFIGURATION, address, key, 200, tmp_path) > 1000
