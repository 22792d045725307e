"""What `up` asks beside its looks: a question that is not answered holds nothing up."""

import threading
import time
from collections.abc import Callable

from cli.supervising import Known, Question
from core.errors import DatabaseError


def _wait(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_a_question_that_hangs_is_answered_by_nothing_until_it_is() -> None:
    going, calls = threading.Event(), []

    def ask() -> Known:
        calls.append("call")
        going.wait(30)
        return Known(["a run"])

    question = Question(ask)
    assert [question.answer() for _ in range(20)] == [Known()] * 20
    assert len(calls) == 1
    going.set()
    found: list[Known] = []
    _wait(lambda: found.append(question.answer()) is None and Known(["a run"]) in found)


def test_an_answer_is_given_once_and_trouble_is_raised_once() -> None:
    answers = [Known(["a run"]), DatabaseError("away")]

    def ask() -> Known:
        found = answers.pop() if answers else Known()
        if isinstance(found, Exception):
            raise found
        return found

    question = Question(ask)
    said: list[object] = []

    def is_told() -> bool:
        try:
            said.append(question.answer())
        except DatabaseError as error:
            said.append(str(error))
        return said[-2:] == [Known(), Known()] and Known(["a run"]) in said

    _wait(is_told)
    assert [each for each in said if each != Known()] == ["away", Known(["a run"])]
