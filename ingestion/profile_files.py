"""Profiles as YAML files: ours, by name, and a user's own.

Belongs here: reading and writing them. Does not: what a profile means (`profile`).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from data_contracts.numbers import DecimalSign
from data_contracts.times import DateOrder
from ingestion.errors import ProfileRefusedError
from ingestion.profile import Profile

_FOLDER = Path(__file__).parents[1] / "data_contracts" / "profiles"
# The names in a file, and those of `Profile`.
_TEXTS = {"time_zone": "time_zone", "encoding": "encoding", "records": "records"}
_FLAGS = {"minor_units": "is_minor", "lower_emails": "is_lower_emails"}
_OTHERS = ("columns", "values", "key", "date_order", "decimal")


def profile_names() -> list[str]:
    """The profiles that come with us."""
    return sorted(path.stem for path in _FOLDER.glob("*.yaml"))


def read_profile(name: str) -> Profile:
    """The profile called `name`, or the one in the file `name`. Raises ProfileRefusedError."""
    path = Path(name) if name.endswith((".yaml", ".yml")) else _FOLDER / f"{name}.yaml"
    if path.parent == _FOLDER and name not in profile_names():
        raise ProfileRefusedError(
            f"There is no profile {name}; give a .yaml file or one of {', '.join(profile_names())}"
        )
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        return _profile(document, path.stem)
    except OSError as error:
        raise ProfileRefusedError(f"Profile {path} cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, ValueError, TypeError) as error:
        raise ProfileRefusedError(f"Profile {path} is none: {' '.join(str(error).split())}") from error


def write_profile(profile: Profile, path: Path) -> None:
    """Writes a profile for a user to edit. Raises ProfileRefusedError if there is such a file already."""
    document: dict[str, Any] = {
        "columns": dict(profile.columns),
        "values": {column: dict(words) for column, words in profile.values.items()},
        **{name: getattr(profile, ours) for name, ours in (*_TEXTS.items(), *_FLAGS.items())},
        "key": list(profile.key),
        "date_order": profile.date_order and str(profile.date_order),
        "decimal": profile.decimal and str(profile.decimal),
    }
    text = yaml.safe_dump(
        {name: value for name, value in document.items() if value}, sort_keys=False, allow_unicode=True
    )
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise ProfileRefusedError(f"Profile {path} cannot be written: {error.strerror}") from error


def _profile(document: object, name: str) -> Profile:
    root = _mapping(document, "it")
    if unknown := sorted(set(root) - {*_TEXTS, *_FLAGS, *_OTHERS}):
        raise ValueError(f"{unknown[0]} is not one of {', '.join([*_OTHERS, *_TEXTS, *_FLAGS])}")
    columns = {str(column): str(source) for column, source in _mapping(root.get("columns", {}), "columns").items()}
    values = {
        str(column): {str(word): str(ours) for word, ours in _mapping(words, f"values.{column}").items()}
        for column, words in _mapping(root.get("values", {}), "values").items()
    }
    given: dict[str, Any] = {ours: str(root[name]) for name, ours in _TEXTS.items() if name in root}
    given |= {ours: bool(root[name]) for name, ours in _FLAGS.items() if name in root}
    return Profile(
        columns,
        values,
        date_order=DateOrder(root["date_order"]) if "date_order" in root else None,
        decimal=DecimalSign(root["decimal"]) if "decimal" in root else None,
        key=tuple(str(column) for column in root.get("key", [])),
        name=name,
        optional=frozenset(columns),
        **given,
    )


def _mapping(node: object, where: str) -> Mapping[str, Any]:
    if not isinstance(node, Mapping):
        raise TypeError(f"{where} must be a mapping")
    return node
