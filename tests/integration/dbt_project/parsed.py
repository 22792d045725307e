"""dbt as tests call it: parsed once, run in this process."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from dbt.cli.main import dbtRunner

from dbt_project import PROJECT
from tests.integration.dbt_project.shop import AS_OF_DATES


@dataclass(frozen=True)
class Parsed:
    """A dbt project, parsed on the first call; `folder` takes what dbt writes."""

    folder: Path
    project: Path = PROJECT
    target: str = "warehouse"

    @property
    def options(self) -> list[str]:
        """What every call of dbt is told."""
        folders = ["--project-dir", str(self.project), "--profiles-dir", str(self.project)]
        written = ["--target-path", str(self.folder), "--log-path", str(self.folder)]
        return [*folders, *written, "--target", self.target, "--quiet"]

    @cached_property
    def runner(self) -> dbtRunner:
        """A runner that holds the parsed project."""
        return dbtRunner(manifest=dbtRunner().invoke(["parse", *self.options]).result)

    def call(self, command: str, *arguments: str, **variables: object) -> dict[str, str]:
        """Calls dbt, fails with what dbt said; returns the SQL of the models it compiled, by name."""
        done = self.runner.invoke([command, *self.options, "--vars", json.dumps(variables), *arguments])
        assert done.success, done.exception or [
            (result.node.name, result.message) for result in done.result if result.status in ("error", "fail")
        ]
        return {result.node.name: getattr(result.node, "compiled_code", None) or "" for result in done.result}

    def for_the_shop(self, command: str, *arguments: str, **variables: object) -> None:
        """Calls dbt for the days of the shop, unless the variables say otherwise."""
        days = {"as_of_dates": list(AS_OF_DATES), "horizon_days": 20, "known_until": ""}
        self.call(command, *arguments, **{**days, **variables})
