"""What every feature means: the catalogue that dbt's `user_features.yml` carries and `ml` reads.

Belongs here: reading, checking, hashing and storing feature descriptions. Does not belong here: how a
feature is computed (SQL) or what a model makes of it.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import yaml

from ml.errors import MLError
from ml.kinds import model_kinds

KEY_COLUMNS = ("user_id", "as_of")
"""The grain of the feature mart; every other column is a feature and must say what it means."""

_MART = "user_features"
_REQUIRED_META = ("family", "unit", "models", "label")


class CatalogueError(MLError):
    """The catalogue file is missing, unreadable or incomplete."""


@dataclass(frozen=True)
class Feature:
    """One feature.

    `name` is the column, `label` the words a marketer reads, `lever` what someone can act on (None: nothing).
    """

    name: str
    description: str
    label: str
    family: str
    unit: str
    models: tuple[str, ...]
    lever: str | None = None


@dataclass(frozen=True)
class FeatureCatalogue:
    """The features in their one true order, which is also the column order of every model's input."""

    features: tuple[Feature, ...]

    def __post_init__(self) -> None:
        seen: set[str] = set()
        for feature in self.features:
            if feature.name in seen:
                raise CatalogueError(
                    f"The feature catalogue describes `{feature.name}` twice; keep one of the two entries."
                )
            seen.add(feature.name)

    def __iter__(self) -> Iterator[Feature]:
        return iter(self.features)

    def __len__(self) -> int:
        return len(self.features)

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    def __getitem__(self, name: str) -> Feature:
        try:
            return self._by_name[name]
        except KeyError:
            raise CatalogueError(
                f"The feature catalogue has no feature `{name}`; add it to {_MART}.yml or use one of the "
                f"{len(self.features)} it describes."
            ) from None

    @cached_property
    def _by_name(self) -> dict[str, Feature]:
        return {feature.name: feature for feature in self.features}

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Feature names in catalogue order."""
        return tuple(feature.name for feature in self.features)

    @cached_property
    def columns_of_family(self) -> dict[str, tuple[int, ...]]:
        """Where each family's features stand, families in alphabetical order."""
        families: dict[str, list[int]] = {}
        for column, feature in enumerate(self.features):
            families.setdefault(feature.family, []).append(column)
        return {family: tuple(families[family]) for family in sorted(families)}

    @cached_property
    def hash(self) -> str:
        """SHA-256 over what a model depends on: names, order, units and meanings.

        Labels, families and levers only change how an answer is worded: rewording them keeps a trained model
        valid.
        """
        meaning = [(feature.name, feature.unit, feature.description) for feature in self.features]
        return hashlib.sha256(json.dumps(meaning, ensure_ascii=False).encode()).hexdigest()

    def for_model(self, role: str) -> tuple[Feature, ...]:
        """The features that models of a role (`ModelKind.feature_role`) may use, in catalogue order."""
        return tuple(feature for feature in self.features if role in feature.models)

    def select(self, names: tuple[str, ...] | list[str]) -> Self:
        """The catalogue of exactly these features, in this order: what a model directory carries."""
        return type(self)(tuple(self[name] for name in names))

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; `from_dict` reads it back to an equal catalogue."""
        return {"features": [asdict(feature) | {"models": list(feature.models)} for feature in self.features]}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read what `to_dict` wrote; raises CatalogueError if a feature or one of its keys is missing."""
        entries = data.get("features")
        if not isinstance(entries, list):
            raise CatalogueError("A stored feature catalogue has no list `features`; save the model again.")
        features = []
        for entry in entries:
            name = _text(entry.get("name"), "?", "name")
            features.append(_feature(name, entry.get("description"), entry))
        return cls(tuple(features))


def read_catalogue(path: Path) -> FeatureCatalogue:
    """Read the features that dbt's yml at `path` describes, in file order.

    Every column of `user_features` but its keys is a feature and needs a description and `config.meta` with
    family, unit, models and label; `models` lists roles that some kind has. Raises CatalogueError naming the column
    and what is missing or wrong.
    """
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CatalogueError(f"The feature catalogue {path} cannot be read: {error.strerror}.") from error
    except yaml.YAMLError as error:
        first_line = str(error).splitlines()[0]
        raise CatalogueError(f"The feature catalogue {path} is not valid YAML: {first_line}.") from error
    columns = _columns(document, path)
    roles = list(dict.fromkeys(kind.feature_role for kind in model_kinds()))
    features = []
    for column in columns:
        name = _text(column.get("name"), "?", "name")
        if name in KEY_COLUMNS:
            continue
        # dbt accepted `meta` directly under the column before 1.10; `config.meta` is where it belongs now.
        meta = (column.get("config") or {}).get("meta") or column.get("meta")
        if not isinstance(meta, dict):
            raise CatalogueError(
                f"Column `{name}` in {path.name} has no `config.meta`; give it {', '.join(_REQUIRED_META)}."
            )
        feature = _feature(name, column.get("description"), meta)
        if unknown := [role for role in feature.models if role not in roles]:
            raise CatalogueError(f"Feature `{name}` is for the model `{unknown[0]}`; there are {', '.join(roles)}.")
        features.append(feature)
    if not features:
        raise CatalogueError(f"The feature catalogue {path} describes no feature; add columns under model `{_MART}`.")
    return FeatureCatalogue(tuple(features))


def _columns(document: object, path: Path) -> list[dict[str, Any]]:
    models = document.get("models") if isinstance(document, dict) else None
    for model in models or []:
        if model.get("name") == _MART:
            return list(model.get("columns") or [])
    raise CatalogueError(f"The feature catalogue {path} does not describe the model `{_MART}`.")


def _feature(name: str, description: object, meta: Mapping[str, Any]) -> Feature:
    for key in _REQUIRED_META:
        if key not in meta:
            raise CatalogueError(f"Feature `{name}` lacks the key `{key}`; add it to its `config.meta`.")
    models = meta["models"]
    if not isinstance(models, list | tuple):
        raise CatalogueError(f"Feature `{name}` has `models: {models}`; it must be a list of models.")
    lever = meta.get("lever")
    return Feature(
        name=name,
        description=_text(description, name, "description"),
        label=_text(meta["label"], name, "label"),
        family=_text(meta["family"], name, "family"),
        unit=_text(meta["unit"], name, "unit"),
        models=tuple(models),
        lever=None if lever is None else _text(lever, name, "lever"),
    )


def _text(value: object, name: str, key: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise CatalogueError(f"Feature `{name}` has an empty `{key}`; write it in {_MART}.yml.")
    return " ".join(value.split())
