"""The bot at work: what people write to it in the double of Telegram, and what comes back."""

from tests.integration.bot.conftest import Shop


def test_people_are_helped_in_their_language(shop: Shop) -> None:
    anna, boris = shop.visitor("en"), shop.visitor("ru")
    english, russian = anna.say("/help")["text"], boris.say("/help")["text"]
    assert english.isascii()
    assert not russian.isascii()


def test_updates_and_answers_are_events(shop: Shop) -> None:
    anna = shop.visitor()
    answer = anna.say("/start spring-sale")
    (command,) = anna.events("command")
    assert (command["command"], command["deep_link"]) == ("start", "spring-sale")
    (sent,) = anna.events("answer_sent")
    assert sent["message_id"] == answer["message_id"]
