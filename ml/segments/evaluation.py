"""What is reported of a segmentation: its figures, its segments and their profile.

Belongs here: the shape of the report. Does not belong here: how the figures are found (`ml.segmentation`).
"""

from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True)
class SegmentationEvaluation:
    """How good the segments are.

    metrics: users, segments, stability (mean adjusted Rand index over bootstrap resamples), silhouette, rfm_silhouette
        (that of the RFM score cut into as many equal groups, on the same users and space), explained_share (of the
        variance), smallest_share, and, if there was a previous model, kept_share (users whose segment id stayed).
    candidates: k, stability, silhouette, smallest_share for every number of segments tried.
    segments: segment_id, segment, users, share, revenue_share.
    profile: segment_id, segment, feature, label, family, unit, median, population_median, deviation (of the centre from
        the average user, in standard deviations).
    reason: why this number of segments, in a sentence.
    """

    metrics: dict[str, float]
    candidates: pl.DataFrame
    segments: pl.DataFrame
    profile: pl.DataFrame
    reason: str
