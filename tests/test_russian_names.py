"""What models say in fixed words has Russian words on the pages."""

import json
from pathlib import Path

from dbt_project import CATALOGUE
from ml.advice import read_advice
from ml.catalogue import read_catalogue

NAMES = json.loads((Path(__file__).parents[1] / "web" / "src" / "i18n" / "names.ru.json").read_text(encoding="utf-8"))


def test_each_sentence_of_advice_has_one_in_russian() -> None:
    said = {sentence for sentences in read_advice().values() for sentence in sentences.values()}
    assert said == set(NAMES["advice"])


def test_each_feature_has_a_russian_name() -> None:
    assert {feature.name for feature in read_catalogue(CATALOGUE)} <= set(NAMES["features"])
