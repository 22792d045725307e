"""From a lever to a sentence of advice. The sentences live in advice.yml, where a marketer can edit them."""

from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

import yaml

from ml.errors import MLError

# Also where the package is a zip, as Spark hands it to its workers.
ADVICE_FILE = files("ml") / "advice.yml"


class AdviceError(MLError):
    """The advice file is not levers with sentences by model."""


@cache
def read_advice(path: Traversable = ADVICE_FILE) -> dict[str, dict[str, str]]:
    """Sentences by lever and model, read once. Raises AdviceError naming the first bad entry."""
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not isinstance(document, dict):
        raise AdviceError(f"{path} must map levers to sentences by model.")
    for lever, sentences in document.items():
        if not isinstance(sentences, dict) or not all(isinstance(text, str) for text in sentences.values()):
            raise AdviceError(f"The lever `{lever}` in {path} must map models to one sentence each.")
    return document


def advice_for(lever: str | None, kind: str) -> str | None:
    """The advice for a lever in a model's words; None where nobody can act or nothing is written."""
    return read_advice().get(lever, {}).get(kind) if lever else None
