"""What is said of versions of models, changes of champions and drift, by codes.

Belongs here: which rooms' sentences those are. Does not belong here: the sentences.
"""

from backend.told import Told, Vocabulary
from ml.drift_words import SENTENCES as DRIFT
from ml.gate.words import SENTENCES as GATE
from registry.words import SENTENCES as REGISTRY

_VOCABULARY = Vocabulary({"gate": GATE, "registry": REGISTRY, "drift": DRIFT})


def read(text: str | None) -> list[Told]:
    """What a verdict, a reason, an error or a look for drift says; nothing where nothing was said."""
    return [] if text is None else _VOCABULARY.read(text)
