"""The search for clusters: as many as are found again, matched to the old ones by the users they share."""

import numpy as np
import pytest

from ml.clustering import assign, find_clusters, match, separation


def blobs(centres: list[tuple[float, float]], per_blob: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.vstack([rng.normal(centre, 0.3, (per_blob, 2)) for centre in centres])


FIVE = [(0.0, 0.0), (6.0, 0.0), (0.0, 6.0), (6.0, 6.0), (3.0, 12.0)]


def test_finds_the_planted_number_and_calls_it_stable() -> None:
    found = find_clusters(blobs(FIVE, 100), seed=0)
    assert found.chosen.k == len(found.centroids) == 5
    assert found.chosen.stability == pytest.approx(1.0)
    assert "5 segments" in found.reason


def test_a_cloud_without_structure_is_not_split_finely() -> None:
    rng = np.random.default_rng(0)
    found = find_clusters(rng.normal(0.0, 1.0, (800, 4)), seed=0)
    assert found.chosen.k <= 3


def test_a_handful_of_odd_users_is_no_segment() -> None:
    points = np.vstack([blobs(FIVE[:3], 200), np.full((5, 2), 60.0)])
    found = find_clusters(points, seed=0)
    shares = np.bincount(assign(points, found.centroids)) / len(points)
    assert shares.min() >= 0.03


def test_previous_centroids_keep_number_and_place() -> None:
    points = blobs(FIVE, 100)
    first = find_clusters(points, seed=0)
    again = find_clusters(blobs(FIVE, 100, seed=4), seed=1, previous=first.centroids)
    assert "as before" in again.reason
    assert np.abs(again.centroids - first.centroids).max() < 0.2


def test_matching_follows_the_users_whatever_the_numbers() -> None:
    labels = np.repeat([0, 1, 2], 10)
    renamed = np.array([2, 0, 1])[labels]
    old = np.array(FIVE[:3])
    assert match(renamed, old[[1, 2, 0]], labels, old) == {2: 0, 0: 1, 1: 2}


def test_a_cluster_of_newcomers_continues_nothing() -> None:
    old_centroids = np.array(FIVE[:2])
    # A far crowd lies nearest to the old cluster 1, and is as large as it.
    points = np.vstack([blobs(FIVE[:2], 50), blobs([(14.0, 0.0)], 50)])
    new = np.repeat([0, 1, 2], 50)
    matched = match(new, np.array([*FIVE[:2], (14.0, 0.0)]), assign(points, old_centroids), old_centroids)
    assert matched == {0: 0, 1: 1}


def test_separation_of_a_single_label_is_zero() -> None:
    points = blobs(FIVE[:1], 50)
    assert separation(points, np.zeros(50, dtype=np.int64), seed=0) == 0.0
