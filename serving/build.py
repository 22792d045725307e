"""Building a Bento from a model directory, and the command that serves it.

Belongs here: what goes into a Bento, with which versions, and how it is started. Does not belong here: which model
is worth building, or keeping the process alive.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import distribution, version
from pathlib import Path

from packaging.requirements import Requirement

from serving.errors import BuildFailed
from serving.schemas import ModelKind

_PACKAGES = ("ml", "serving")
_ENTRY_POINTS: dict[ModelKind, str] = {
    "segmentation": "serving.segmentation:Segmentation",
    "purchase": "serving.purchase:Purchase",
    "churn": "serving.churn:Churn",
}
# What ml and serving import when they answer; everything these need in turn is pinned too.
_REQUIREMENTS = (
    "bentoml",
    "httptools",
    "httpx",
    "numpy",
    "opentelemetry-exporter-otlp-proto-http",
    "opentelemetry-sdk",
    "orjson",
    "polars",
    "prometheus-client",
    "psycopg[binary,pool]",
    "pydantic",
    "pydantic-settings",
    "pyyaml",
    "scipy",
    "starlette",
    "uvloop",
    "xgboost",
)
# A GPU's libraries: 345 MB that no service here can use.
_LEFT_OUT = frozenset({"nvidia-nccl-cu12", "nvidia-nccl-cu13"})
_BUILD_TIMEOUT_SECONDS = 120
# Off for the build and for every service: nothing here reports home.
_QUIET = {"BENTOML_DO_NOT_TRACK": "true", "DO_NOT_TRACK": "1"}


def build_bento(kind: ModelKind, model_directory: Path, *, digest: str, version: int, bentoml_home: Path) -> str:
    """Build the Bento of one model and return its tag, as in `churn:3-0f1e2d3c4b5a`.

    The Bento holds `ml`, `serving` and the model directory, and pins every package to what is installed here, so
    that it starts on its own with nothing but `WAREHOUSE_URL`. Building the same model twice gives the same tag and
    costs nothing the second time. Raises BuildFailed.
    """
    tag = f"{kind}:{version}-{digest[:12]}"
    if (bentoml_home / "bentos" / kind / f"{version}-{digest[:12]}" / "bento.yaml").is_file():
        return tag
    bentoml_home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bento-") as scratch:
        context = Path(scratch)
        _lay_out(context, kind, model_directory, digest=digest, version=version)
        command = [sys.executable, "-m", "serving.build", str(context), kind, tag]
        # In a process of its own: BentoML imports the service from the copy and changes the working directory.
        environment = {**os.environ, **_QUIET, "BENTOML_HOME": str(bentoml_home), "PYTHONPATH": str(context)}
        try:
            subprocess.run(
                command,
                check=True,
                capture_output=True,
                text=True,
                timeout=_BUILD_TIMEOUT_SECONDS,
                cwd=context,
                env=environment,
            )
        except subprocess.CalledProcessError as error:
            last_line = (error.stderr.strip().splitlines() or ["no message"])[-1]
            raise BuildFailed(f"BentoML could not build {tag}: {last_line}") from error
        except subprocess.TimeoutExpired as error:
            raise BuildFailed(f"BentoML did not build {tag} within {_BUILD_TIMEOUT_SECONDS} s.") from error
    return tag


def serve_command(tag: str, host: str, port: int) -> list[str]:
    """The command that serves a Bento; run it with `serve_environment`."""
    return [
        sys.executable,
        "-m",
        "bentoml",
        "serve",
        tag,
        "--host",
        host,
        "--port",
        str(port),
        "--api-workers",
        "1",
        "--timeout-graceful-shutdown",
        "10",
    ]


def serve_environment(
    bentoml_home: Path, warehouse_url: str, ledger_folder: Path, log_level: str = "info"
) -> dict[str, str]:
    """What a service needs in its environment, besides the PATH and libpq's own variables.

    `bentoml_home` must be the service's own: BentoML empties the metrics directory in it at each start. All services of
    a machine share `ledger_folder`, where predictions wait for the warehouse.
    """
    return {
        **_QUIET,
        "BENTOML_HOME": str(bentoml_home),
        "WAREHOUSE_URL": warehouse_url,
        "SERVING_LEDGER_FOLDER": str(ledger_folder),
        "SERVING_LOG_LEVEL": log_level,
    }


def pinned_requirements() -> list[str]:
    """Every package a service needs, directly or not, as `name==version` of what is installed and tested here."""
    pins: dict[str, str] = {}
    waiting = [Requirement(text) for text in _REQUIREMENTS]
    while waiting:
        requirement = waiting.pop()
        name = requirement.name.lower().replace("_", "-")
        if name in _LEFT_OUT or (name in pins and not requirement.extras):
            continue
        pins[name] = version(name)
        for text in distribution(name).requires or []:
            needed = Requirement(text)
            if needed.marker is None or any(
                needed.marker.evaluate({"extra": extra}) for extra in ("", *requirement.extras)
            ):
                waiting.append(needed)
    return [f"{name}=={pins[name]}" for name in sorted(pins)]


def _lay_out(context: Path, kind: ModelKind, model_directory: Path, *, digest: str, version: int) -> None:
    if not model_directory.is_dir():
        raise BuildFailed(f"There is no model directory {model_directory}; train the {kind} model first.")
    root = Path(__file__).resolve().parent.parent
    for package in _PACKAGES:
        shutil.copytree(root / package, context / package, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
    shutil.copytree(model_directory, context / "model")
    build = {"kind": kind, "version": version, "digest": digest}
    (context / "build.json").write_text(json.dumps(build, indent=2) + "\n", encoding="utf-8")


def _build(context: Path, kind: ModelKind, tag: str) -> None:
    """Run BentoML's own build; called in a process whose `BENTOML_HOME` is where the Bento goes."""
    import bentoml  # seconds and 60 MB that a caller of `serve_command` need not spend

    bentoml.build(
        _ENTRY_POINTS[kind],
        name=kind,
        version=tag.partition(":")[2],
        build_ctx=str(context),
        include=["ml/", "serving/", "model/", "build.json"],
        description=f"The {kind} service of Customer Analyzer. Set WAREHOUSE_URL and serve it.",
        python={"packages": pinned_requirements(), "lock_packages": False},
    )


def _main() -> None:
    parser = argparse.ArgumentParser(description="Build a Bento from a laid out context (used by build_bento).")
    parser.add_argument("context", type=Path)
    parser.add_argument("kind", choices=sorted(_ENTRY_POINTS))
    parser.add_argument("tag")
    arguments = parser.parse_args()
    _build(arguments.context, arguments.kind, arguments.tag)


if __name__ == "__main__":
    _main()
