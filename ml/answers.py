"""What every model answers to a matrix of features: columns, one place a row, and reasons where they were asked for.

Belongs here: the shape of an answer before it is a frame or JSON, shared by all models and by what serves them. Does
not belong here: how a model finds it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.explanation import Explanation

Values = NDArray[np.floating[Any]]
"""Features as a model reads them: rows x feature names in their order, NaN where undefined, in their own units."""


@dataclass(frozen=True, eq=False)
class Answers:
    """Answers in the order of the rows asked.

    `columns` are those of `predict` but user_id; `explanations` is empty unless reasons were asked for.
    """

    columns: Mapping[str, NDArray[Any]]
    explanations: tuple[Explanation, ...] = ()
