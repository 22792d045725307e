"""What every model answers to "why": reasons that add up, in words, and what can be done about them.

Belongs here: the shape of an answer, shared by all models and by what serves them. Does not belong here: how a
model finds its reasons.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass
class Reason:
    """One feature's part in an answer. Not frozen, because thousands are made at a time and that would cost four times
    as much; nobody changes one.

    `contribution` is in the model's own additive unit (log-odds for a probability, squared scaled distance for a
    segment); `value` is the user's, None where it is undefined; `text` is the sentence a marketer reads.
    """

    feature: str
    label: str
    value: float | None
    contribution: float
    text: str


class Explanation(NamedTuple):
    """Why a user got this answer: reasons, strongest first, and the advice that follows from them."""

    reasons: tuple[Reason, ...]
    advice: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Contributions:
    """Answers taken apart, in the model's own additive unit: `values[i].sum() + bias[i] == total[i]`.

    `values` is rows x features; `bias` is what everyone starts from.
    """

    total: Floats
    bias: Floats
    values: Floats
