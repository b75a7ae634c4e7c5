"""Runs pytest on integration tests, in a process of its own.

    runner REPORT PARENT WORKSPACE FILE…

Writes JSON lines to REPORT: what was collected, then one when a test begins and one when it ends, so
that whatever ends this process, PARENT (its process id) knows where it was. WORKSPACE may be empty.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Generator
from pathlib import Path
from typing import Any, TextIO

import pytest

from tito.curriculum.integration import FOLDER
from tito.kernel import MOST_OUTPUT, in_words
from tito.learner.integration import shown
from tito.learner.runner import guard


def main(report: str, parent: str, workspace: str, *files: str) -> None:
    if hasattr(os, "fork"):
        guard(int(parent))
    own = str(Path(workspace)) + os.sep if workspace else ""
    tests = next(folder for folder in Path(files[0]).parents if folder.name == FOLDER)
    arguments = [
        *("-q", "-c", "pytest.ini", "--rootdir", ".", "--confcutdir", str(tests)),
        *("--import-mode=importlib", "--continue-on-collection-errors"),
    ]
    with open(report, "a", encoding="utf-8") as out:
        code = pytest.main([*arguments, *files], plugins=[Reporter(out, own)])
    # Failed tests are in the report; what remains is a run that was cut short.
    os._exit(code if code in (pytest.ExitCode.INTERRUPTED, pytest.ExitCode.INTERNAL_ERROR) else 0)


class Reporter:
    """A pytest plugin. `own` is how the paths of the learner's own modules begin."""

    def __init__(self, out: TextIO, own: str):
        self.out = out
        self.own = own
        self.result: dict[str, Any] = {}

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.tell(collected=[_name(item) for item in session.items])

    def pytest_exception_interact(
        self, node: pytest.Item | pytest.Collector, call: pytest.CallInfo[Any]
    ) -> None:
        """A file that cannot be imported; pytest wraps what its code raised."""
        if isinstance(node, pytest.Collector) and call.excinfo:
            error = call.excinfo.value
            self.tell(broken=shown(node.path), error=in_words(error.__cause__ or error))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        self.tell(test=_name(item))
        self.result = {"outcome": "passed", "seconds": 0.0}
        done = yield
        self.tell(test=_name(item), **self.result)
        return done

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[Any]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Setup, call and teardown each make one; the first that does not pass is the test's result."""
        report = yield
        self.result["seconds"] += call.duration
        if not report.passed and self.result["outcome"] == "passed":
            self.result["outcome"] = report.outcome
            self.result |= self.described(item, call, report)
        return report

    def described(
        self, item: pytest.Item, call: pytest.CallInfo[Any], report: pytest.TestReport
    ) -> dict[str, str]:
        """What went wrong, and the innermost line on the way there of the learner's or the test's."""
        if call.excinfo is None:  # it should have failed, and passed
            return {"error": str(report.longrepr)}
        where = {}
        for frame in traceback.extract_tb(call.excinfo.tb):
            mine = bool(self.own) and frame.filename.startswith(self.own)
            if mine or frame.filename == str(item.path):
                name = frame.filename.removeprefix(self.own) if mine else shown(item.path)
                where = {"where": f"{name}:{frame.lineno}", "source": frame.line or ""}
        return {
            "error": in_words(call.excinfo.value),
            "output": report.capstdout[:MOST_OUTPUT],
            **where,
        }

    def tell(self, **event: Any) -> None:
        self.out.write(json.dumps(event) + "\n")
        self.out.flush()


def _name(item: pytest.Item) -> str:
    return f"{shown(item.path)}::{item.nodeid.partition('::')[2]}"


if __name__ == "__main__":
    main(*sys.argv[1:])
