"""Whether a recipe may be used: only if it ranks better than doing without, shown out of time.

Belongs here: the decision. Does not belong here: carrying it out (`registry.recommending`).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from ml.recommendation.evaluation import BASELINES, FIGURES, RECIPE, Hits, difference

_WORST_LOSS = 0.01
"""How much of a figure a challenger may lose against the champion at most, at the lower end of the interval."""
_LEAST_USERS = 100
_NAMES = {"recall": "recall@10", "ndcg": "NDCG@10"}
_WORDS = {"most_popular": "the most popular items", "own_repeats": "what each user bought most often"}


@dataclass(frozen=True)
class Verdict:
    """May it be used, why in one sentence, and the figures of the decision."""

    passed: bool
    reason: str
    checks: dict[str, float]


def better_than_baselines(hits: Mapping[str, Hits]) -> Verdict:
    """Whether recall and NDCG are both above those of both baselines, with their whole 95 % intervals."""
    users = len(hits[RECIPE].users)
    if users < _LEAST_USERS:
        return Verdict(False, f"only {users} users bought in the test window; {_LEAST_USERS} are needed to judge", {})
    checks: dict[str, float] = {}
    lost: list[str] = []
    for baseline in BASELINES:
        for figure in FIGURES:
            found = difference(hits[RECIPE], hits[baseline], figure)
            checks |= {
                f"{figure}_over_{baseline}": found.estimate,
                f"{figure}_over_{baseline}_low": found.low,
                f"{figure}_over_{baseline}_high": found.high,
            }
            if not found.low > 0:
                lost.append(
                    f"{_NAMES[figure]} {found.estimate:+.4f} [{found.low:+.4f}, {found.high:+.4f}] against "
                    f"{_WORDS[baseline]}"
                )
    if lost:
        return Verdict(False, f"not shown to be better than doing without: {'; '.join(lost)}", checks)
    return Verdict(True, f"better than {' and '.join(_WORDS.values())} on {users} users", checks)


def not_worse(challenger: Hits, champion: Hits) -> Verdict:
    """Whether neither figure falls behind the champion's by more than may be lost."""
    checks: dict[str, float] = {}
    lost: list[str] = []
    for figure in FIGURES:
        found = difference(challenger, champion, figure)
        checks |= {f"{figure}_over_champion": found.estimate, f"{figure}_over_champion_low": found.low}
        if found.low < -_WORST_LOSS:
            lost.append(f"{_NAMES[figure]} {found.estimate:+.4f}, at worst {found.low:+.4f}")
    if lost:
        return Verdict(False, f"it may be worse than the champion: {'; '.join(lost)}", checks)
    return Verdict(True, "not worse than the champion", checks)
