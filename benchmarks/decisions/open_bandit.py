"""Whether estimates of a policy that was not run are right: the sample of the Open Bandit data, where both were run.

    python -m benchmarks.decisions.open_bandit WHEEL     obp-0.4.1-py3-none-any.whl; only its CSV files are read

A shop of fashion showed items by chance in one week's traffic and by Thompson sampling in the rest (Saito et al.: Open
Bandit Dataset and Pipeline, 2021). From the log of each, the clicks of the other are estimated and compared with those
that were counted. The sample has 10,000 rows a log. Chance shows each item alike; of Thompson sampling, the shares of
items at each place are taken from its own log.
"""

import argparse
import io
import zipfile
from pathlib import Path

import numpy as np
import polars as pl
from rich.table import Table

from cli.console import make_console
from ml.policies.value import Log, doubly_robust, effective_rows, self_normalised
from ml.propensity.matrix import Floats

PRIOR = 200.0
"""An item counts as seen so often with the mean rate, so that few rows say little."""


def read_log(wheel: zipfile.ZipFile, policy: str, campaign: str) -> pl.DataFrame:
    """One log: item, position, click, propensity_score."""
    content = wheel.read(f"obp/dataset/obd/{policy}/{campaign}/{campaign}.csv")
    return pl.read_csv(io.BytesIO(content), columns=["item_id", "position", "click", "propensity_score"])


def expected_clicks(log: pl.DataFrame, items: int) -> Floats:
    """The rate of each item for each row, from the other half of the rows."""
    found = np.empty((log.height, items))
    item, click = log["item_id"].to_numpy(), log["click"].to_numpy().astype(float)
    half = np.arange(log.height) % 2
    for part in (0, 1):
        rows = half != part
        shown = np.bincount(item[rows], minlength=items)
        clicks = np.bincount(item[rows], weights=click[rows], minlength=items)
        found[half == part] = (clicks + PRIOR * click[rows].mean()) / (shown + PRIOR)
    return found


def shares_of(log: pl.DataFrame, rows: pl.DataFrame, items: int) -> Floats:
    """The share of each item at the position of each row, as a log shows it."""
    found = np.empty((rows.height, items))
    for position in (1, 2, 3):
        counts = np.bincount(log.filter(position=position)["item_id"].to_numpy(), minlength=items)
        found[rows["position"].to_numpy() == position] = counts / counts.sum()
    return found


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("wheel", type=Path)
    wheel = zipfile.ZipFile(parser.parse_args().wheel)
    table = Table(title="Open Bandit sample: clicks per 1,000 rows")
    for heading in ("items", "valued", "from the log of", "counted", "weighted", "doubly robust", "effective rows"):
        table.add_column(heading, justify="right")
    for campaign in ("all", "men", "women"):
        logs = {name: read_log(wheel, name, campaign) for name in ("random", "bts")}
        items = int(max(log["item_id"].max() for log in logs.values())) + 1  # type: ignore[type-var, arg-type, operator]
        for target, source in (("random", "bts"), ("bts", "random")):
            rows, other = logs[source], logs[target]
            policy = np.full((rows.height, items), 1 / items) if target == "random" else shares_of(other, rows, items)
            log = Log(
                np.array([str(row) for row in range(rows.height)]),
                rows["item_id"].to_numpy().astype(np.int64),
                rows["propensity_score"].to_numpy(),
                rows["click"].to_numpy().astype(float),
                expected_clicks(rows, items),
            )
            rate = float(other["click"].cast(pl.Float64).mean() or 0.0)  # type: ignore[arg-type]
            error = 1.96 * float(np.sqrt(rate * (1 - rate) / other.height))
            shown = [f"{1000 * rate:.2f} +- {1000 * error:.2f}"]
            for estimate in (self_normalised(log, policy), doubly_robust(log, policy)):
                shown.append(f"{1000 * estimate.value:.2f} ({1000 * estimate.low:.2f} to {1000 * estimate.high:.2f})")
            table.add_row(campaign, target, source, *shown, f"{effective_rows(log, policy):,.0f}")
    make_console().print(table)


if __name__ == "__main__":
    main()
