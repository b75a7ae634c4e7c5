"""What a run of a learner's file showed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tito.model.finding import Finding
from tito.model.tier import Test


@dataclass(frozen=True, slots=True)
class CellResult:
    """How one cell, or one integration test, ran. `seconds` is wall-clock time; `source` is the line
    that failed. An integration test may skip itself, and says why in `error`."""

    outcome: Literal["passed", "failed", "not run", "skipped"]
    seconds: float = 0.0
    error: str = ""
    where: str = ""
    source: str = ""
    output: str = ""


@dataclass(frozen=True, slots=True)
class TestReport:
    """The graded tests of a module with their results, and what else was found on the way.

    `problems` are results of cells outside the tests that failed.
    """

    module: str
    tests: tuple[tuple[Test, CellResult], ...]
    problems: tuple[CellResult, ...] = ()
    findings: tuple[Finding, ...] = ()
    seconds: float = 0.0

    @property
    def earned(self) -> int:
        return sum(test.points for test, result in self.tests if result.outcome == "passed")

    @property
    def possible(self) -> int:
        return sum(test.points for test, _ in self.tests)

    @property
    def passed(self) -> bool:
        """Every test ran as handed out and passed, and no other cell failed: its code may be part
        of what is exported. A module without tests has not passed."""
        passed = all(result.outcome == "passed" for _, result in self.tests)
        return bool(self.tests) and passed and not self.problems and not self.findings


@dataclass(frozen=True, slots=True)
class IntegrationReport:
    """The integration tests that ran, by name, and a finding for each file that was left out because
    modules that it needs cannot be had. `findings` are what is wrong with the tests themselves."""

    tests: tuple[tuple[str, CellResult], ...]
    left_out: tuple[Finding, ...] = ()
    findings: tuple[Finding, ...] = ()
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        """Nothing failed or was cut short, and something ran or said why it could not."""
        fine = all(result.outcome in ("passed", "skipped") for _, result in self.tests)
        return bool(self.tests or self.left_out) and fine and not self.findings
