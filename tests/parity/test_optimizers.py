"""Module 07 against torch: the same numbers for fifty steps, and states that change sides."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tinytorch.core
import tinytorch.optim
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from oracle import Program, assert_same, both, plain

STEPS = 50
RATES = st.sampled_from((0.0, 1e-3, 0.03, 0.5))
DECAY = st.sampled_from((0, 1e-2, 0.3))
MAXIMIZE = st.booleans()
BETA = st.sampled_from((0.0, 0.5, 0.9, 0.999))

SGD = st.fixed_dictionaries(
    {"lr": RATES, "momentum": st.sampled_from((0, 0.5, 0.9)), "weight_decay": DECAY},
    optional={"dampening": st.sampled_from((0, 0.25)), "nesterov": MAXIMIZE, "maximize": MAXIMIZE},
).map(lambda options: ("SGD", options))
ADAM = st.tuples(
    st.sampled_from(("Adam", "AdamW")),
    st.fixed_dictionaries(
        {"lr": RATES, "betas": st.tuples(BETA, BETA)},
        optional={
            "eps": st.sampled_from((1e-8, 1e-2)),
            "weight_decay": DECAY,
            "amsgrad": st.booleans(),
            "maximize": MAXIMIZE,
        },
    ),
)
SHAPES = st.lists(
    st.sampled_from([(), (1,), (3,), (2, 3), (2, 1, 4), (0,)]), min_size=1, max_size=4
)


def state_of(optimizer: Any) -> Any:
    """Its state_dict, without the options that only torch has."""
    state, one = optimizer.state_dict(), [tinytorch.core.ones(1)]
    keys = {"params", *tinytorch.optim.SGD(one).defaults, *tinytorch.optim.Adam(one).defaults}
    groups = [{k: v for k, v in group.items() if k in keys} for group in state["param_groups"]]
    return {"state": state["state"], "param_groups": groups}


def numbers(seed: int, shapes: list[tuple[int, ...]], dtype: str) -> list[list[np.ndarray]]:
    """For each step (the first are the parameters), an array for each shape."""
    rng = np.random.default_rng(seed)
    return [
        [rng.normal(size=shape).astype(dtype) * 10.0 ** rng.integers(-2, 2) for shape in shapes]
        for _ in range(STEPS + 1)
    ]


@settings(max_examples=150, deadline=None)
@given(
    chosen=SGD | ADAM,
    shapes=SHAPES,
    dtype=st.sampled_from(("float32", "float64")),
    seed=st.integers(0, 2**31),
)
def test_fifty_steps(
    chosen: tuple[str, dict[str, Any]], shapes: list[tuple[int, ...]], dtype: str, seed: int
) -> None:
    name, options = chosen
    start, *gradients = numbers(seed, shapes, dtype)

    def program(lib: Any) -> Any:
        params = [lib.torch.tensor(a, requires_grad=True) for a in start]
        optimizer = getattr(lib.optim, name)(params, **options)
        for number, step in enumerate(gradients):
            for i, (param, gradient) in enumerate(zip(params, step, strict=True)):
                param.grad = None if (number + i) % 5 == 0 else lib.torch.tensor(gradient)
            optimizer.step()
        return [params, state_of(optimizer)]

    assert_same(*both(program), tolerance=1e-4 if dtype == "float32" else 1e-9)


def convert(value: Any, tensor: Callable[[Any], Any]) -> Any:
    """The same state with the other library's tensors."""
    if isinstance(value, dict):
        return {key: convert(item, tensor) for key, item in value.items()}
    if isinstance(value, list):
        return [convert(item, tensor) for item in value]
    return tensor(plain(value)) if hasattr(value, "detach") else value


@pytest.mark.parametrize("direction", ["to torch", "from torch"])
@settings(max_examples=40, deadline=None)
@given(chosen=SGD | ADAM, seed=st.integers(0, 2**31))
def test_a_state_changes_sides(
    direction: str, chosen: tuple[str, dict[str, Any]], seed: int
) -> None:
    """The other library goes on where the first one stopped, with the same numbers."""
    name, options = chosen
    if options.get("nesterov") and (options["momentum"] == 0 or options.get("dampening")):
        options = {**options, "nesterov": False}
    libraries = [(tinytorch.core, tinytorch.optim), (torch, torch.optim)]
    (one, one_optim), (other, other_optim) = libraries[:: 1 if direction == "to torch" else -1]
    start, *gradients = numbers(seed, [(2, 3), (4,)], "float32")

    def train(library: Any, params: list[Any], optimizer: Any, steps: Any) -> None:
        for step in steps:
            for param, gradient in zip(params, step, strict=True):
                param.grad = library.tensor(gradient)
            optimizer.step()

    params = [one.tensor(a, requires_grad=True) for a in start]
    first = getattr(one_optim, name)(params, **options)
    train(one, params, first, gradients[:10])
    twins = [other.tensor(plain(p), requires_grad=True) for p in params]
    second = getattr(other_optim, name)(twins, lr=123)
    second.load_state_dict(convert(first.state_dict(), other.tensor))
    train(one, params, first, gradients[10:20])
    train(other, twins, second, gradients[10:20])
    assert_same(plain(params), plain(twins), 1e-4)
    assert_same(plain(state_of(first)), plain(state_of(second)), 1e-4)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 1e-3}),
        ("Adam", {"lr": 0.01}),
        ("AdamW", {"lr": 0.01, "weight_decay": 0.1, "amsgrad": True}),
    ],
)
def test_a_network_learns_the_same(name: str, options: dict[str, Any]) -> None:
    rng = np.random.default_rng(7)
    shapes = [(8, 3), (8,), (2, 8), (2,)]
    arrays = [rng.normal(size=shape).astype("float32") * 0.5 for shape in shapes]
    x = rng.normal(size=(16, 3)).astype("float32")

    def program(lib: Any, x: Any, *values: Any) -> Any:
        net = lib.nn.Sequential(lib.nn.Linear(3, 8), lib.nn.Tanh(), lib.nn.Linear(8, 2))
        with lib.torch.no_grad():
            for param, value in zip(net.parameters(), values, strict=True):
                param.copy_(value)
        optimizer = getattr(lib.optim, name)(net.parameters(), **options)
        target, losses = lib.torch.tensor(np.arange(16) % 2), []
        for _ in range(STEPS):
            optimizer.zero_grad()
            loss = lib.F.cross_entropy(net(x), target)
            loss.backward()
            optimizer.step()
            losses.append(loss)
        return [losses, list(net.parameters()), optimizer.state_dict()["state"]]

    assert_same(*both(program, x, *arrays), tolerance=1e-4)


def params_of(lib: Any, count: int = 3) -> list[Any]:
    made = [lib.torch.tensor([1.0, -2.0, 3.0], requires_grad=True) for _ in range(count)]
    for param in made:
        param.grad = lib.torch.tensor([0.5, 1.0, -2.0])
    return made


def groups(lib: Any) -> Any:
    a, b, c = params_of(lib)
    first = {"params": a, "lr": 0.5}
    optimizer = lib.optim.SGD([first, {"params": [b], "momentum": 0.9}], lr=0.1, weight_decay=0.1)
    optimizer.step()
    optimizer.add_param_group({"params": iter([c]), "maximize": True})
    first["lr"] = 0.25
    for group in optimizer.param_groups[1:]:
        group["lr"] *= 0.5
    optimizer.step()
    return [a, b, c, state_of(optimizer)]


def closure(lib: Any) -> Any:
    (w,) = params_of(lib, 1)
    optimizer = lib.optim.Adam([w], lr=0.1)

    def loss() -> Any:
        optimizer.zero_grad()
        value = (w * w).sum()
        value.backward()
        return value

    with lib.torch.no_grad():
        values = [optimizer.step(loss) for _ in range(3)]
    return [values, w, w.grad]


def zero_grad(lib: Any) -> Any:
    a, b, c = params_of(lib)
    optimizer = lib.optim.SGD([a, b, c], momentum=0.9)
    optimizer.step()
    b.grad = None
    optimizer.zero_grad(set_to_none=False)
    optimizer.step()
    found = [a.grad, b.grad, c.grad]
    optimizer.zero_grad()
    optimizer.step()
    return [found, [p.grad is None for p in (a, b, c)], a, b, c]


def stale_graph(lib: Any) -> Any:
    (w,) = params_of(lib, 1)
    loss = (w * w).sum()
    lib.optim.SGD([w]).step()
    loss.backward()


def adam_into_adamw(lib: Any) -> Any:
    a, b = params_of(lib, 2)
    one, other = lib.optim.Adam([a], weight_decay=0.5), lib.optim.AdamW([b])
    one.step()
    other.load_state_dict(one.state_dict())
    other.step()
    return [b, state_of(other)]


def own_class(lib: Any) -> Any:
    class Sign(lib.optim.Optimizer):
        def __init__(self, params: Any, lr: float) -> None:
            super().__init__(params, {"lr": lr})

        def step(self, closure: Any = None) -> None:
            for group in self.param_groups:
                for p in group["params"]:
                    state = self.state[p]
                    state["step"] = state.get("step", 0) + 1
                    state["last"] = p.grad.clone()
                    with lib.torch.no_grad():
                        p.sub_(p.grad / abs(p.grad) * group["lr"])

    (w,) = params_of(lib, 1)
    optimizer = Sign([w], lr=0.1)
    optimizer.step()
    other = Sign([w], lr=0.2)
    other.load_state_dict(optimizer.state_dict())
    other.step()
    return [w, other.state_dict()]


PROGRAMS: dict[str, Program] = {
    "groups": groups,
    "closure": closure,
    "zero_grad": zero_grad,
    "a step between forward and backward": stale_graph,
    "an Adam's state in an AdamW": adam_into_adamw,
    "a class of one's own": own_class,
    "a parameter twice in a group": lambda lib: [
        p := params_of(lib, 1)[0],
        lib.optim.SGD([p, p], lr=0.1).step(),
    ],
    "a learning rate in a tensor": lambda lib: [
        p := params_of(lib, 1)[0],
        lib.optim.Adam([p], lr=lib.torch.tensor(0.1)).step(),
    ],
    "no parameters": lambda lib: lib.optim.SGD([]),
    "a bare tensor": lambda lib: lib.optim.SGD(params_of(lib)[0]),
    "a set": lambda lib: lib.optim.SGD([{"params": set(params_of(lib))}]),
    "numbers": lambda lib: lib.optim.SGD([1.0]),
    "a computed tensor": lambda lib: lib.optim.SGD([params_of(lib)[0] * 2]),
    "a group that is a list": lambda lib: lib.optim.SGD(params_of(lib)).add_param_group([]),
    "a group without params": lambda lib: lib.optim.SGD([{"lr": 1}]),
    "two groups with one parameter": lambda lib: lib.optim.SGD(
        [{"params": (p := params_of(lib))}, {"params": p[1:]}]
    ),
    "negative lr": lambda lib: lib.optim.SGD(params_of(lib), lr=-1),
    "negative momentum": lambda lib: lib.optim.SGD(params_of(lib), momentum=-1),
    "negative decay": lambda lib: lib.optim.SGD(params_of(lib), weight_decay=-1),
    "nesterov alone": lambda lib: lib.optim.SGD(params_of(lib), nesterov=True),
    "nesterov, dampened": lambda lib: lib.optim.SGD(
        params_of(lib), momentum=0.9, dampening=0.1, nesterov=True
    ),
    "Adam, negative lr": lambda lib: lib.optim.Adam(params_of(lib), lr=-1),
    "Adam, negative eps": lambda lib: lib.optim.Adam(params_of(lib), eps=-1),
    "Adam, negative decay": lambda lib: lib.optim.AdamW(params_of(lib), weight_decay=-1),
    "Adam, beta of 1": lambda lib: lib.optim.Adam(params_of(lib), betas=(0.9, 1.0)),
    "Adam, a whole beta": lambda lib: lib.optim.Adam(params_of(lib), betas=(0, 0.9)),
    "a state with more groups": lambda lib: lib.optim.SGD(p := params_of(lib)).load_state_dict(
        lib.optim.SGD([{"params": p[:1]}, {"params": p[1:]}]).state_dict()
    ),
    "a state with fewer parameters": lambda lib: lib.optim.SGD(p := params_of(lib)).load_state_dict(
        lib.optim.SGD(p[:2]).state_dict()
    ),
    "a state that is no state": lambda lib: lib.optim.SGD(params_of(lib)).load_state_dict({}),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs(name: str) -> None:
    assert_same(*both(PROGRAMS[name]))
