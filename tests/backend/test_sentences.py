"""Each sentence with which the API refuses, or says why a row is held back, has a Russian one on the pages."""

import ast
import inspect
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from backend import errors
from core.problems import ProblemError
from data_contracts.contract import read_contract
from ingestion import contract_check

ROOT = Path(__file__).parents[2]
RUSSIAN: Mapping[str, str] = json.loads(
    (ROOT / "web" / "src" / "i18n" / "sentences.ru.json").read_text(encoding="utf-8")
)
REFUSALS = {name for name, each in vars(errors).items() if inspect.isclass(each) and issubclass(each, ProblemError)}
PARTS = {"ValueError", "UnusableTemplate", "NotFromTelegram"}
"""Their text becomes a part of a refusal."""
TAKES_A_PERMISSION = {"Forbidden"}
HELD = {"Malformed": 1, "Problem": 1, "_set_aside": 2}
"""What makes a reason why a row is held back, and which of its arguments it is."""


def text_of(node: ast.expr | None, constants: Mapping[str, ast.expr]) -> str | None:
    """A sentence of the code, with `{}` for what is put into it."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in parts)  # type: ignore[misc]
        case ast.Name(id=name) if name in constants:
            return text_of(constants[name], {})
    return None


def said_in(folder: str, calls: Mapping[str, int]) -> Iterator[str]:
    """What is given to these calls, in all files of a folder."""
    for path in sorted((ROOT / folder).rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        constants = {
            target.id: node.value
            for node in tree.body
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            place = calls.get(name, -1)
            given = node.args[place] if 0 <= place < len(node.args) else None
            if (text := text_of(given, constants)) and " " in text:
                yield text


def is_known(text: str) -> bool:
    """Whether pages find the sentence, as it stands or in a more general form."""
    return text in RUSSIAN or any(
        re.fullmatch(re.escape(english).replace(r"\{\}", "(.+?)"), text, re.DOTALL) for english in RUSSIAN
    )


REFUSED = set(said_in("backend", dict.fromkeys((REFUSALS | PARTS | {"__init__"}) - TAKES_A_PERMISSION, 0)))


@pytest.mark.parametrize("sentence", sorted(REFUSED))
def test_pages_say_each_refusal(sentence: str) -> None:
    assert is_known(sentence)


def test_refusals_are_found_in_the_code() -> None:
    assert len(REFUSED) > 120
    assert "This needs the permission `{}`, which you do not have." in REFUSED


REASONS = {*said_in("ingestion", HELD), *(rule.sentence for rule in read_contract().rules)}


@pytest.mark.parametrize("sentence", sorted(REASONS))
def test_pages_say_each_reason_why_a_row_is_held_back(sentence: str) -> None:
    assert is_known(sentence)


def test_pages_say_what_a_failed_check_found() -> None:
    way_out = contract_check.WAY_OUT
    assert is_known(f"of {{}} new rows some break the contract: {{}}; {way_out}")
    for rule in read_contract().rules:
        assert is_known(f"{rule.name} ({{}} rows)")


@pytest.mark.parametrize("sentence", RUSSIAN)
def test_a_translation_uses_what_the_sentence_has(sentence: str) -> None:
    used = [int(place) for place in re.findall(r"\{(\d+)\}", RUSSIAN[sentence])]
    assert len(set(used)) == len(used)
    assert max(used, default=0) <= sentence.count("{}")
