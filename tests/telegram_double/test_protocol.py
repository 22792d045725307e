"""The double's answers beside the Bot API's own: the documentation's examples, and the errors in Telegram's words."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from telegram_double.app import create_app
from telegram_double.settings import DoubleSettings

# The token of the documentation's example ("Authorizing your bot").
TOKEN = "123456:ABC-DEF1234ghIkl-zyx57W2v1u123ew11"
ANNA = 100001


@pytest.fixture
def page() -> Iterator[TestClient]:
    settings = DoubleSettings.model_validate({"TELEGRAM_BOT_TOKEN": TOKEN, "per_chat_second": 0})
    with TestClient(create_app(settings), base_url="http://127.0.0.1") as client:
        yield client


def call(page: TestClient, method: str, **given: Any) -> dict[str, Any]:
    """The answer of one method."""
    return dict(page.post(f"/bot{TOKEN}/{method}", json=given).json())


def act(page: TestClient, action: str, **given: Any) -> Any:
    """What a person does."""
    answer = page.post(f"/double/{action}", json=given)
    assert answer.status_code == 200, answer.text
    return answer.json()["result"]


def refused(page: TestClient, method: str, **given: Any) -> tuple[int, str]:
    """The code and words of a refusal; the status of the answer is its code."""
    answer = page.post(f"/bot{TOKEN}/{method}", json=given)
    body = answer.json()
    assert body["ok"] is False
    assert body["error_code"] == answer.status_code
    return body["error_code"], body["description"]


def begun(page: TestClient) -> None:
    """Anna writes to the bot for the first time."""
    act(page, "write", user_id=ANNA, text="/start spring")


def test_who_the_bot_is(page: TestClient) -> None:
    assert call(page, "getMe")["result"]["id"] == 123456
    # Methods are not case-sensitive, and may be called with GET.
    assert page.get(f"/bot{TOKEN}/getme").json()["result"]["is_bot"] is True


def test_tokens_and_methods_that_do_not_exist(page: TestClient) -> None:
    wrong = page.get("/bot1:x/getMe")
    assert (wrong.status_code, wrong.json()["description"]) == (401, "Unauthorized")
    assert refused(page, "getNothing") == (404, "Not Found: method not found")
    assert page.get("/nothing").status_code == 404


def test_a_written_command_is_marked_as_one(page: TestClient) -> None:
    begun(page)
    (update,) = call(page, "getUpdates")["result"]
    assert update["message"]["entities"] == [{"type": "bot_command", "offset": 0, "length": 6}]
    assert update["message"]["from"]["language_code"] == "ru"


def test_an_update_is_forgotten_once_a_higher_offset_is_asked_for(page: TestClient) -> None:
    for text in ("a", "b", "c"):
        act(page, "write", user_id=ANNA, text=text)
    updates = call(page, "getUpdates", limit=2)["result"]
    assert [update["message"]["text"] for update in updates] == ["a", "b"]
    assert call(page, "getUpdates", limit=2)["result"] == updates
    (last,) = call(page, "getUpdates", offset=updates[-1]["update_id"] + 1)["result"]
    assert last["message"]["text"] == "c"
    assert last["update_id"] == updates[-1]["update_id"] + 1
    assert call(page, "getUpdates", offset=-1)["result"] == [last]


def test_kinds_that_are_not_wanted_do_not_come(page: TestClient) -> None:
    call(page, "getUpdates", allowed_updates=["callback_query"])
    begun(page)
    assert call(page, "getUpdates")["result"] == []


def test_a_webhook_excludes_polling(page: TestClient) -> None:
    assert call(page, "setWebhook", url="http://127.0.0.1:1/hook", secret_token="a-b_1")["result"] is True
    code, words = refused(page, "getUpdates")
    assert (code, words[:58]) == (409, "Conflict: can't use getUpdates method while webhook is act")
    assert call(page, "getWebhookInfo")["result"]["url"] == "http://127.0.0.1:1/hook"
    assert call(page, "deleteWebhook")["result"] is True
    assert call(page, "getUpdates")["ok"] is True
    assert refused(page, "setWebhook", url="https://x", secret_token="no spaces")[0] == 400


def test_html_becomes_entities_as_in_the_documentation(page: TestClient) -> None:
    begun(page)
    html = (
        "<b>bold</b>, <i>italic</i>, <u>underline</u>, <s>strike</s>, <tg-spoiler>spoiler</tg-spoiler>, "
        '<b>bold <i>italic bold</i></b> <a href="http://www.example.com/">inline URL</a> <code>code</code> &lt;&amp;😀'
    )
    message = call(page, "sendMessage", chat_id=ANNA, text=html, parse_mode="HTML")["result"]
    assert message["text"] == "bold, italic, underline, strike, spoiler, bold italic bold inline URL code <&😀"
    found = [(each["type"], each["offset"], each["length"]) for each in message["entities"]]
    assert found == [
        ("bold", 0, 4), ("italic", 6, 6), ("underline", 14, 9), ("strikethrough", 25, 6), ("spoiler", 33, 7),
        ("bold", 42, 16), ("italic", 47, 11), ("text_link", 59, 10), ("code", 70, 4),
    ]  # fmt: skip
    assert message["entities"][7]["url"] == "http://www.example.com/"


def test_commands_and_links_of_the_bot_are_marked_too_outside_code(page: TestClient) -> None:
    begun(page)
    html = "<i>see /help</i> or https://example.com/a. <code>/start</code>"
    message = call(page, "sendMessage", chat_id=ANNA, text=html, parse_mode="HTML")["result"]
    found = [(each["type"], each["offset"], each["length"]) for each in message["entities"]]
    assert found == [("italic", 0, 9), ("bot_command", 4, 5), ("url", 13, 21), ("code", 36, 6)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<b>open", "can't parse entities: Can't find end tag corresponding to start tag \"b\""),
        ("<x>no</x>", 'can\'t parse entities: Unsupported start tag "x" at byte offset 0'),
        ("é 1 < 2", 'can\'t parse entities: Unsupported start tag "" at byte offset 5'),
        ("<b>a</i>", 'can\'t parse entities: Unmatched end tag at byte offset 4, expected "</b>", found "</i>"'),
        ("", "message text is empty"),
        ("<b> </b>", "message text is empty"),
        ("x" * 4097, "message is too long"),
    ],
)
def test_texts_that_telegram_refuses(page: TestClient, text: str, words: str) -> None:
    begun(page)
    assert refused(page, "sendMessage", chat_id=ANNA, text=text, parse_mode="HTML") == (400, f"Bad Request: {words}")


def test_chats_that_the_bot_may_not_write_to(page: TestClient) -> None:
    not_found = (400, "Bad Request: chat not found")
    assert refused(page, "sendMessage", chat_id=5, text="x") == not_found
    assert refused(page, "sendMessage", chat_id=ANNA, text="x") == not_found
    assert refused(page, "sendMessage", text="x") == (400, "Bad Request: chat_id is empty")
    begun(page)
    act(page, "block", user_id=ANNA, has_blocked=True)
    assert refused(page, "sendMessage", chat_id=ANNA, text="x") == (403, "Forbidden: bot was blocked by the user")
    (change,) = [each for each in call(page, "getUpdates")["result"] if "my_chat_member" in each]
    assert change["my_chat_member"]["new_chat_member"]["status"] == "kicked"


def test_buttons_are_pressed_acknowledged_once_and_checked(page: TestClient) -> None:
    begun(page)
    keyboard = {"inline_keyboard": [[{"text": "Yes", "callback_data": "yes"}]]}
    # A markup may come as JSON in a form, as libraries send it.
    form = {"chat_id": str(ANNA), "text": "Sure?", "reply_markup": json.dumps(keyboard)}
    message = page.post(f"/bot{TOKEN}/sendMessage", data=form).json()["result"]
    assert message["reply_markup"] == keyboard
    act(page, "press", user_id=ANNA, message_id=message["message_id"], data="yes")
    query = call(page, "getUpdates")["result"][-1]["callback_query"]
    assert (query["data"], query["message"]["message_id"]) == ("yes", message["message_id"])
    assert call(page, "answerCallbackQuery", callback_query_id=query["id"])["result"] is True
    late = "Bad Request: query is too old and response timeout expired or query ID is invalid"
    assert refused(page, "answerCallbackQuery", callback_query_id=query["id"]) == (400, late)
    long = {"inline_keyboard": [[{"text": "x", "callback_data": "x" * 65}]]}
    assert refused(page, "sendMessage", chat_id=ANNA, text="x", reply_markup=long) == (
        400,
        "Bad Request: BUTTON_DATA_INVALID",
    )


def test_messages_are_edited_when_something_changes(page: TestClient) -> None:
    begun(page)
    message = call(page, "sendMessage", chat_id=ANNA, text="one")["result"]
    where = {"chat_id": ANNA, "message_id": message["message_id"]}
    assert refused(page, "editMessageText", text="one", **where)[1].startswith(
        "Bad Request: message is not modified: specified new message content and reply markup are exactly the same"
    )
    assert call(page, "editMessageText", text="two", **where)["result"]["text"] == "two"
    assert refused(page, "editMessageText", chat_id=ANNA, message_id=99, text="x")[1] == (
        "Bad Request: message to edit not found"
    )
    assert refused(page, "editMessageText", chat_id=ANNA, message_id=1, text="x")[1] == (
        "Bad Request: message can't be edited"
    )


def test_a_file_travels_there_and_back(page: TestClient) -> None:
    begun(page)
    sent = page.post(
        f"/bot{TOKEN}/sendDocument",
        data={"chat_id": str(ANNA), "caption": "yours"},
        files={"document": ("data.json", b'{"a": 1}')},
    ).json()["result"]
    assert (sent["caption"], sent["document"]["file_name"], sent["document"]["file_size"]) == ("yours", "data.json", 8)
    path = call(page, "getFile", file_id=sent["document"]["file_id"])["result"]["file_path"]
    assert page.get(f"/file/bot{TOKEN}/{path}").content == b'{"a": 1}'
    assert page.get(f"/double/file/{sent['document']['file_id']}").content == b'{"a": 1}'
    assert refused(page, "getFile", file_id="x") == (400, "Bad Request: invalid file_id")


def test_commands_are_kept_by_language(page: TestClient) -> None:
    commands = [{"command": "start", "description": "Начать"}]
    assert call(page, "setMyCommands", commands=commands, language_code="ru")["result"] is True
    assert call(page, "getMyCommands", language_code="ru")["result"] == commands
    assert call(page, "getMyCommands")["result"] == []
    bad = [{"command": "Start", "description": "x"}]
    assert refused(page, "setMyCommands", commands=bad) == (400, "Bad Request: BOT_COMMAND_INVALID")


def test_faults_on_demand(page: TestClient) -> None:
    begun(page)
    act(page, "fault", method="sendMessage", count=1, kind="flood", seconds=7)
    act(page, "fault", method="sendMessage", count=1, kind="lost")
    flooded = page.post(f"/bot{TOKEN}/sendMessage", json={"chat_id": ANNA, "text": "x"})
    assert (flooded.status_code, flooded.json()["parameters"]) == (429, {"retry_after": 7})
    assert refused(page, "sendMessage", chat_id=ANNA, text="x")[0] == 504
    # A lost answer belongs to a message that was sent.
    assert len(page.get("/double/sends").json()) == 1


def test_the_page_runs_nobody_elses_script_and_takes_no_foreign_forms(page: TestClient) -> None:
    answer = page.get("/")
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "http" not in answer.text.replace("http-equiv", "")
    assert "innerHTML" not in page.get("/page/chat.js").text
    assert page.get("/page/..%2Fapp.py").status_code == 404
    assert page.post("/double/write", data={"user_id": ANNA, "text": "x"}).status_code == 400
    assert page.get("/", headers={"host": "shop.example"}).status_code == 400
