"""`customer-analyzer campaigns`: what campaigns did."""

import typer

from cli.effects import effect

app = typer.Typer(help="Campaigns: what they did.", no_args_is_help=True)


@app.callback()
def campaigns() -> None:
    """Campaigns: what they did."""


app.command("effect")(effect)
