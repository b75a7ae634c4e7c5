"""The next hint for the exercise that fails now. Each stage says more than the one before it."""

from __future__ import annotations

from dataclasses import dataclass

from tito.errors import UsageError
from tito.learner.desk import Desk
from tito.learner.progress import module_status, next_command
from tito.model import Finding, Module, Task
from tito.workspace.state import State, Tested


@dataclass(frozen=True, slots=True)
class Hint:
    """Stage `stage` of `of`, from 1. `test` is what the failing test is called; `is_last_again` is
    whether all were given before."""

    task: Task
    test: str
    text: str
    stage: int
    of: int
    is_last_again: bool

    def key(self, module: Module) -> str:
        return _key(module, self.task)


def _key(module: Module, task: Task) -> str:
    """What the workspace remembers under how far its hints were given."""
    return f"{module.id}/{task.id}"


def current_module(desk: Desk, state: State) -> Module:
    """The module that the learner is at. Raises UsageError if none is begun."""
    for module in desk.course.modules:
        if module_status(desk, module) == "started":
            return module
    following = next_command(desk, state) or "tito hint MODULE"
    raise UsageError(Finding("no module is begun that is not complete", fix=following))


def next_hint(module: Module, last: Tested, state: State, again: bool) -> Hint | None:
    """The hint that comes next, or `again` the last one; None if no exercise fails by itself."""
    task = next((task for task in module.tasks if task.id == last.task), None)
    texts = module.hints.get(last.task, ())
    if task is None or not texts:
        return None
    given = state.hints.get(_key(module, task), 0)
    stage = min(max(given, 1) if again else given + 1, len(texts))
    exhausted = given >= len(texts) and not again
    test = next(test.title for test in module.tests if test.id == last.test)
    return Hint(task, test, texts[stage - 1], stage, len(texts), exhausted)
