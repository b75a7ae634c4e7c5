"""A tier and what is in it, as its manifest says."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Task:
    """One exercise: a cell that the learner completes."""

    id: str
    number: str
    title: str

    def __str__(self) -> str:
        return f"Task {self.number}: {self.title}"


@dataclass(frozen=True, slots=True)
class Test:
    """One graded test cell, called like the heading above it."""

    id: str
    title: str
    points: int


@dataclass(frozen=True, slots=True)
class Module:
    """One lesson. `target`, `exports` and `imports` hold full dotted names.

    `extends` is the id of a module after which this one is loaded whenever it can be: what that
    module offers works fully only with this one, as `Tensor.backward` with autograd.
    """

    id: str
    number: int
    title: str
    summary: str
    requires: tuple[str, ...]
    target: str
    exports: dict[str, tuple[str, ...]]
    names: tuple[str, ...]
    imports: tuple[str, ...]
    minutes: int
    tasks: tuple[Task, ...]
    tests: tuple[Test, ...]
    hints: dict[str, tuple[str, ...]]
    digest: str
    extends: str = ""

    @property
    def folder(self) -> str:
        """The lesson's folder name, in the tier and in a workspace: `01_tensor`."""
        return f"{self.number:02d}_{self.id}"

    @property
    def points(self) -> int:
        return sum(test.points for test in self.tests)


@dataclass(frozen=True, slots=True)
class Milestone:
    """A historical result, re-created with the learner's own code. Its id is its folder's name."""

    id: str
    year: int
    title: str
    summary: str
    requires: tuple[str, ...]
    minutes: int


@dataclass(frozen=True, slots=True)
class Tier:
    """One distribution of modules and milestones.

    `requires` maps tier ids to version ranges; `successors` names the distributions that continue
    the course; `facades` are the subpackages that this tier starts.
    """

    id: str
    title: str
    namespace: str
    order: int
    distribution: str
    version: str
    requires: dict[str, str]
    successors: tuple[str, ...]
    facades: tuple[str, ...]
    modules: tuple[Module, ...]
    milestones: tuple[Milestone, ...]
