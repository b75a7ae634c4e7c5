"""Module 08: schedules and clipping against torch; checkpoints, and a Trainer's runs, against laws."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
import tinytorch.core
import tinytorch.nn
import tinytorch.optim
from hypothesis import given, settings
from hypothesis import strategies as st
from tinytorch.core import Trainer, load_checkpoint, save_checkpoint
from tinytorch.data import DataLoader
from tinytorch.nn.functional import cross_entropy
from tinytorch_core.pictures import curves

from oracle import OURS, THEIRS, Program, assert_same, both
from runs import spirals, trainer

STEPS = 50
INF = float("inf")
RATES = st.lists(st.sampled_from((1e-3, 0.1, 2.0)), min_size=1, max_size=3)
FACTOR = st.sampled_from((0.01, 0.25, 1.0))


def halving(t: int) -> float:
    return 0.5**t


def rising_and_falling(t: int) -> float:
    return min((t + 1) / 7, 30 / (t + 1))


SCHEDULE = st.one_of(
    st.tuples(st.just("LambdaLR"), st.tuples(st.sampled_from((halving, rising_and_falling)))),
    st.tuples(st.just("StepLR"), st.tuples(st.integers(1, 20), st.sampled_from((0.1, 0.9, 1.5)))),
    st.tuples(st.just("LinearLR"), st.tuples(FACTOR, FACTOR | st.just(0.0), st.integers(0, 60))),
    st.tuples(
        st.just("CosineAnnealingLR"), st.tuples(st.integers(1, 60), st.sampled_from((0.0, 1e-4)))
    ),
)


def optimizer_of(lib: Any, rates: list[float]) -> Any:
    groups = [{"params": [lib.torch.ones(1, requires_grad=True)], "lr": lr} for lr in rates]
    return lib.optim.SGD(groups, lr=1.0)


def library(names: dict[str, Any]) -> Any:
    return type("Library", (), dict(names))


def made(lib: Any, optimizer: Any, schedule: tuple[str, tuple[Any, ...]]) -> Any:
    name, options = schedule
    return getattr(lib.lr_scheduler, name)(optimizer, *options)


def common(state: dict[str, Any]) -> dict[str, Any]:
    """A scheduler's state without the two marks that only torch needs."""
    theirs = ("_is_initial", "_get_lr_called_within_step")
    return {key: state[key] for key in sorted(state) if key not in theirs}


# Schedules


pytestmark = pytest.mark.filterwarnings("ignore:Detected call of")  # no optimizer steps here


@settings(max_examples=150, deadline=None)
@given(rates=RATES, schedules=st.lists(SCHEDULE, min_size=1, max_size=2))
def test_fifty_steps_of_a_schedule_or_of_two_at_once(
    rates: list[float], schedules: list[tuple[str, tuple[Any, ...]]]
) -> None:
    def program(lib: Any) -> Any:
        optimizer, rows = optimizer_of(lib, rates), []
        schedulers = [made(lib, optimizer, schedule) for schedule in schedules]
        for _ in range(STEPS):
            rows.append([group["lr"] for group in optimizer.param_groups])
            rows.append(schedulers[-1].get_last_lr())
            for scheduler in schedulers:
                scheduler.step()
        return rows, [common(scheduler.state_dict()) for scheduler in schedulers]

    assert_same(*both(program), tolerance=1e-9)


def test_a_step_to_0_stays_there() -> None:
    def program(lib: Any) -> Any:
        scheduler = lib.lr_scheduler.StepLR(optimizer_of(lib, [0.1, 2.0]), 7, 0.0)
        return [(scheduler.get_last_lr(), scheduler.step()) for _ in range(STEPS)]

    assert_same(*both(program), tolerance=1e-9)


@settings(max_examples=60, deadline=None)
@given(rates=RATES, schedule=SCHEDULE, moment=st.integers(0, 30))
def test_states_change_sides(
    rates: list[float], schedule: tuple[str, tuple[Any, ...]], moment: int
) -> None:
    """Each library goes on from the state of the other, and both as if nothing had happened."""
    ours, theirs = library(OURS), library(THEIRS)
    sides = []
    for lib in (ours, theirs):
        optimizer = optimizer_of(lib, rates)
        sides.append((lib, optimizer, made(lib, optimizer, schedule)))
        for _ in range(moment):
            sides[-1][2].step()
    expected = []
    crossed = []
    for (lib, _, _), (_, optimizer, scheduler) in zip(sides, reversed(sides), strict=True):
        other = optimizer_of(lib, rates)
        fresh = made(lib, other, schedule)
        fresh.load_state_dict(scheduler.state_dict())
        for group, known in zip(other.param_groups, optimizer.param_groups, strict=True):
            group["lr"] = known["lr"]
        crossed.append((other, fresh))
    for _ in range(20):
        for _, optimizer, scheduler in sides:
            scheduler.step()
            expected.append([group["lr"] for group in optimizer.param_groups])
        for other, fresh in crossed:
            fresh.step()
            np.testing.assert_allclose(
                [group["lr"] for group in other.param_groups], expected[-1], rtol=1e-9, atol=1e-12
            )


def test_a_schedule_of_ones_own_and_a_rate_changed_by_hand() -> None:
    def program(lib: Any) -> Any:
        class Noam(lib.lr_scheduler.LRScheduler):  # type: ignore[misc]
            def __init__(self, optimizer: Any, warmup: int, last_epoch: int = -1) -> None:
                self.warmup = warmup
                super().__init__(optimizer, last_epoch)

            def get_lr(self) -> list[float]:
                t = self.last_epoch + 1
                return [lr * min(t**-0.5, t * self.warmup**-1.5) for lr in self.base_lrs]

        optimizer, rows = optimizer_of(lib, [1.0, 2.0]), []
        own = Noam(optimizer, 8)
        step = lib.lr_scheduler.StepLR(optimizer_of(lib, [0.5]), 3)
        for t in range(STEPS):
            own.step()
            step.step()
            if t == 4:
                step.optimizer.param_groups[0]["lr"] = 7.0
            rows += [own.get_last_lr(), step.optimizer.param_groups[0]["lr"]]
        return rows, common(own.state_dict())

    assert_same(*both(program), tolerance=1e-9)


def test_a_function_goes_on_from_a_last_epoch() -> None:
    def program(lib: Any) -> Any:
        optimizer = optimizer_of(lib, [0.3])
        lib.lr_scheduler.LambdaLR(optimizer, halving)
        scheduler = lib.lr_scheduler.LambdaLR(optimizer, halving, last_epoch=4)
        scheduler.step()
        return scheduler.get_last_lr(), scheduler.last_epoch

    assert_same(*both(program), tolerance=1e-9)


@pytest.mark.parametrize(
    "program",
    [
        lambda lib: lib.lr_scheduler.LambdaLR(optimizer_of(lib, [1.0]), [halving, halving]),
        lambda lib: lib.lr_scheduler.LambdaLR(optimizer_of(lib, [1.0, 1.0]), [halving]),
        lambda lib: lib.lr_scheduler.LambdaLR(optimizer_of(lib, [1.0]), halving, last_epoch=3),
        lambda lib: lib.lr_scheduler.LinearLR(optimizer_of(lib, [1.0]), 0.0),
        lambda lib: lib.lr_scheduler.LinearLR(optimizer_of(lib, [1.0]), 1.5),
        lambda lib: lib.lr_scheduler.LinearLR(optimizer_of(lib, [1.0]), 1.0, -0.5),
        lambda lib: lib.lr_scheduler.LinearLR(optimizer_of(lib, [1.0]), 1.0, 1.5),
        lambda lib: lib.lr_scheduler.StepLR(lib.nn.Linear(1, 1), 3),
        lambda lib: lib.utils.clip_grad_norm_(lib.torch.ones(2), 1.0, "much"),
    ],
)
def test_errors_are_of_torchs_class(program: Program) -> None:
    ours, theirs = both(program)
    assert isinstance(theirs, Exception), theirs
    assert type(ours) is type(theirs), f"torch: {theirs!r}\nours: {ours!r}"


# Clipping

NUMBER = st.floats(-1e3, 1e3, width=32) | st.sampled_from((0.0, 1e-7, -1e9, INF, float("nan")))
GRADIENTS = st.lists(
    st.none()
    | st.tuples(st.lists(NUMBER, min_size=1, max_size=6), st.sampled_from(("f", "d")))
    | st.tuples(NUMBER, st.just("f")),
    max_size=4,
)


def with_gradients(lib: Any, gradients: list[Any]) -> list[Any]:
    parameters = []
    for given_ in gradients:
        array = None if given_ is None else np.array(given_[0], given_[1])
        like = np.zeros(2, "f") if array is None else np.zeros_like(array)
        parameter = lib.torch.tensor(like, requires_grad=True)
        parameter.grad = None if array is None else lib.torch.tensor(array)
        parameters.append(parameter)
    return parameters


@settings(max_examples=300, deadline=None)
@given(
    gradients=GRADIENTS,
    max_norm=st.sampled_from((0, 1e-3, 1.0, 50, INF)),
    norm_type=st.sampled_from((2.0, 1, 3, 0.5, "inf", INF, -INF, 0)),
    strict=st.booleans(),
)
def test_clip_grad_norm(gradients: list[Any], max_norm: Any, norm_type: Any, strict: bool) -> None:
    def program(lib: Any) -> Any:
        parameters = with_gradients(lib, gradients)
        try:
            norm = lib.utils.clip_grad_norm_(iter(parameters), max_norm, norm_type, strict)
        except RuntimeError:
            norm = "refused"
        return norm, [parameter.grad for parameter in parameters]

    assert_same(*both(program), tolerance=2e-5)


@settings(max_examples=60, deadline=None)
@given(gradients=GRADIENTS, clip_value=st.sampled_from((0, 0.5, 3, INF)))
def test_clip_grad_value(gradients: list[Any], clip_value: Any) -> None:
    if not any(gradients):
        return  # torch fails on that, by an assertion of its own

    def program(lib: Any) -> Any:
        parameters = with_gradients(lib, gradients)
        lib.utils.clip_grad_value_(parameters, clip_value)
        return [parameter.grad for parameter in parameters]

    assert_same(*both(program))


def test_a_single_tensor_is_clipped_too() -> None:
    def program(lib: Any) -> Any:
        (one,) = with_gradients(lib, [([3.0, 4.0], "f")])
        norm = lib.utils.clip_grad_norm_(one, 1.0)
        lib.utils.clip_grad_value_(one, 0.7)
        return norm, one.grad

    assert_same(*both(program))


# A whole program


def test_a_training_loop_gives_torchs_numbers() -> None:
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(96, 5)).astype("f"), rng.integers(0, 3, 96)
    weights = [rng.normal(size=shape).astype("f") / 2 for shape in [(16, 5), (16,), (3, 16), (3,)]]

    def program(lib: Any, x: Any, y: Any, *weights: Any) -> Any:
        net = lib.nn.Sequential(lib.nn.Linear(5, 16), lib.nn.ReLU(), lib.nn.Linear(16, 3))
        net.load_state_dict(dict(zip(net.state_dict(), weights, strict=True)))
        optimizer = lib.optim.AdamW(net.parameters(), lr=0.02)
        line = lib.lr_scheduler.LinearLR(optimizer, 0.1, total_iters=10)
        fall = lib.lr_scheduler.CosineAnnealingLR(optimizer, T_max=60, eta_min=1e-3)
        losses, norms = [], []
        for _ in range(20):
            for inputs, targets in lib.data.DataLoader(lib.data.TensorDataset(x, y), 32):
                optimizer.zero_grad()
                loss = lib.F.cross_entropy(net(inputs), targets)
                loss.backward()
                norms.append(lib.utils.clip_grad_norm_(net.parameters(), 0.5).item())
                optimizer.step()
                line.step()
                fall.step()
                losses.append(loss.item())
        with lib.torch.no_grad():
            net.eval()
            return losses, norms, net(x)

    assert_same(*both(program, x, y, *weights), tolerance=2e-3)


# Checkpoints

LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(max_size=5),
    st.sampled_from(
        [
            np.zeros((0, 2), "f"),
            np.array(3),
            np.array([True, False]),
            np.arange(6.0).reshape(2, 3).T,
            np.array([1, 255], "u1"),
        ]
    ),
)
KEYS = st.one_of(st.text(max_size=3), st.integers(), st.tuples(st.integers(), st.text(max_size=2)))
STATES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(KEYS, inner, max_size=3)
    ),
    max_leaves=12,
)


def mapped(value: Any, leaf: Callable[[Any], Any]) -> Any:
    if isinstance(value, dict):
        return {key: mapped(item, leaf) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(mapped(item, leaf) for item in value)
    return leaf(value)


def as_tensor(value: Any) -> Any:
    return tinytorch.core.tensor(value) if isinstance(value, np.ndarray) else value


def as_text(value: Any) -> Any:
    """Something that tells apart what Python calls equal: 1, 1.0 and True, and arrays."""
    array = value.numpy() if isinstance(value, tinytorch.core.Tensor) else None
    return (value.dtype.str, array.shape, array.tolist()) if array is not None else repr(value)


@settings(max_examples=150, deadline=None)
@given(state=STATES)
def test_a_checkpoint_gives_back_what_was_saved(
    state: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("checkpoint") / "run.npz"
    state = mapped(state, as_tensor)
    save_checkpoint(path, state=state)
    assert mapped(load_checkpoint(path), as_text) == mapped({"state": state}, as_text)


def small(path: Path) -> bytes:
    net = tinytorch.nn.Linear(2, 1)
    optimizer = tinytorch.optim.AdamW(net.parameters())
    save_checkpoint(path, model=net.state_dict(), optimizer=optimizer.state_dict())
    return path.read_bytes()


def test_a_file_that_was_cut_anywhere_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    whole = small(path)
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match=r"run\.npz"):
            load_checkpoint(path)


def test_a_flipped_bit_is_refused_or_without_effect(tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    whole = small(path)
    expected = mapped(load_checkpoint(path), as_text)
    refused = 0
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
        try:
            assert mapped(load_checkpoint(path), as_text) == expected, f"byte {place}"
        except ValueError:
            refused += 1
    assert refused > len(whole) / 2


def test_what_cannot_be_written_leaves_the_old_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    whole = small(path)
    with pytest.raises(TypeError, match=r"/a/1: .* ndarray"):
        save_checkpoint(path, a=[1, np.ones(1)])
    with pytest.raises(FileNotFoundError):
        save_checkpoint(tmp_path / "nowhere" / "run.npz", a=1)
    assert path.read_bytes() == whole
    assert os.listdir(tmp_path) == ["run.npz"]


KILLED = """
import io, os, signal, sys
import tinytorch.core.training as training
from tinytorch.core import full, load_checkpoint, save_checkpoint
path = sys.argv[1]
left = 0

def one_call_less():
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)

class Disk(io.FileIO):  # dies before a write, or when half of it is done
    def write(self, data):
        one_call_less()
        half = super().write(bytes(data)[: len(data) // 2])
        one_call_less()
        return half + super().write(bytes(data)[half:])

def watched(function):
    def call(*args):
        one_call_less()
        result = function(*args)
        one_call_less()
        return result
    return call

def save(number):
    save_checkpoint(path, number=number, array=full((3000,), float(number)))

def opened(name, mode):
    return io.BufferedRandom(Disk(name, "w+"), 512) if mode == "wb" else open(name, mode)

training.open = opened
save(1)
os.fsync, os.replace = watched(os.fsync), watched(os.replace)
number, deaths, old = 1, 0, 0
while True:
    child = os.fork()
    if child == 0:
        left = deaths + 1
        save(number + 1)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    got = load_checkpoint(path)
    assert got["number"] in (number, number + 1), got
    assert (got["array"].numpy() == got["number"]).all(), "a mixture"
    if status == 0:
        break
    deaths, old = deaths + 1, old + (got["number"] == number)
    number = got["number"]
assert got["number"] == number + 1
print(deaths, old)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_killed_between_any_two_writes_the_checkpoint_is_whole(tmp_path: Path) -> None:
    """A child is killed (SIGKILL) at the first call that touches the disk, the next one at the second,
    and so on until one gets through. After each death, the file is the old or the new one, whole."""
    command = [sys.executable, "-c", KILLED, str(tmp_path / "run.npz")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    deaths, old = map(int, done.stdout.split())
    assert deaths > 12
    assert old == deaths - 1  # only the death right after the switch finds the new one


# Runs


class Screen(io.StringIO):
    def __init__(self, terminal: bool) -> None:
        super().__init__()
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal


@pytest.mark.parametrize("terminal", [True, False])
def test_a_terminal_sees_the_epoch_on_its_way(
    terminal: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen, clock = Screen(terminal), iter(range(1000))
    monkeypatch.setattr(sys, "stdout", screen)
    monkeypatch.setattr(
        sys.modules["tinytorch.core.training"], "monotonic", lambda: next(clock), raising=True
    )
    trainer().fit(DataLoader(spirals(40), 10), 3)
    lines = screen.getvalue().splitlines()
    for number in (1, 2, 3):
        text = screen.getvalue()
        assert f"epoch {number}/3  loss " in text
    if terminal:
        assert screen.getvalue().count("\r") > 6
    else:
        assert len(lines) == 3
        assert "\r" not in screen.getvalue()
        assert "accuracy" in lines[0]
        assert lines[2].endswith("0:00 left")


def test_time_left_is_what_the_epochs_so_far_took(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = [0]
    monkeypatch.setattr(sys.modules["tinytorch.core.training"], "monotonic", lambda: seconds[0])
    run, lines = trainer(), []

    def log(line: str) -> None:
        lines.append(line.split()[-2])

    class Slow(list[Any]):
        def __iter__(self) -> Any:
            seconds[0] += 50
            return super().__iter__()

    batches = Slow(DataLoader(spirals(20), 10))
    run.fit(batches, 4, log=log)
    assert lines == ["2:30", "1:40", "0:50", "0:00"]
    run.fit(batches, 7, log=log)
    assert lines[4:] == ["1:40", "0:50", "0:00"]


def test_nothing_is_printed_without_a_log(capsys: pytest.CaptureFixture[str]) -> None:
    trainer().fit(DataLoader(spirals(20), 10), 2, log=None)
    assert capsys.readouterr().out == ""


def test_an_empty_loader_is_named() -> None:
    with pytest.raises(ValueError, match="the loader gave no batch"):
        trainer().fit(DataLoader(spirals(5), 10, drop_last=True), 1, log=None)


def test_patience_needs_validation() -> None:
    for options in ({"patience": 2}, {"patience": 0, "validation": []}):
        with pytest.raises(ValueError, match="patience"):
            trainer().fit([], 1, **options)


def test_a_checkpoint_of_another_network_changes_nothing(tmp_path: Path) -> None:
    path, data = tmp_path / "run.npz", DataLoader(spirals(20), 10)
    trainer().fit(data, 1, checkpoint=path, log=None)
    other = Trainer(
        net := tinytorch.nn.Linear(2, 3), tinytorch.optim.SGD(net.parameters()), cross_entropy
    )
    before = net.weight.detach().numpy().copy()
    with pytest.raises(RuntimeError, match=r"weight"):
        other.fit(data, 2, checkpoint=path, log=None)
    assert (net.weight.detach().numpy() == before).all()
    assert not other.history


@pytest.mark.parametrize("own_generator", [True, False])
def test_epochs_in_processes_of_their_own_are_one_run(tmp_path: Path, own_generator: bool) -> None:
    """Stopped after each epoch and resumed in another interpreter: the same file, bit by bit."""
    program = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
import tinytorch.core as torch
import tinytorch.optim.lr_scheduler as lr
from runs import spirals, trainer
from tinytorch.data import DataLoader
run = trainer(max_norm=1.0, accumulate=2)
run.parts["schedule"] = lr.CosineAnnealingLR(run.optimizer, 30)
run.schedulers = [run.parts["schedule"]]
generator = torch.Generator().manual_seed(5) if {own_generator} else None
run.fit(DataLoader(spirals(50), 8, shuffle=True, generator=generator), int(sys.argv[1]),
        DataLoader(spirals(30), 30), checkpoint=sys.argv[2])
"""
    for name, stops in {"whole.npz": [4], "pieces.npz": [1, 2, 2, 4]}.items():
        for epochs in stops:
            command = [sys.executable, "-c", program, str(epochs), str(tmp_path / name)]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    assert (tmp_path / "whole.npz").read_bytes() == (tmp_path / "pieces.npz").read_bytes()


def test_a_history_is_a_curve() -> None:
    history = trainer().fit(DataLoader(spirals(40), 10), 3, DataLoader(spirals(20), 20), log=None)
    lines = {name: [row[name] for row in history] for name in ("loss", "val_loss")}
    picture = ElementTree.fromstring(curves(lines, "a run", "epoch", "loss"))
    drawn = [
        line.get("points", "") for line in picture.iter("{http://www.w3.org/2000/svg}polyline")
    ]
    assert [len(points.split()) for points in drawn] == [3, 3]


def test_a_checkpoint_can_be_read_without_us(tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    save_checkpoint(path, model={"w": tinytorch.core.ones(2, 3)}, note="x")
    with np.load(path) as archive:
        assert archive["arr_0"].tolist() == [[1.0] * 3] * 2
        text = json.loads(archive["checkpoint"].item())
    assert text == {"dict": [["model", {"dict": [["w", {"tensor": 0}]]}], ["note", "x"]]}
