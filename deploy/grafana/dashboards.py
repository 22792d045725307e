"""Writes the Grafana dashboards beside this file: `make dashboards`. What they show stands in `panels`."""

import sys
from pathlib import Path

from grafana_foundation_sdk.builders import dashboard, prometheus, stat, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import DashboardCursorSync, DataSourceRef

from deploy.grafana.panels import DASHBOARDS, Panel

DATA_SOURCE = DataSourceRef(type_val="prometheus", uid="${datasource}")


def queries() -> list[tuple[str, str]]:
    """Every query with the title of its panel."""
    return [
        (panel.title, query)
        for _, panels in DASHBOARDS.values()
        for panel in panels
        for query in panel.queries.values()
    ]


def built(name: str) -> str:
    """A dashboard as Grafana's JSON."""
    title, panels = DASHBOARDS[name]
    made = (
        dashboard.Dashboard(f"Customer Analyzer: {title}")
        .uid(f"customer-analyzer-{name}")
        .tags(["customer-analyzer"])
        .refresh("30s")
        .time("now-6h", "now")
        .timezone("utc")
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .with_variable(dashboard.DatasourceVariable("datasource").label("Prometheus").type("prometheus"))
    )
    for panel in panels:
        made = made.with_panel(_built(panel))
    return JSONEncoder(sort_keys=True, indent=2).encode(made.build()) + "\n"


def _built(panel: Panel) -> stat.Panel | timeseries.Panel:
    made: stat.Panel | timeseries.Panel = stat.Panel() if panel.is_stat else timeseries.Panel()
    made = made.title(panel.title).unit(panel.unit).datasource(DATA_SOURCE).height(8).span(8 if panel.is_stat else 12)
    if panel.help:
        made = made.description(panel.help)
    for letter, (legend, query) in zip("ABCDEF", panel.queries.items(), strict=False):
        made = made.with_target(
            prometheus.Dataquery().ref_id(letter).expr(query).legend_format(legend).datasource(DATA_SOURCE)
        )
    return made


def write(folder: Path) -> None:
    """Writes a file a dashboard."""
    for name in DASHBOARDS:
        (folder / f"{name}.json").write_text(built(name), encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
