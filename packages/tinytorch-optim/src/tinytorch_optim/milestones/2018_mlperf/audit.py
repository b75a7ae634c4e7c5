"""What entries claim, counted once more, from their arrays and without their modules."""

import by_hand
import numpy as np
import tinytorch.core as torch
from entries import GONE, SILENT, weights
from tinytorch.optim.compression import pack
from tinytorch.optim.quantization import QuantizedLinear
from tinytorch_core.evidence import compare, fault


def audit(entries, x, x_test):
    """x is what was learned from, x_test what they are asked about."""
    trained, narrow = entries["whole"], entries["narrow"]
    audit_codes(trained, entries["int8"])
    audit_codes(narrow, entries["narrow, int8"])
    audit_zeros(entries["pruned"])
    audit_sizes(trained, narrow)
    if len(trained) == 4:  # a hidden layer: short enough to compute again
        for name in ("pruned", "narrow"):
            audit_answers(entries[name], x_test)
        for small, large in (("int8", trained), ("narrow, int8", narrow)):
            audit_scores(entries[small], large, x, x_test)


def audit_codes(model, small):
    """Each dense layer is codes now, a quarter of the bytes, and no weight is half a step away."""
    for layer, other in zip(model, small, strict=True):
        if not hasattr(layer, "in_features"):
            continue
        if not isinstance(other, QuantizedLinear) or other.weight.numpy().dtype != np.int8:
            fault("quantization", "a model in int8", "each dense layer should keep int8 codes")
        codes, weight = other.weight.numpy(), layer.weight.detach().numpy()
        compare("quantization", "four times the bytes of codes", 4 * codes.nbytes, weight.nbytes, 0)
        scale = other.scale.numpy()[:, None]
        if (np.abs(by_hand.meant(codes, scale) - weight) > scale * 0.5001).any():
            fault("quantization", "a model in int8", "a weight moves by more than half a step")


def audit_zeros(model):
    arrays = [layer.weight.detach().numpy() for layer, _ in weights(model)]
    zeros, size = sum((array == 0).sum() for array in arrays), sum(array.size for array in arrays)
    compare("compression", "the zeros among all weights", zeros, round(GONE * size), 0)


def audit_sizes(model, narrow):
    """In every layer but the last, half of the units are left, and what hung on the others is gone."""
    before, inside = None, [layer for layer, _ in weights(model)]
    for (layer, _), (small, _) in zip(weights(model), weights(narrow), strict=True):
        outputs, inputs = layer.weight.shape[:2]
        left = outputs if layer is inside[-1] else outputs - round(SILENT * outputs)
        came = inputs if before is None else inputs * before[1] // before[0]
        compare(
            "compression", "the shape of a narrow layer", small.weight.shape[:2], (left, came), 0
        )
        before = outputs, left


def audit_answers(model, x_test):
    with torch.no_grad():
        scores = model(x_test).numpy()
    hand = by_hand.perceptron(model, x_test.numpy())
    compare("compression", "the scores of a model that learned on", scores, hand, 1e-4)


def audit_scores(small, model, x, x_test):
    """Each layer's inputs lie on a grid that knows what it got of x."""
    _, first, relu, last = small
    with torch.no_grad():
        seen = x.flatten(1), relu(model[1](x.flatten(1)))
        inputs = x_test.flatten(1), relu(first(x_test.flatten(1)))
        found = [layer(each).numpy() for layer, each in zip((first, last), inputs, strict=True)]
    for layer, known, each, yours in zip((first, last), seen, inputs, found, strict=True):
        grid = layer.input_scale.item(), layer.input_zero_point.item()
        expected = by_hand.grid(known.numpy().min(), known.numpy().max())
        compare("quantization", "the grid of a layer's inputs", grid, expected)
        far = np.abs(yours - by_hand.int8_layer(each.numpy(), layer, *grid))
        weight = by_hand.meant(layer.weight.numpy(), layer.scale.numpy()[:, None])
        # Between two codes the last bit decides: here and there, an input may get the other one.
        if far.max() > grid[0] * np.abs(weight).max() + 1e-4 or (far > 1e-4).mean() > 0.01:
            fault("quantization", "a trained layer in int8", f"it is off by up to {far.max():.3g}")


def stored(model):
    """The bytes of a model as module 16 packs it: its arrays; or, of what is mostly zeros, the rest, a
    bit for each place, and the shape. Each array is counted here once more."""
    state, total = model.state_dict(), 0
    for array in (tensor.numpy() for tensor in state.values()):
        others = np.count_nonzero(array) * array.itemsize + -(-array.size // 8) + 8 * array.ndim
        total += min(others, array.nbytes)
    found = sum(array.nbytes for array in pack(state).values())
    compare("compression", "the bytes of a packed model", found, total, 0)
    return total
