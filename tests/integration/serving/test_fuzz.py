"""The services against Schemathesis: whatever its description allows is answered, whatever it forbids is refused."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Protocol

import pytest

from tests.integration.serving.shop import KINDS

CHECKOUT = Path(__file__).parents[3]
CONFIGURATION = Path(__file__).with_name("schemathesis.toml")


class ServedPlatform(Protocol):
    """What these tests need of a platform with running services."""

    @property
    def service_urls(self) -> dict[str, str]: ...

    @property
    def service_key(self) -> str: ...


def fuzz(address: str, key: str, examples: int, folder: Path, *options: str) -> int:
    """Ask a service about everything it describes, `examples` times an operation; the number of requests."""
    program = Path(sys.executable).with_name("schemathesis")
    done = subprocess.run(
        [
            str(program),
            f"--config-file={CONFIGURATION}",
            "--no-color",
            "run",
            f"{address}/openapi.json",
            "--checks=all",
            "--continue-on-failure",
            f"--max-examples={examples}",
            *options,
        ],
        env={"PYTHONPATH": str(CHECKOUT), "NO_PROXY": "*", "PYTHONDONTWRITEBYTECODE": "1", "SERVICE_KEY": key},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    # A body may be a megabyte long.
    assert done.returncode == 0, "\n".join(line[:300] for line in done.stdout.splitlines()) + done.stderr
    found = re.search(r"(\d+) generated, \1 passed", done.stdout)
    assert found, done.stdout
    return int(found[1])


@pytest.mark.parametrize("kind", KINDS)
def test_a_service_keeps_to_its_description(ran_platform: ServedPlatform, kind: str, tmp_path: Path) -> None:
    assert fuzz(ran_platform.service_urls[kind], ran_platform.service_key, 10, tmp_path, "--seed=1") > 200


@pytest.mark.soak
@pytest.mark.parametrize("kind", KINDS)
def test_a_service_keeps_to_its_description_for_long(ran_platform: ServedPlatform, kind: str, tmp_path: Path) -> None:
    assert fuzz(ran_platform.service_urls[kind], ran_platform.service_key, 200, tmp_path) > 1000
