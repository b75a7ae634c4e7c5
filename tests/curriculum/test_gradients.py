"""Law 4: gradients agree with finite differences, for every function that a tier exports.

The arguments of functions are those with which tests/parity compares us to torch; torch is not needed
here. Layers, with all their parameters, stand in tests/differentiable_layers.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

import numpy as np
import pytest
import tinytorch.core as torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import attention_arguments  # noqa: F401  (they fill the table)
import convolution_arguments  # noqa: F401
import nn_arguments  # noqa: F401
import tensor_arguments  # noqa: F401
import text_arguments  # noqa: F401
from arguments import TABLE, Case, all_tensors, array, broadcasting, thing
from curriculum_support import modules
from differentiable_layers import LAYERS, Layer

FACADES = {"torch": "tinytorch.core", "nn": "tinytorch.nn", "F": "tinytorch.nn.functional"}
OURS = {key: import_module(facade) for key, facade in FACADES.items()}
LIBRARY = type("Library", (), dict(OURS))

# Constant between jumps, made of no tensor, or cut off from where it came on purpose.
FLAT = """
torch.eq torch.ne torch.lt torch.le torch.gt torch.ge torch.argmax torch.argmin torch.allclose
Tensor.__eq__ Tensor.__ne__ Tensor.__lt__ Tensor.__le__ Tensor.__gt__ Tensor.__ge__ Tensor.__invert__
Tensor.argmax Tensor.argmin Tensor.long Tensor.float Tensor.__bool__ Tensor.__int__ Tensor.__float__
torch.float32 torch.int64 torch.int32 torch.int8 torch.uint8 torch.zeros_like torch.ones_like
torch.broadcast_shapes torch.tensor torch.Tensor torch.from_numpy torch.zeros torch.ones torch.full
torch.arange torch.rand torch.randn torch.randint torch.randperm torch.manual_seed torch.Generator
torch.default_generator torch.get_rng_state torch.set_rng_state torch.set_grad_enabled
torch.is_grad_enabled Tensor.shape Tensor.ndim Tensor.nbytes Tensor.dtype Tensor.dim Tensor.numel
Tensor.element_size Tensor.size Tensor.stride Tensor.is_contiguous Tensor.is_leaf Tensor.requires_grad
Tensor.grad Tensor.grad_fn Tensor.__len__ Tensor.tolist Tensor.numpy Tensor.__array__ Tensor.item
Tensor.detach Tensor.data Tensor.backward Tensor.requires_grad_ Tensor.__setitem__ Tensor.copy_
Tensor.fill_ Tensor.zero_ Tensor.add_ Tensor.sub_ Tensor.mul_ Tensor.div_ Tensor.__iadd__
Tensor.__isub__ Tensor.__imul__ Tensor.__itruediv__ nn.Parameter torch.no_grad torch.enable_grad
"""
# What torch has not, and by which of the names that it has we reach it.
REACHED_BY = {"getitem": "Tensor.__getitem__", "join": "torch.cat", "cast": "Tensor.to"}
# What has no gradient, and why.
NOT_MATHEMATICS = {
    "it is the door, or the tape": "operation set_tape set_watch watched gradients",
    "it hands out samples": """Dataset TensorDataset Subset Compose random_split Sampler
        SequentialSampler RandomSampler BatchSampler default_collate DataLoader""",
    "it turns text into whole numbers": "CharTokenizer BPETokenizer",
    "it is a table of constants": "sinusoidal_positions",
    "it uses gradients, and makes none": """Optimizer SGD Adam AdamW clip_grad_norm_
        clip_grad_value_ LRScheduler LambdaLR StepLR LinearLR CosineAnnealingLR Trainer""",
    "it counts": "accuracy confusion_matrix",
    "it writes, or reads": "save_checkpoint load_checkpoint",
    "it measures": """profile record_function ProfilerActivity FlopCounterMode costs latency
        peak_memory model_size speedup Timer Measurement TaskSpec Compare SimulatedClock interleave
        Figure wilson gain geometric_mean fresh share_right race measure Event EVENTS places
        leaderboard Entry npz submission opened verify""",
    "it judges what was measured": """bootstrap judge judge_all Verdict draw_verdicts pareto_front
        draw_front""",
}
WITHOUT_GRADIENT = " ".join(NOT_MATHEMATICS.values()).split()
# An option that keeps a gradient from going where the number came from, on purpose.
CUTS = {"padding_idx"}
OF_LAYERS = {name.split(":")[0] for name in LAYERS}
# Its arguments detach the table that they begin with.
ONLY_AS_LAYER = {"nn.Embedding"}
NAMES = [
    name
    for name in TABLE
    if name not in {*FLAT.split(), *ONLY_AS_LAYER} and name.split(".")[0] in (*FACADES, "Tensor")
]
STEP, TOLERANCE = 1e-6, 1e-4
ROUNDING = 4 * np.finfo(float).eps / STEP  # of a slope, for each 1 in the numbers it is taken from
same_each_time = settings(
    max_examples=50, deadline=None, derandomize=True, database=None,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip

Function = Callable[..., Any]


def exports() -> list[tuple[str, str]]:
    """(facade, name) of everything that the installed tiers export; the facade as the table has it."""
    keys = {facade: key for key, facade in FACADES.items()}
    return [
        (keys.get(facade, facade), name)
        for module in modules()
        for facade, names in module.exports.items()
        for name in names
    ]


@pytest.mark.parametrize(("key", "name"), exports())
def test_every_exported_function_stands_in_a_table(key: str, name: str) -> None:
    known = REACHED_BY.get(name, f"{key}.{name}")
    assert known in {*TABLE, *OF_LAYERS} or name in WITHOUT_GRADIENT, (
        f"{key}.{name}: give it arguments in tests/parity, or write it into LAYERS, or say in "
        "NOT_MATHEMATICS why it has no gradient"
    )


def test_what_has_no_gradient_is_exported_and_listed_once() -> None:
    assert len(WITHOUT_GRADIENT) == len(set(WITHOUT_GRADIENT))
    assert set(WITHOUT_GRADIENT) <= {name for _, name in exports()}
    assert {f"{key}.{name}" for key, name in exports()} >= OF_LAYERS


def test_a_layer_with_parameters_stands_among_the_layers() -> None:
    for key, name in exports():
        cls = getattr(OURS.get(key), name, None)
        if isinstance(cls, type) and issubclass(cls, OURS["nn"].Module):
            mentions = {"weight", "Parameter"} & set(cls.__init__.__code__.co_names)
            assert not mentions or f"{key}.{name}" in OF_LAYERS, name


def away_from_jumps(arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
    """In float64, without ties and zeros; whole numbers and truths stay what they are."""
    random, moved = np.random.default_rng(7), []
    for each in arrays:
        noise = random.uniform(0.001, 0.02, each.shape)
        other = np.asarray(np.where(each == 0, 10 * noise, each * (1 + noise)))
        moved.append(other if each.dtype.kind == "f" else each)
    return moved


def checked(function: Function, arrays: Sequence[np.ndarray], learns: int = 99) -> int:
    """Assert that gradients agree with differences, and return how many numbers were compared."""
    tensors = [torch.tensor(each) for each in arrays]
    for tensor in tensors[:learns]:
        tensor.requires_grad_(tensor.dtype == torch.float64)
    outputs = floats(function(*tensors))
    random = np.random.default_rng(2)
    weights = [np.asarray(random.uniform(0.5, 1.5, tuple(each.shape))) for each in outputs]
    if not all(np.isfinite(each.detach().numpy()).all() for each in outputs):
        return 0
    for output, weight in zip(outputs, weights, strict=True):
        if output.requires_grad:
            output.backward(torch.tensor(weight), retain_graph=True)

    def loss() -> float:
        values = (each.detach().numpy() for each in floats(function(*map(torch.tensor, moved))))
        return sum(float((w * value).sum()) for w, value in zip(weights, values, strict=True))

    moved, compared = [each.copy() for each in arrays], 0
    for number, tensor in enumerate(tensors):
        if tensor.requires_grad and outputs:
            found = np.zeros(tensor.shape) if tensor.grad is None else tensor.grad.numpy()
            expected = differences(loss, moved[number])
            np.testing.assert_allclose(found, expected, rtol=TOLERANCE, atol=blur(outputs))
            compared += found.size
    return compared


def precise(thing: Any) -> Any:
    """The same; of a layer's class, one whose parameters are float64."""
    if not (isinstance(thing, type) and issubclass(thing, OURS["nn"].Module)):
        return thing

    class Precise(thing):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            self.double()

    return Precise


def floats(value: Any) -> list[Any]:
    return [each for each in all_tensors(LIBRARY, value) if each.dtype == torch.float64]


def blur(outputs: Sequence[Any]) -> float:
    """How far a difference of such outputs may be off: rounding weighs more, the larger they are."""
    return TOLERANCE + ROUNDING * sum(float(np.abs(o.detach().numpy()).sum()) for o in outputs)


def differences(loss: Callable[[], float], array: np.ndarray) -> np.ndarray:
    """How fast loss() changes with each number of the array."""
    slopes = np.zeros(array.shape)
    for index in np.ndindex(array.shape):
        before = array[index]
        array[index] = before + STEP
        above = loss()
        array[index] = before - STEP
        slopes[index] = (above - loss()) / (2 * STEP)
        array[index] = before
    return slopes


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_gradients_agree_with_differences(name: str) -> None:
    compared = 0

    @same_each_time
    @given(TABLE[name])
    def agree(case: Case) -> None:
        nonlocal compared
        function = precise(thing(OURS, name))
        arrays = away_from_jumps(case.tensors)

        options = {key: value for key, value in case.options.items() if key not in CUTS}

        def program(*tensors: Any) -> Any:
            return case.program(LIBRARY, function, *tensors, **options)

        try:
            program(*map(torch.tensor, arrays))
        except Exception:
            return  # bad arguments are for tests/parity
        if "dim" in case.options and arrays[0].ndim == 0:
            return  # so is a number that is asked for its dimension 0
        compared += checked(program, arrays, case.learns)

    agree()
    assert compared, f"{name} has no gradient at all: put it among FLAT, or give it arguments"


# Layers: their parameters, too


def check_layer(kind: Layer) -> int:
    """Assert that gradients of inputs and parameters agree, and return how many were compared."""
    layer, arrays = kind.filled(), [each.copy() for each in kind.inputs]
    tensors = [torch.tensor(each) for each in arrays]
    for tensor in tensors:
        tensor.requires_grad_(tensor.dtype == torch.float64)
    state = [each.numpy().copy() for each in layer.buffers()]
    outputs = floats(kind.call(layer, *tensors))
    random = np.random.default_rng(2)
    weights = [np.asarray(random.uniform(0.5, 1.5, tuple(each.shape))) for each in outputs]
    for output, weight in zip(outputs, weights, strict=True):
        output.backward(torch.tensor(weight), retain_graph=True)

    def loss() -> float:
        for buffer, before in zip(layer.buffers(), state, strict=True):
            buffer.numpy()[...] = before  # running moments must not tell one call of the next
        with torch.no_grad():
            values = floats(kind.call(layer, *map(torch.tensor, arrays)))
        return sum(float((w * v.numpy()).sum()) for w, v in zip(weights, values, strict=True))

    learning = [(t, values) for t, values in zip(tensors, arrays, strict=True) if t.requires_grad]
    learning += [(each, each.detach().numpy()) for each in layer.parameters()]
    for tensor, values in learning:
        found = np.zeros(tensor.shape) if tensor.grad is None else tensor.grad.numpy()
        expected = differences(loss, values)
        np.testing.assert_allclose(found, expected, rtol=TOLERANCE, atol=blur(outputs))
    return sum(values.size for _, values in learning)


@pytest.mark.parametrize("name", LAYERS)
def test_gradients_of_a_layers_inputs_and_parameters(name: str) -> None:
    kind = LAYERS[name]
    floating = sum(each.size for each in kind.inputs if each.dtype.kind == "f")
    parameters = sum(each.numel() for each in kind.build().parameters())
    assert check_layer(kind) == floating + parameters > 0


def test_a_layer_with_a_wrong_gradient_is_seen() -> None:
    class Wrong(OURS["nn"].Linear):
        def forward(self, input: Any) -> Any:
            return super().forward(input) + self.bias.detach()

    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        check_layer(Layer(lambda: Wrong(3, 2), LAYERS["nn.Linear"].inputs))


# Graphs: tensors that are used again, and residual paths

STEPS: dict[str, Function] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b * 0.5,
    "tanh": lambda a, b: torch.tanh(a),
    "residual": lambda a, b: a + torch.tanh(a * b),
    "softmax": lambda a, b: torch.softmax(a, -1) if a.ndim else a,
    "sum": lambda a, b: a - b.sum(),
    "transposed": lambda a, b: (
        (a.transpose(0, -1) * a.transpose(0, -1)).transpose(0, -1) if a.ndim else a
    ),
    "joined": lambda a, b: torch.cat([a, a * 2])[len(a) // 2 :][: len(a)] if a.ndim else a,
}


@st.composite
def graphs(draw: st.DrawFn) -> tuple[list[np.ndarray], Function, list[Any]]:
    """Arrays that broadcast, and a program of up to twelve steps that takes any earlier results."""
    shapes = broadcasting(draw, 3, sizes=(1, 2, 3))
    try:
        np.broadcast_shapes(*shapes)
    except ValueError:
        shapes = [(2,)] * 3
    place = st.integers(0, 99)
    program = draw(
        st.lists(st.tuples(st.sampled_from(sorted(STEPS)), place, place), min_size=3, max_size=12)
    )

    def function(*tensors: Any) -> Any:
        results = list(tensors)
        for name, first, second in program:
            a, b = results[first % len(results)], results[second % len(results)]
            results.append(STEPS[name](a, b))
        return results[-1] + results[-2] * results[-3]

    return [array(draw, size, ("float64",)) for size in shapes], function, program


@settings(same_each_time, max_examples=150)
@given(graphs())
def test_graphs_with_tensors_that_are_used_again(
    graph: tuple[list[np.ndarray], Function, Any],
) -> None:
    arrays, function, _ = graph
    assert checked(function, away_from_jumps([each / 4 for each in arrays]))


TWICE: dict[str, Function] = {
    "the same in both places": lambda x: x * x + x / x - x @ x,
    "a product with itself transposed": lambda x: x @ x.T @ x,
    "a residual path": lambda x: x + torch.tanh(x + torch.tanh(x)),
    "a chain of residual paths": lambda x: residual(x, 12),
    "a view and what it looks at": lambda x: x * 2 + x[0] * x[:, :1] + x.reshape(-1)[:3],
    "one tensor joined to itself": lambda x: torch.cat([x, x, x * x]) * torch.cat([x, x * x, x]),
    "the same place taken twice": lambda x: x[[0, 0, 1]] * x[[1, 0, 0]],
    "a layer used twice": lambda x: OURS["F"].linear(OURS["F"].linear(x, x, x[0]), x, x[1]),
    "normalized rows": lambda x: (x - x.mean(1, keepdim=True)) / x.std(1, keepdim=True),
    "a loss of its own softmax": lambda x: OURS["F"].mse_loss(x, torch.softmax(x, 1)),
}


def residual(x: Any, depth: int) -> Any:
    for _ in range(depth):
        x = x + 0.1 * x * torch.sigmoid(x)
    return x


@pytest.mark.parametrize("name", TWICE)
def test_used_twice(name: str) -> None:
    x = np.random.default_rng(6).normal(size=(3, 3))
    assert checked(TWICE[name], [x]) == 9
