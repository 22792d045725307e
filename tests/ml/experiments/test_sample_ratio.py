"""The sequential test for a sample ratio mismatch: rarely alarmed without a reason, and soon with one."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.integrate import quad
from scipy.stats import beta

from ml.experiments.sample_ratio import ALARM, sample_ratio_p_values


def counts(treated_share: float) -> NDArray[np.int64]:
    """Of 2,000 experiments with 100 looks, 200 users from each look to the next."""
    treated = np.random.default_rng(0).binomial(200, treated_share, (2000, 100)).cumsum(axis=1)
    return np.stack([treated, 200 * np.arange(1, 101) - treated], axis=-1)


def test_the_evidence_is_the_ratio_of_likelihoods() -> None:
    # 30 of 100 where 50 were planned: the likelihood under the prior around the plan, by quadrature, over the plan's.
    def likelihood(share: float) -> float:
        return float(beta.pdf(share, 500, 500) * (share / 0.5) ** 30 * ((1 - share) / 0.5) ** 70)

    evidence, _ = quad(likelihood, 0.3, 0.7)
    (p_value,) = sample_ratio_p_values(np.array([[30, 70]]), [0.5, 0.5])
    assert p_value == pytest.approx(1 / evidence, rel=1e-6)


@pytest.mark.parametrize("share", [0.5, 0.9])
def test_a_hundred_looks_find_no_mismatch_where_there_is_none(share: float) -> None:
    p_values = sample_ratio_p_values(counts(share), [share, 1 - share])
    assert (p_values[:, -1] < 0.05).mean() <= 0.05
    assert (p_values[:, -1] < ALARM).mean() <= ALARM
    assert (np.diff(p_values, axis=1) <= 0).all()


def test_an_arm_that_loses_a_tenth_of_its_users_is_found() -> None:
    kept = 0.5 * 0.9 / (0.5 * 0.9 + 0.5)
    assert (sample_ratio_p_values(counts(kept), [0.5, 0.5])[:, -1] < ALARM).mean() > 0.99


def test_three_unequal_arms_are_as_planned_or_not() -> None:
    planned = [0.1, 0.45, 0.45]
    as_planned, lost = sample_ratio_p_values(np.array([[[1000, 4500, 4500]], [[700, 4500, 4500]]]), planned)[:, -1]
    assert as_planned == 1
    assert lost < ALARM


def test_nobody_yet_is_no_mismatch() -> None:
    assert sample_ratio_p_values(np.array([[0, 0]]), [0.1, 0.9]) == pytest.approx(1)
