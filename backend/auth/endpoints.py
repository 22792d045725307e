"""`/auth`: signing in with a password, and everything about one's own sessions."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends

from backend.access.guard import requires, requires_proof
from backend.access.origin import Origin, origin_of
from backend.access.permissions import Permission
from backend.access.principal import Principal
from backend.auth import proofs, service, telegram
from backend.auth.schemas import (
    Login,
    Me,
    MiniApp,
    NewPassword,
    Proof,
    ProofState,
    Refresh,
    SessionAnswer,
    TelegramCode,
    TelegramSignIn,
    Tokens,
    Ways,
)
from backend.description import also_refuses
from backend.reading import StrictRoute
from backend.resources import Resources, resources_of

router = APIRouter(prefix="/auth", tags=["auth"], route_class=StrictRoute)

_Resources = Annotated[Resources, Depends(resources_of)]
_Origin = Annotated[Origin, Depends(origin_of)]
_Myself = Annotated[Principal, Depends(requires(Permission.PROFILE_MANAGE))]
_Proven = Annotated[Principal, Depends(requires_proof(Permission.PROFILE_MANAGE))]


@router.post(
    "/login", summary="Sign in with e-mail address and password", responses=also_refuses(HTTPStatus.UNAUTHORIZED)
)
async def login(given: Login, resources: _Resources, origin: _Origin) -> Tokens:
    """Begins a session. Failed attempts make the next ones wait, a minute at most (429)."""
    return await service.login(resources, given, origin)


@router.post(
    "/telegram/mini-app",
    summary="Sign in from the shop's Mini App",
    responses=also_refuses(HTTPStatus.UNAUTHORIZED, HTTPStatus.NOT_FOUND),
)
async def open_mini_app(given: MiniApp, resources: _Resources, origin: _Origin) -> Tokens:
    """`initData` is good for ten minutes after Telegram signed it."""
    return await telegram.open_mini_app(resources, given, origin)


@router.post(
    "/telegram/start", summary="Begin to sign in at Telegram's page", responses=also_refuses(HTTPStatus.NOT_FOUND)
)
async def start_telegram(resources: _Resources) -> TelegramSignIn:
    """OpenID Connect. A page must compare the `state` that comes back with the one it has kept."""
    return await telegram.start(resources)


@router.post(
    "/telegram/complete",
    summary="Sign in with what Telegram's page sent back",
    responses=also_refuses(HTTPStatus.UNAUTHORIZED, HTTPStatus.NOT_FOUND),
)
async def complete_telegram(given: TelegramCode, resources: _Resources, origin: _Origin) -> Tokens:
    """Takes the `code` once, from whoever has the `binding`."""
    return await telegram.complete(resources, given, origin)


@router.post("/refresh", summary="A new access token", responses=also_refuses(HTTPStatus.UNAUTHORIZED))
async def refresh(given: Refresh, resources: _Resources, origin: _Origin) -> Tokens:
    """Replaces the refresh token. The same request sent again within ten seconds gets the same answer.

    A refresh token that had been used earlier ends the whole session.
    """
    return await service.refresh(resources, given.refresh_token, origin)


@router.post("/logout", summary="End a session", status_code=HTTPStatus.NO_CONTENT)
async def logout(given: Refresh, resources: _Resources, origin: _Origin) -> None:
    """Ends the session of a refresh token. An access token of it is refused within seconds."""
    await service.logout(resources, given.refresh_token, origin)


@router.get("/me", summary="Who I am and what I may do")
async def me(resources: _Resources, principal: Annotated[Principal, Depends(requires(Permission.PROFILE_READ))]) -> Me:
    """For accounts and keys."""
    return await service.me(resources, principal)


@router.get("/ways", summary="How people may sign in")
async def ways(resources: _Resources) -> Ways:
    """Beside their password."""
    return Ways(telegram=telegram.has_page(resources.settings))


@router.get("/proof", summary="How I can prove who I am, and for how long the last proof is good")
async def proof_state(resources: _Resources, principal: _Myself) -> ProofState:
    """A sign-in is a proof too; refreshing is none."""
    return await proofs.state(resources, principal)


@router.post("/proof", summary="Prove who I am before a dangerous act", status_code=HTTPStatus.NO_CONTENT)
async def prove(given: Proof, resources: _Resources, principal: _Myself, origin: _Origin) -> None:
    """Good for some minutes and for this session alone. Attempts are counted like sign-ins."""
    await proofs.prove_by_password(resources, principal, given, origin)


@router.delete(
    "/telegram",
    summary="Sign in without Telegram from now on",
    status_code=HTTPStatus.NO_CONTENT,
    responses=also_refuses(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT),
)
async def unlink_telegram(resources: _Resources, principal: _Proven, origin: _Origin) -> None:
    """Refused where the account has no password."""
    await proofs.unlink(resources, principal, origin)


@router.get("/sessions", summary="My sessions")
async def sessions(resources: _Resources, principal: _Myself) -> list[SessionAnswer]:
    """The open ones, the one used last first."""
    return await service.list_sessions(resources, principal)


@router.delete("/sessions/{session_id}", summary="End one of my sessions", status_code=HTTPStatus.NO_CONTENT)
async def end_session(session_id: UUID, resources: _Resources, principal: _Myself, origin: _Origin) -> None:
    """It is refused within seconds."""
    await service.end_session(resources, principal, session_id, origin)


@router.delete("/sessions", summary="End all my other sessions", status_code=HTTPStatus.NO_CONTENT)
async def end_other_sessions(resources: _Resources, principal: _Myself, origin: _Origin) -> None:
    """The session that asks stays."""
    await service.end_other_sessions(resources, principal, origin)


@router.post("/password", summary="Change my password", status_code=HTTPStatus.NO_CONTENT)
async def change_password(given: NewPassword, resources: _Resources, principal: _Myself, origin: _Origin) -> None:
    """Ends all my sessions, this one too: sign in again."""
    await service.change_password(resources, principal, given, origin)
