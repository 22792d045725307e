"""The jars that a Spark of our own loads beside its own: Iceberg's runtime and Postgres' driver.

Belongs here: finding, checking and fetching them. Does not belong here: starting Spark (`standalone.spark`). A cluster
of your own brings its jars itself (docs/spark.md).

`python -m standalone.spark_jars` fetches what is missing with Maven, from whatever repository Maven is set up for. Jars
that somebody has put into the folder are as good: what counts is their SHA-256.
"""

import shutil
import subprocess
import sys
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path

from core.errors import UserError

LISTED = Path(__file__).resolve().parents[1] / "deploy" / "spark" / "jars.txt"
FOLDER = Path(sys.prefix) / "share" / "customer-analyzer" / "jars"
"""Where jars are: beside the packages of this Python, which all homes share."""


@dataclass(frozen=True)
class Jar:
    """A jar by its Maven coordinates (`group:artifact:version`), and the SHA-256 that it must have."""

    coordinates: str
    sha256: str

    @property
    def file_name(self) -> str:
        """Its name as Maven gives it."""
        _, artifact, version = self.coordinates.split(":")
        return f"{artifact}-{version}.jar"


def listed_jars(file: Path = LISTED) -> list[Jar]:
    """The jars that `deploy/spark/jars.txt` names."""
    lines = [line.split() for line in file.read_text(encoding="ascii").splitlines() if not line.startswith("#")]
    return [Jar(coordinates, sha256) for coordinates, sha256 in lines]


def found_jars(folder: Path = FOLDER) -> list[Path]:
    """The files of all listed jars. Raises UserError where one is missing or has other content than the listed one."""
    wrong = [jar for jar in listed_jars() if not _is_there(jar, folder)]
    if wrong:
        names = ", ".join(jar.coordinates for jar in wrong)
        raise UserError(
            f"Spark needs {names} in {folder}: `python -m standalone.spark_jars` fetches them with Maven, "
            "or put them there yourself (docs/spark.md)."
        )
    return [folder / jar.file_name for jar in listed_jars()]


def fetch_jars(folder: Path = FOLDER) -> list[Path]:
    """Fetches what is missing. Raises UserError where there is no Maven, or where it brings something else."""
    missing = [jar for jar in listed_jars() if not _is_there(jar, folder)]
    maven = shutil.which("mvn")
    if missing and maven is None:
        raise UserError(
            f"Maven (mvn) is needed to fetch {', '.join(jar.coordinates for jar in missing)} into {folder}; "
            "on Debian: apt-get install maven."
        )
    for jar in missing:
        arguments = ["dependency:copy", f"-Dartifact={jar.coordinates}", f"-DoutputDirectory={folder}"]
        done = subprocess.run([str(maven), "-q", "-B", *arguments], capture_output=True, text=True, check=False)
        if done.returncode:
            raise UserError(f"Maven could not fetch {jar.coordinates}:\n{done.stdout.strip()[-2000:]}")
    return found_jars(folder)


def _is_there(jar: Jar, folder: Path) -> bool:
    file = folder / jar.file_name
    if not file.is_file():
        return False
    with file.open("rb") as content:
        return file_digest(content, "sha256").hexdigest() == jar.sha256


if __name__ == "__main__":
    try:
        fetch_jars()
    except UserError as error:
        sys.exit(str(error))
