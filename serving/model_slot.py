"""The model a process answers with, and how another takes its place.

Belongs here: loading a model directory after checking it, and swapping one reference, so that a request sees either
the old model or the new one and never a bit of both. Does not belong here: who decides which model that should be
(`deployment_watcher.py`).
"""

import datetime
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

from ml.errors import MLError
from ml.kinds import Answer, model_kind
from serving.errors import ModelRefused
from serving.model_info import Refusal

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    from ml.answers import Answers, Values
    from ml.artifact import Provenance
    from ml.catalogue import FeatureCatalogue
    from ml.explanation import Contributions


class ServedModel(Protocol):
    """What a service asks of a model, whatever its kind; the classes in `ml` say it in full."""

    @property
    def kind(self) -> str:
        """The name of its kind (`ml.kinds`)."""
        ...

    @property
    def horizon_days(self) -> int:
        """Days ahead that an answer is about; 0 where it is about today."""
        ...

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The columns of the matrix that `answer` needs, in order."""
        ...

    @property
    def feature_hash(self) -> str:
        """SHA-256 of the meaning of those features."""
        ...

    @property
    def catalogue(self) -> "FeatureCatalogue":
        """What those features mean."""
        ...

    @property
    def prior(self) -> "DataclassInstance":
        """The answer for a user nobody has seen, named like the columns of `answer`."""
        ...

    def answer(self, values: "Values", top: int = 0) -> "Answers":
        """One answer a row, in the order of the rows, with up to `top` reasons each."""
        ...

    def take_apart(self, values: "Values") -> "Contributions":
        """What each feature adds to the answer of each row."""
        ...


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A checked model with everything an answer says about it."""

    kind: str
    answer: Answer
    model: ServedModel
    prior: Mapping[str, Any]
    version: int
    digest: str
    deployment_id: int | None
    provenance: "Provenance"
    loaded_at: datetime.datetime

    @property
    def warning(self) -> str | None:
        """What everyone who reads its answers should know, such as that nothing could judge it."""
        return self.provenance.parameters.get("warning")

    @property
    def interval_note(self) -> str | None:
        """Why the intervals of its probabilities are as wide as they are; None for a model without any."""
        note: str | None = getattr(self.model, "interval_note", None)
        return note


@dataclass(frozen=True, slots=True)
class Build:
    """What a Bento was built from: the file `build.json` beside its model directory."""

    kind: str
    version: int
    digest: str


def read_build(path: Path) -> Build:
    """Read what `serving.build` wrote; raises ModelRefused if it is missing or unreadable."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return Build(str(content["kind"]), int(content["version"]), str(content["digest"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelRefused("no_build", f"{path} does not say which model the Bento holds; build it again.") from error


def load_model(
    kind: str, directory: Path, *, digest: str, version: int, deployment_id: int | None = None
) -> LoadedModel:
    """Load and check the model in `directory`: every file's SHA-256, the digest, the golden rows, the kind.

    Raises ModelRefused with the code `artifact` or `wrong_kind`.
    """
    from ml import artifact  # what a model needs is loaded in workers only, not in the supervisor

    try:
        model = cast(ServedModel, artifact.load(directory, digest))
        provenance = artifact.read_provenance(directory)
    except (MLError, OSError) as error:
        raise ModelRefused("artifact", str(error)) from error
    if model.kind != kind:
        raise ModelRefused("wrong_kind", f"The {kind} service cannot answer with a {model.kind} model.")
    return LoadedModel(
        kind=kind,
        answer=model_kind(kind).answer,
        model=model,
        prior=asdict(model.prior),
        version=version,
        digest=digest,
        deployment_id=deployment_id,
        provenance=provenance,
        loaded_at=datetime.datetime.now(datetime.UTC),
    )


def check_features(model: ServedModel, mart_columns: frozenset[str]) -> None:
    """Raise ModelRefused with the code `features` where the mart lacks some of the model's features."""
    if missing := [name for name in model.feature_names if name not in mart_columns]:
        raise ModelRefused("features", f"The feature mart lacks {', '.join(missing)}; rebuild it first.")


class ModelSlot:
    """Holds the model in use. Reading and swapping one attribute is atomic, so no request takes a lock."""

    def __init__(self, loaded: LoadedModel) -> None:
        self._current = loaded
        self._refusal: Refusal | None = None

    @property
    def current(self) -> LoadedModel:
        """The model to answer with; take it once for a request."""
        return self._current

    @property
    def refusal(self) -> Refusal | None:
        """The newest deployment, if it was refused."""
        return self._refusal

    def swap(self, loaded: LoadedModel) -> None:
        """Answer with `loaded` from the next request on."""
        self._current = loaded
        self._refusal = None

    def refuse(self, refusal: Refusal) -> None:
        """Remember that the newest deployment was refused; the model in use stays."""
        self._refusal = refusal
