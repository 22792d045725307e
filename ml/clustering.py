"""Finds clusters: how many there are, where they lie, and which of them are old acquaintances.

Belongs here: KMeans, stability, and matching to earlier clusters, on plain matrices. Does not belong here: what a
feature or a segment means.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score, silhouette_score
from threadpoolctl import threadpool_limits

from ml.segments.scaling import Matrix

Labels = NDArray[np.int64]

_BOOTSTRAPS = 6
_FIT_ROWS, _CHOICE_ROWS, _JUDGE_ROWS = 20_000, 4_000, 2_000
_USERS_PER_CLUSTER = 25
_STABLE = 0.85
"""Mean adjusted Rand index from which a partition counts as found again in a resample (Hennig 2007)."""
_STILL_STABLE, _STILL_SEPARATE = 0.7, 0.1
"""A number of clusters in use is given up only when it is clearly unstable or another one separates clearly better:
its users would be renamed."""
_STRUCTURELESS = 0.6
"""Below this a split says more about the resample than about the users (Hennig 2007)."""
_SEPARATION_TIE = 0.04
_SAME_CLUSTER = 0.2
"""Share of common users (Jaccard, less for distant centres) from which a new cluster continues an old one."""


@dataclass(frozen=True)
class Candidate:
    """What was found for one number of clusters."""

    k: int
    stability: float
    silhouette: float
    smallest_share: float


@dataclass(frozen=True)
class Clusters:
    """The chosen clusters (`centroids`: k x features), every number that was tried, and the reason for the choice."""

    centroids: Matrix
    candidates: tuple[Candidate, ...]
    chosen: Candidate
    reason: str


def find_clusters(
    points: Matrix,
    *,
    seed: int,
    k_range: tuple[int, int] = (3, 8),
    min_share: float = 0.03,
    previous: Matrix | None = None,
) -> Clusters:
    """Choose the number of clusters by stability and size, then fit them.

    Among numbers whose partition is found again in bootstrap resamples and whose smallest cluster holds `min_share` of
    the points, take the finest that separates as well as the best. `previous` centroids (in the space of `points`) keep
    their number while it is not clearly unstable, and start the fit: clusters move only where the data moved.
    """
    # Threads only wait for each other on samples this small: one is twenty times faster on a busy machine.
    with threadpool_limits(limits=1):
        rng = np.random.default_rng(seed)
        sample = _sample(points, _CHOICE_ROWS, rng)
        distinct = len(np.unique(sample, axis=0))
        most = min(k_range[1], len(points) // _USERS_PER_CLUSTER, distinct)
        tried = [_try(sample, k, rng) for k in range(k_range[0], most + 1)]
        good = [c for c in tried if c.smallest_share >= min_share and c.stability >= _STABLE]
        if not good and most >= 2:
            tried.insert(0, _try(sample, 2, rng))
        chosen, reason = _choose(tried, good, min_share, 0 if previous is None else len(previous))
        centroids = _fit(_sample(points, _FIT_ROWS, rng), chosen.k, seed, previous)
    return Clusters(centroids, tuple(tried), chosen, reason)


def assign(points: Matrix, centroids: Matrix) -> Labels:
    """The position of the nearest centroid for every point."""
    distances = np.stack([np.linalg.norm(points - centroid, axis=1) for centroid in centroids], axis=1)
    return np.asarray(distances.argmin(axis=1), dtype=np.int64)


def match(labels: Labels, centroids: Matrix, old_labels: Labels, old_centroids: Matrix) -> dict[int, int]:
    """New cluster -> the old cluster it continues, so that as many users as possible stay where they were.

    Both labellings are of the same users, both sets of centroids in the same space. Users in common count less the
    farther the centres lie apart: a crowd that is merely nearest to an old cluster does not continue it.
    """
    common = np.zeros((len(centroids), len(old_centroids)))
    np.add.at(common, (labels, old_labels), 1.0)
    either = common.sum(axis=1)[:, None] + common.sum(axis=0)[None, :] - common
    apart = ((centroids[:, None, :] - old_centroids[None, :, :]) ** 2).sum(axis=2)
    sameness = common / np.maximum(either, 1.0) / (1.0 + apart)
    rows, columns = linear_sum_assignment(common / (1.0 + apart), maximize=True)
    pairs = zip(rows.tolist(), columns.tolist(), strict=True)
    return {new: old for new, old in pairs if sameness[new, old] >= _SAME_CLUSTER}


def partition_stability(points: Matrix, labels: NDArray[Any], *, seed: int) -> float:
    """How well a partition that exists already is found again: mean adjusted Rand index over bootstrap resamples.

    In every resample k-means starts at the partition's own means, so clusters that the points do not show fall apart:
    1 where all of them are found again, 0 for labels drawn at random. One cluster is always found again.
    """
    rng = np.random.default_rng(seed)
    rows = np.sort(rng.permutation(len(points))[:_CHOICE_ROWS])
    sample, codes = points[rows], np.unique(labels[rows], return_inverse=True)[1]
    k = int(codes.max()) + 1
    if k == 1:
        return 1.0
    if not points.shape[1]:
        return 0.0
    means = np.stack([sample[codes == cluster].mean(axis=0) for cluster in range(k)])
    with threadpool_limits(limits=1):
        agreement = [
            adjusted_rand_score(
                codes,
                KMeans(k, init=means, n_init=1, random_state=0)
                .fit(sample[rng.integers(0, len(sample), len(sample))])
                .predict(sample),
            )
            for _ in range(_BOOTSTRAPS)
        ]
    return float(np.mean(agreement))


def separation(points: Matrix, labels: NDArray[Any], *, seed: int) -> float:
    """Silhouette of a labelling on a sample; 0 if there is only one label, or nothing that could separate."""
    rng = np.random.default_rng(seed)
    rows = np.sort(rng.permutation(len(points))[:_JUDGE_ROWS])
    kinds = len(np.unique(labels[rows]))
    if not points.shape[1] or not 1 < kinds < len(rows):
        return 0.0
    return float(silhouette_score(points[rows], labels[rows]))


def _try(sample: Matrix, k: int, rng: np.random.Generator) -> Candidate:
    seeds = rng.integers(0, 2**31, _BOOTSTRAPS + 2)
    judged = _sample(sample, _JUDGE_ROWS, rng)
    reference = _kmeans(k, int(seeds[0]), n_init=4).fit(sample)
    labels = reference.predict(judged)
    agreement = [
        adjusted_rand_score(
            labels,
            _kmeans(k, int(seed), n_init=2).fit(sample[rng.integers(0, len(sample), len(sample))]).predict(judged),
        )
        for seed in seeds[1:-1]
    ]
    shares = np.bincount(reference.labels_, minlength=k) / len(sample)
    return Candidate(k, float(np.mean(agreement)), separation(judged, labels, seed=int(seeds[-1])), float(shares.min()))


def _choose(tried: list[Candidate], good: list[Candidate], min_share: float, previous_k: int) -> tuple[Candidate, str]:
    best = max((c.silhouette for c in good), default=0.0)
    for kept in (c for c in tried if c.k == previous_k):
        is_separate = kept.silhouette >= best - _STILL_SEPARATE
        if is_separate and kept.stability >= _STILL_STABLE and kept.smallest_share >= min_share / 2:
            return kept, f"{kept.k} segments as before: still stable ({kept.stability:.2f})"
    if good:
        finest = max((c for c in good if c.silhouette >= best - _SEPARATION_TIE), key=lambda c: c.k)
        return finest, f"{finest.k} segments: the finest stable split ({finest.stability:.2f}) that separates as well"
    # With nothing stable enough, a small segment is the lesser evil; half of the limit is the last word on size.
    usable = [c for c in tried if c.smallest_share >= min_share / 2 and c.stability >= _STRUCTURELESS]
    if usable:
        best_of_all = max(usable, key=lambda c: c.stability)
        return best_of_all, f"{best_of_all.k} segments: the most stable split there is ({best_of_all.stability:.2f})"
    return Candidate(1, 1.0, 0.0, 1.0), "one segment: too few users or no split that would be found again"


def _fit(points: Matrix, k: int, seed: int, previous: Matrix | None) -> Matrix:
    if k == 1:
        return np.asarray(points.mean(axis=0, keepdims=True), dtype=np.float64)
    fits = [_kmeans(k, seed, n_init=8).fit(points)]
    if previous is not None and len(previous) == k:
        warm = KMeans(k, init=previous, n_init=1, max_iter=300).fit(points)
        # Another optimum is worth moving everyone only if it is clearly better.
        if warm.inertia_ <= 1.02 * fits[0].inertia_:
            fits = [warm]
    return np.asarray(fits[0].cluster_centers_, dtype=np.float64)


def _kmeans(k: int, seed: int, n_init: int) -> KMeans:
    return KMeans(k, n_init=n_init, random_state=seed)


def _sample(points: Matrix, rows: int, rng: np.random.Generator) -> Matrix:
    if len(points) <= rows:
        return points
    return np.asarray(points[np.sort(rng.choice(len(points), rows, replace=False))], dtype=np.float64)
