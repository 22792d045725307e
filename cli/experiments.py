"""`customer-analyzer experiments`: the global control group, plans, and what was learned."""

import json
from dataclasses import asdict
from typing import Annotated

import typer

from cli.options import AsJson

app = typer.Typer(help="Experiments: plan one, see what was learned, hold users out of all.", no_args_is_help=True)


@app.command()
def control(
    share: Annotated[
        float | None,
        typer.Option(metavar="PERCENT", min=1, max=10, help="Make the group this many percent of all users."),
    ] = None,
    end: Annotated[bool, typer.Option("--end", help="End the group: campaigns may reach everybody.")] = False,
    redraw: Annotated[
        bool, typer.Option("--redraw", help="With --share: draw other users. A group that grows keeps its members.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show or change the global control group: a share of all users whom no campaign reaches.

    What they buy beside all others shows what all campaigns together do. While a campaign uses the group it cannot be
    changed.
    """
    from getpass import getuser

    from backend.audit.store import add_entry
    from cli.session import open_session
    from core.errors import UserError
    from warehouse.database import Database, execute, execute_steps
    from warehouse.experiments import global_control, global_control_uses, set_global_control

    if (end and share is not None) or (redraw and share is None):
        raise UserError("Use --share PERCENT, with --redraw if you like, or --end alone.")
    with open_session() as session, Database(session.platform.backend_url).transaction() as connection:
        if end or share is not None:
            wanted = None if share is None else share / 100
            if uses := execute_steps(connection, set_global_control(wanted, getuser(), redraw=redraw)):
                raise UserError(f"The group is used by {', '.join(uses)} and cannot be changed before that has ended.")
            after = {"share": wanted, "is_redrawn": redraw}
            execute(
                connection,
                add_entry("cli", getuser(), "", "", "experiment:control", "global control", None, after, "done"),
            )
        group, uses = execute(connection, global_control()), execute(connection, global_control_uses())
    if as_json:
        typer.echo(json.dumps({"group": None if group is None else asdict(group), "used_by": uses}, default=str))
        return
    if group is None:
        typer.echo("There is no global control group: campaigns may reach everybody.")
        return
    typer.echo(
        f"{group.share:.2%} of all users are in the global control group, since {group.begun_at:%Y-%m-%d %H:%M} UTC,"
        f" by {group.begun_by}."
    )
    typer.echo(f"It is used by {', '.join(uses)}, and locked." if uses else "No campaign uses it.")


@app.command()
def plan(
    base: Annotated[
        float, typer.Option(metavar="PERCENT", min=0.01, max=99, help="Of users without a message, how many buy.")
    ],
    effect: Annotated[
        float | None, typer.Option(metavar="POINTS", help="The effect to find, in percentage points, such as 1 or -1.")
    ] = None,
    users: Annotated[
        int | None, typer.Option(min=10, help="Instead of --effect: what so many users, of all arms, can show.")
    ] = None,
    control_share: Annotated[float, typer.Option("--control", metavar="PERCENT", min=1, max=90)] = 10,
    variants: Annotated[int, typer.Option(min=1, max=10)] = 1,
    window: Annotated[int, typer.Option(metavar="DAYS", min=1, max=90, help="Purchases of so many days count.")] = 14,
    a_week: Annotated[int | None, typer.Option(min=1, help="How many users are drawn in a week.")] = None,
    as_json: AsJson = False,
) -> None:
    """Say how many users and weeks an effect takes, or what effect so many users can show.

    The effect is found with a probability of 80 %, by intervals that hold however often you look.
    """
    from core.errors import UserError
    from ml.experiments.planning import effect_found, users_needed

    if (effect is None) == (users is None) or effect == 0:
        raise UserError("Give either --effect, which is not 0, or --users.")
    try:
        found = (
            users_needed(
                base / 100,
                effect / 100,
                control_share / 100,
                variants=variants,
                window_days=window,
                users_a_week=a_week,
            )
            if effect is not None
            else effect_found(
                base / 100, users or 0, control_share / 100, variants=variants, window_days=window, users_a_week=a_week
            )
        )
    except ValueError as error:
        raise UserError(str(error)) from None
    if as_json:
        typer.echo(json.dumps(asdict(found)))
        return
    typer.echo(
        f"{found.users:,} users, of whom {control_share:g} % are held out, show an effect of {100 * found.effect:+.2f} "
        f"points on {base:g} % buyers, four times in five."
    )
    if found.weeks is not None:
        typer.echo(f"With {a_week:,} users a week that takes {found.weeks:,} weeks, the last {window} days included.")


@app.command()
def learned() -> None:
    """Show what campaigns did beside their control groups, and the policies that were learned from them."""
    from cli.effects import scorecard
    from cli.policy import list_policies

    scorecard()
    list_policies()


@app.command()
def holdout(as_json: AsJson = False) -> None:
    """Show what all campaigns together did since the global control group began.

    It compares everybody else with the group, by snapshots of features. Look as often as you like.
    """
    from cli.session import open_session
    from core.errors import UserError
    from ml.experiments.holdout import holdout_effects
    from warehouse.holdout import holdout_span, holdout_sums

    with open_session() as session:
        span = session.warehouse.run(holdout_span())
        if span is None:
            raise UserError(
                "There is no global control group with a run from before and after it began; "
                "make one with: customer-analyzer experiments control --share 5"
            )
        found = holdout_effects(session.warehouse.run(holdout_sums(span)), (span.until - span.begun_on).days)
    if as_json:
        typer.echo(json.dumps({"span": asdict(span), "effects": [asdict(each) for each in found]}, default=str))
        return
    typer.echo(f"Per user from {span.begun_on} until {span.until}, everybody else beside the global control group:")
    for each in found:
        sure = "too few buyers to be sure" if each.low is None else f"between {each.low:+.4f} and {each.high:+.4f}"
        typer.echo(
            f"  {each.outcome}: {each.campaigned:.4f} beside {each.held_out:.4f}, a difference of "
            f"{each.difference:+.4f}, {sure}"
        )
