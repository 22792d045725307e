"""Learning whom to treat, judging what was learned, and the rule by which it is promoted.

Belongs here: the order of the steps and what they come to. Does not: effects (`ml.uplift`), estimators
(`ml.policies.value`), storing (`warehouse.policies`).

Learners learn from the oldest decisions. The one that ranks users best in the next ones (Qini) is chosen, and its
effects are calibrated there. On the newest decisions, which neither has seen, the policy is compared with every
constant choice that the budget allows: nobody, and each action for all, or for a share drawn by chance. It is promoted
only if a doubly robust estimate says with 95 % confidence that it is better than each of them, and so than the best.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ml.errors import NotEnoughData
from ml.policies.decisions import Decisions, Split, split_by_time, telling_features
from ml.policies.policy import Policy, Terms, constants
from ml.policies.value import Log
from ml.policies.valuing import Valued, compare, plain
from ml.propensity.matrix import Floats
from ml.uplift.calibration import Bin, Line, effect_bins, fit_line
from ml.uplift.learners import LEARNERS, EffectModel, LearnerName, fit_learner
from ml.uplift.qini import qini

LEARNED = "learned"
_RESAMPLES = 100


@dataclass(frozen=True)
class Ranking:
    """How well a learner ranks users: Qini where it was chosen and, of the chosen one, where it was judged."""

    learner: LearnerName
    qini: float
    qini_judged: float | None = None
    qini_low: float | None = None
    qini_high: float | None = None


@dataclass(frozen=True)
class Learned:
    """A policy, how it was judged, and whether it is promoted; `verdict` says why in a sentence."""

    policy: Policy
    rankings: tuple[Ranking, ...]
    bins: tuple[Bin, ...]
    values: tuple[Valued, ...]
    rows: tuple[int, int, int]
    is_out_of_time: bool
    telling_features: tuple[str, ...]
    contacted_share: float
    is_promoted: bool
    verdict: str

    def report(self) -> dict[str, Any]:
        """Everything but the policy itself, as plain data for JSON."""

        return {
            "rankings": [asdict(each) for each in self.rankings],
            "bins": [asdict(each) for each in self.bins],
            "values": [plain(each) for each in self.values],
            "rows": list(self.rows),
            "is_out_of_time": self.is_out_of_time,
            "telling_features": list(self.telling_features),
            "contacted_share": self.contacted_share,
        }


def learn(decisions: Decisions, terms: Terms, *, seed: int = 0) -> Learned:
    """Learns a policy and judges it. Raises NotEnoughData where too few users bought to learn anything."""
    telling = telling_features(decisions)
    usable = [name for name in decisions.features if name not in telling]
    split = split_by_time(decisions.with_features(usable), terms.window_days)
    ranked = _ranked(split, seed)
    qini_of, model = ranked[0]
    policy = Policy(
        decisions.actions, tuple(usable), model, _lines(model, split.choose), decisions.typical_purchase, terms
    )
    judge = split.judge
    judged = log_of(policy, judge)
    bins = _bins(policy.effects(judge.matrix), judge)
    learned = policy.probabilities(judge.matrix, judge.value)
    values = compare(judged, LEARNED, learned, constants(policy.actions, len(judge), terms.budget_share))
    best = min(
        (each for each in values if each.advantage is not None),
        key=lambda each: each.advantage.low if each.advantage else 0.0,
    )
    better = best.advantage
    is_promoted = better is not None and better.low > 0
    low, high = _qini_interval(policy, judge, seed)
    rankings = [Ranking(found.name, score) for score, found in ranked]
    rankings[0] = Ranking(model.name, qini_of, _qini(policy.effects(judge.matrix), judge), low, high)
    return Learned(
        policy=policy,
        rankings=tuple(rankings),
        bins=tuple(bins),
        values=tuple(values),
        rows=(len(split.learn), len(split.choose), len(judge)),
        is_out_of_time=split.is_out_of_time,
        telling_features=telling,
        contacted_share=float((learned[:, 0] == 0).mean()),
        is_promoted=is_promoted,
        verdict=_verdict(best, is_promoted),
    )


def log_of(policy: Policy, decisions: Decisions) -> Log:
    """Decisions as the estimators take them, with what the policy's own model expects of each action."""
    expected = policy.model.probabilities(decisions.matrix) * decisions.value[:, None]
    expected[:, 1:] -= policy.terms.cost_per_contact
    reward = decisions.reward(policy.terms.cost_per_contact)
    return Log(decisions.user, decisions.action, decisions.propensity, reward, expected)


def _ranked(split: Split, seed: int) -> list[tuple[float, EffectModel]]:
    """The learners that could learn, the best Qini first."""
    found, reasons = [], []
    for name in LEARNERS:
        past = split.learn
        try:
            model = fit_learner(
                name, past.matrix, past.outcome, past.action, past.weights, len(past.actions), seed=seed
            )
        except NotEnoughData as error:
            reasons.append(str(error))
            continue
        found.append((_qini(model.effects(split.choose.matrix), split.choose), model))
    if not found or not np.isfinite([score for score, _ in found]).any():
        reason = reasons[0] if reasons else "Nobody bought in the decisions by which a learner is chosen."
        raise NotEnoughData(f"No effect of single users can be learned yet. {reason}")
    return sorted(found, key=lambda each: -np.nan_to_num(each[0], nan=-np.inf))


def _pairs(decisions: Decisions) -> list[tuple[int, Any]]:
    """For each action but 0: the rows with this action or none."""
    return [(each, np.isin(decisions.action, (0, each))) for each in range(1, len(decisions.actions))]


def _qini(effects: Floats, decisions: Decisions) -> float:
    """The mean over the actions of the Qini coefficient beside doing nothing."""
    found = [
        qini(decisions.outcome[rows], effects[rows, each - 1], decisions.action[rows] > 0, decisions.weights[rows])
        for each, rows in _pairs(decisions)
    ]
    return float(np.mean(found))


def _qini_interval(policy: Policy, decisions: Decisions, seed: int) -> tuple[float, float]:
    """95 % of resamples of the users."""
    effects, plain = policy.effects(decisions.matrix), decisions.with_features(())
    random = np.random.default_rng(seed)
    order = np.argsort(decisions.user, kind="stable")
    ends = np.flatnonzero(np.append(decisions.user[order][1:] != decisions.user[order][:-1], True))
    blocks = np.split(order, ends[:-1] + 1)
    found = []
    for _ in range(_RESAMPLES):
        rows = np.concatenate([blocks[place] for place in random.integers(len(blocks), size=len(blocks))])
        found.append(_qini(effects[rows], plain.rows(rows)))
    low, high = np.nanquantile(found, [0.025, 0.975])
    return float(low), float(high)


def _lines(model: EffectModel, decisions: Decisions) -> tuple[Line, ...]:
    effects = model.effects(decisions.matrix)
    return tuple(
        fit_line(
            effect_bins(
                decisions.outcome[rows],
                effects[rows, each - 1],
                (decisions.action[rows] > 0).astype(np.int64),
                decisions.weights[rows],
            )
        )
        for each, rows in _pairs(decisions)
    )


def _bins(effects: Floats, decisions: Decisions) -> list[Bin]:
    """Deciles of all pairs of an action and nothing, together."""
    parts = [
        (decisions.outcome[rows], effects[rows, each - 1], (decisions.action[rows] > 0), decisions.weights[rows])
        for each, rows in _pairs(decisions)
    ]
    outcome, effect, is_treated, weights = (np.concatenate(each) for each in zip(*parts, strict=True))
    return effect_bins(outcome, effect, is_treated.astype(np.int64), weights)


def _verdict(closest: Valued, is_promoted: bool) -> str:
    better = closest.advantage
    if better is None:
        return "There is nothing to compare with."
    by = f"{better.value:+.4f} per user, between {better.low:+.4f} and {better.high:+.4f}"
    if is_promoted:
        return f"The policy is better than every constant choice; than the closest one, `{closest.policy}`, by {by}."
    return (
        f"The policy is not shown to be better than `{closest.policy}` ({by}). It is not used, and users are drawn by "
        "chance as before."
    )
