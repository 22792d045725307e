"""The wheel of this checkout in a virtual environment of its own, as somebody without the checkout would have it."""

import os
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

_CHECKOUT = Path(__file__).parents[2]
_PACKAGES = Path(sysconfig.get_path("purelib"))


@dataclass(frozen=True)
class Installed:
    """A virtual environment that holds the wheel and sees the packages that are installed for the tests."""

    environment: Path

    @property
    def packages(self) -> Path:
        """Where the wheel's files are."""
        return self.environment / _PACKAGES.relative_to(sys.prefix)

    def run(self, folder: Path, program: str, *arguments: str) -> str:
        """Runs one of its programs in a folder, with no variable that leads elsewhere; returns what it printed."""
        kept = {name: os.environ[name] for name in ("HOME", "LANG", "TMPDIR") if name in os.environ}
        done = subprocess.run(
            [str(self.environment / "bin" / program), *arguments],
            cwd=folder,
            env={**kept, "PATH": os.defpath, "COLUMNS": "200"},
            capture_output=True,
            text=True,
            timeout=540,
            check=False,
        )
        assert done.returncode == 0, f"{arguments} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
        return done.stdout


def install_wheel(folder: Path) -> Installed:
    """Builds the wheel and installs it below `folder`, without a package index."""
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(build, cwd=_CHECKOUT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    installed = Installed(folder / "environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", installed.environment], check=True)
    python = installed.environment / "bin" / "python"
    uv = Path(sys.executable).with_name("uv")
    options = ["--offline", "--no-deps", "--python", python]
    subprocess.run([uv, "pip", "install", *options, wheel], check=True, capture_output=True)
    _lend_packages(installed, python)
    return installed


def _lend_packages(installed: Installed, python: Path) -> None:
    """Lends the packages and programs of the tests' environment. The .pth in it, and so the checkout, is not read."""
    (installed.packages / "lent.pth").write_text(f"{_PACKAGES}\n")
    for program in Path(sys.executable).parent.iterdir():
        lent = installed.environment / "bin" / program.name
        if lent.exists() or not program.is_file():
            continue
        first, _, rest = program.read_bytes().partition(b"\n")
        if first == f"#!{sys.executable}".encode():
            lent.write_bytes(f"#!{python}\n".encode() + rest)
            lent.chmod(0o755)
