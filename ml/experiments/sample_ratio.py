"""Whether arms have as many users as they should: a sequential test for a sample ratio mismatch.

Belongs here: the test of counts against planned shares. Does not: what may have gone wrong (docs/experiments.md).

If one arm loses users on the way, those who are left are no longer comparable with the other arm's, and no statistics
can mend that. So this is tested before any effect is believed.

From Lindon and Malek: Anytime-valid inference for multinomial count data (arXiv 2011.03567). With planned shares p and
a Dirichlet prior K p around them, the evidence against the plan after counts n (N in all) is the ratio of likelihoods

    E = Gamma(K) / Gamma(K + N) * prod_i Gamma(K p_i + n_i) / Gamma(K p_i) / prod_i p_i^n_i.

While the plan holds, E starts at 1 and is a martingale, so it ever exceeds 1 / alpha with probability at most alpha:
1 / max E is a p-value that holds at all looks together.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from ml.experiments.comparison import Floats

ALARM = 0.001
"""The p-value below which arms are called mismatched. A false alarm costs an experiment, and a look costs nothing."""

_CONCENTRATION = 1_000.0
"""K. The larger it is, the smaller the mismatches that the test is best at."""


def sample_ratio_p_values(counts: NDArray[np.int64], shares: Sequence[float]) -> Floats:
    """The p-value at each look. `counts` (..., looks, arms) are all users so far; `shares` those planned, summing to 1.

    It never grows from one look to the next.
    """
    planned = _CONCENTRATION * np.asarray(shares, np.float64)
    evidence = (
        gammaln(_CONCENTRATION)
        - gammaln(_CONCENTRATION + counts.sum(axis=-1))
        + (gammaln(planned + counts) - gammaln(planned) - counts * np.log(shares)).sum(axis=-1)
    )
    return np.exp(-np.maximum.accumulate(np.maximum(evidence, 0.0), axis=-1))
