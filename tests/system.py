"""Tests of parts that need a program which Debian packages bring (`.ci/system-packages`): nginx, rsyslog and the like.

`@pytest.mark.system("nginx")` on a test, or `pytestmark` of a module, names the programs. Where one is missing, the
test is not collected: `make test` installs no system package, and a skipped test would look like one that passed. The
end of the run says how many such tests ran and which programs were missing. `.ci/run` installs the packages first.
"""

from typing import Any

import pytest

from standalone.system_programs import find_program


class SystemTests:
    """Deselects tests whose programs are missing, and says so at the end, also when xdist's workers collect."""

    def __init__(self) -> None:
        self._ran: set[str] = set()
        self._left_out: set[str] = set()
        self._missing: set[str] = set()

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Keeps the tests whose programs are here."""
        needs = {item: _programs_of(item) for item in items}
        missing = {name for names in needs.values() for name in names if find_program(name) is None}
        left_out = [item for item in items if missing.intersection(needs[item])]
        if left_out:
            self._missing |= missing
            self._left_out |= {item.nodeid for item in left_out}
            config.hook.pytest_deselected(items=left_out)
            items[:] = [item for item in items if item not in set(left_out)]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Counts what ran. A report carries the names of its test's markers."""
        if report.when == "call" and "system" in report.keywords:
            self._ran.add(report.nodeid)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """A worker of xdist hands what it left out to the process that prints the summary."""
        output = getattr(session.config, "workeroutput", None)
        if output is not None:
            output["system_tests"] = {"left_out": sorted(self._left_out), "missing": sorted(self._missing)}

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Takes what a worker of xdist left out. Workers collect the same tests, so that a union counts each once."""
        told = getattr(node, "workeroutput", {}).get("system_tests", {})
        self._left_out |= set(told.get("left_out", ()))
        self._missing |= set(told.get("missing", ()))

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """One line on the system tests, where the run had any."""
        if self._ran or self._left_out:
            terminalreporter.write_line(summary(len(self._ran), len(self._left_out), self._missing))


def summary(ran: int, left_out: int, missing: set[str]) -> str:
    """What the end of a run says about its system tests."""
    line = f"system tests: {ran} ran"
    if left_out:
        line += f", {left_out} left out because these programs are missing: {', '.join(sorted(missing))}"
        line += " (.ci/install-system-packages installs them on Debian)"
    return line


def _programs_of(item: pytest.Item) -> set[str]:
    return {name for marker in item.iter_markers("system") for name in marker.args}
