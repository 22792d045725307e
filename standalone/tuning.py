"""The embedded Postgres' settings for a given machine. Pure arithmetic, except for `this_machine`."""

import contextlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import psutil

MIB = 1024**2


@dataclass(frozen=True)
class Machine:
    """What matters to the server: memory and shared memory in bytes, and the cores that it may use."""

    memory: int
    cores: int
    shared_memory: int


def this_machine() -> Machine:
    """The machine, or the container's share of it."""
    memory = psutil.virtual_memory().total
    # Without a control group there is no such file; without a limit it says "max".
    with contextlib.suppress(OSError, ValueError):
        memory = min(memory, int(Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii")))
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    shared = Path("/dev/shm")  # noqa: S108
    return Machine(memory, cores, shutil.disk_usage(shared).total if shared.is_dir() else memory)


def server_settings(machine: Machine, *, is_streamed: bool = False) -> dict[str, str]:
    """Postgres settings for a machine it shares with training, Dagster and the services.

    The settings are durable: fsync and synchronous_commit stay on. Memory use is modest, because the page cache does
    the rest: a thirty-second of the memory for shared buffers, about a hundredth for each sort or hash. `is_streamed`
    says whether backups or a replica read its write-ahead log.
    """
    workers = max(1, min(4, machine.cores))
    settings = {
        "listen_addresses": "127.0.0.1",
        # No socket file: its path may be too long or not writable. All connections use TCP.
        "unix_socket_directories": "",
        # tests/standalone/test_connections.py adds up how many connections are needed.
        "max_connections": "120",
        # The statement of a killed process ends within this time, and its locks are released.
        "client_connection_check_interval": "5s",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_line_prefix": "%m [%p] %d ",
        "fsync": "on",
        "synchronous_commit": "on",
        "shared_buffers": _mib(machine.memory / 32, 128, 2048),
        "work_mem": _mib(machine.memory / 96, 16, 256),
        "maintenance_work_mem": _mib(machine.memory / 24, 64, 1024),
        "effective_cache_size": _mib(machine.memory / 2, 256, 1024 * 1024),
        "max_worker_processes": str(max(8, 2 * machine.cores)),
        "max_parallel_workers": str(workers),
        "max_parallel_workers_per_gather": str(workers),
        "max_parallel_maintenance_workers": str(workers),
        # Nobody reads the log, so a table that is created and filled in one transaction need not be logged.
        "wal_level": "minimal",
        "max_wal_senders": "0",
        "max_wal_size": "2GB",
        "checkpoint_timeout": "15min",
        "random_page_cost": "1.1",
        # Compiling costs more than it saves on the wide but short queries of the marts.
        "jit": "off",
    }
    if is_streamed:
        settings |= {
            "wal_level": "replica",
            "max_wal_senders": "10",
            "max_replication_slots": "10",
            # With this a segment reaches the archive within a minute, however little is written.
            "archive_timeout": "10s",
            # What a reader that stays away may keep on this disk. Beyond it, a backup or a replica begins anew.
            "max_slot_wal_keep_size": "4GB",
        }
    if machine.shared_memory < 512 * MIB:
        # A container's /dev/shm (64 MiB) is too small for parallel queries.
        settings["dynamic_shared_memory_type"] = "mmap"
    return settings


def _mib(size: float, least: int, most: int) -> str:
    return f"{max(least, min(most, int(size / MIB)))}MB"
