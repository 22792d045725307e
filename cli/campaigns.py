"""`customer-analyzer campaigns`: messages to many, from draft to numbers, over the API of the running platform."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from cli.api import running_api
from cli.effects import effect, scorecard
from cli.options import AsJson

if TYPE_CHECKING:
    from api_client.clients import ApiClient
    from api_client.models import CampaignStatus

app = typer.Typer(
    help="Campaigns: make, preview, approve, start, pause, and see what became of everybody.", no_args_is_help=True
)

app.command("effect")(effect)
app.command("scorecard")(scorecard)

CampaignArgument = Annotated[UUID, typer.Argument(metavar="CAMPAIGN", help="The id that `campaigns list` shows.")]
_AT_A_TIME = 50_000
_PAGE = 200


@app.command()
def create(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="JSON as `POST /campaigns` takes it.", exists=True)],
    users: Annotated[
        Path | None,
        typer.Option(metavar="FILE", exists=True, help="Only for the users in this file, one id a line."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a draft, which reaches nobody until it is approved and started."""
    from pydantic import ValidationError

    from api_client.models import NewCampaign
    from core.errors import UserError

    try:
        given = json.loads(file.read_text(encoding="utf-8"))
        with running_api() as api:
            if users is not None:
                given.setdefault("audience", {})["list_id"] = str(_listed(api, users))
            _show(api.make_campaign(NewCampaign.model_validate(given)), as_json)
    except (ValueError, ValidationError, AttributeError) as error:
        raise UserError(f"{file} is no campaign: {error}") from None


@app.command("list")
def list_campaigns(as_json: AsJson = False) -> None:
    """Show the newest campaigns."""
    from rich.table import Table

    from cli.console import make_console

    with running_api() as api:
        found = api.get_campaigns(limit=50).campaigns
    if as_json:
        typer.echo(json.dumps([each.model_dump(mode="json") for each in found]))
        return
    table = Table()
    for heading in ("id", "name", "state", "made", "started", "ended"):
        table.add_column(heading)
    for each in found:
        times = (each.made_at, each.started_at, each.ended_at)
        shown = ("" if time is None else f"{time:%Y-%m-%d %H:%M}" for time in times)
        table.add_row(str(each.campaign_id), each.name, each.state, *shown)
    make_console().print(table)


@app.command()
def status(campaign: CampaignArgument, as_json: AsJson = False) -> None:
    """Show a campaign and what became of everybody; the numbers add up to `selected`."""
    with running_api() as api:
        _show(api.get_campaign(campaign), as_json)


@app.command()
def preview(campaign: CampaignArgument, as_json: AsJson = False) -> None:
    """Show whom a campaign would reach now, whom not and why, and some of the messages."""
    with running_api() as api:
        found = api.preview_campaign(campaign)
    if as_json:
        typer.echo(found.model_dump_json())
        return
    typer.echo(f"{found.to_send:,} of {found.selected:,} users would be written to.")
    if found.is_by_chance:
        typer.echo("They are drawn by chance: no policy is in use; see: customer-analyzer policy list")
    if found.policy_id is not None:
        typer.echo(f"Policy {found.policy_id} chooses them: those whom a message changes most.")
    for share in found.shares:
        why = ", ".join(each for each in (share.reason, share.arm) if each)
        typer.echo(f"  {share.users:>9,}  {share.state}{f' ({why})' if why else ''}")
    for sample in found.samples:
        typer.echo(f"  {sample.user_id} ({sample.arm}, {sample.language}): {sample.text}")


@app.command()
def test(
    campaign: CampaignArgument,
    user: Annotated[str, typer.Argument(metavar="USER", help="A user with a chat, such as yourself.")],
) -> None:
    """Send the message of a campaign to one user, outside of the campaign."""
    from api_client.models import TestMessage
    from core.errors import OperationError

    with running_api() as api:
        receipt = api.try_campaign(campaign, TestMessage(user_id=user))
    if not receipt.is_sent:
        raise OperationError(f"It was not sent: {receipt.reason}")
    typer.echo("Sent.")


@app.command()
def recipients(
    campaign: CampaignArgument,
    state: Annotated[str | None, typer.Option(help="Only those in this state, such as failed.")] = None,
) -> None:
    """Print who is behind the numbers, a line of JSON for each."""
    with running_api() as api:
        cursor = None
        while True:
            page = api.get_recipients(campaign, limit=_PAGE, state=state, cursor=cursor)  # type: ignore[arg-type]
            for each in page.recipients:
                typer.echo(each.model_dump_json())
            cursor = page.next_cursor
            if cursor is None:
                return


def _add_step(name: str, operation: str, what: str) -> None:
    """A command that takes a campaign one step on."""

    def step(campaign: CampaignArgument, as_json: AsJson = False) -> None:
        with running_api() as api:
            take: Callable[[UUID], CampaignStatus] = getattr(api, operation)
            _show(take(campaign), as_json)

    app.command(name, help=what)(step)


for _name, _operation, _what in (
    ("approve", "approve_campaign", "Approve a draft as it is."),
    ("start", "start_campaign", "Start an approved campaign, at its time or now; let one that is overdue go on."),
    ("pause", "pause_campaign", "Pause a campaign; what is in flight arrives."),
    ("resume", "resume_campaign", "Let a paused campaign go on with those who were not written to."),
    ("cancel", "cancel_campaign", "End a campaign for good."),
    ("clone", "clone_campaign", "Make a draft like another campaign."),
    ("retry-unknown", "retry_unknown_recipients", "Send once more to those who may have got it, and may get it twice."),
):
    _add_step(_name, _operation, _what)


def _listed(api: "ApiClient", file: Path) -> UUID:
    """The list that the users of a file are now in."""
    from api_client.models import MoreMembers, NewList
    from core.errors import UserError

    ids = [line.strip() for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    if not ids:
        raise UserError(f"{file} names no users.")
    made = api.make_user_list(NewList(name=file.name, user_ids=ids[:_AT_A_TIME]))
    for start in range(_AT_A_TIME, len(ids), _AT_A_TIME):
        api.add_list_members(made.list_id, MoreMembers(user_ids=ids[start : start + _AT_A_TIME]))
    return made.list_id


def _show(found: "CampaignStatus", as_json: bool) -> None:
    if as_json:
        typer.echo(found.model_dump_json())
        return
    typer.echo(f"{found.campaign_id}  {found.name}: {found.state}")
    numbers: dict[str, Any] = found.numbers.model_dump()
    if numbers["selected"]:
        others = [f"{number:,} {name.replace('_', ' ')}" for name, number in numbers.items() if number]
        typer.echo(f"{others[0]} = {' + '.join(others[1:])}")
