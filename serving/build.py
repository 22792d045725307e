"""Building a Bento from a model directory, and the command that serves it.

Belongs here: what goes into a Bento, with which versions, and how it is started. Does not belong here: which model
is worth building, or keeping the process alive.
"""

import argparse
import hashlib
import importlib.util
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import distribution, version
from importlib.util import find_spec
from pathlib import Path

from packaging.requirements import Requirement

from ml.kinds import model_kind, package_of
from serving.errors import BuildFailed

_ROOT = Path(__file__).resolve().parent.parent
_PACKAGES = ("core", "ml", "serving", "warehouse")
_SERVICE = "serving.service:ModelService"
# What these packages import when they answer; everything these need in turn is pinned too.
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
    "psutil",
    "psycopg[binary,pool]",
    "pydantic",
    "pydantic-settings",
    "pyyaml",
    "scipy",
    "starlette",
    "uvloop",
    "xgboost",
)
# A GPU's libraries, 345 MB that no service here can use, and ourselves: the Bento carries our code.
_LEFT_OUT = frozenset({"nvidia-nccl-cu12", "nvidia-nccl-cu13", "customer-analyzer"})
# Needed only if models are in an object store; it is installed then.
_FOR_OBJECT_STORES = "boto3"
_BUILD_TIMEOUT_SECONDS = 120
# Off for the build and for every service: nothing here reports home.
_QUIET = {"BENTOML_DO_NOT_TRACK": "true", "DO_NOT_TRACK": "1"}


def build_bento(kind: str, model_directory: Path, *, digest: str, version: int, bentoml_home: Path) -> str:
    """Build the Bento of one model and return its tag; see `bento_tag`.

    The Bento holds our packages that a service imports, the package that adds the kind, if one does, and the model
    directory. It pins every other package to what is installed here, so that it starts on its own with nothing but
    `WAREHOUSE_URL`. Building the same model with the same code twice gives the same tag and costs nothing the second
    time. Raises BuildFailed.
    """
    tag = bento_tag(kind, digest=digest, version=version)
    if is_built(tag, kind, bentoml_home):
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


def bento_tag(kind: str, *, digest: str, version: int) -> str:
    """The name of a Bento, as in `churn:3-0f1e2d3c4b5a-9b8a7c6d`: the version and digest of its model, and its code's.

    The last part changes with any file that the Bento carries and with any package a service needs.
    """
    return f"{kind}:{version}-{digest[:12]}-{_code_digest(kind)[:8]}"


def bento_folder(tag: str, bentoml_home: Path) -> Path:
    """Where BentoML keeps the Bento of a tag."""
    return bentoml_home.joinpath("bentos", *tag.split(":"))


def is_built(tag: str, kind: str, bentoml_home: Path) -> bool:
    """Whether there is such a Bento of this kind. A tag that no build of ours makes names none."""
    is_ours = re.fullmatch(rf"{re.escape(kind)}:[0-9a-f-]+", tag) is not None
    return is_ours and (bento_folder(tag, bentoml_home) / "bento.yaml").is_file()


def _code_digest(kind: str) -> str:
    digest = hashlib.sha256("\n".join(pinned_requirements(kind)).encode())
    for name, content in sorted(_code(kind).items()):
        digest.update(f"\n{name} {hashlib.sha256(content).hexdigest()}".encode())
    return digest.hexdigest()


def _code(kind: str) -> dict[str, bytes]:
    """The files that go into the Bento of a kind, by their path in it: packages of ours, and the one that adds it."""
    files = {name: _ROOT / name for package in _PACKAGES for name in _sources(_ROOT, package)}
    package = package_of(model_kind(kind))
    if package is None:
        return {name: path.read_bytes() for name, path in files.items()}
    root, own = _folder_of(package.module), package.distribution
    files |= {name: root / name for name in _sources(root, package.module) or [f"{package.module}.py"]}
    # What an installer wrote about it, so that the kind is found in the Bento as it is here.
    folder = f"{own.name.replace('-', '_')}-{own.version}.dist-info"
    metadata = {f"{folder}/{name}": (own.read_text(name) or "").encode() for name in ("METADATA", "entry_points.txt")}
    return {name: path.read_bytes() for name, path in files.items()} | metadata


def _folder_of(module: str) -> Path:
    """Where an installed package lies."""
    found = importlib.util.find_spec(module)
    if found is None or found.origin is None:
        raise BuildFailed(f"The package {module} has no files that a Bento could carry.")
    return Path(found.origin).parent.parent if found.submodule_search_locations else Path(found.origin).parent


def _sources(root: Path, package: str) -> list[str]:
    """The files of a package that go into a Bento, as paths below `root`."""
    files = (path for path in (root / package).rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return [path.relative_to(root).as_posix() for path in files]


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
        "--timeout-graceful-shutdown",
        "10",
    ]


def serve_environment(
    bentoml_home: Path, warehouse_url: str, ledger_folder: Path, state_folder: Path, log_level: str = "info"
) -> dict[str, str]:
    """What a service needs in its environment, besides the PATH and libpq's own variables.

    `bentoml_home` must be the service's own: BentoML empties the metrics directory in it at each start. All services of
    a machine share `ledger_folder`, where predictions wait for the warehouse, and `state_folder`, which holds what it
    last said.
    """
    return {
        **_QUIET,
        "BENTOML_HOME": str(bentoml_home),
        "WAREHOUSE_URL": warehouse_url,
        "SERVING_LEDGER_FOLDER": str(ledger_folder),
        "SERVING_STATE_FOLDER": str(state_folder),
        "SERVING_LOG_LEVEL": log_level,
    }


def pinned_requirements(kind: str) -> list[str]:
    """Every package a service needs, directly or not, as `name==version` of what is installed and tested here."""
    pins: dict[str, str] = {}
    package = package_of(model_kind(kind))
    added = [] if package is None else package.distribution.requires or []
    optional = [_FOR_OBJECT_STORES] if find_spec(_FOR_OBJECT_STORES) else []
    waiting = [Requirement(text) for text in (*_REQUIREMENTS, *added, *optional)]
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


def _lay_out(context: Path, kind: str, model_directory: Path, *, digest: str, version: int) -> None:
    if not model_directory.is_dir():
        raise BuildFailed(f"There is no model directory {model_directory}; train the {kind} model first.")
    for name, content in _code(kind).items():
        target = context / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    shutil.copytree(model_directory, context / "model")
    build = {"kind": kind, "version": version, "digest": digest}
    (context / "build.json").write_text(json.dumps(build, indent=2) + "\n", encoding="utf-8")


def _build(context: Path, kind: str, tag: str) -> None:
    """Run BentoML's own build; called in a process whose `BENTOML_HOME` is where the Bento goes."""
    import bentoml  # seconds and 60 MB that a caller of `serve_command` need not spend

    names = sorted(path.name + ("/" if path.is_dir() else "") for path in context.iterdir())
    bentoml.build(
        _SERVICE,
        name=kind,
        version=tag.partition(":")[2],
        build_ctx=str(context),
        include=names,
        description=f"The {kind} service of Customer Analyzer. Set WAREHOUSE_URL and serve it.",
        python={"packages": pinned_requirements(kind), "lock_packages": False},
        # The Python that the packages above were tested with; see env/docker/Dockerfile in the Bento.
        docker={"base_image": f"python:{platform.python_version()}-slim-bookworm"},
    )


def _main() -> None:
    parser = argparse.ArgumentParser(description="Build a Bento from a laid out context (used by build_bento).")
    parser.add_argument("context", type=Path)
    parser.add_argument("kind")
    parser.add_argument("tag")
    arguments = parser.parse_args()
    _build(arguments.context, arguments.kind, arguments.tag)


if __name__ == "__main__":
    _main()
