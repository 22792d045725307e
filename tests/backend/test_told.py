"""Sentences are found again in what was stored, whatever figures they have."""

import json
import re
from pathlib import Path
from string import Formatter

import pytest

from backend.effects import words as effects
from backend.told import Told, Vocabulary
from ingestion import words as imports
from ml import drift_words as drift
from ml.gate import words as gate
from registry import words as registry

ROOMS = {
    "gate": gate.SENTENCES,
    "drift": drift.SENTENCES,
    "registry": registry.SENTENCES,
    "import": imports.SENTENCES,
    "effect": effects.SENTENCES,
}
VOCABULARY = Vocabulary(ROOMS)
WORDS = Path(__file__).parents[2] / "web" / "src" / "i18n"
REST = "one answer takes 120 ms, more than 100"


def figures(template: str) -> dict[str, object]:
    """Something for each field of a template."""
    fields = {field: spec for _, field, spec, _ in Formatter().parse(template) if field}
    return {
        name: 1234.5 if (spec or "").endswith(("f", "g", "%")) else 1234 if spec else "some"
        for name, spec in fields.items()
    }


def filled(template: str) -> str:
    """A template with figures; `rest` is a sentence of the gate."""
    return template.format(**{**figures(template), "rest": REST})


@pytest.mark.parametrize(("room", "name"), [(room, name) for room, said in ROOMS.items() for name in said])
def test_each_sentence_is_found_by_its_own_code(room: str, name: str) -> None:
    template = ROOMS[room][name]
    found = Vocabulary({room: ROOMS[room], "gate": gate.SENTENCES}).read(filled(template))
    own = next(each for each in found if each.code == f"{room}.{name}")
    names = {field for _, field, _, _ in Formatter().parse(template) if field}
    assert set(own.parameters) == names - {"rest"}
    if "rest" in names:
        assert Told(code="gate.slow", parameters={"ms": "120", "limit": "100"}) in found


def test_what_is_made_of_several_is_told_part_by_part() -> None:
    reason = gate.said("auc_of_recency", auc=0.8571, theirs=0.8049, users=1234)
    verdict = gate.said("promoted", rest=gate.said("unreadable", rest=reason))
    assert VOCABULARY.read(verdict) == [
        Told(code="gate.promoted", parameters={}),
        Told(code="gate.auc_of_recency", parameters={"auc": "0.857", "theirs": "0.805", "users": "1,234"}),
        Told(code="gate.unreadable", parameters={}),
    ]


@pytest.mark.parametrize("room", ["gate", "drift"])
def test_whatever_is_put_together_is_told_apart(room: str) -> None:
    """A sentence is never taken for the beginning of another one."""
    said = ROOMS[room]
    whole = [name for name, template in said.items() if "{rest}" not in template]
    outer = {name: template for name, template in said.items() if "{rest}" in template}
    for name in whole:
        for around, template in outer.items():
            text = template.format(**{**figures(template), "rest": filled(said[name])})
            assert {each.code for each in VOCABULARY.read(text)} == {f"{room}.{name}", f"{room}.{around}"}, text


def test_words_of_somebody_stay_as_they_are() -> None:
    assert VOCABULARY.read("rolled back to: complaints of the weekend") == [
        Told(code="registry.rolled_back", parameters={}),
        Told(code="other", parameters={"text": "complaints of the weekend"}),
    ]


@pytest.mark.parametrize("language", ["en", "ru"])
def test_pages_have_words_for_each_sentence(language: str) -> None:
    known = json.loads((WORDS / f"{language}.json").read_text(encoding="utf-8"))["told"]
    assert {room: set(said) for room, said in known.items()} == {room: set(said) for room, said in ROOMS.items()}
    for room, said in ROOMS.items():
        for name, template in said.items():
            used = set(re.findall(r"{{(\w+)}}", known[room][name]))
            assert used <= {field for _, field, _, _ in Formatter().parse(template) if field}, f"{room}.{name}"
