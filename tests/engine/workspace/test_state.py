"""Results are remembered, and a record that cannot be read is kept and said, never written over."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tito.model import Finding, Workspace
from tito.workspace.state import FORMAT, Result, State, read_state, record, state_file

RESULTS = st.builds(
    Result, st.integers(), st.integers(), st.floats(allow_nan=False, allow_infinity=False)
)
NAMES = st.text(min_size=1)
TABLES = st.dictionaries(NAMES, RESULTS, max_size=3)
GOOD = json.dumps(asdict(State(modules={"counter": Result(60, 100, 1.5)})))


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """One workspace for all examples of a property."""
    workspace = Workspace(tmp_path_factory.mktemp("workspace"), ("base",))
    state_file(workspace).parent.mkdir()
    return workspace


def write(workspace: Workspace, data: bytes) -> Path:
    path = state_file(workspace)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    return path


def test_a_fresh_workspace_has_an_empty_record(workspace: Workspace) -> None:
    assert read_state(workspace) == (State(), [])
    assert os.listdir(workspace.root) == [], "reading writes nothing"


@settings(deadline=None, max_examples=30)  # each writes through to the disk, which may be busy
@given(modules=TABLES, milestones=TABLES)
def test_what_is_recorded_is_what_is_read(
    shared: Workspace, modules: dict[str, Result], milestones: dict[str, Result]
) -> None:
    state_file(shared).unlink(missing_ok=True)
    for kind, results in (("modules", modules), ("milestones", milestones)):
        for name, result in results.items():
            assert record(shared, kind, name, result) == []
    assert read_state(shared) == (State(modules=modules, milestones=milestones), [])


def test_the_last_result_counts_and_the_others_stay(workspace: Workspace) -> None:
    first, last, other = (Result(n, 100, float(n)) for n in (1, 2, 3))
    for name, result in (("counter", first), ("total", other), ("counter", last)):
        record(workspace, "modules", name, result)
    assert read_state(workspace)[0].modules == {"counter": last, "total": other}


def test_the_record_tells_its_format(workspace: Workspace) -> None:
    record(workspace, "modules", "counter", Result(1, 2, 3.0))
    assert json.loads(state_file(workspace).read_text())["format"] == FORMAT


UNREADABLE = {
    "empty": b"",
    "half-written": GOOD.encode()[:40],
    "not JSON": b"{'format': 1}",
    "not UTF-8": b'{"format": 1, "modules": {"\xff": 1}}',
    "a list": b"[]",
    "another type inside": b'{"modules": {"counter": {"earned": "1", "possible": 2, "at": 1.0}}}',
    "a missing key": b'{"modules": {"counter": {"earned": 1, "possible": 2}}}',
    "an unknown key": b'{"format": 1, "badges": []}',
    "no number as format": b'{"format": "1"}',
    "a newer format": b'{"format": 2, "modules": {}}',
    "nothing but depth": b"[" * 100_000,
    "a number without end": b'{"format": ' + b"1" * 5000 + b"}",
}


def unreadable(workspace: Workspace) -> Finding:
    """The one finding of reading a record that is as good as empty."""
    state, (finding,) = read_state(workspace)
    assert state == State()
    return finding


@pytest.mark.parametrize("name", UNREADABLE)
def test_an_unreadable_record_is_reported_and_left_as_it_is(
    workspace: Workspace, name: str
) -> None:
    path = write(workspace, UNREADABLE[name])
    finding = unreadable(workspace)
    assert (finding.where, finding.level) == (str(path), "warning")
    assert "cannot be read" in finding.message
    assert path.read_bytes() == UNREADABLE[name]
    assert os.listdir(path.parent) == [path.name]


@pytest.mark.parametrize("name", UNREADABLE)
def test_the_next_result_keeps_it_aside_and_says_where(workspace: Workspace, name: str) -> None:
    path = write(workspace, UNREADABLE[name])
    (finding,) = record(workspace, "modules", "counter", Result(1, 2, 3.0))
    (kept,) = set(path.parent.iterdir()) - {path}
    assert kept.read_bytes() == UNREADABLE[name]
    assert kept.name in finding.fix
    assert read_state(workspace) == (State(modules={"counter": Result(1, 2, 3.0)}), [])
    assert record(workspace, "modules", "total", Result(1, 2, 3.0)) == []


def test_a_newer_format_says_so(workspace: Workspace) -> None:
    write(workspace, b'{"format": 7}')
    assert "format 7" in unreadable(workspace).message


def test_every_cut_of_a_record_is_noticed(workspace: Workspace) -> None:
    for length in range(len(GOOD)):
        write(workspace, GOOD[:length].encode())
        unreadable(workspace)


def test_a_folder_in_its_place_is_kept_aside_too(workspace: Workspace) -> None:
    path = state_file(workspace)
    path.mkdir(parents=True)
    (path / "inside").write_text("kept")
    unreadable(workspace)
    record(workspace, "modules", "counter", Result(1, 2, 3.0))
    assert [kept.read_text() for kept in path.parent.glob("*/inside")] == ["kept"]
    assert read_state(workspace)[1] == []


@pytest.mark.usefixtures("plain_user")
def test_a_record_that_one_may_not_read_is_kept_aside(workspace: Workspace) -> None:
    path = write(workspace, GOOD.encode())
    path.chmod(0)
    unreadable(workspace)
    (finding,) = record(workspace, "modules", "total", Result(1, 2, 3.0))
    (kept,) = set(path.parent.iterdir()) - {path}
    assert kept.name in finding.fix


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
NEARLY = st.fixed_dictionaries(
    {},
    optional={
        "format": st.sampled_from([1, True, 0, -1, 2, 1.0, "1"]),
        "modules": st.dictionaries(st.text(), asdict_of := RESULTS.map(asdict)) | JSON,
        "milestones": st.dictionaries(st.text(), asdict_of) | JSON,
    },
)


@settings(deadline=None, max_examples=60)
@given(data=JSON | NEARLY)
@example(data={"modules": {"\ud800": {"earned": 1, "possible": 1, "at": float("nan")}}})
def test_any_json_is_a_state_or_a_finding_and_never_lost(shared: Workspace, data: object) -> None:
    for other in state_file(shared).parent.iterdir():
        other.unlink()
    path = write(shared, json.dumps(data).encode())
    state, findings = read_state(shared)
    assert (state == State()) or not findings
    record(shared, "modules", "a new one", Result(1, 2, 3.0))
    kept = [json.dumps(data)] if findings else []
    others = set(path.parent.iterdir()) - {path}
    assert [other.read_text() for other in others] == kept
    after, still = read_state(shared)
    assert still == []
    assert after.modules.keys() == {*state.modules, "a new one"}


@settings(deadline=None)
@given(data=st.binary())
def test_any_bytes_are_a_state_or_a_finding(shared: Workspace, data: bytes) -> None:
    path = write(shared, data)
    read_state(shared)
    assert path.read_bytes() == data
