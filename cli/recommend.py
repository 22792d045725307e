"""`customer-analyzer recommend`: asks the running API what it would offer a user."""

from typing import Annotated

import typer

from cli.options import AsJson


def recommend(
    user: Annotated[str, typer.Argument(help="A user id; one nobody has seen yet is fine.")],
    limit: Annotated[int, typer.Option(min=1, max=20, help="Items at most.")] = 10,
    as_json: AsJson = False,
) -> None:
    """Ask the running API which items to offer a user, and say what the answer comes from."""
    from rich.table import Table

    from cli.api import running_api
    from cli.console import make_console

    with running_api() as api:
        found = api.get_user_recommendations(user, limit=limit)
    if as_json:
        typer.echo(found.model_dump_json())
        return
    source = found.recommender
    if source.is_learned:
        typer.echo(f"recommendation v{source.model_version}, items as of {found.as_of}: {source.verdict}")
    else:
        typer.echo(f"Counts of what people buy, nothing learned: {source.verdict or 'no recommender was judged yet'}.")
    if not found.recommendations:
        typer.echo("There is nothing to recommend; events name no items, or no run has counted them yet.")
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("item", "why", "buyers"):
        table.add_column(heading, justify="right" if heading == "buyers" else "left")
    for each in found.recommendations:
        goes_with = "popular" if each.because_of is None else f"goes with {each.because_of}"
        table.add_row(each.item_id, "bought before" if each.is_repeat else goes_with, f"{each.buyers:,}")
    make_console().print(table)
