"""The difference between two arms, made precise by what was known of the users before: CUPED.

Belongs here: the sums that a comparison needs, and the difference in means with its standard error. Does not: how sure
one may be of it after many looks (`ml.experiments.sequences`).

Sums are enough, so a database can make them and no list of users is read. All functions work on any number of looks,
days or simulations at once: these are the leading dimensions of every array.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ArmSums:
    """What a comparison needs of one arm. A row of a user is the outcome, then covariates known before exposure.

    `users` is how many there are, `sums` the sum of their rows, `products` the sum of the outer products of each row
    with itself.
    """

    users: Floats
    sums: Floats
    products: Floats

    @classmethod
    def of(cls, rows: Floats) -> "ArmSums":
        """The sums of an arm whose users' rows (..., users, columns) are at hand."""
        return cls(np.full(rows.shape[:-2], rows.shape[-2], float), rows.sum(axis=-2), np.swapaxes(rows, -1, -2) @ rows)

    @property
    def means(self) -> Floats:
        """The mean row."""
        return self.sums / self.users[..., None]

    @property
    def scatter(self) -> Floats:
        """The sum of the outer products of the rows' distances from the mean row."""
        means = self.means
        return self.products - self.users[..., None, None] * means[..., :, None] * means[..., None, :]


@dataclass(frozen=True, eq=False)
class Difference:
    """The mean outcome of the treated minus that of the control arm, per user.

    `standard_error` belongs to the adjusted `estimate`; `plain_standard_error` is what it would be without covariates.
    """

    estimate: Floats
    standard_error: Floats
    plain_standard_error: Floats


def difference(treated: ArmSums, control: ArmSums) -> Difference:
    """The difference in means of two arms, adjusted for the covariates by CUPED.

    With outcome Y and covariates X of a user, the adjusted outcome is Y - theta'(X - mean of X), where theta = S_xx^-1
    S_xy from the scatter within arms. Assignment by chance makes the mean of X equal in both arms but for luck, so the
    adjusted difference estimates the same effect, and its variance is smaller by the share R^2 that X explains of Y
    (Deng, Xu, Kohavi, Walker: Improving the Sensitivity of Online Controlled Experiments by Utilizing Pre-Experiment
    Data, WSDM 2013). Variances of the arms may differ: SE^2 is the sum of s_a^2 / n_a. NaN for an arm of fewer than two
    users.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        gap = treated.means - control.means
        within = treated.scatter + control.scatter
        theta = _slopes(within)
        # The combination of a row that is the adjusted outcome.
        weights = np.concatenate([np.ones_like(gap[..., :1]), -theta], axis=-1)
        return Difference(
            estimate=(weights * gap).sum(axis=-1),
            standard_error=_standard_error(treated, control, weights),
            plain_standard_error=_standard_error(treated, control, np.eye(weights.shape[-1])[0]),
        )


def carriers(treated: ArmSums, control: ArmSums) -> Floats:
    """How many users of the smaller arm carry the outcome, as far as both arms together say.

    (sum y)^2 / sum y^2, which is the number of buyers where all count the same and less where a few buy most, times the
    smaller arm's share of all users. A mean to which few users contribute is not normal, and what is said of its
    standard error is then wrong. The arms are pooled so that luck in one of them does not decide.
    """
    users = treated.users + control.users
    total, squares = (treated.sums + control.sums)[..., 0], (treated.products + control.products)[..., 0, 0]
    with np.errstate(invalid="ignore", divide="ignore"):
        found = np.square(total) / squares * np.minimum(treated.users, control.users) / users
    return np.nan_to_num(found)


def _slopes(within: Floats) -> Floats:
    """The slopes of the outcome on the covariates; zero for a covariate that does not vary."""
    deviations = np.sqrt(np.diagonal(within, axis1=-2, axis2=-1)[..., 1:])
    scale = np.where(deviations > 0, deviations, np.inf)
    # As correlations, so that orders and amounts of money weigh the same when the matrix is inverted.
    correlations = np.nan_to_num(within[..., 1:, 1:] / scale[..., :, None] / scale[..., None, :])
    slopes = np.linalg.pinv(correlations, hermitian=True) @ np.nan_to_num(within[..., 1:, :1] / scale[..., :, None])
    return np.asarray(slopes[..., 0] / scale, np.float64)


def _standard_error(treated: ArmSums, control: ArmSums, weights: Floats) -> Floats:
    squares = sum(
        np.einsum("...i,...ij,...j->...", weights, arm.scatter, weights) / (arm.users * (arm.users - 1))
        for arm in (treated, control)
    )
    return np.asarray(np.sqrt(np.maximum(squares, 0.0)), np.float64)
