"""`customer-analyzer predict`: asks the running service, as a backend would."""

from typing import Annotated

import typer

from cli.options import AsJson, ModelArgument


def predict(
    model: ModelArgument,
    users: Annotated[list[str], typer.Argument(help="User ids; one nobody has seen yet is fine.")],
    as_json: AsJson = False,
) -> None:
    """Ask the running service of a model about one or more users."""
    import orjson

    from cli.console import make_console
    from cli.predictions import predictions_table
    from core.errors import OperationError
    from core.home import Home
    from core.settings import read_settings
    from serving.client import PredictionClient
    from standalone.local_key import key_to_show
    from standalone.up import find_up

    settings = read_settings()
    home = Home(settings.home)
    up = find_up(home)
    address = None if up is None else up.servers.get(model, {}).get("address")
    if address is None:
        raise OperationError(f"The {model} service is not running; start it with: customer-analyzer up")
    with PredictionClient(str(address), api_key=key_to_show(settings, home)) as client:
        response = client.predict(users)
    if as_json:
        typer.echo(orjson.dumps(response.predictions))
        return
    make_console().print(predictions_table(model, response.predictions))
    if response.warning:
        typer.echo(f"warning: {response.warning}")
