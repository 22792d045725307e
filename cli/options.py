"""Options that several commands share, so that they are spelled and explained once."""

from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a program instead of tables for a person.")]


def _model(name: str) -> str:
    # Which models there are takes a look through the installed packages, so not before one is asked for.
    from ml.kinds import model_kinds

    names = [kind.name for kind in model_kinds()]
    if name not in names:
        raise typer.BadParameter(f"'{name}' is not one of {', '.join(names)}.")
    return name


def _registered(name: str) -> str:
    from ml.recommendation import RECOMMENDATION

    return name if name == RECOMMENDATION else _model(name)


_HELP = "Which model: segmentation, purchase, churn, or one that an installed package adds"
ModelArgument = Annotated[str, typer.Argument(help=f"{_HELP}.", parser=_model, metavar="MODEL")]
RegisteredArgument = Annotated[
    str, typer.Argument(help=f"{_HELP}; or recommendation.", parser=_registered, metavar="MODEL")
]
OptionalModel = Annotated[str | None, typer.Argument(help=f"{_HELP}; all if left out.", parser=_model, metavar="MODEL")]
