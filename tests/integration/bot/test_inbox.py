"""`customer-analyzer feedback`: the inbox on the command line, with the bot running."""

import json

from tests.integration.bot.conftest import Shop, wait_for
from tests.integration.conftest import command


def test_feedback_is_listed_and_answered_on_the_command_line(shop: Shop) -> None:
    anna = shop.visitor("ru")
    assert "Спасибо" in anna.say("/feedback Всё [red]отлично[/red]")["text"]
    (entry,) = json.loads(command(shop.platform, "feedback", "list", "--open", "--json"))
    assert (entry["user_id"], entry["words"], entry["stars"]) == (str(anna.user_id), "Всё [red]отлично[/red]", None)
    assert "[red]отлично[/red]" in command(shop.platform, "feedback", "list")
    before = len(anna.answers())
    command(shop.platform, "feedback", "answer", entry["feedback_id"], "Спасибо вам!")
    assert wait_for(lambda: anna.answers()[before:])[-1]["text"] == "Магазин отвечает вам:\nСпасибо вам!"
    assert "an answer already" in command(
        shop.platform, "feedback", "answer", entry["feedback_id"], "Ещё раз", exit_code=2
    )
    assert json.loads(command(shop.platform, "feedback", "list", "--open", "--json")) == []


def test_feedback_that_does_not_exist_is_named(shop: Shop) -> None:
    nobody = "00000000-0000-0000-0000-000000000000"
    assert "There is no feedback" in command(shop.platform, "feedback", "answer", nobody, "x", exit_code=2)
