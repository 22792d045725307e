"""What `/push` takes and answers."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from backend.fields import NO_NUL, Strict
from backend.push.topics import Topic

Language = Literal["en", "ru"]
_Key = Annotated[str, Field(min_length=16, max_length=128, pattern=r"^[A-Za-z0-9_-]+$")]


class NewDevice(Strict):
    """A browser's subscription (`PushSubscription.toJSON()`), and what it wants to hear of."""

    endpoint: Annotated[
        str, Field(min_length=8, max_length=1024, pattern=NO_NUL, description="an address at a known push service")
    ]
    p256dh: Annotated[_Key, Field(description="the browser's public key")]
    auth: Annotated[_Key, Field(description="the browser's secret")]
    topics: Annotated[list[Topic], Field(max_length=4, description="none: the device is told nothing")]
    language: Language = "en"


class DeviceAnswer(BaseModel):
    """A device. Its address and keys are shown to nobody."""

    subscription_id: UUID
    device: Annotated[str, Field(description="as its browser calls itself")]
    topics: list[Topic]
    made_at: datetime
    told_at: Annotated[datetime | None, Field(description="when it was sent something last")]
    is_current: Annotated[bool, Field(description="whether it belongs to the session that asks")]


class Push(BaseModel):
    """What a browser needs to subscribe, and the devices of whoever asks."""

    public_key: Annotated[str | None, Field(description="`applicationServerKey`; null where push is not set up")]
    topics: Annotated[list[Topic], Field(description="what your role may hear of")]
    devices: list[DeviceAnswer]
