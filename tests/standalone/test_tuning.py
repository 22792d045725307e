"""Postgres settings depend on the machine, within limits that leave room for everything else."""

from hypothesis import given
from hypothesis import strategies as st

from standalone.tuning import MIB, Machine, server_settings, this_machine

GIB = 1024 * MIB


def _mib(value: str) -> int:
    return int(value.removesuffix("MB"))


def test_a_laptop() -> None:
    settings = server_settings(Machine(memory=24 * GIB, cores=2, shared_memory=12 * GIB))
    assert settings["shared_buffers"] == "768MB"
    assert settings["work_mem"] == "256MB"
    assert settings["effective_cache_size"] == "12288MB"
    assert settings["max_parallel_workers_per_gather"] == "2"
    assert "dynamic_shared_memory_type" not in settings


def test_a_container_with_little_shared_memory() -> None:
    settings = server_settings(Machine(memory=4 * GIB, cores=2, shared_memory=64 * MIB))
    assert settings["dynamic_shared_memory_type"] == "mmap"


@given(st.integers(256 * MIB, 4096 * GIB), st.integers(1, 512))
def test_any_machine_keeps_its_data_and_its_memory(memory: int, cores: int) -> None:
    settings = server_settings(Machine(memory, cores, memory))
    assert (settings["fsync"], settings["synchronous_commit"]) == ("on", "on")
    assert settings["listen_addresses"] == "127.0.0.1"
    assert 128 <= _mib(settings["shared_buffers"]) <= 2048
    assert 16 <= _mib(settings["work_mem"]) <= 256
    assert 1 <= int(settings["max_parallel_workers_per_gather"]) <= 4
    assert int(settings["max_worker_processes"]) > int(settings["max_parallel_workers"])


def test_the_log_is_written_for_readers_only_where_there_are_any() -> None:
    machine = Machine(memory=24 * GIB, cores=2, shared_memory=12 * GIB)
    assert server_settings(machine)["wal_level"] == "minimal"
    streamed = server_settings(machine, is_streamed=True)
    assert (streamed["wal_level"], streamed["archive_timeout"]) == ("replica", "10s")
    # A reader that stays away must not fill the disk.
    assert streamed["max_slot_wal_keep_size"] == "4GB"


def test_this_machine_is_plausible() -> None:
    machine = this_machine()
    assert machine.cores >= 1
    assert machine.memory > 100 * MIB
