"""How a campaign is divided into arms, and which words a user gets."""

from hypothesis import given
from hypothesis import strategies as st

from backend.campaigns.audiences import arms_of_campaign
from backend.campaigns.schemas import Audience, Targets, Variant
from ml.experiments.assignment import BUCKETS, arm_of

SHARES = st.lists(st.floats(0.5, 10), min_size=1, max_size=10)


def variants(shares: list[float]) -> list[Variant]:
    return [Variant(name=f"v{number}", share=share, texts={"en": "Hi"}) for number, share in enumerate(shares)]


@given(SHARES, st.floats(0.001, 0.9) | st.just(0.0))
def test_every_bucket_has_an_arm_and_the_control_group_comes_first(shares: list[float], control: float) -> None:
    arms = arms_of_campaign(variants(shares), control)
    assert arms[0].first == 0
    assert arms[-1].end == BUCKETS
    assert all(arm_of(arms, bucket) for bucket in range(0, BUCKETS, 97))
    held_out = [arm for arm in arms if arm.name == "control"]
    assert sum(arm.share for arm in held_out) == round(control * BUCKETS) / BUCKETS
    assert len(arms) == len(shares) + (control > 0)


def test_a_text_is_in_the_users_language_or_the_nearest() -> None:
    variant = Variant(name="plain", texts={"en": "Hello", "pt": "Olá", "pt-br": "Oi"})
    assert [variant.text_for(language) for language in ("pt-br", "pt-pt", "ru", "en-gb")] == [
        "Oi",
        "Olá",
        "Hello",
        "Hello",
    ]


def test_a_budget_says_how_many() -> None:
    assert Targets(max_users=100, cost_per_contact=0.4, budget=10).most_users == 25
    assert Targets(max_users=10, cost_per_contact=0.4, budget=10).most_users == 10
    assert Targets(max_users=10, budget=0.1).most_users == 10
    assert Audience().targets is None
