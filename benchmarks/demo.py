"""The cost of the demo in a home of its own: seconds, and the peak memory of all its processes together.

python -m benchmarks.demo
"""

import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

_INTERVAL_SECONDS = 0.5


def main() -> None:
    """Runs the demo and prints one line of figures after its output."""
    with TemporaryDirectory(prefix="demo-") as scratch:
        home = str(Path(scratch) / "home")
        command = [str(Path(sys.executable).with_name("customer-analyzer")), "demo"]
        started = time.monotonic()
        demo = subprocess.Popen(command, env={**os.environ, "CUSTOMER_ANALYZER_HOME": home})
        peak = 0
        while demo.poll() is None:
            peak = max(peak, memory_bytes(demo.pid, home))
            time.sleep(_INTERVAL_SECONDS)
        seconds = time.monotonic() - started
    print(f"exit code {demo.returncode}, {seconds:.0f} s, peak memory {peak / 2**30:.2f} GiB (PSS of all processes)")
    sys.exit(demo.returncode)


def memory_bytes(pid: int, home: str) -> int:
    """Proportional memory of a process, its descendants, and Postgres, which is not a descendant."""
    ours: set[psutil.Process] = set()
    for process in psutil.process_iter():
        try:
            if process.pid == pid or home in " ".join(process.cmdline()):
                ours |= {process, *process.children(recursive=True)}
        except psutil.Error:
            continue
    total = 0
    for process in ours:
        try:
            total += process.memory_full_info().pss
        except psutil.Error:
            continue
    return total


if __name__ == "__main__":
    main()
