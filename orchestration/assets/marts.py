"""The dbt project as assets with a partition for each `as_of`: first the models of events, later those that need
scores.

Belongs here: calling dbt, and the names and groups of its models in Dagster. Does not belong here: any SQL, and the
checks that features and labels know only the past (`orchestration.assets.time_rule`).
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from hashlib import sha256
from importlib.metadata import version
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DbtCliResource, DbtProject, dbt_assets

from core.home import Home
from core.settings import read_settings
from dbt_project import PROJECT
from lake.names import warehouse_location
from lake.opening import open_lake
from ml.cutoffs import run_days
from orchestration.backfill import DAYS_A_PASS, ON_SPARK, PASS_SELECTION, passes, variables, with_plan
from orchestration.engines import spark_of_build
from orchestration.partitions import AS_OF
from orchestration.resources import Choices, HomeResource, WarehouseResource
from warehouse.database import Database
from warehouse.events import event_range
from warehouse.locks import marts_lock

_SOURCES = ("models", "macros", "seeds", "tests")
_AFTER_MODELS = "source:ml+"
_AFTER_ALL = "source:ml.scores+"

# Of a build with Spark: what Postgres needs first; what Postgres builds from what was published.
# dagster-dbt takes one word after --select; dbt reads a list in it.
_BEFORE_POSTGRES = ("--select", "event_types stg_events", "--resource-types", "seed", "model")
_ON_POSTGRES = ("--exclude", "config.meta.engine:either")


class FolderGroups(DagsterDbtTranslator):
    """Groups assets by their dbt folder. A model's key is its schema and name, as in the database."""

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        """Schema and name, as in the warehouse. A source in `ml` is the asset that writes it."""
        if dbt_resource_props["resource_type"] == "source":
            if dbt_resource_props["schema"] == "ml":
                return dg.AssetKey(dbt_resource_props["name"])
            return dg.AssetKey([dbt_resource_props["schema"], dbt_resource_props["name"]])
        return dg.AssetKey([dbt_resource_props["config"]["schema"], dbt_resource_props["name"]])

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        """Every dbt model belongs to the group of marts, except analytics, which has readers of its own."""
        return "analytics" if dbt_resource_props["config"].get("schema") == "analytics" else "marts"


def prepared_project() -> DbtProject:
    """The dbt project with a manifest of its current files.

    The manifest is in the home, so that two homes never write the same one. Parsing takes seconds and needs no
    database. It is skipped while neither the project nor its location has changed.
    """
    target = Home(read_settings().home).dbt_target
    project = DbtProject(PROJECT, target_path=target)
    parsed, digest = target / "parsed.sha256", _project_digest()
    if not project.manifest_path.exists() or not parsed.exists() or parsed.read_text("ascii") != digest:
        target.mkdir(parents=True, exist_ok=True)
        # The cache of an earlier parse, here or of a build, may name files in another location.
        for kept in target.rglob("partial_parse.msgpack"):
            kept.unlink()
        DbtCliResource(project_dir=str(PROJECT)).cli(["--quiet", "parse"], target_path=target).wait()
        parsed.write_text(digest, "ascii")
    return project


def _project_digest() -> str:
    """A SHA-256 of the project's location and files and of dbt's version. Times of a wheel's files are meaningless."""
    files = [*PROJECT.glob("*.yml"), *(file for name in _SOURCES for file in (PROJECT / name).rglob("*.*"))]
    digest = sha256(f"{PROJECT} {version('dbt-core')}".encode())
    for file in sorted(files):
        digest.update(f"\n{file.relative_to(PROJECT)} {sha256(file.read_bytes()).hexdigest()}".encode())
    return digest.hexdigest()


def dbt_assets_of(project: DbtProject) -> list[dg.AssetsDefinition]:
    """The assets of a prepared dbt project (its manifest exists): those built before the models run, and those after.

    dbt models that read a table of the schema `ml` are built after. dbt's graph knows which ones they are. Those that
    read scores of whichever models there are wait for none of them, since a model may have no use and then never
    scores: they are built last, by their priority.
    """

    @dbt_assets(
        manifest=project.manifest_path,
        project=project,
        partitions_def=AS_OF,
        dagster_dbt_translator=FolderGroups(),
        exclude=f"resource_type:unit_test {_AFTER_MODELS}",
    )
    def marts(
        context: dg.AssetExecutionContext,
        dbt: DbtCliResource,
        warehouse: WarehouseResource,
        home: HomeResource,
        choices: Choices,
    ) -> Iterator[Any]:
        build = _build if read_settings().engine == "postgres" else _build_with_spark
        yield from build(context, dbt, warehouse.open(), home.open(), choices)

    @dbt_assets(
        manifest=project.manifest_path,
        project=project,
        partitions_def=AS_OF,
        dagster_dbt_translator=FolderGroups(),
        select=_AFTER_MODELS,
        exclude=f"resource_type:unit_test {_AFTER_ALL}",
    )
    def after_models(
        context: dg.AssetExecutionContext,
        dbt: DbtCliResource,
        warehouse: WarehouseResource,
        home: HomeResource,
        choices: Choices,
    ) -> Iterator[Any]:
        yield from _build(context, dbt, warehouse.open(), home.open(), choices)

    @dbt_assets(
        manifest=project.manifest_path,
        project=project,
        partitions_def=AS_OF,
        dagster_dbt_translator=FolderGroups(),
        select=_AFTER_ALL,
        exclude="resource_type:unit_test",
        op_tags={"dagster/priority": "-1"},
    )
    def after_all(
        context: dg.AssetExecutionContext,
        dbt: DbtCliResource,
        warehouse: WarehouseResource,
        home: HomeResource,
        choices: Choices,
    ) -> Iterator[Any]:
        yield from _build(context, dbt, warehouse.open(), home.open(), choices)

    return [marts, after_models, after_all]


def _build(
    context: dg.AssetExecutionContext, dbt: DbtCliResource, warehouse: Database, home: Home, choices: Choices
) -> Iterator[Any]:
    # All calls of a run share a folder, so that the later ones find the project already parsed with these variables.
    target = home.dbt_target / "build"
    *earlier, newest = _passes(context.partition_keys, warehouse, choices.horizon_days)
    with marts_lock(warehouse):
        for variables_json in earlier:
            dbt.cli(["build", *PASS_SELECTION, "--vars", variables_json], target_path=target).wait()
        yield from dbt.cli(["build", "--vars", newest], context=context, target_path=target).stream()


def _build_with_spark(
    context: dg.AssetExecutionContext, dbt: DbtCliResource, warehouse: Database, home: Home, choices: Choices
) -> Iterator[Any]:
    """The events go to the lake, Spark builds, what it built goes to Postgres, and Postgres builds what stays there."""
    from ingestion.lake_copying import copy_to_lake
    from lake.marts import PUBLISHED, plan_build
    from lake.publishing import publish

    settings, target = read_settings(), home.dbt_target / "spark"
    lake = open_lake(warehouse.url, warehouse_location(settings.lake, home.root))
    *earlier, newest = _passes(context.partition_keys, warehouse, choices.horizon_days)
    with marts_lock(warehouse):
        copy_to_lake(lake)
        with spark_of_build(settings, home, warehouse.url) as spark:
            for variables_json in earlier:
                planned = with_plan(variables_json, plan_build(lake))
                dbt.cli(["build", *PASS_SELECTION, *ON_SPARK, "--vars", planned], target_path=target).wait()
            planned = with_plan(newest, plan_build(lake))
            built = dbt.cli(["build", *ON_SPARK, "--vars", planned], context=context, target_path=target)
            yield from (_told(event, spark.metadata) for event in built.stream())
        rows = publish(lake, PUBLISHED, every_day=True)
        context.log.info("published: %s", ", ".join(f"{table} {count}" for table, count in rows.items()))
        target = home.dbt_target / "build"
        dbt.cli(["build", *_BEFORE_POSTGRES, "--vars", newest], target_path=target).wait()
        built = dbt.cli(["build", *_ON_POSTGRES, "--vars", newest], context=context, target_path=target)
        yield from (_told(event, {"engine": "postgres"}) for event in built.stream())


def _told(event: Any, metadata: Mapping[str, str]) -> Any:
    """An event of dbt that says what built the table."""
    if not isinstance(event, dg.Output):
        return event
    pages = {name: dg.MetadataValue.url(value) for name, value in metadata.items() if name.endswith("_pages")}
    return event.with_metadata({**event.metadata, **metadata, **pages})


def _passes(keys: Sequence[str], warehouse: Database, horizon_days: int) -> list[str]:
    """The dbt variables of each pass. For one day, they include the past days that its models learn from."""
    days = [date.fromisoformat(key) for key in keys]
    if len(days) > 1:
        return [variables(some, horizon_days) for some in passes(days, DAYS_A_PASS)]
    known = event_range(warehouse, days[0])
    learned = run_days(days[0], horizon_days, known.first, known.last)
    return [variables(learned, horizon_days, known_until=days[0])]
