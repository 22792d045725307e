"""Starts a program that must not outlive its parent and, on request, must not run as root.

Run as `python -m standalone.launch [options] -- PROGRAM ARG...`: it changes its own process and then replaces itself by
the program. It is a separate process because code between fork and exec is unsafe in a process with threads. It uses
the standard library only, so that it costs a few milliseconds.
"""

import argparse
import ctypes
import os
import signal
import sys
from collections.abc import Sequence

LEADER_VARIABLE = "CUSTOMER_ANALYZER_LEADER"
"""Holds the id of the process that was launched, for it and for all that it starts."""
CAPABILITIES = {"dac_override": 1, "dac_read_search": 2}

_PR_SET_PDEATHSIG = 1
_PR_SET_KEEPCAPS = 8
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_RAISE = 2
_CAPABILITY_VERSION_3 = 0x20080522


def die_with_parent(parent: int, by: signal.Signals) -> None:
    """Asks the kernel to send this process a signal when its parent is gone. Only on Linux.

    Call it after changing the user, which would undo it. `parent` is the parent's id, read before it could have died.
    """
    if sys.platform != "linux":
        return
    _prctl(_PR_SET_PDEATHSIG, by)
    if os.getppid() != parent:
        os.kill(os.getpid(), by)


def become(uid: int, gid: int, capability: str | None = None) -> None:
    """Makes a root process run as an ordinary user, for good. Keeps one capability if named (Linux).

    The capability is for a Postgres whose folder is inside one that only root may enter. With it, the process can pass
    through, and the folder is not opened to everyone.
    """
    os.setgroups([])
    if capability is not None:
        _prctl(_PR_SET_KEEPCAPS, 1)
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    if capability is not None:
        number = CAPABILITIES[capability]
        _set_capabilities(1 << number)
        _prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, number)


def _prctl(option: int, *arguments: int) -> None:
    padded = [ctypes.c_ulong(argument) for argument in (*arguments, 0, 0, 0, 0)[:4]]
    if ctypes.CDLL(None, use_errno=True).prctl(option, *padded) != 0:
        raise OSError(ctypes.get_errno(), f"prctl({option}) failed")


def _set_capabilities(mask: int) -> None:
    class Header(ctypes.Structure):
        _fields_ = [("version", ctypes.c_uint32), ("pid", ctypes.c_int)]

    class Data(ctypes.Structure):
        _fields_ = [(name, ctypes.c_uint32) for name in ("effective", "permitted", "inheritable")]

    header = Header(_CAPABILITY_VERSION_3, 0)
    data = (Data * 2)(Data(mask, mask, mask), Data(0, 0, 0))
    if ctypes.CDLL(None, use_errno=True).capset(ctypes.byref(header), data) != 0:
        raise OSError(ctypes.get_errno(), "capset failed")


def parser(description: str) -> argparse.ArgumentParser:
    """An argument parser with the options of every module that starts a program this way."""
    options = argparse.ArgumentParser(description=description)
    options.add_argument("--uid", type=int)
    options.add_argument("--gid", type=int)
    options.add_argument("--capability", choices=sorted(CAPABILITIES))
    options.add_argument("program", nargs="+")
    return options


def main(arguments: Sequence[str] | None = None) -> None:
    """Changes this process as the options say and replaces it by the program."""
    options = parser("Start a program that ends with its parent.")
    options.add_argument("--parent", type=int, required=True, help="process id of the caller")
    chosen = options.parse_args(arguments)
    if chosen.uid is not None:
        become(chosen.uid, chosen.gid, chosen.capability)
    die_with_parent(chosen.parent, signal.SIGTERM)
    os.environ[LEADER_VARIABLE] = str(os.getpid())
    os.execvp(chosen.program[0], chosen.program)  # noqa: S606


if __name__ == "__main__":
    main()
