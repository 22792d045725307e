"""/recommend and /orders."""

from datetime import datetime
from html import escape

from bot.api import Json
from bot.turn import Turn, keyboard

_RECOMMENDED = 5
_FEW, _MANY = 3, 20


async def recommend(turn: Turn, _rest: str) -> None:
    """What the user may like, each item with the reason."""
    found = await turn.api.recommendations(turn.user_id, _RECOMMENDED)
    if not found:
        await turn.reply(turn.text("recommend.nothing"), text_kind="recommendations")
        return
    lines = [turn.text("recommend.title"), *(_recommended(turn, each) for each in found)]
    items = [each["item_id"] for each in found]
    await turn.reply("\n".join(lines), text_kind="recommendations", items=items)


async def orders(turn: Turn, rest: str) -> None:
    """The newest orders; a button shows more."""
    is_all = rest == "all"
    found, is_more = await turn.api.orders(turn.user_id, _MANY if is_all else _FEW)
    if not found:
        await turn.reply(turn.text("orders.nothing"), text_kind="orders")
        return
    words = "\n\n".join(_order(turn, each) for each in found)
    if is_all:
        await turn.change(words, text_kind="orders")
        return
    button = keyboard([(turn.text("orders.more"), "orders:all")]) if is_more else None
    await turn.reply(words, button, text_kind="orders")


def _recommended(turn: Turn, found: Json) -> str:
    item = escape(str(found["item_id"]))
    if found["is_repeat"]:
        return turn.text("recommend.again", item=item)
    if found["basis"] == "bought_together":
        return turn.text("recommend.together", item=item, because=escape(str(found["because_of"])))
    return turn.counted("recommend.popular", int(found["buyers"]), item=item)


def _order(turn: Turn, order: Json) -> str:
    day = datetime.fromisoformat(order["ordered_at"]).strftime("%d.%m.%Y")
    number = "" if order["order_id"] is None else escape(str(order["order_id"]))
    head = turn.text("orders.head", day=day, number=number).rstrip()
    return "\n".join([head, *(_line(turn, line) for line in order["lines"][:10])])


def _line(turn: Turn, line: Json) -> str:
    item = escape(str(line["item_id"])) if line["item_id"] is not None else turn.text("orders.some_item")
    quantity = line["quantity"]
    many = "" if quantity is None or quantity == 1 else turn.text("orders.times", number=f"{quantity:g}")
    amount = "" if line["amount"] is None else f": {line['amount']:,.2f} {line['currency'] or ''}".rstrip()
    given_back = f" ({turn.text('orders.refunded')})" if line["is_refunded"] else ""
    return f"• {item}{many}{amount}{given_back}"
