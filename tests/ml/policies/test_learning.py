"""A policy is promoted where targeting helps, and refused where it does not; parts of the past never overlap."""

import json
from datetime import date

import numpy as np
import polars as pl
import pytest

from ml.errors import NotEnoughData
from ml.policies.decisions import decisions_of, purchase_value, split_by_time, telling_features
from ml.policies.learning import learn
from ml.policies.policy import Policy, Terms, chosen, constants
from ml.policies.valuing import value_rule
from tests.ml.policies.decisions import made_up, true_effect

TERMS = Terms(window_days=7, cost_per_contact=0.1, budget_share=0.5)


def test_a_policy_that_targets_those_whom_it_helps_is_promoted() -> None:
    decisions = made_up(16_000, effect=0.15)
    found = learn(decisions, TERMS)
    assert found.is_promoted
    assert found.verdict.startswith("The policy is better than every constant choice")
    assert found.is_out_of_time
    treated = found.policy.probabilities(decisions.matrix, decisions.value)[:, 1] > 0
    gained = true_effect(decisions.matrix, 0.15)[treated].sum() / len(decisions)
    # The oracle gains 0.075 a user.
    assert gained > 0.06
    assert treated.mean() <= 0.5
    learned, nobody = found.values[0], found.values[1]
    assert nobody.policy == "none"
    assert nobody.advantage is not None
    assert nobody.advantage.low < 10 * gained - 0.1 * treated.mean() < nobody.advantage.high
    assert learned.advantage is None


def test_a_policy_is_refused_where_everybody_is_changed_alike() -> None:
    found = [learn(made_up(4_000, effect=0.0, seed=seed), TERMS) for seed in range(4)]
    assert not any(each.is_promoted for each in found)
    assert "not shown to be better" in found[0].verdict
    assert "drawn by chance as before" in found[0].verdict


def test_of_several_variants_the_one_that_helps_is_chosen() -> None:
    decisions = made_up(20_000, effect=0.2, actions=3)
    found = learn(decisions, TERMS)
    action, worth = found.policy.worth(decisions.matrix, decisions.value)
    assert [each.policy for each in found.values] == [
        "learned",
        "none",
        "short for 50% by chance",
        "long for 50% by chance",
    ]
    assert (action[(decisions.matrix[:, 0] > 0.3) & (worth > 0)] == 1).mean() > 0.9


def test_a_policy_survives_its_json_and_its_report_is_plain() -> None:
    decisions = made_up(6_000, effect=0.15)
    found = learn(decisions, TERMS)
    again = Policy.from_dict(json.loads(json.dumps(found.policy.to_dict())))
    assert np.array_equal(
        again.worth(decisions.matrix, decisions.value)[1], found.policy.worth(decisions.matrix, decisions.value)[1]
    )
    assert json.loads(json.dumps(found.report()))["values"][0]["policy"] == "learned"


def test_windows_of_earlier_decisions_close_before_later_ones() -> None:
    decisions = made_up(8_000, effect=0.1)
    split = split_by_time(decisions, window_days=14)
    window = np.timedelta64(14, "D")
    assert split.is_out_of_time
    assert split.learn.day.max() + window <= split.choose.day.min()
    assert split.choose.day.max() + window <= split.judge.day.min()


def test_with_one_day_users_are_divided_and_nobody_is_in_two_parts() -> None:
    split = split_by_time(made_up(2_000, effect=0.1, days=1), window_days=14)
    users = [set(part.user) for part in (split.learn, split.choose, split.judge)]
    assert not split.is_out_of_time
    assert sum(map(len, users)) == len(set.union(*users)) == 2_000


def test_a_feature_that_only_treated_users_have_is_left_out() -> None:
    decisions = made_up(4_000, effect=0.1)
    decisions.matrix[:, 2] = np.where(decisions.action > 0, 0.5, np.nan)
    assert telling_features(decisions) == ("c",)
    assert learn(decisions, TERMS).policy.features == ("a", "b")


def test_the_budget_goes_to_the_best_and_never_to_those_who_are_worth_nothing() -> None:
    worth = np.array([3.0, -1.0, 2.0, 1.0])
    action = np.array([1, 1, 2, 1])
    assert chosen(action, worth, 0.5, 3).tolist() == [[0, 1, 0], [1, 0, 0], [0, 0, 1], [1, 0, 0]]
    assert chosen(action, worth, 1.0, 3)[:, 0].tolist() == [0, 1, 0, 0]


def test_constant_choices_spend_the_same_budget() -> None:
    found = constants(("none", "message"), 3, 0.2)
    assert list(found) == ["none", "message for 20% by chance"]
    assert found["message for 20% by chance"].tolist() == [[0.8, 0.2]] * 3
    assert constants(("none", "message"), 1, 1.0)["message"].tolist() == [[0.0, 1.0]]


def test_a_rule_that_nobody_ran_is_worth_what_it_would_bring() -> None:
    decisions = made_up(16_000, effect=0.15)
    rule, nobody, by_chance = value_rule(decisions, "high a", decisions.matrix[:, 0].astype(float), TERMS)
    true_gain = 10 * 0.15 * 0.5 - 0.1 * 0.5
    assert nobody.advantage is not None
    assert nobody.advantage.low < true_gain < nobody.advantage.high
    assert by_chance.advantage is not None
    assert by_chance.advantage.low > 0
    assert rule.doubly_robust.value == pytest.approx(3 + true_gain, abs=0.3)


FRAME = pl.DataFrame(
    {
        "user_id": ["a", "b", "c", "d"],
        "campaign": ["one", "one", "two", "two"],
        "arm": ["control", "short", "control", "short"],
        "propensity": [0.5, 0.5, 0.2, 0.4],
        "left_alone_propensity": [0.5, 0.5, 0.2, 0.2],
        "decided_on": [date(2024, 1, 1)] * 4,
        "bought": [True, False, False, True],
        "orders_total": [0, 3, None, 1],
        "purchase_amount_total": [0.0, 60.0, None, 20.0],
    }
)


def test_a_frame_becomes_decisions() -> None:
    found = decisions_of(FRAME, ["orders_total"])
    assert found.actions == ("none", "short")
    assert found.action.tolist() == [0, 1, 0, 1]
    assert found.typical_purchase == 20
    assert found.value.tolist() == [20, 20, 20, 20]
    assert found.reward(1.0).tolist() == [20, -1, 0, 19]
    assert found.propensity.tolist() == [0.5, 0.5, 0.2, 0.4]


def test_variants_that_are_one_action_have_the_probability_of_any_message() -> None:
    other = FRAME.with_columns(arm=pl.Series(["control", "short", "control", "long"]))
    found = decisions_of(other, ["orders_total"])
    assert found.actions == ("none", "message")
    assert found.propensity.tolist() == [0.5, 0.5, 0.2, 0.8]
    to_everybody = pl.concat(
        [other, other.head(1).with_columns(user_id=pl.lit("e"), arm=pl.lit("long"), left_alone_propensity=pl.lit(0.0))]
    )
    assert len(decisions_of(to_everybody, ["orders_total"])) == 4


def test_few_orders_say_little_of_the_next_one() -> None:
    frame = pl.DataFrame({"orders_total": [0, 1, 97], "purchase_amount_total": [None, 100.0, 9_700.0]})
    assert purchase_value(frame, 20.0).tolist() == [20, 40, 97.6]


def test_decisions_need_both_arms_and_chance() -> None:
    with pytest.raises(NotEnoughData, match="held out"):
        decisions_of(FRAME.filter(pl.col("arm") == "short"), [])
    with pytest.raises(NotEnoughData, match="held out"):
        decisions_of(FRAME.clear(), [])
    with pytest.raises(NotEnoughData, match="certain"):
        decisions_of(FRAME.with_columns(propensity=pl.lit(1.0)), [])
