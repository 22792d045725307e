"""Supervised child processes: started with a log, awaited until they answer, stopped by their own id.

Does not belong here: which servers there are (`servers`).
"""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from core.errors import PlatformError
from core.home import LOOPBACK, open_log
from core.log_filter import start_filter
from standalone.launch import LEADER_VARIABLE

TAIL_LINES = 15


@dataclass(frozen=True)
class Command:
    """A server to run: its command line, its port on loopback, and how to know that it is ready.

    `ready_path` is a page that answers 2xx when the server is ready. Without it, the server is ready when its port
    accepts connections; without a port, as soon as the process runs.
    """

    name: str
    arguments: Sequence[str]
    log: Path
    port: int | None = None
    ready_path: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    withheld: Sequence[str] = ()
    """Variables of this process that it must not see, not even empty."""
    directory: Path = Path("/")
    scheme: str = "http"
    prefix: str = ""
    """The path below which all its pages are."""
    launch_options: Sequence[str] = ()
    """Options of `standalone.launch`, such as the user that it runs as."""
    keeps_children: bool = False
    """Whether what it has started goes on when it has ended by itself."""
    is_foreign: bool = False
    """Whether it writes its log in a form of its own, which is then written again in ours."""

    @property
    def service(self) -> str:
        """What its lines call it: all replicas of a server have the same name."""
        return re.sub(r"_\d+$", "", self.name)

    @property
    def address(self) -> str | None:
        return None if self.port is None else f"{self.scheme}://{LOOPBACK}:{self.port}{self.prefix}"


@dataclass(frozen=True)
class Child:
    """A started process, which leads its own process group, and the position in the log where its output begins.

    `log_filter` writes a foreign program's lines in our form.
    """

    command: Command
    process: subprocess.Popen[bytes]
    log_begin: int
    log_filter: subprocess.Popen[bytes] | None = None

    @property
    def is_running(self) -> bool:
        return self.process.poll() is None

    def log_tail(self) -> str:
        """The last lines that it has written since it was started."""
        if not self.is_running:
            self.finish_log()
        with self.command.log.open("rb") as file:
            file.seek(self.log_begin)
            lines = file.read().decode("utf-8", "replace").splitlines()
        return "\n".join(lines[-TAIL_LINES:])

    def finish_log(self, seconds: float = 5) -> None:
        """Waits until all that the process has said is in its log; no longer while a process of its own goes on."""
        if self.log_filter is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.log_filter.wait(seconds)


def start(command: Command) -> Child:
    """Starts a process that ends when this one does.

    Call it from the main thread: the kernel ends the process when the thread that started it ends.
    """
    launch = [sys.executable, "-P", "-m", "standalone.launch", f"--parent={os.getpid()}", *command.launch_options, "--"]
    begin = command.log.stat().st_size if command.log.exists() else 0
    with open_log(command.log) as output:
        log_filter = start_filter(command.service, output) if command.is_foreign else None
        said = output if log_filter is None else log_filter.stdin
        inherited = {name: value for name, value in os.environ.items() if name not in command.withheld}
        process = subprocess.Popen(
            [*launch, *command.arguments],
            cwd=command.directory,
            env={**inherited, **command.environment},
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            # A session of its own: Ctrl-C in the terminal reaches only this process, which stops its children in order.
            start_new_session=True,
        )
        if log_filter is not None and log_filter.stdin is not None:
            # It ends when the program, and whoever got its output from it, has.
            log_filter.stdin.close()
    return Child(command, process, begin, log_filter)


def wait_until_ready(child: Child, seconds: float) -> None:
    """Returns when the process answers. Raises PlatformError with the end of its log if it dies or takes too long."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not child.is_running:
            raise PlatformError(
                f"{child.command.name} ended with exit code {child.process.returncode} while starting "
                f"(log: {child.command.log}):\n{child.log_tail()}"
            )
        if _answers(child.command):
            return
        time.sleep(0.1)
    raise PlatformError(
        f"{child.command.name} was not ready after {seconds:.0f} s (log: {child.command.log}):\n{child.log_tail()}"
    )


def stop(children: Sequence[Child], seconds: float = 20) -> None:
    """Stops processes and their descendants: sends SIGTERM to all, then kills those that are left."""
    ended = [child for child in children if not child.is_running]
    family = [process for child in children for process in _family(child)]
    for child in children:
        with contextlib.suppress(ProcessLookupError):
            child.process.send_signal(signal.SIGTERM)
    # Grandchildren get the same time, because their parents ask them to stop.
    for process in wait_for_end(family, seconds):
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    wait_for_end(family, seconds)
    for child in children:
        child.process.wait()
    for child in ended:
        end_rest(child)
    for child in children:
        child.finish_log()


def end_rest(child: Child, seconds: float = 5) -> None:
    """Ends what a process that has ended by itself has left running, such as workers that hold its port."""
    pid = child.process.pid
    # Its id may be another process' by now, whose descendants are none of ours.
    if child.command.keeps_children or psutil.pid_exists(pid):
        return
    rest = [process for process in psutil.process_iter() if _is_of(process, pid)]
    for process in rest:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    wait_for_end(rest, seconds)


def _is_of(process: psutil.Process, leader: int) -> bool:
    """Whether a process was started by a leader, or by what that started.

    Some programs, such as nginx, write over their environment; others, such as BentoML, leave the leader's session.
    """
    try:
        return os.getsid(process.pid) == leader or process.environ().get(LEADER_VARIABLE) == str(leader)
    except (psutil.Error, OSError):
        return False


def wait_for_end(family: Sequence[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Waits until all have ended, and returns those that have not. A zombie counts as ended."""
    deadline = time.monotonic() + seconds
    while alive := [process for process in family if _is_alive(process)]:
        if time.monotonic() > deadline:
            return alive
        time.sleep(0.05)
    return []


def _is_alive(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _family(child: Child) -> list[psutil.Process]:
    try:
        leader = psutil.Process(child.process.pid)
        return [leader, *leader.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _answers(command: Command) -> bool:
    if command.port is None:
        return True
    if command.ready_path is None:
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex((LOOPBACK, command.port)) == 0
    return answers_http(f"{command.address}{command.ready_path}")


def answers_http(address: str, seconds: float = 2) -> bool:
    """Whether a page answers with success. Ignores the machine's proxies, which are not for loopback."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(address, timeout=seconds) as answer:
            return bool(200 <= answer.status < 300)
    except (OSError, urllib.error.URLError):
        return False
