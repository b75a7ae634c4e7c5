"""Codes, grids, observers and layers of module 15, next to torch's.

torch has these names in `torch` and `torch.ao.quantization`; `torch.optim` has none of them, so ours
stand in no facade, and `tinytorch.optim.quantization` is compared here.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tinytorch.core
import tinytorch.nn
import tinytorch.optim.quantization as ours
import torch
import torch.ao.quantization as theirs
from test_signatures import mistakes, signatures_in_python

pytestmark = pytest.mark.filterwarnings("ignore")
Pair = tuple[Any, Any]
# ours: torch's
TYPES = {ours.qint8: torch.qint8, ours.quint8: torch.quint8}
KINDS = list(TYPES)
TENSOR_SCHEMES = ["per_tensor_affine", "per_tensor_symmetric"]
CHANNEL_SCHEMES = ["per_channel_affine", "per_channel_symmetric"]
RANGES = [
    (ours.quint8, {}), (ours.qint8, {}), (ours.qint8, {"quant_min": -8, "quant_max": 7}),
    (ours.qint8, {"quant_min": -127, "quant_max": 127}),
]  # fmt: skip


def tensors(*arrays: np.ndarray) -> list[Pair]:
    return [(tinytorch.core.tensor(each), torch.tensor(each)) for each in arrays]


def numbers(seed: int, *shape: int) -> np.ndarray:
    """Some far out, some halfway between two codes of a grid with a step of 0.25."""
    random = np.random.default_rng(seed)
    array = random.normal(size=shape) * 10 ** random.uniform(-2, 2)
    halfway = random.integers(-50, 50, shape) / 4 + 0.125
    return np.where(random.random(shape) < 0.2, halfway, array).astype(np.float32)


def grid(seed: int, kind: Any) -> tuple[float, int]:
    random = np.random.default_rng(seed)
    scale = 0.25 if seed % 3 == 0 else float(np.float32(10 ** random.uniform(-3, 1)))
    return scale, int(random.integers(kind.quant_min, kind.quant_max + 1))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
@pytest.mark.parametrize("seed", range(12))
def test_codes_of_a_tensor(kind: Any, seed: int) -> None:
    array, (scale, zero_point) = numbers(seed, 7, 30), grid(seed, kind)
    [(x, y)] = tensors(array)
    mine = ours.quantize_per_tensor(x, scale, zero_point, kind)
    torchs = torch.quantize_per_tensor(y, scale, zero_point, TYPES[kind])
    found, expected = mine.int_repr().numpy(), torchs.int_repr().numpy()
    assert found.dtype == expected.dtype
    assert mine.nbytes == torchs.nbytes == array.size
    # torch multiplies and adds in one instruction, with one rounding: that moves what is halfway
    place = array.astype(float) / scale + zero_point
    halfway = np.abs(np.abs(place - np.floor(place)) - 0.5) < 1e-3
    np.testing.assert_array_equal(found[~halfway], expected[~halfway])
    assert np.abs(found.astype(int) - expected)[halfway].max(initial=0) <= 1
    same = found == expected
    np.testing.assert_array_equal(
        mine.dequantize().numpy()[same], torchs.dequantize().numpy()[same]
    )
    assert mine.q_scale() == torchs.q_scale()
    assert mine.q_zero_point() == torchs.q_zero_point()
    assert str(torchs.qscheme()) == f"torch.{mine.qscheme()}"


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
@pytest.mark.parametrize("axis", [0, 1, 2, -1])
def test_codes_of_channels(kind: Any, axis: int) -> None:
    array = numbers(axis % 3, 3, 4, 5)
    random = np.random.default_rng(5)
    scales = random.uniform(0.01, 1, array.shape[axis]).astype(np.float32)
    zero_points = random.integers(max(kind.quant_min, -20), 20, array.shape[axis])
    (x, y), (mine_s, torchs_s), (mine_z, torchs_z) = tensors(array, scales, zero_points)
    mine = ours.quantize_per_channel(x, mine_s, mine_z, axis, kind)
    torchs = torch.quantize_per_channel(y, torchs_s, torchs_z, axis % 3, TYPES[kind])
    np.testing.assert_array_equal(mine.int_repr().numpy(), torchs.int_repr().numpy())
    np.testing.assert_array_equal(mine.dequantize().numpy(), torchs.dequantize().numpy())
    for method in ("q_per_channel_scales", "q_per_channel_zero_points"):
        found, expected = (getattr(each, method)().numpy() for each in (mine, torchs))
        np.testing.assert_array_equal(found, expected)
        assert found.dtype == expected.dtype
    assert mine.q_per_channel_axis() == torchs.q_per_channel_axis()
    assert str(torchs.qscheme()) == f"torch.{mine.qscheme()}"


@pytest.mark.parametrize(
    "call",
    [
        lambda lib, kind: lib.per_tensor(lib.tensor([1.0], dtype=lib.double), 0.1, 0, kind),
        lambda lib, kind: lib.per_tensor(lib.tensor([1, 2]), 0.1, 0, kind),
        lambda lib, kind: lib.per_tensor(lib.tensor([1.0]), 0.1, 300, kind),
        lambda lib, kind: lib.per_channel(
            lib.tensor([[1.0, 2.0]]), lib.tensor([0.1, 1.0]), lib.tensor([0, 0]), 0, kind
        ),
    ],
)
def test_what_torch_refuses_we_refuse(call: Callable[[Any, Any], Any]) -> None:
    class Mine:
        tensor, double = staticmethod(tinytorch.core.tensor), tinytorch.core.float64
        per_tensor = staticmethod(ours.quantize_per_tensor)
        per_channel = staticmethod(ours.quantize_per_channel)

    class Torchs:
        tensor, double = staticmethod(torch.tensor), torch.double
        per_tensor = staticmethod(torch.quantize_per_tensor)
        per_channel = staticmethod(torch.quantize_per_channel)

    for lib, kind in (Mine, ours.qint8), (Torchs, torch.qint8):
        with pytest.raises(RuntimeError):
            call(lib, kind)


@pytest.mark.parametrize("scheme", TENSOR_SCHEMES + CHANNEL_SCHEMES)
@pytest.mark.parametrize(("kind", "codes"), RANGES)
def test_observers_choose_torchs_grid(kind: Any, codes: dict[str, int], scheme: str) -> None:
    name = "PerChannelMinMaxObserver" if scheme in CHANNEL_SCHEMES else "MinMaxObserver"
    for seed in range(20):
        shift = [0, 3, -3, 1000][seed % 4]
        batches = [numbers(seed + i, 4, 6) + np.float32(shift) for i in (0, 1)]
        axis = {"ch_axis": seed % 2} if scheme in CHANNEL_SCHEMES else {}
        options = axis | codes
        mine = getattr(ours, name)(dtype=kind, qscheme=getattr(ours, scheme), **options)
        torchs = getattr(theirs, name)(dtype=TYPES[kind], qscheme=getattr(torch, scheme), **options)
        for x, y in tensors(*batches):
            assert mine(x) is x
            torchs(y)
        for found, expected in zip(
            mine.calculate_qparams(), torchs.calculate_qparams(), strict=True
        ):
            np.testing.assert_array_equal(found.numpy(), expected.numpy())
        np.testing.assert_array_equal(mine.min_val.numpy(), torchs.min_val.numpy())
        np.testing.assert_array_equal(mine.max_val.numpy(), torchs.max_val.numpy())


def test_zeros_have_torchs_smallest_scale() -> None:
    for scheme in TENSOR_SCHEMES:
        mine = ours.MinMaxObserver(ours.qint8, getattr(ours, scheme))
        torchs = theirs.MinMaxObserver(dtype=torch.qint8, qscheme=getattr(torch, scheme))
        mine(tinytorch.core.zeros(3))
        torchs(torch.zeros(3))
        for found, expected in zip(
            mine.calculate_qparams(), torchs.calculate_qparams(), strict=True
        ):
            assert found.item() == expected.item()


def test_an_observer_that_saw_nothing_refuses_where_torch_warns() -> None:
    """On purpose: torch's grid is then 1 and 0, whatever comes, and the model is wrong in silence."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert [t.item() for t in theirs.MinMaxObserver().calculate_qparams()] == [1, 0]
    with pytest.raises(RuntimeError, match="seen nothing"):
        ours.MinMaxObserver().calculate_qparams()


def test_products_of_codes() -> None:
    random = np.random.default_rng(3)
    for m, k, n in [(32, 64, 16), (32, 2048, 8), (17, 4096, 24)]:
        a, b = (random.integers(-128, 128, size).astype(np.int8) for size in [(m, k), (k, n)])
        expected = torch._int_mm(torch.tensor(a), torch.tensor(b)).numpy()
        found = ours.int_matmul(a, b)
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("per_channel", [False, True])
@pytest.mark.parametrize("bias", [False, True])
def test_a_layer_from_codes_to_codes(per_channel: bool, bias: bool) -> None:
    """torch's kernel adds the bias as a float, and multiplies in float32: a code may be the next one.

    Inputs have 7 bits, with which its sums are right on processors of every age.
    """
    random = np.random.default_rng(7)
    inputs = random.uniform(-1, 1, (16, 40)).astype(np.float32)
    weights = random.normal(size=(12, 40)).astype(np.float32)
    biases = random.normal(size=12).astype(np.float32)
    scheme = "per_channel_symmetric" if per_channel else "per_tensor_symmetric"
    name = "PerChannelMinMaxObserver" if per_channel else "MinMaxObserver"
    (x, y), (w, v), (b, c) = tensors(inputs, weights, biases)
    see = getattr(ours, name)(dtype=ours.qint8, qscheme=getattr(ours, scheme))
    mine = ours.quantized_linear(
        ours.quantize_per_tensor(x, 2 / 127, 64, ours.quint8),
        ours.quantize_by(see, see(w)), b if bias else None, 0.2, 100, ours.quint8,
    )  # fmt: skip
    watch = getattr(theirs, name)(dtype=torch.qint8, qscheme=getattr(torch, scheme))
    watch(v)
    scale, zero_point = watch.calculate_qparams()
    coded = (
        torch.quantize_per_channel(v, scale, zero_point, 0, torch.qint8)
        if per_channel
        else torch.quantize_per_tensor(v, scale.item(), int(zero_point), torch.qint8)
    )
    packed = torch.ops.quantized.linear_prepack(coded, c if bias else None)
    signal = torch.quantize_per_tensor(y, 2 / 127, 64, torch.quint8)
    expected = torch.ops.quantized.linear(signal, packed, 0.2, 100).int_repr().numpy()
    apart = np.abs(mine.int_repr().numpy().astype(int) - expected)
    assert apart.max() <= 1
    assert (apart == 0).mean() > 0.98


def test_a_dynamic_layer_computes_what_torchs_does() -> None:
    """With one grid for the weight, as torch's default; torch gives inputs 7 bits, or 8 where it can."""
    random = np.random.default_rng(9)
    inputs = random.normal(size=(8, 30)).astype(np.float32)
    linear, torchs = tinytorch.nn.Linear(30, 20), torch.nn.Linear(30, 20)
    torchs.load_state_dict({n: torch.tensor(t.numpy()) for n, t in linear.state_dict().items()})
    [(x, y)] = tensors(inputs)
    expected = theirs.quantize_dynamic(torch.nn.Sequential(torchs))(y).detach().numpy()
    of_weight = ours.MinMaxObserver.with_args(dtype=ours.qint8, qscheme=ours.per_tensor_symmetric)
    apart = []
    for bits in (7, 8):
        see = ours.MinMaxObserver(
            ours.qint8, quant_min=-(2 ** (bits - 1)), quant_max=2 ** (bits - 1) - 1
        )
        see(x)
        found = ours.QuantizedLinear.from_float(linear, see, of_weight)(x).numpy()
        apart.append(np.abs(found - expected).max())
    assert min(apart) < 1e-5, apart


def test_quantize_dynamic_is_as_near_to_the_float_model_as_torchs() -> None:
    random = np.random.default_rng(11)
    mine = tinytorch.nn.Sequential(
        tinytorch.nn.Linear(40, 64), tinytorch.nn.ReLU(), tinytorch.nn.Linear(64, 10)
    )
    torchs = torch.nn.Sequential(torch.nn.Linear(40, 64), torch.nn.ReLU(), torch.nn.Linear(64, 10))
    torchs.load_state_dict({n: torch.tensor(t.numpy()) for n, t in mine.state_dict().items()})
    before = copy.deepcopy(torchs.state_dict())
    [(x, y)] = tensors(random.normal(size=(64, 40)).astype(np.float32))
    exact = torchs(y).detach().numpy()
    found = ours.quantize_dynamic(mine, {tinytorch.nn.Linear}, dtype=ours.qint8)(x).numpy()
    expected = theirs.quantize_dynamic(torchs, {torch.nn.Linear}, dtype=torch.qint8)(y)
    errors = [np.square(each - exact).mean() for each in (found, expected.detach().numpy())]
    assert errors[0] <= 1.1 * errors[1], errors
    for name, value in mine.state_dict().items():
        np.testing.assert_array_equal(value.numpy(), before[name].numpy())


@pytest.mark.parametrize(
    "name",
    ["quantize_dynamic", "prepare", "convert", "MinMaxObserver", "MinMaxObserver.forward",
     "MinMaxObserver.calculate_qparams", "PerChannelMinMaxObserver", "QConfig"],
)  # fmt: skip
def test_parameters_are_torchs(name: str) -> None:
    mine, torchs = ours, theirs
    for part in name.split("."):
        mine, torchs = getattr(mine, part), getattr(torchs, part)
    [(positional, defaults)], [torchs_signature] = map(signatures_in_python, (mine, torchs))
    wrong = [
        each
        for each in mistakes((positional, defaults), torchs_signature)
        if "dtype" not in each and "per_" not in each  # the types and schemes are ours
    ]
    assert wrong == []


def test_what_a_program_imports_is_there() -> None:
    here = {"quantize_per_tensor", "quantize_per_channel", "qint8", "quint8"}
    there = {"QConfig", "default_qconfig", "MinMaxObserver", "PerChannelMinMaxObserver", "prepare",
             "convert", "quantize_dynamic"}  # fmt: skip
    for library, names in (torch, {*here, *TENSOR_SCHEMES, *CHANNEL_SCHEMES}), (theirs, there):
        for name in names:
            assert hasattr(library, name), name
            assert hasattr(ours, name), name
