"""A model on disk: a directory of native files that can be read without trusting it first.

Belongs here: writing, verifying and reading model directories of every kind. Does not belong here: what the
files of a kind contain (each model class writes and reads its own) or where directories are kept.

    model.json     kind, format version, features and their hash, horizon, provenance
    golden.json    a few input rows with the answers the model gave when it was saved
    manifest.json  {file: sha256} of every other file; the SHA-256 of its bytes is the model's digest
    ...            the model's own files (XGBoost JSON, plain JSON); never a pickle
"""

import hashlib
import json
import math
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol, Self, runtime_checkable

import polars as pl

from ml.answers import Answers, Values
from ml.catalogue import FeatureCatalogue
from ml.errors import ArtifactError
from ml.kinds import UnknownKind, model_kind

FORMAT_VERSION = 1

_MODEL, _GOLDEN, _MANIFEST = "model.json", "golden.json", "manifest.json"
_OWN_FILES = frozenset({_MODEL, _GOLDEN, _MANIFEST})
_TOLERANCE = 1e-6


@runtime_checkable
class Model(Protocol):
    """What every kind of model offers to be saved, loaded and checked."""

    @property
    def kind(self) -> str:
        """The name of its kind (`ml.kinds`)."""
        ...

    @property
    def horizon_days(self) -> int:
        """Days ahead that an answer is about; 0 where it is about today."""
        ...

    @property
    def catalogue(self) -> FeatureCatalogue:
        """What the features meant when the model was trained."""
        ...

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The columns `predict` needs beside user_id, in order."""
        ...

    @property
    def feature_hash(self) -> str:
        """SHA-256 of the meaning of those features."""
        ...

    @property
    def golden(self) -> pl.DataFrame:
        """A few input rows (user_id and features) that a loaded copy must answer the same way."""
        ...

    def predict(self, features: pl.DataFrame) -> pl.DataFrame:
        """One answer a row, in the order of the rows."""
        ...

    def answer(self, values: Values, top: int = 0) -> Answers:
        """What `predict` says of rows that are a matrix already, with up to `top` reasons each."""
        ...

    def to_files(self) -> dict[str, bytes]:
        """The model's own files by plain name, the same bytes each time."""
        ...

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> Self:
        """The model that `to_files` wrote."""
        ...


@dataclass(frozen=True)
class Provenance:
    """Where a model came from. Holds no clock time, so equal models have equal digests."""

    cutoffs: dict[str, Any] = field(default_factory=dict)
    data_fingerprint: str = ""
    git_revision: str = ""
    metrics: dict[str, float] = field(default_factory=dict)
    parameters: dict[str, Any] = field(default_factory=dict)


def save(model: Model, directory: Path, *, provenance: Provenance) -> str:
    """Write `model` to `directory`, whole or not at all, and return its digest.

    Raises ArtifactError if the directory already holds something.
    """
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise ArtifactError(f"{directory} already holds files; save a model to a directory of its own.")
    own = model.to_files()
    if clash := sorted(set(own) & _OWN_FILES) or [name for name in own if Path(name).name != name]:
        raise ArtifactError(f"A {model.kind} model may not write a file named {clash[0]}; rename it.")
    description = {
        "kind": model.kind,
        "format_version": FORMAT_VERSION,
        "horizon_days": model.horizon_days,
        "features": list(model.feature_names),
        "feature_hash": model.feature_hash,
        "provenance": asdict(provenance),
    }
    golden = {"rows": _plain_columns(model.golden), "answers": _plain_columns(model.predict(model.golden))}
    return write_files(directory, {**own, _MODEL: to_json(description), _GOLDEN: to_json(golden)})


def write_files(directory: Path, files: Mapping[str, bytes]) -> str:
    """Writes files and their manifest to `directory`, all or none, and returns the digest."""
    manifest = to_json({name: sha256(content) for name, content in sorted(files.items())})
    part = directory.with_name(f".{directory.name}.part-{os.getpid()}")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        for name, content in {**files, _MANIFEST: manifest}.items():
            (part / name).write_bytes(content)
        if directory.exists():
            directory.rmdir()
        part.rename(directory)
    except OSError:
        shutil.rmtree(part, ignore_errors=True)
        raise
    return sha256(manifest)


def load(directory: Path, digest: str | None = None) -> Model:
    """Read the model in `directory`, after every byte is found to be what was saved.

    `digest` is the one recorded when it was saved; without it only damage is noticed, not replacement. Raises
    ArtifactError for a missing, altered, added or unknown file, and for a copy that answers differently.
    """
    files = _files_of_model(directory, digest)
    description = _json_object(files[_MODEL], directory / _MODEL)
    if description.get("format_version") != FORMAT_VERSION:
        raise ArtifactError(
            f"{directory} has model format {description.get('format_version')}, this version reads "
            f"{FORMAT_VERSION}; train the model again."
        )
    kind = description.get("kind")
    try:
        model_class: type[Model] = model_kind(str(kind)).load_class()
    except UnknownKind as error:
        raise ArtifactError(f"{directory} holds a model of unknown kind {kind!r}; nothing here can read it.") from error
    try:
        model = model_class.from_files({name: files[name] for name in files.keys() - _OWN_FILES})
    except (KeyError, TypeError, ValueError) as error:
        raise ArtifactError(f"{directory} does not hold a readable {kind} model: {error!r}.") from error
    described = (kind, description.get("feature_hash"), description.get("horizon_days"))
    if described != (model.kind, model.feature_hash, model.horizon_days):
        raise ArtifactError(f"{directory / _MODEL} describes another model than its files hold.")
    _check_golden(model, files[_GOLDEN], directory)
    return model


def read_provenance(directory: Path) -> Provenance:
    """Where the model in `directory` came from, without loading the model."""
    description = _json_object(_files_of_model(directory, None)[_MODEL], directory / _MODEL)
    return Provenance(**description["provenance"])


def _files_of_model(directory: Path, digest: str | None) -> dict[str, bytes]:
    files = verified_files(directory, digest)
    if missing := sorted({_MODEL, _GOLDEN} - files.keys()):
        raise ArtifactError(f"{directory} lacks {missing[0]}; save the model again.")
    return files


def to_json(value: object) -> bytes:
    """The same bytes for the same value: sorted keys, no NaN (an infinite or undefined number becomes null)."""
    return (json.dumps(_finite(value), indent=1, sort_keys=True, allow_nan=False) + "\n").encode()


def verified_files(directory: Path, digest: str | None) -> dict[str, bytes]:
    """The files that `write_files` wrote, without the manifest, after every byte is found to be the same.

    `digest` is the one recorded then. Raises ArtifactError for a missing, altered or added file.
    """
    try:
        entries = {entry.name: entry for entry in directory.iterdir()}
        for entry in entries.values():
            # Before anything is read: a pipe would never end.
            if entry.is_symlink() or not entry.is_file():
                raise ArtifactError(f"{entry} is not a plain file; restore the model directory.")
        manifest_bytes = entries.pop(_MANIFEST).read_bytes()
    except (OSError, KeyError) as error:
        raise ArtifactError(f"{directory} is not a model directory: it has no readable {_MANIFEST}.") from error
    if digest is not None and sha256(manifest_bytes) != digest:
        raise ArtifactError(
            f"{directory} is not the model that was recorded: its digest is {sha256(manifest_bytes)[:12]}, "
            f"not {digest[:12]}; restore the directory or deploy another version."
        )
    manifest = _json_object(manifest_bytes, directory / _MANIFEST)
    if odd := sorted(manifest.keys() ^ entries.keys()):
        raise ArtifactError(f"{directory} and its {_MANIFEST} disagree about the file {odd[0]}; restore it.")
    files = {}
    for name, entry in entries.items():
        files[name] = entry.read_bytes()
        if sha256(files[name]) != manifest[name]:
            raise ArtifactError(f"{entry} was changed after it was saved; restore the model directory.")
    return files


def _check_golden(model: Model, content: bytes, directory: Path) -> None:
    golden = _json_object(content, directory / _GOLDEN)
    schema = {name: pl.String if name == "user_id" else pl.Float64 for name in golden["rows"]}
    answers = _plain_columns(model.predict(pl.DataFrame(golden["rows"], schema=schema)))
    expected: dict[str, list[Any]] = golden["answers"]
    if answers.keys() != expected.keys() or not all(
        len(answers[name]) == len(expected[name]) and all(map(_same, answers[name], expected[name]))
        for name in expected
    ):
        raise ArtifactError(
            f"The model in {directory} answers its golden rows differently than when it was saved; it must not "
            f"be used with these library versions: train it again."
        )


def _same(answer: Any, expected: Any) -> bool:
    if isinstance(answer, float) and isinstance(expected, int | float):
        return math.isclose(answer, expected, rel_tol=_TOLERANCE, abs_tol=_TOLERANCE)
    return bool(answer == expected)


def _plain_columns(frame: pl.DataFrame) -> dict[str, list[Any]]:
    columns: dict[str, list[Any]] = _finite(frame.to_dict(as_series=False))
    return columns


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value


def _json_object(content: bytes, path: Path) -> dict[str, Any]:
    try:
        value = json.loads(content)
    except ValueError as error:
        raise ArtifactError(f"{path} is not valid JSON; restore the model directory.") from error
    if not isinstance(value, dict):
        raise ArtifactError(f"{path} is not a JSON object; restore the model directory.")
    return value


def sha256(content: bytes) -> str:
    """The hexadecimal SHA-256 of some bytes."""
    return hashlib.sha256(content).hexdigest()
