"""`customer-analyzer campaigns effect | scorecard`: what campaigns did.

Belongs here: options and printing. Does not: what it measures (`backend.effects`).
"""

from datetime import UTC
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from cli.options import AsJson

if TYPE_CHECKING:
    from rich.table import Table

    from backend.effects.schemas import EffectAnswer, OutcomeAnswer, VariantAnswer


def effect(
    campaign_id: Annotated[UUID, typer.Argument(metavar="ID", help="The campaign's or trigger's id.")],
    window: Annotated[
        int,
        typer.Option(metavar="DAYS", min=1, max=90, help="Count outcomes of so many days; decide before you look."),
    ] = 14,
    beside: Annotated[
        str | None,
        typer.Option(
            metavar="ARM", help="Compare the others with this arm; decide before you look. [default: control]"
        ),
    ] = None,
    by_day: Annotated[bool, typer.Option("--by-day", help="Show what was known at the end of each day.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show what a campaign or trigger did: each arm beside the control group, or beside another arm.

    Look as often as you like, and stop when you like: the intervals hold on all days together.
    """
    from backend.effects.service import measure
    from cli.console import make_console
    from cli.session import open_session
    from core.errors import UserError
    from warehouse.database import Database, execute_steps

    with open_session() as session, Database(session.platform.backend_url).transaction() as connection:
        connection.execute("set transaction isolation level repeatable read, read only")
        found = execute_steps(connection, measure(campaign_id, window, beside))
    if found is None:
        raise UserError(f"There is no campaign {campaign_id}; see: customer-analyzer campaigns list")
    if as_json:
        typer.echo(found.model_dump_json())
        return
    for sentence in sentences(found):
        typer.echo(sentence)
    console = make_console()
    if found.variants:
        console.print(_arms_table(found))
    if by_day:
        for variant in found.variants:
            for outcome in variant.outcomes:
                console.print(_days_table(variant, outcome))


def scorecard(as_json: AsJson = False) -> None:
    """Show what the newest campaigns did beside their control groups, as the worker measured it in the last hour."""
    import json
    from dataclasses import asdict

    from rich.table import Table

    from cli.console import make_console
    from cli.session import open_session
    from warehouse.campaign_effects import newest_looks

    with open_session() as session:
        found = session.warehouse.run(newest_looks())
    if as_json:
        typer.echo(json.dumps([{"name": each.name} | asdict(each.look) for each in found], default=str))
        return
    if not found:
        typer.echo("No campaign with a control group has been measured yet; `campaigns effect ID` measures one now.")
        return
    table = Table(title="What campaigns did beside their control groups", title_justify="left")
    for heading in ("campaign", "variant", "outcome", "effect", "measured (UTC)", ""):
        table.add_column(heading, overflow="fold")
    for each in found:
        look = each.look
        remark = "arms lack users: do not believe it" if look.is_mismatched else "" if look.is_complete else "growing"
        when = f"{look.measured_at.astimezone(UTC):%Y-%m-%d %H:%M}"
        table.add_row(each.name, look.variant, look.outcome, look.summary, when, remark)
    make_console().print(table)


def sentences(effect: "EffectAnswer") -> list[str]:
    """What the effect says, and why it should perhaps not be believed."""
    said = [f"{effect.name}: {effect.messages_sent:,} messages sent, outcomes of {effect.window_days} days"]
    for variant in effect.variants:
        said.append(f"Variant {variant.variant}, {variant.level:.1%} sure of all intervals together:")
        said += [f"  {outcome.outcome}: {outcome.summary}" for outcome in variant.outcomes]
    return said + [f"! {warning}" for warning in effect.warnings]


def _arms_table(effect: "EffectAnswer") -> "Table":
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("variant", "outcome", "per user", f"in {effect.beside}", "difference", "low", "high"):
        table.add_column(heading, justify="left" if heading in ("variant", "outcome") else "right")
    for variant in effect.variants:
        for outcome in variant.outcomes:
            for day in outcome.days[-1:]:
                bounds = (day.per_user, day.per_user_low, day.per_user_high)
                table.add_row(
                    variant.variant, outcome.outcome, f"{day.treated_mean:.4f}", f"{day.control_mean:.4f}",
                    *("" if bound is None else f"{bound:+.4f}" for bound in bounds),
                )  # fmt: skip
    return table


def _days_table(variant: "VariantAnswer", outcome: "OutcomeAnswer") -> "Table":
    from rich.table import Table

    table = Table(title=f"{variant.variant}: {outcome.outcome}", title_justify="left", box=None, pad_edge=False)
    for heading in ("until", "treated", "control", "in all", "low", "high", "p"):
        table.add_column(heading, justify="left" if heading == "until" else "right")
    for day in outcome.days:
        bounds = (day.total, day.total_low, day.total_high)
        table.add_row(
            str(day.day), f"{day.treated_users:,}", f"{day.control_users:,}",
            *("" if bound is None else f"{bound:+,.1f}" for bound in bounds),
            "too early" if day.p_value is None else f"{day.p_value:.4f}",
        )  # fmt: skip
    return table
