"""Templates: what they may do, and that they always end in something Telegram takes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.templates.rendering import VARIABLES, UnusableTemplate, demand_usable, render
from backend.templates.service import built_in

NOTHING = {"first_name": "", "orders_total": 0, "days_since_last_purchase": 0, "days_since_first_seen": 0}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Hi{% if first_name %}, {{ first_name }}{% endif %}!", "Hi, Ann &lt;3!"),
        ("{{ recommendations | join(', ') }}", "tea &amp; pot, cup"),
        ("{{ 'many' if orders_total >= 2 else 'few' }}", "many"),
        ("{{ first_name | upper | default('you') }}", "ANN &lt;3"),
        ("<b>{{ orders_total }}</b>", "<b>2</b>"),
    ],
)
def test_variables_filters_and_conditions(text: str, said: str) -> None:
    values = {**NOTHING, "first_name": "Ann <3", "orders_total": 2, "recommendations": ["tea & pot", "cup"]}
    assert render(text, values) == said


@pytest.mark.parametrize(
    "text",
    [
        "{% for a in recommendations %}{{ a }}{% endfor %}",
        "{{ first_name.__class__.__mro__ }}",
        "{{ first_name['x'] }}",
        "{{ ''.join(recommendations) }}",
        "{{ 'a' * 1000000000 }}",
        "{{ 10 ** 10 ** 10 }}",
        "{% set x = 1 %}",
        "{% macro m() %}{% endmacro %}",
        "{% include 'x' %}",
        "{{ first_name | safe }}",
        "{{ orders_total | filesizeformat }}",
        "{{ risk }}",
        "{{ first_name",
        "{% if first_name %}x",
        "<b>open",
        "<script>x</script>",
        '<a href="https://x">x</a>',
        "</b>",
        "{{ first_name }}",
        "x" * 3501,
    ],
)
def test_what_is_refused(text: str) -> None:
    with pytest.raises(UnusableTemplate):
        demand_usable(text)


def test_built_in_templates_can_be_used_and_never_say_what_the_shop_fears() -> None:
    for template in built_in().values():
        assert template.content.words.keys() == {"en", "ru"}
        for words in template.content.words.values():
            for text in (words.text, words.reason):
                demand_usable(text)
                assert not any(
                    fear in text.lower() for fear in ("leav", "churn", "lose", "risk", "уход", "отток", "риск")
                )


@given(name=st.text(max_size=64), items=st.lists(st.text(max_size=20), max_size=3), orders=st.integers(0, 10**6))
def test_nothing_in_a_variable_becomes_markup(name: str, items: list[str], orders: int) -> None:
    values = {**NOTHING, "first_name": name, "orders_total": orders, "recommendations": items}
    for template in built_in().values():
        text = template.content.words["en"].text
        plain = render(text, {**values, "first_name": "x" if name else "", "recommendations": ["x"] * len(items)})
        assert render(text, values).count("<") == plain.count("<")


def test_every_variable_has_a_meaning() -> None:
    assert all(meaning for meaning, _ in VARIABLES.values())
