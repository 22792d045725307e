"""What an effect says, in plain words.

Belongs here: sentences for people, made of figures. Does not: the figures (`ml.experiments.effect`).
"""

from backend.told import Vocabulary
from ml.experiments.effect import CampaignEffect, OutcomeEffect, SampleRatio

SENTENCES = {
    "no_control": "Without a control group nothing shows the effect.",
    "nothing_sent": "No message has left yet.",
    "nobody_left": "Nobody who was assigned to an arm is left.",
    "archived": "Events of {months} are archived and not counted; restore them first: events restore MONTH",
    "mismatch": (
        "Do not believe the effect: the arms do not have the users that they should have ({arms}; p = {p:.2g}). One arm"
        " has lost users on the way, so those who are left cannot be compared."
    ),
    "early": (
        "Too few users of the smaller arm have bought for an interval that can be relied on. More days help, or a"
        " larger control group next time."
    ),
    "growing": (
        "The effect is still growing. You may look as often as you like and stop when you like: the intervals hold on"
        " all days together."
    ),
    "left_out_one": (
        "1 person is left out, because several of their ids were assigned; of {several:,} the ids were in different"
        " arms."
    ),
    "left_out": (
        "{people:,} people are left out, because several of their ids were assigned; of {several:,} the ids were in"
        " different arms."
    ),
}
"""What warns about an effect. Pages say it in other languages, by these names."""

VOCABULARY = Vocabulary({"effect": SENTENCES})

_UNITS = {"buyers": ("buyer", "buyers"), "orders": ("order", "orders")}


def summary(effect: OutcomeEffect, currency: str) -> str:
    """What the newest look at an outcome says."""
    if not effect.looks:
        return "There is nothing to compare yet."
    look = effect.looks[-1]
    if look.total_low is None or look.total_high is None:
        return f"Too early to say: {_more(look.total, effect.outcome, currency)} so far, which may be chance."
    between = f"between {_between(look.total_low, look.total_high, effect.outcome, currency)}"
    said = f"{_more(look.total, effect.outcome, currency)}, {between}"
    if look.total_low <= 0 <= look.total_high:
        return f"{said}: whether the campaign changed anything is not clear."
    return f"{said}."


def warnings(effect: CampaignEffect, in_several_arms: int, assigned_twice: int) -> list[str]:
    """Why an effect should not be believed, or not yet; the gravest first."""
    found = []
    if effect.sample_ratio.is_mismatched:
        found.append(_mismatch(effect.sample_ratio))
    if any(_is_early(outcome) for variant in effect.variants for outcome in variant.outcomes):
        found.append(SENTENCES["early"])
    if not effect.is_complete:
        found.append(SENTENCES["growing"])
    people = in_several_arms + assigned_twice
    if people:
        left_out = SENTENCES["left_out_one" if people == 1 else "left_out"]
        found.append(left_out.format(people=people, several=in_several_arms))
    return found


def archived(months: list[str]) -> str:
    """That events are missing."""
    return SENTENCES["archived"].format(months=", ".join(months))


def _is_early(outcome: OutcomeEffect) -> bool:
    return not outcome.looks or outcome.looks[-1].is_early


def _mismatch(ratio: SampleRatio) -> str:
    arms = "; ".join(f"{arm.arm} {arm.assigned_users:,} instead of {arm.expected_users:,.0f}" for arm in ratio.arms)
    return SENTENCES["mismatch"].format(arms=arms, p=ratio.p_value)


def _more(total: float, outcome: str, currency: str) -> str:
    """Such as `12 more orders`, `1 fewer buyer`, `EUR 1,240.50 more revenue`."""
    if outcome == "revenue":
        return f"{currency} {abs(total):,.2f} {'less' if total < 0 else 'more'} revenue".strip()
    number = round(abs(total))
    one, several = _UNITS[outcome]
    return f"{number:,} {'fewer' if total < 0 else 'more'} {one if number == 1 else several}"


def _between(low: float, high: float, outcome: str, currency: str) -> str:
    """Such as `3 and 21`, `5 fewer and 21 more`, `20 and 3 fewer`."""

    def size(total: float) -> str:
        return f"{currency} {abs(total):,.2f}".strip() if outcome == "revenue" else f"{round(abs(total)):,}"

    less = "less" if outcome == "revenue" else "fewer"
    if low < 0 < high:
        return f"{size(low)} {less} and {size(high)} more"
    return f"{size(low)} and {size(high)}" if high > 0 else f"{size(low)} and {size(high)} {less}"
