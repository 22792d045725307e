"""What signing in takes and answers."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from backend.accounts.passwords import MAX_LENGTH
from backend.fields import NO_NUL, Email, Secret, Strict
from backend.shop.schemas import Shop


class Login(Strict):
    """Who signs in."""

    email: Email
    password: Annotated[Secret, Field(max_length=MAX_LENGTH)]


class Refresh(Strict):
    """A refresh token."""

    refresh_token: Annotated[Secret, Field(description="the newest one of the session")]


class MiniApp(Strict):
    """Who opened the Mini App."""

    init_data: Annotated[
        str, Field(min_length=1, max_length=4096, pattern=NO_NUL, description="`Telegram.WebApp.initData`, unchanged")
    ]


class TelegramSignIn(BaseModel):
    """A sign-in that was begun. Keep `state` and `binding`, and go to `url`."""

    url: Annotated[str, Field(description="Telegram's page")]
    state: Annotated[str, Field(description="comes back with the code")]
    binding: Annotated[str, Field(description="proves who began; it is never sent to Telegram")]
    expires_in: Annotated[int, Field(description="seconds until it is too late to complete it")]


class TelegramCode(Strict):
    """What came back from Telegram, and the binding."""

    code: Annotated[Secret, Field(description="the query parameter of the page")]
    state: Secret
    binding: Secret


class Ways(BaseModel):
    """How people may sign in beside their password."""

    telegram: Annotated[bool, Field(description="at Telegram's page")]


class TelegramVisit(BaseModel):
    """Where to go. What proves who began is in a cookie."""

    url: Annotated[str, Field(description="Telegram's page")]
    state: Annotated[str, Field(description="comes back with the code; compare it with what came back")]


class Purpose(Strict):
    """What somebody who is signed in goes to Telegram for."""

    purpose: Annotated[
        Literal["link", "prove"], Field(description="to sign in with Telegram from now on, or to prove who they are")
    ]


class ReturnedCode(Strict):
    """What came back from Telegram."""

    code: Annotated[Secret, Field(description="the query parameter of the page")]
    state: Secret


class Proof(Strict):
    """Who I am."""

    password: Annotated[Secret, Field(max_length=MAX_LENGTH)]


class ProofState(BaseModel):
    """How I can prove who I am, and for how long the last proof is good."""

    has_password: bool
    has_telegram: Annotated[bool, Field(description="whether a Telegram user is linked to my account")]
    seconds_left: Annotated[int, Field(description="0: dangerous acts ask for another proof")]


class NewPassword(Strict):
    """A change of one's own password."""

    current_password: Annotated[Secret, Field(max_length=MAX_LENGTH)]
    new_password: Annotated[Secret, Field(max_length=MAX_LENGTH, description="12 to 256 characters, of any kind")]


class Tokens(BaseModel):
    """What stands for a session. The refresh token is used once: each refresh brings a new one."""

    access_token: Annotated[str, Field(description="sent as `Authorization: Bearer TOKEN`")]
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - a scheme
    expires_in: Annotated[int, Field(description="how long the access token is valid, in seconds")]
    refresh_token: str
    session_id: UUID


class Me(BaseModel):
    """Whoever asks."""

    id: Annotated[str, Field(description="such as `account:<uuid>` or `key:7`, as in the audit log")]
    name: Annotated[str, Field(description="the e-mail address of an account, or the name of a key")]
    permissions: list[str]
    session_id: Annotated[UUID | None, Field(description="null for a key")]
    shop: Shop


class AccessToken(BaseModel):
    """What a page gets of a session: the refresh token is in a cookie."""

    access_token: Annotated[str, Field(description="sent as `Authorization: Bearer TOKEN`; keep it in memory only")]
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - a scheme
    expires_in: Annotated[int, Field(description="how long the access token is valid, in seconds")]
    session_id: UUID
    me: Annotated[Me, Field(description="as `GET /auth/me`, which a page then need not ask for")]


class Nothing(Strict):
    """A body without a field: `{}`."""


class OperationsPages(BaseModel):
    """Where the pages of other programs are, for whoever may use them."""

    dagster: Annotated[str, Field(description="Dagster: runs, schedules, assets")]
    mlflow: Annotated[str, Field(description="MLflow: training runs and versions of models")]


class SessionAnswer(BaseModel):
    """A session that has not ended."""

    session_id: UUID
    created_at: datetime
    last_used_at: Annotated[datetime, Field(description="when it began or was refreshed last")]
    expires_at: Annotated[datetime, Field(description="when it ends, however often it is refreshed")]
    address: str | None
    user_agent: str | None
    is_current: Annotated[bool, Field(description="whether it is the session that asks")]
