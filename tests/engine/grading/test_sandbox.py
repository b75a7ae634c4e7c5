"""What a student's code can do to the machine and to others: on every rung of the ladder, nothing."""

from __future__ import annotations

import errno
import json
import os
import platform
import shutil
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from judging import RIGHT, assignment, doubled
from support import ROOT
from tito.curriculum.installed import installed
from tito.errors import CourseFolderError
from tito.grading import warden
from tito.grading.judge import Judge
from tito.grading.sandbox import Rung, ladder
from tito.grading.settings import MIB, Limits, Settings

LIMITS = Limits(cell=10, wall=60, cpu=1, memory=256 * MIB, file=MIB, processes=16)
BEST, LANDLOCK, NO_NAMESPACES, LIMITS_ONLY = "bubblewrap", "landlock", "no namespaces", "limits"


def rungs(which: str) -> Any:
    """A ladder with this rung only."""

    def only(outlook: Any, workspace: Path) -> Iterator[Rung]:
        found = list(ladder(outlook, workspace))
        if which == BEST:
            yield from (rung for rung in found if rung.boxed)
        elif which == LANDLOCK:
            yield from (rung for rung in found if not rung.boxed and not rung.weak)
        elif which == NO_NAMESPACES:  # as where the system forbids them to everybody
            user = ("--uid", "1234", "--gid", "1234") if os.getuid() == 0 else ()
            bwrap = ("bwrap", "--unshare-user", *user, "--disable-userns", "--dev-bind", "/", "/")
            yield Rung("Landlock alone", bwrap)
        else:
            yield Rung("limits", (), weak=True)

    return only


@pytest.fixture(scope="module", params=[BEST, LANDLOCK, NO_NAMESPACES])
def judge(abacus_alone: Path, request: pytest.FixtureRequest) -> Iterator[Judge]:
    assert shutil.which("bwrap"), "these tests need bubblewrap: apt-get install bubblewrap"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SECRET_OF_THE_GRADER", "1")
        patch.setattr(warden, "ladder", rungs(request.param))
        with Judge(["counter"], "total", Settings(limits=LIMITS), tiers=installed()) as made:
            yield made


def said(judge: Judge, text: str) -> Any:
    """What the cell prints, as JSON."""
    given = assignment(text)
    (run,) = judge.run(given, given.cells)[0]
    assert run.outcome == "passed", run.error + run.traceback
    return json.loads(run.stdout)


def tried(judge: Judge, call: str, imports: str = "os") -> str:
    """The error that the call raises, or what it returns."""
    text = f"import json, {imports}\ntry: said = {call}\nexcept Exception as e: said = repr(e)\n"
    return str(said(judge, text + "print(json.dumps(repr(said)))"))


def test_it_says_what_holds(judge: Judge) -> None:
    assert judge.sandbox.endswith("limits")


def test_no_process_begins_a_world_in_between_where_the_server_may_come_back(judge: Judge) -> None:
    look = "import json, sys\nframe, names = sys._getframe(), []\n"
    look += (
        "while frame := frame.f_back: names.append(frame.f_code.co_name)\nprint(json.dumps(names))"
    )
    directly = "_start_directly" in said(judge, look)
    assert directly or (os.getuid() and "bubblewrap" not in judge.sandbox)


def test_it_is_nobody_special(judge: Judge) -> None:
    user, group, groups = said(
        judge, "import os, json\nprint(json.dumps([os.getuid(), os.getgid(), os.getgroups()]))"
    )
    assert user not in (0, 65534)
    assert group != 0
    assert 0 not in groups
    assert "Error" in tried(judge, "os.setuid(0)")
    assert "Error" in tried(judge, "os.chroot('/')")


def readable(judge: Judge, *paths: Path) -> list[str]:
    """Those of the files that a student's code can read something of."""
    text = f"""import json
found = []
for path in {[str(path) for path in paths]!r}:
    try:
        with open(path, 'rb') as file:
            if file.read(1): found.append(path)
    except OSError: pass
print(json.dumps(found))"""
    return list(said(judge, text))


@pytest.mark.parametrize("what", ["modules", "_compiled/lessons"])
def test_no_source_or_lesson_can_be_read(judge: Judge, abacus_alone: Path, what: str) -> None:
    files = [path for path in (abacus_alone / "abacus_base" / what).rglob("*") if path.is_file()]
    assert files
    assert readable(judge, *files) == []


def test_no_reference_but_the_provided_can_be_read(judge: Judge, abacus_alone: Path) -> None:
    (given,) = judge.run(counts := assignment("from abacus.core import Counter"), counts.cells)[0]
    assert given.outcome == "passed"
    hidden = abacus_alone / "abacus" / "core" / "total.py"
    compiled = [*hidden.parent.glob("__pycache__/total.*")]
    assert hidden.read_text()
    assert readable(judge, hidden, *compiled) == []


def test_no_file_of_others_can_be_read(judge: Judge, tmp_path: Path) -> None:
    (tmp_path / "gradebook.db").write_text("secret")
    others = (tmp_path / "gradebook.db", ROOT / "README.md", Path("/etc/passwd"))
    assert readable(judge, *others) == []


def test_it_writes_nowhere_but_in_its_folder(
    judge: Judge, abacus_alone: Path, tmp_path: Path
) -> None:
    for path in (
        abacus_alone / "abacus" / "x.py",
        tmp_path / "x",
        Path("/tmp/x-of-a-student"),
        "/dev/shm/x",
    ):
        assert "Error" in tried(judge, f"open({str(path)!r}, 'w')"), path
        assert not Path(path).exists()
    assert "2" in tried(judge, "open('x', 'w').write('ab')")
    assert "'x'" not in tried(judge, "os.listdir('.')"), "what another submission left"
    assert "2" in tried(judge, "tempfile.TemporaryFile().write(b'ab')", "tempfile")


def test_it_sees_no_process_and_no_variable_of_others(judge: Judge) -> None:
    assert "SECRET" not in tried(judge, "dict(os.environ)")
    environment = tried(judge, "open(f'/proc/{os.getppid()}/environ').read()")
    assert "Error" in environment
    assert "SECRET" not in environment
    tried(judge, "os.kill(os.getppid(), 9)")
    assert judge.box
    assert judge.box.process.poll() is None, "the server is still there"
    assert doubled(judge, RIGHT)[0].outcome == "passed"


def test_no_descriptor_is_left_open(judge: Judge) -> None:
    text = """import json, os
found = []
for n in range(300):
    try: os.fstat(n)
    except OSError: continue
    found.append(n)
print(json.dumps(found))"""
    assert said(judge, text) == [0, 1, 2, 3]


def test_it_cannot_talk_over_tcp(judge: Judge) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = server.getsockname()
        error = tried(judge, f"socket.create_connection({address!r}, 2)", "socket")
    assert "Error" in error


def test_it_cannot_talk_over_udp(judge: Judge) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(0.5)
        send = "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', %d))"
        tried(judge, send % server.getsockname()[1], "socket")
        with pytest.raises(TimeoutError):
            server.recv(1)


def test_it_cannot_talk_to_a_service_of_this_machine(judge: Judge, tmp_path: Path) -> None:
    """By the name of a file that is a socket, which Landlock does not ask about."""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "service"))
        server.listen()
        for folder in (tmp_path, *tmp_path.parents):
            folder.chmod(folder.stat().st_mode | 0o005)
        (tmp_path / "service").chmod(0o777)
        call = f"socket.socket(socket.AF_UNIX).connect({str(tmp_path / 'service')!r})"
        assert "Error" in tried(judge, call, "socket")


@pytest.mark.parametrize("judge", [NO_NAMESPACES], indirect=True)
def test_without_namespaces_no_socket_is_made_by_any_number(judge: Judge) -> None:
    """Neither by its own call, nor by the second of x86, nor by a ring of calls to come."""
    assert "PermissionError" in tried(judge, "socket.socket()", "socket")
    assert "None" not in tried(judge, "socket.socketpair()", "socket")
    own = {"x86_64": 41, "aarch64": 198}[platform.machine()]
    for number in (own, own | 1 << 30, 425):
        call = f"(ctypes.CDLL(None, use_errno=True).syscall({number}, 2, 2, 0), ctypes.get_errno())"
        assert tried(judge, call, "ctypes") == str((-1, errno.EACCES)), number


def test_memory_is_limited(judge: Judge) -> None:
    assert "MemoryError" in tried(judge, f"len(bytearray({LIMITS.memory}))")
    assert tried(judge, f"len(bytearray({LIMITS.memory // 2}))").strip("'") == str(
        LIMITS.memory // 2
    )


def test_memory_of_all_processes_together_is_limited(judge: Judge) -> None:
    """Each of eight takes half of what one may have, and no more than four get it."""
    text = f"""import json, os, time
def grow():
    hoard = b"x" * {LIMITS.memory // 2}
    time.sleep(4)
    os._exit(0)
started = [os.fork() or grow() for _ in range(8)]
ended = [os.waitstatus_to_exitcode(os.waitpid(each, 0)[1]) for each in started]
print(json.dumps(ended))"""
    ended = said(judge, text)
    assert set(ended) == {0, -9}
    assert 1 <= ended.count(0) <= 4


def test_a_file_has_a_size_limit(judge: Judge) -> None:
    text = """import json
written, file = 0, open('x', 'wb', 0)
try:
    while written < 1 << 30: written += file.write(bytes(65536))
except OSError: pass
print(json.dumps(written))"""
    assert said(judge, text) <= LIMITS.file


def test_processes_are_limited_and_end_with_it(judge: Judge) -> None:
    bomb = """import json, os, time
count = 0
try:
    while count < 500:
        if not os.fork(): time.sleep(100)
        count += 1
except OSError: pass
print(json.dumps(count))"""
    if os.getuid() == 0 and judge.sandbox.startswith("Landlock alone"):
        return  # within that namespace its user is still root outside, whom no limit binds
    start = time.monotonic()
    assert said(judge, bomb) < LIMITS.processes
    assert said(judge, bomb) > 0, "what the last one started is gone"
    assert time.monotonic() - start < 30


def test_processor_time_is_limited(judge: Judge) -> None:
    given = assignment("while True: pass", "1")
    runs, _ = judge.run(given, given.cells)
    assert [run.outcome for run in runs] == ["killed", "passed"]
    assert "computed for 1 s" in runs[0].error


def test_nothing_outlives_its_submission(judge: Judge, tmp_path: Path) -> None:
    daemon = """import os, time, threading, json
threading.Thread(target=time.sleep, args=(60,)).start()
if not os.fork():
    os.setsid()
    if not os.fork(): time.sleep(4242)
    os._exit(0)
print(json.dumps(1))"""
    before = processes()
    assert said(judge, daemon) == 1
    until = time.monotonic() + 5
    while (left := processes() - before) and time.monotonic() < until:
        time.sleep(0.02)
    assert not left


def processes() -> set[int]:
    """Those that were forked from a server: the only ones with its command line."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if b"tito.grading.server" in path.read_bytes():
                found.add(int(path.parent.name))
        except OSError:
            continue
    return found


def test_without_anything_it_warns_or_refuses(
    abacus_alone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(warden, "ladder", rungs(LIMITS_ONLY))
    tiers = installed()
    with Judge(["counter"], "total", Settings(limits=LIMITS), tiers=tiers) as weak:
        assert weak.weak
        assert doubled(weak, RIGHT)[0].outcome == "passed"
    strict = Judge(["counter"], "total", Settings(), tiers=tiers, require_sandbox=True)
    with pytest.raises(CourseFolderError, match="no sandbox"), strict:
        pass


def test_a_rung_that_does_not_hold_is_passed_over(
    abacus_alone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken_first(outlook: Any, workspace: Path) -> Iterator[Rung]:
        yield Rung("broken", ("/bin/false",), boxed=True)
        yield Rung("not there", ("/no/such/program",), boxed=True)
        yield from ladder(outlook, workspace)

    monkeypatch.setattr(warden, "ladder", broken_first)
    with Judge(["counter"], "total", Settings(limits=LIMITS), tiers=installed()) as made:
        assert made.sandbox.startswith("bubblewrap")
        assert doubled(made, RIGHT)[0].outcome == "passed"
