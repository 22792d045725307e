"""`customer-analyzer feedback`: what users say through the bot, and answers to them."""

import json
from typing import Annotated
from uuid import UUID

import typer

from cli.options import AsJson

app = typer.Typer(help="What users say through the bot: list it, answer it.", no_args_is_help=True)


@app.callback()
def feedback() -> None:
    """What users say through the bot: list it, answer it."""


@app.command("list")
def list_feedback(
    open_only: Annotated[bool, typer.Option("--open", help="Only what has no answer yet.")] = False,
    most_stars: Annotated[
        int | None, typer.Option("--stars", min=1, max=5, help="Only with so many stars or fewer.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="How many, newest first.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List feedback, newest first."""
    from rich.console import Console
    from rich.table import Table

    from cli.session import open_session
    from warehouse.database import Database
    from warehouse.feedback import feedback_page, short

    with open_session() as session:
        statement = feedback_page(
            is_answered=False if open_only else None, most_stars=most_stars, before=None, limit=limit
        )
        entries = Database(session.platform.backend_url).run(statement)
    if as_json:
        typer.echo(json.dumps(short(entries), ensure_ascii=False))
        return
    if not entries:
        typer.echo("There is no feedback.")
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("id", "given (UTC)", "user", "stars", "words", "answer"):
        table.add_column(column, no_wrap=column == "id")
    for each in entries:
        table.add_row(
            str(each.feedback_id),
            f"{each.given_at:%Y-%m-%d %H:%M}",
            each.user_id,
            "" if each.stars is None else "★" * each.stars,
            each.words or "",
            each.answer_state or "",
        )
    Console(markup=False).print(table)


@app.command()
def answer(
    feedback_id: Annotated[UUID, typer.Argument(help="The id that `feedback list` shows.")],
    text: Annotated[str, typer.Argument(help="What the user is told, as plain text.")],
) -> None:
    """Answer a user. The bot sends it within seconds, once, as soon as it runs."""
    from getpass import getuser

    from backend.audit.store import add_entry
    from cli.session import open_session
    from core.errors import UserError
    from warehouse.database import Database, execute
    from warehouse.feedback import MOST_WORDS, answer_feedback, feedback_of

    if not 1 <= len(text.strip()) <= MOST_WORDS:
        raise UserError(f"An answer has 1 to {MOST_WORDS} characters.")
    with open_session() as session, Database(session.platform.backend_url).transaction() as connection:
        if execute(connection, feedback_of(feedback_id)) is None:
            raise UserError(f"There is no feedback {feedback_id}: see `customer-analyzer feedback list`.")
        if not execute(connection, answer_feedback(feedback_id, text.strip(), getuser())):
            raise UserError("This feedback has an answer already.")
        subject = f"feedback:{feedback_id}"
        execute(connection, add_entry("cli", getuser(), "", "", "feedback:answer", subject, None, None, "done"))
    typer.echo("The bot sends it as soon as it runs.")
