"""What holds for every room of the house: sizes, names, and that the wheel carries all of them."""

import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
ROOMS: list[str] = PROJECT["tool"]["importlinter"]["root_packages"]
MOST_LINES = 300
LARGEST_SHARE = 0.3


def _lines(room: str) -> dict[Path, int]:
    """The lines of each module, but for those that a program writes."""
    texts = {module: module.read_text(encoding="utf-8") for module in (ROOT / room).rglob("*.py")}
    return {
        module.relative_to(ROOT): len(text.splitlines())
        for module, text in texts.items()
        if not text.startswith("# Written by")
    }


@pytest.mark.parametrize("room", ROOMS)
def test_no_module_is_long(room: str) -> None:
    assert [str(module) for module, lines in _lines(room).items() if lines > MOST_LINES] == []


def test_no_room_holds_most_of_the_code() -> None:
    sizes = {room: sum(_lines(room).values()) for room in ROOMS}
    assert {room for room, size in sizes.items() if size > LARGEST_SHARE * sum(sizes.values())} == set()


def test_no_room_hides_a_module_of_the_standard_library() -> None:
    assert set(ROOMS) & sys.stdlib_module_names == set()


def test_every_package_is_a_room_that_is_linted_typed_and_carried_by_the_wheel() -> None:
    packages = {found.parent.name for found in ROOT.glob("*/__init__.py")} - {"benchmarks", "tests"}
    assert packages == set(ROOMS)
    assert set(PROJECT["tool"]["mypy"]["packages"]) == packages
    assert set(PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]) >= packages


def test_the_lock_that_everyone_installs_has_no_spark_in_it() -> None:
    """pyspark takes 456 MB: it is in requirements-spark.lock alone. `make lock` writes both."""
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert "\npyspark" not in lock


def test_the_lock_of_spark_holds_the_versions_of_the_other() -> None:
    locks = [(ROOT / name).read_text(encoding="utf-8") for name in ("requirements.lock", "requirements-spark.lock")]
    light, heavy = ({line.split(" ")[0] for line in lock.splitlines() if "==" in line[:80]} for lock in locks)
    assert light - heavy == set(), "make lock UPGRADE="
