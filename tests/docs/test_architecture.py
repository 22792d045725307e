"""docs/architecture.md shows the house as it is: its packages, and its floors from the top down."""

import re
import tomllib
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]

README = (CHECKOUT / "README.md").read_text(encoding="utf-8")
PAGE = (CHECKOUT / "docs" / "architecture.md").read_text(encoding="utf-8")


def floors_on_the_page() -> list[set[str]]:
    """The rooms of each floor: a floor begins under a line of the frame, and each of its cells with a room's name."""
    lines = PAGE.splitlines()
    ceilings = [number for number, line in enumerate(lines) if line.strip().startswith(("┌", "├"))]
    return [{cell.split()[0] for cell in lines[number + 1].split("│")[1:-1]} for number in ceilings]


def test_the_picture_has_the_floors_that_import_linter_holds() -> None:
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = project["tool"]["importlinter"]["contracts"]
    (layers,) = (contract["layers"] for contract in contracts if contract["type"] == "layers")
    assert floors_on_the_page() == [set(layer.split(" | ")) for layer in layers]


def test_every_package_has_a_heading() -> None:
    packages = {path.parent.name for path in CHECKOUT.glob("*/__init__.py")}
    assert set(re.findall(r"^### `(\w+)`$", PAGE, flags=re.MULTILINE)) == packages - {"tests"}


def test_the_readme_lists_every_folder() -> None:
    listed = re.findall(r"^\| `(\w+)/` \|", README, flags=re.MULTILINE)
    packages = {path.parent.name for path in CHECKOUT.glob("*/__init__.py")}
    assert set(listed) == packages - {"tests"} | {"deploy", "docs", "notebooks", "web"}
