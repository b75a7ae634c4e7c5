"""What is measured of a model, whatever it tries."""

from __future__ import annotations

import re
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tinytorch_core.digits import load_digits, split
from tinytorch_profiling.olympics import measure
from tinytorch_profiling.olympics.errors import Refused
from tinytorch_profiling.olympics.events import MODELS
from tinytorch_profiling.olympics.figures import HASTY, LEARNED, LOOKUP
from tinytorch_profiling.olympics.inputs import test_images as the_test_images
from tinytorch_profiling.olympics.result import Result
from tinytorch_profiling.olympics.submission import size
from tinytorch_profiling.olympics.verify import Stadium

from contenders import (
    BY_HEART,
    BY_HEART_OR_HONEST,
    BY_NEIGHBOURS,
    HONEST,
    NEAREST,
    code,
    hand_in,
    reference,
    weights,
    weights_with_test_images,
)
from tito.errors import CourseFolderError
from tito.grading import warden
from tito.grading.sandbox import Rung, ladder


def verified(stadium: Stadium, folder: Path, text: str, **claims: float) -> Result:
    """Of a model that knows the reference's weights and the test images."""
    return stadium.verify(hand_in(folder, code(text), weights_with_test_images(), **claims))


def in_each_answer(statement: str) -> str:
    """The honest model, which does this each time that it is asked."""
    return f"""
def load(weights):
    honest = honest_load(weights)
    def scores(images):
        {statement}
        return honest(images)
    return scores
"""


def stopped(stadium: Stadium, folder: Path, text: str) -> str:
    with pytest.raises(Refused, match="does not run") as caught:
        verified(stadium, folder, text)
    return str(caught.value)


# Honest models


def test_an_honest_model_gets_the_figures_that_numpy_gets(stadium: Stadium, tmp_path: Path) -> None:
    result = stadium.verify(hand_in(tmp_path))
    images, labels = the_test_images()
    a, b, c, d = (weights()[name] for name in ("1.weight", "1.bias", "3.weight", "3.bias"))
    scores = np.maximum(images.reshape(-1, 64) @ a.T + b, 0) @ c.T + d
    measured = result.measured
    assert measured.plain.value == pytest.approx((scores.argmax(1) == labels).mean())
    assert measured.bytes.value == size(HONEST.encode(), reference_file(tmp_path))
    assert measured.parameters == 64 * 64 + 64 + 64 * 10 + 10
    assert abs(measured.nudged.value - measured.plain.value) < 0.01
    assert 0.93 < measured.accuracy.low < measured.accuracy.value < measured.accuracy.high < 1
    assert measured.accuracy.value == pytest.approx(result.reference.accuracy.value, abs=1e-3)
    assert (result.flags, result.refuted) == ((), ())


def reference_file(folder: Path) -> bytes:
    with zipfile.ZipFile(folder / "entry.olympics.zip") as archive:
        return archive.read("weights.npz")


def test_the_reference_can_be_handed_in(stadium: Stadium, tmp_path: Path) -> None:
    """Its code uses tinytorch, of which everything is provided."""
    text = MODELS["1986_mlp"].code.decode()
    result = stadium.verify(hand_in(tmp_path, text, weights()))
    assert result.measured.accuracy.value == result.reference.accuracy.value
    assert (
        result.measured.bytes.value
        == result.reference.bytes.value
        == size(text.encode(), reference_file(tmp_path))
    )
    assert len(reference()) == pytest.approx(len(reference_file(tmp_path)), abs=100)


@pytest.mark.parametrize(
    "given",
    [
        "lambda images: honest(images).tolist()",
        "lambda images: honest(images).astype(np.float64)",
        "lambda images: torch.tensor(honest(images), requires_grad=True)",
        "torch.no_grad()(lambda images: torch.tensor(honest(images)))",
    ],
)
def test_scores_may_be_lists_arrays_or_tensors(
    stadium: Stadium, tmp_path: Path, given: str
) -> None:
    text = "import tinytorch.core as torch\ndef load(weights):\n    honest = honest_load(weights)\n"
    text += f"    return {given}"
    assert verified(stadium, tmp_path, text).measured.accuracy.value > 0.9


# Claims


def test_claims_are_replaced_by_what_was_measured(stadium: Stadium, tmp_path: Path) -> None:
    claims = {"bytes": 10, "accuracy": 1.0, "time": 0.001, "tradeoff": 1000}
    result = stadium.verify(hand_in(tmp_path, **claims))
    assert result.claims == claims
    assert set(result.refuted) == set(claims)
    assert result.measured.bytes.value > 10_000
    assert result.measured.accuracy.value < 1


def test_a_claim_that_was_measured_is_not_refuted(stadium: Stadium, tmp_path: Path) -> None:
    first = stadium.verify(hand_in(tmp_path)).measured
    claims = {"bytes": first.bytes.value, "accuracy": first.accuracy.value}
    assert stadium.verify(hand_in(tmp_path, **claims)).refuted == ()


# Models that look the answers up


def test_a_model_that_knows_the_test_images_is_seen_through(
    stadium: Stadium, tmp_path: Path
) -> None:
    result = verified(stadium, tmp_path, BY_HEART, accuracy=1.0)
    assert result.measured.plain.value == 1
    assert result.measured.accuracy.high < 0.2
    assert LOOKUP in result.flags
    assert result.refuted == ("accuracy",)


def test_looking_up_adds_nothing_to_an_honest_model(stadium: Stadium, tmp_path: Path) -> None:
    result = verified(stadium, tmp_path, BY_HEART_OR_HONEST)
    assert result.measured.plain.value == 1
    assert result.measured.accuracy.value == pytest.approx(
        result.reference.accuracy.value, abs=1e-3
    )


def test_what_only_works_in_a_batch_is_taken_off(stadium: Stadium, tmp_path: Path) -> None:
    result = verified(stadium, tmp_path, BY_NEIGHBOURS)
    assert result.measured.accuracy.high < 0.35
    assert HASTY in result.flags


def test_a_model_that_has_only_the_test_images_to_compare_with_is_noticed(
    stadium: Stadium, tmp_path: Path
) -> None:
    """It reads fresh versions of them nearly without mistakes, and knows nothing else as well."""
    result = verified(stadium, tmp_path, NEAREST)
    assert result.measured.accuracy.value > 0.97
    assert result.flags == (LEARNED,)
    images, labels, _, _ = split(*load_digits())
    other = tmp_path / "other"
    other.mkdir()
    weights = {"images": images, "labels": labels}
    assert stadium.verify(hand_in(other, code(NEAREST), weights)).flags == ()


def test_scores_that_are_no_numbers_are_wrong(stadium: Stadium, tmp_path: Path) -> None:
    text = """
def load(weights):
    def scores(images):
        found = honest_load(weights)(images)
        found[:, 3] = np.nan
        return found
    return scores
"""
    assert verified(stadium, tmp_path, text).measured.accuracy.value == 0


def test_the_digits_are_nowhere_to_be_found(stadium: Stadium, tmp_path: Path) -> None:
    reading = "__import__('tinytorch_core.digits', fromlist=['*']).load_digits()"
    assert "Error" in stopped(stadium, tmp_path, in_each_answer(reading))
    looking = """
    os, sys = __import__("os"), __import__("sys")
    found = [n for top in (*sys.path, sys.base_prefix, "/tmp") for d, _, names in os.walk(top)
             for n in names if "digits" in n and n.endswith((".npz", ".gz", ".csv"))]
    raise RuntimeError(f"found: {found}")
"""
    assert "found: []" in stopped(stadium, tmp_path, f"def load(weights):{looking}")


def test_images_of_a_verifiers_own_are_used(stadium: Stadium, tmp_path: Path) -> None:
    images, labels, _, _ = split(*load_digits())
    file = tmp_path / "own.npz"
    np.savez(file, images=np.rint(images[:200] * 16).astype(np.uint8), labels=labels[:200])
    own = Stadium(stadium.effort, images=file)
    own.warden, own.references = stadium.warden, stadium.references
    result = own.verify(hand_in(tmp_path, code(BY_HEART), weights_with_test_images()))
    assert result.measured.plain.value < 0.25
    assert len(result.verifier.images) == 64
    assert stadium.verify(hand_in(tmp_path)).verifier.images == "public"


# Models that cheat with time


def test_a_clock_of_its_own_does_not_help(stadium: Stadium, tmp_path: Path) -> None:
    text = """
time = __import__("time")
def load(weights):
    nap = time.sleep
    for name in ("perf_counter", "perf_counter_ns", "monotonic", "time", "process_time", "sleep"):
        setattr(time, name, lambda *_: 0)
    honest = honest_load(weights)
    def scores(images):
        nap(0.005)
        return honest(images)
    return scores
"""
    result = verified(stadium, tmp_path, text, time=0.5)
    assert result.measured.time.low > 2
    assert result.measured.seconds_one > 0.005
    assert "time" in result.refuted


def test_no_question_that_is_timed_comes_twice_in_a_turn() -> None:
    images, _ = the_test_images()
    effort = measure.Effort(turns=1, batches=4, singles=30)
    exam = measure.Exam.new(images, effort, np.random.default_rng(0))
    seen = {image.tobytes() for image in exam.plain}
    seen |= {exam.single(number).tobytes() for number in exam.alone}
    count = len(images) + len(exam.alone)
    assert len(seen) == count, "one by one, each is new"
    for batch in exam.batches[measure.WARM :]:
        seen |= {image.tobytes() for image in batch}
        count += len(batch)
    assert len(seen) == count


def test_two_turns_share_no_process_and_no_file(stadium: Stadium, tmp_path: Path) -> None:
    text = """
import functools
os = __import__("os")
def load(weights):
    home = os.environ["HOME"]
    if os.listdir(home):
        raise RuntimeError("somebody was here")
    open(home + "/left", "w").close()
    return honest_load(weights)
"""
    assert verified(stadium, tmp_path, text).measured.accuracy.value > 0.9


@pytest.mark.parametrize(
    "helper",
    [
        "__import__('_thread').start_new_thread(lambda: None, ())",
        "__import__('os').fork()",
        "__import__('subprocess').run(['/bin/true'])",
    ],
)
def test_nobody_helps_it(stadium: Stadium, tmp_path: Path, helper: str) -> None:
    assert "Error" in stopped(stadium, tmp_path, in_each_answer(helper))


# Models that attack


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("raise ValueError('no digits today')", r"no digits today \(model.py, line 11\)"),
        ("__import__('os')._exit(0)", "ended"),
        ("__import__('os')._exit(7)", "exit code 7"),
        ("__import__('os').abort()", "crashed"),
        ("__import__('sys').exit('gone')", "SystemExit: gone"),
        ("return np.zeros((len(images), 11))", "11"),
        ("return np.zeros((10**4, 10**4))", "10000"),
        ("return 'seven'", "could not convert"),
        ("bytearray(4 * 10**9)", "MemoryError"),
        ("__import__('socket').create_connection(('127.0.0.1', 80), 1)", "Error"),
        ("__import__('socket').getaddrinfo('example.com', 80)", "gaierror"),
        ("open('/etc/passwd').read()", "Error"),
        ("open('/usr/left-behind', 'w')", "Error"),
        ("__import__('os').write(3, bytes(10**6))", "something else than the runner"),
        ("__import__('os').close(3)", "ended"),
    ],
)  # fmt: skip
def test_whoever_attacks_is_told_what_it_did_and_no_more(
    stadium: Stadium, tmp_path: Path, statement: str, said: str
) -> None:
    message = stopped(stadium, tmp_path, in_each_answer(statement))
    assert re.search(said, message), message


@pytest.mark.parametrize("place", ["load", "answer", "drip"])
def test_what_never_ends_is_stopped(
    stadium: Stadium, tmp_path: Path, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LOAD", "ANSWER"):
        monkeypatch.setattr(measure, name, 0.5)
    text = {
        "load": "def load(weights):\n    while True: pass",
        "answer": in_each_answer("while True: pass"),
        # Byte by byte, so that no single wait is long.
        "drip": in_each_answer(
            "[(__import__('os').write(3, b'x'), __import__('time').sleep(0.1)) for _ in range(40)]"
        ),
    }[place]
    start = time.monotonic()
    assert "it took more than 0.5 s to answer" in stopped(stadium, tmp_path, text)
    assert time.monotonic() - start < 15


def test_a_turn_as_a_whole_has_a_limit(
    stadium: Stadium, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measure, "TURN", 1.0)
    text = in_each_answer("__import__('time').sleep(0.2)")
    assert "its time is over" in stopped(stadium, tmp_path, text)


def test_an_answer_to_a_question_that_was_not_asked_does_not_count(
    stadium: Stadium, tmp_path: Path
) -> None:
    """All scores right, and there before the question is."""
    early = (
        "__import__('os').write(3, bytes(16) + bytes(1) + (40).to_bytes(8, 'little') + bytes(40))"
    )
    message = stopped(stadium, tmp_path, in_each_answer(early))
    assert "something else than the runner answered" in message


@pytest.mark.parametrize("length", [0, 8, 2**60])
def test_with_the_right_ticket_an_answer_still_has_its_length(
    stadium: Stadium, tmp_path: Path, length: int
) -> None:
    """The ticket lies in a frame of the program that asks the model, for whoever looks."""
    text = f"""
def load(weights):
    sys, os = __import__("sys"), __import__("os")
    def scores(images):
        ticket = sys._getframe(2).f_locals["ticket"]
        os.write(3, ticket + bytes(1) + ({length}).to_bytes(8, "little") + bytes(8))
        __import__("time").sleep(60)
    return scores
"""
    assert f"its answer has {length} bytes where 40 belong" in stopped(stadium, tmp_path, text)


def test_the_verifiers_secrets_are_not_in_reach(
    stadium: Stadium, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = tmp_path / "olympics.key"
    key.write_text("00" * 32)
    assert "Error" in stopped(stadium, tmp_path, in_each_answer(f"open({str(key)!r}).read()"))
    assert "no attribute" in stopped(stadium, tmp_path, in_each_answer("__import__('pytest').main"))
    environ = in_each_answer("raise RuntimeError(' '.join(__import__('os').environ))")
    names = stopped(stadium, tmp_path, environ).partition("RuntimeError: ")[2].partition(" (")[0]
    assert set(names.split()) <= KEPT


KEPT = {
    *("PATH", "PWD", "LANG", "HOME", "TMPDIR", "PYTHONHASHSEED", "PYTHONUTF8", "TITO_WORKSPACE"),
    *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_CORETYPE"),
    "TITO_UNDER_TEST",
}


@pytest.fixture
def rungs(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Rung], bool]], None]:
    """Leaves of the ladder of sandboxes only those that are wanted."""

    def only(wanted: Callable[[Rung], bool]) -> None:
        def some(*where: Any) -> list[Rung]:
            return [rung for rung in ladder(*where) if wanted(rung)]

        monkeypatch.setattr(warden, "ladder", some)

    return only


def test_without_bubblewrap_it_is_held_all_the_same(
    rungs: Callable[..., None], tmp_path: Path, stadium: Stadium
) -> None:
    rungs(lambda rung: not rung.boxed and not rung.weak)
    with Stadium(stadium.effort) as other:
        assert other.warden.sandbox.startswith("Landlock")
        other.references = stadium.references
        assert other.verify(hand_in(tmp_path)).measured.accuracy.value > 0.9
        reading = "__import__('tinytorch_core.digits', fromlist=['*']).load_digits()"
        for statement in (reading, "open('/etc/passwd').read()", "__import__('os').fork()"):
            assert "Error" in stopped(other, tmp_path, in_each_answer(statement))


def test_without_a_sandbox_nothing_is_run(
    rungs: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tito.grading.landlock.version", lambda: 0)
    rungs(lambda rung: not rung.boxed)
    with pytest.raises(CourseFolderError, match="no sandbox here"), Stadium():
        raise AssertionError
