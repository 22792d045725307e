"""What `GET /users/{user_id}/orders` answers."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from backend.users.schemas import NextCursor


class OrderLine(BaseModel):
    """One item of an order."""

    item_id: str | None
    quantity: float | None
    amount: Annotated[float | None, Field(description="money in `currency`; null: the event named none")]
    currency: str | None
    is_refunded: bool


class Order(BaseModel):
    """Lines with the same `order_id`; a purchase without one is an order of its own."""

    order_id: str | None
    ordered_at: datetime
    lines: list[OrderLine]


class OrderPage(BaseModel):
    """A page of orders, newest first. Those of archived months are not among them."""

    orders: list[Order]
    next_cursor: NextCursor
