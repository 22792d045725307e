"""When in the day events happen, and by how many hours that has moved.

Belongs here: comparing two profiles of 24 hours. Does not: counting events by hour (`usual_events`).
"""

import numpy as np
import numpy.typing as npt

# Smoothed over five hours, profiles of a source are about .05 apart from week to week, and .2 when moved by three.
_LEAST_DISTANCE = 0.1
_SMOOTHING = np.array([1, 2, 3, 2, 1]) / 9

Floats = npt.NDArray[np.float64]


def hours_shifted(profile: Floats, usual: Floats) -> int:
    """By how many hours, -11 to 12, a profile of 24 hours has moved; 0 unless the move explains most of the distance.

    Distance is half the sum of absolute differences, the share of events that would have to happen at another hour,
    smoothed because the hours of few users are ragged.
    """
    moves = [_smoothed(np.roll(profile, -hours) - usual) for hours in range(24)]
    distances = [float(np.abs(difference).sum()) / 2 for difference in moves]
    best = int(np.argmin(distances))
    if distances[0] < _LEAST_DISTANCE or distances[best] > distances[0] / 2:
        return 0
    return best if best <= 12 else best - 24


def _smoothed(around_the_clock: Floats) -> Floats:
    return np.asarray(np.convolve(np.pad(around_the_clock, 2, mode="wrap"), _SMOOTHING, mode="valid"), np.float64)
