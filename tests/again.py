"""A test that failed is run once more, beside less: a stutter of the machine passes then, a fault of ours does not.

What failed first is shown all the same, above pytest's closing line, which counts it (`1 rerun`); and more than a few
are no stutter: then all of it has failed.
"""

from __future__ import annotations

import pytest

MOST = 6
"""In one run of 10,000 tests, many of which start processes that others on two cores keep waiting."""

_first: list[pytest.TestReport] = []


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if str(report.outcome) == "rerun":
        _first.append(report)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for report in _first:
        terminalreporter.section(f"failed at first: {report.nodeid}")
        terminalreporter.write_line(report.longreprtext)
    if len(_first) > MOST:
        terminalreporter.write_line(
            f"{len(_first)} tests failed at first, where {MOST} are borne: the run has failed"
        )


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    is_worker = hasattr(session.config, "workerinput")  # for it the first process tells
    if len(_first) > MOST and not is_worker:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
