"""Featuretools' sums over windows before cutoff times, as documented. Run by `benchmarks.snapshots`.

python featuretools_sums.py DAILY.parquet ASKED.json RESULT.parquet

ASKED.json has `days`, and `columns`: name to column and window in days (null: all days). A row of the daily file is
known after its known_day, the time index. Prints the seconds, without reading the file, and the peak memory in bytes.
"""

import json
import resource
import sys
import time
from pathlib import Path

import featuretools as ft
import pandas as pd


def main() -> None:
    """One call for each window, because a call has only one; then joins the columns."""
    daily_file, asked_file, result = sys.argv[1:]
    asked = json.loads(Path(asked_file).read_text(encoding="utf-8"))
    daily = pd.read_parquet(daily_file).assign(known_day=lambda rows: pd.to_datetime(rows["known_day"]))
    begin = time.monotonic()
    users = daily.groupby("user_id", as_index=False)["known_day"].min()
    cutoffs = users.merge(pd.DataFrame({"time": pd.to_datetime(asked["days"])}), how="cross")
    cutoffs = cutoffs.loc[cutoffs["known_day"] < cutoffs["time"], ["user_id", "time"]]
    shop = ft.EntitySet("shop")
    shop.add_dataframe(dataframe_name="users", dataframe=users[["user_id"]], index="user_id")
    shop.add_dataframe(dataframe_name="daily", dataframe=daily, index="row", make_index=True, time_index="known_day")
    shop.add_relationship("users", "user_id", "daily", "user_id")
    parts = []
    for window in sorted({window for _, window in asked["columns"].values()}, key=lambda days: days or 0):
        chosen = {column: name for name, (column, length) in asked["columns"].items() if length == window}
        sums = [
            ft.Feature(shop["daily"].ww[column], parent_dataframe_name="users", primitive=ft.primitives.Sum)
            for column in chosen
        ]
        matrix = ft.calculate_feature_matrix(
            sums,
            shop,
            cutoff_time=cutoffs,
            cutoff_time_in_index=True,
            include_cutoff_time=False,
            training_window=f"{window} days" if window else None,
        )
        parts.append(
            matrix.rename(columns={each.get_name(): chosen[each.base_features[0].get_name()] for each in sums})
        )
    frame = pd.concat(parts, axis=1)
    seconds = time.monotonic() - begin
    frame.rename_axis(["user_id", "as_of"]).reset_index().to_parquet(result)
    print(json.dumps({"seconds": seconds, "bytes": 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}))


if __name__ == "__main__":
    main()
