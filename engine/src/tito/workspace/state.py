"""What a workspace must remember because nothing else tells it: test results, milestones passed, the
hints given, and solutions shown before their time.

What is complete is not stored: it follows from the exported files.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from tito.curriculum.structure import Mismatch, structure
from tito.model import Finding, Workspace
from tito.workspace.files import keep_aside, write_atomically

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Result:
    """The last test of a module, or run of a milestone. `at` is seconds since 1970, UTC."""

    earned: int
    possible: int
    at: float


@dataclass(frozen=True, slots=True)
class Tested:
    """What the last test of a module ran on, as a digest; and if it did not pass, the first test that
    failed and the exercise that it is about, by their ids, as far as that can be told."""

    digest: str
    passed: bool
    test: str = ""
    task: str = ""


Entry = Result | Tested | int | float


@dataclass(frozen=True, slots=True)
class State:
    """`hints` maps MODULE/EXERCISE to how many were given, `given_up` to when its solution was shown
    before the module passed."""

    format: int = FORMAT
    modules: dict[str, Result] = field(default_factory=dict)
    milestones: dict[str, Result] = field(default_factory=dict)
    tested: dict[str, Tested] = field(default_factory=dict)
    hints: dict[str, int] = field(default_factory=dict)
    given_up: dict[str, float] = field(default_factory=dict)


def state_file(workspace: Workspace) -> Path:
    return workspace.root / ".tito" / "state.json"


def read_state(workspace: Workspace) -> tuple[State, list[Finding]]:
    """The state, or an empty one and a finding that says why. Nothing is written or moved."""
    path = state_file(workspace)
    try:
        return structure(State, _upgraded(json.loads(path.read_text(encoding="utf-8"))), ""), []
    except FileNotFoundError:
        return State(), []
    except (OSError, ValueError, RecursionError, Mismatch) as error:
        finding = Finding(
            f"the record of test results cannot be read ({error}); going on with an empty one",
            str(path),
            "nothing to do: the next result starts a new record, and keeps this one beside it",
            level="warning",
        )
        return State(), [finding]


def _upgraded(data: object) -> object:
    if isinstance(data, dict) and isinstance(data.get("format"), int) and data["format"] > FORMAT:
        raise ValueError(f"it has format {data['format']}, and this engine knows {FORMAT}")
    return data


def record(workspace: Workspace, kind: str, name: str, entry: Entry) -> list[Finding]:
    """Add one entry; `kind` is a field of State. An unreadable record is kept aside."""
    return record_all(workspace, [(kind, name, entry)])


def record_all(workspace: Workspace, entries: Iterable[tuple[str, str, Entry]]) -> list[Finding]:
    """Add several in one step."""
    state, findings = read_state(workspace)
    path = state_file(workspace)
    if findings:
        kept = keep_aside(path, "unreadable")
        findings = [replace(finding, fix=f"it is kept as {kept.name}") for finding in findings]
    data = asdict(state)
    for kind, name, entry in entries:
        data[kind][name] = entry if isinstance(entry, int | float) else asdict(entry)
    write_atomically(path, json.dumps(data, indent=1) + "\n")
    return findings
