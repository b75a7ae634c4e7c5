"""Module 15, next to whole numbers that are exact and grids that are drawn by hand."""

import by_hand
import numpy as np
import tinytorch.core as torch
from tinytorch import nn
from tinytorch.optim import quantization as q
from tinytorch_core.evidence import agree, checking, compare, fault

CODES = -128, 127


def random(*shape):
    return np.random.default_rng(sum(shape)).normal(0.3, 1, shape).astype(np.float32)


def check_quantization():
    check_grids()
    check_codes()
    check_observers()
    check_search()
    check_sums()
    check_zero_points()
    check_codes_to_codes()
    check_layer()
    check_models()


def check_grids():
    for low, high in ((-1.0, 3.0), (0.5, 2.0), (-4.0, -1.0)):
        for symmetric, scheme in ((False, q.per_tensor_affine), (True, q.per_tensor_symmetric)):
            ends = np.float32(low), np.float32(high)
            with checking("quantization", "choose_qparams"):
                found = [float(each) for each in q.choose_qparams(*ends, *CODES, scheme)]
            expected = by_hand.grid(low, high, symmetric)
            compare("quantization", f"the grid from {low} to {high}", found, expected)
    print("  grids, with their zero in the middle or not: agree with NumPy")


def check_codes():
    """Inside of the grid, a number moves by half a step at most; outside, to the grid's end."""
    x, (scale, zero) = random(50, 8), by_hand.grid(-1, 2)
    with checking("quantization", "quantize_per_tensor"):
        coded = q.quantize_per_tensor(torch.tensor(x), scale, zero, q.qint8)
        codes, back = coded.int_repr().numpy(), coded.dequantize().numpy()
    if codes.dtype != np.int8 or coded.nbytes * 4 != x.nbytes:
        fault("quantization", "codes", "each should be an int8, and all a quarter of the bytes")
    agree("quantization", "codes", codes, by_hand.coded(x, scale, zero), 0)
    agree("quantization", "what codes mean", back, by_hand.meant(codes, scale, zero))
    least, most = by_hand.meant(np.array(CODES), scale, zero)
    inside = np.clip(x, least, most)
    if np.abs(back - inside).max() > scale / 2 * 1.001:
        fault("quantization", "codes", "a number moves by more than half a step")
    with checking("quantization", "error_bound"):
        bound = q.error_bound(x, scale, zero, *CODES)
    expected = np.maximum(np.abs(x - inside), scale / 2)
    agree("quantization", "how far a code may be away", bound, expected)


def check_observers():
    """What they remember of two batches."""
    first, second = random(7, 5), random(9, 5) * 2
    both = np.concatenate([first, second])
    with checking("quantization", "observers"):
        whole, each = q.MinMaxObserver(q.qint8), q.weight_observer()
        for observer, batches in ((whole, (first, second)), (each, (first.T, second[:7].T))):
            for batch in batches:
                observer(torch.tensor(batch))
        found = [float(v.numpy()[0]) for v in whole.calculate_qparams()]
        scales, zeros = (v.numpy() for v in each.calculate_qparams())
    agree("quantization", "the grid of two batches", found, by_hand.grid(both.min(), both.max()))
    rows = np.concatenate([first, second[:7]]).T
    expected = [by_hand.grid(row.min(), row.max(), symmetric=True)[0] for row in rows]
    agree("quantization", "a grid for each row", scales, expected)
    compare("quantization", "zero points that should be 0", zeros, np.zeros(5), 0)


def check_search():
    """Most numbers are small, and one is large: the best grid gives the large one up."""
    x = np.append(random(400) / 4, 6).astype(np.float32)
    with checking("quantization", "MSEObserver"):
        observer = q.MSEObserver(q.qint8, quant_min=-8, quant_max=7)
        observer(torch.tensor(x[:200]))
        observer(torch.tensor(x[200:]))
        found = [float(v.numpy()[0]) for v in observer.calculate_qparams()]

    def error(scale, zero):
        codes = by_hand.coded(x, scale, zero, *few)
        return np.square(by_hand.meant(codes, scale, zero) - x).sum()

    few, ends = (-8, 7), (x.min() / 100, x.max() / 100)
    shares = [by_hand.grid(n * ends[0], n * ends[1], False, *few) for n in range(1, 101)]
    best = min(error(*grid) for grid in shares)
    agree("quantization", "the error of the best grid", error(*found), best, 1e-3)


def check_sums():
    """As long as no float32 could hold them."""
    rng = np.random.default_rng(15)
    a, b = (rng.integers(-128, 128, shape).astype(np.int8) for shape in ((4, 3000), (3000, 6)))
    a[0], b[:, 0] = -128, -128
    a[1], b[:, 1] = 127, -127
    b[0, 1] = -126  # an odd sum, of which float32 can hold only every fourth
    with checking("quantization", "int_matmul"):
        found = q.int_matmul(a, b)
    if found.dtype != np.int32:
        fault("quantization", "int_matmul", f"sums should be int32, not {found.dtype}")
    agree("quantization", "sums of 3000 products", found, a.astype(np.int64) @ b, 0)


def pair(axis):
    """Codes of inputs (6, 40) and weights (5, 40), both with zero points."""
    rng = np.random.default_rng(40)
    x, w = (rng.integers(-128, 128, shape).astype(np.int8) for shape in ((6, 40), (5, 40)))
    scales, zeros = (0.02, -7) if axis is None else (np.full(5, 0.02), np.arange(-2, 3))
    return q.QuantizedTensor(x, 0.05, 11, q.qint8), q.QuantizedTensor(
        w, scales, zeros, q.qint8, axis
    )


def exact(input, weight):
    """The same sums, each code moved by its zero point first."""
    zeros = np.reshape(weight.zero_point, (-1, 1))
    return (input.codes.astype(np.int64) - 11) @ (weight.codes.astype(np.int64) - zeros).T


def check_zero_points():
    for axis in (None, 0):
        with checking("quantization", "integer_linear"):
            input, weight = pair(axis)
            found = q.integer_linear(input, weight)
        compare("quantization", "whole sums with zero points", found, exact(input, weight), 0)
    print("  whole sums with zero points: agree with NumPy")


def check_codes_to_codes():
    bias = random(5)
    with checking("quantization", "quantized_linear"):
        input, weight = pair(0)
        coded = q.quantized_linear(input, weight, torch.tensor(bias), 0.7, 3)
    step = 0.05 * 0.02
    sums = exact(input, weight) + np.rint(bias / step)
    expected = np.clip(np.rint(sums * step / 0.7) + 3, *CODES)
    agree("quantization", "from codes to codes", coded.codes, expected, 0)


def check_layer():
    """Weights in int8, a grid for each row; inputs on a grid that was chosen before, or on their own."""
    x, other = random(20, 33), random(21, 33) / 2
    torch.manual_seed(0)
    linear = nn.Linear(33, 12)
    with checking("quantization", "QuantizedLinear"):
        observer = q.MinMaxObserver(q.qint8)
        observer(torch.tensor(x))
        layers = [q.QuantizedLinear.from_float(linear, seen) for seen in (None, observer)]
    weight = linear.weight.detach().numpy()
    scales = np.array([by_hand.grid(row.min(), row.max(), symmetric=True)[0] for row in weight])
    for layer, grid in zip(layers, ((), by_hand.grid(x.min(), x.max())), strict=True):
        codes, words = layer.weight.numpy(), "grids of each input" if not grid else "one grid"
        if codes.dtype != np.int8 or codes.nbytes * 4 != weight.nbytes:
            fault(
                "quantization", "QuantizedLinear", "its weight should be int8, a quarter as large"
            )
        compare("quantization", "the scales of rows", layer.scale.numpy(), scales)
        far = np.abs(by_hand.meant(codes, scales[:, None]) - weight).max(1)
        if (far > scales / 2 * 1.001).any():
            fault("quantization", "QuantizedLinear", "a weight moves by more than half a step")
        for inputs in (x, other):
            with checking("quantization", "QuantizedLinear"):
                output = layer(torch.tensor(inputs)).numpy()
            expected = by_hand.int8_layer(inputs, layer, *grid)
            compare("quantization", f"a layer in int8, {words}", output, expected, 1e-4)
    print("  a layer in int8, with one grid and with one for each input: agrees with NumPy")


def check_models():
    """What is made of a model is another one, and the model stays."""
    x, torch_x = random(30, 8), torch.tensor(random(30, 8))
    model = nn.Sequential(nn.Linear(8, 6), nn.ReLU(), nn.Sequential(nn.Linear(6, 3)))
    before = [p.detach().numpy().copy() for p in model.parameters()]
    with checking("quantization", "prepare, convert and quantize_dynamic"):
        observed = q.prepare(model)
        observed(torch_x)
        static, dynamic = q.convert(observed), q.quantize_dynamic(model)
        inner = torch.relu(static[0](torch_x)).numpy()
        found = static(torch_x).numpy()
        hidden = torch.relu(model[0](torch_x)).detach().numpy()
    for each in (static, dynamic):
        kinds = [type(layer).__name__ for layer in (each[0], each[1], each[2][0])]
        if kinds != ["QuantizedLinear", "ReLU", "QuantizedLinear"]:
            fault("quantization", "a converted model", f"its layers are {kinds}")
    if not all(type(layer) is nn.Linear for layer in (model[0], model[2][0])):
        fault("quantization", "a converted model", "the model that it was made of has changed")
    for parameter, then in zip(model.parameters(), before, strict=True):
        compare(
            "quantization", "the weights of the model before", parameter.detach().numpy(), then, 0
        )
    compare(
        "quantization",
        "a first layer",
        inner,
        np.maximum(by_hand.int8_layer(x, static[0], *by_hand.grid(x.min(), x.max())), 0),
        1e-4,
    )
    expected = by_hand.int8_layer(inner, static[2][0], *by_hand.grid(hidden.min(), hidden.max()))
    agree("quantization", "a model in int8", found, expected, 1e-4)
