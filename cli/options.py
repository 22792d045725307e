"""Options that several commands share, so that they are spelled and explained once."""

from enum import StrEnum
from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a program instead of tables for a person.")]


class Model(StrEnum):
    """The three models, as typed on the command line."""

    segmentation = "segmentation"
    purchase = "purchase"
    churn = "churn"


ModelArgument = Annotated[Model, typer.Argument(help="Which model.")]
