"""The demo's data: CDNOW, 69,659 purchases of 23,570 customers of a CD shop, 1997-01 to 1998-06.

The file comes inside the `lifetimes` package, of which nothing else is used (and nothing imported: its code does not
run with pandas 3). Published by P. Fader and B. Hardie with "Forecasting Repeat Sales at CDNOW", Interfaces 31, 2001.
"""

from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import polars as pl

from core.errors import UserError

_MEMBER = "lifetimes/datasets/CDNOW_master.txt"


def cdnow_file() -> Path:
    """Where the installed package keeps the data; a clear error where it is not installed."""
    try:
        path = Path(str(distribution("lifetimes").locate_file(_MEMBER)))
    except PackageNotFoundError as error:
        raise UserError(
            "The demo's data comes with the package lifetimes, which is not installed: install "
            "customer-analyzer[demo], or give a file of your own with --data FILE."
        ) from error
    if not path.is_file():
        raise UserError(f"The installed lifetimes package lacks {_MEMBER}; install version 0.11.3 of it.")
    return path


def read_cdnow(path: Path) -> pl.DataFrame:
    """The purchases as events: user_id, event_type, occurred_at (days, UTC), quantity of CDs, amount in USD."""
    lines = pl.read_csv(path, has_header=False, skip_rows=1, new_columns=["line"], separator="\x1f")
    # Columns are padded with blanks, so fields are runs of what is not blank.
    field = pl.col("line").str.extract_all(r"\S+").list
    return lines.select(
        user_id=field.get(0),
        event_type=pl.lit("purchase"),
        occurred_at=field.get(1).str.to_datetime("%Y%m%d", time_zone="UTC"),
        quantity=field.get(2).cast(pl.Int64),
        amount=field.get(3).cast(pl.Float64),
        currency=pl.lit("USD"),
    )


def write_cdnow(path: Path) -> None:
    """Writes the events as Parquet, the same bytes each time."""
    read_cdnow(cdnow_file()).write_parquet(path)
