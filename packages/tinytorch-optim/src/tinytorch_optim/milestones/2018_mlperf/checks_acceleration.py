"""Module 17, next to roofs on paper, numbers that are counted, and the same work without tiles."""

from itertools import accumulate, cycle
from types import SimpleNamespace

import numpy as np
import tinytorch.core as torch
from tinytorch import nn
from tinytorch.nn.transformer import next_token_loss
from tinytorch.optim import acceleration as a
from tinytorch_core.by_hand import AdamW
from tinytorch_core.evidence import agree, checking, compare, compare_gradients
from tinytorch_core.recipe import Recipe
from tinytorch_nn.language import by_hand
from tinytorch_nn.language.checks import HEADS, VOCABULARY, WIDTH, leaf, lively, slopes

LONG = a.TILE + 44  # tokens


def check_acceleration():
    check_roof()
    check_tiles()
    check_gelu()
    check_steps()
    check_attention()
    check_gpt()


def numbers(*shape):
    return np.random.default_rng(sum(shape)).normal(size=shape)


def check_roof():
    """A machine with 100 FLOPs a second that moves 20 bytes in that time."""
    machine = a.Machine(100.0, 20.0)
    looks = accumulate(cycle([1, 4, 1, 2, 1, 8]))  # calls take 4, 2 and 8 s, with a second between
    rows = [
        SimpleNamespace(
            key=key, flops=f, bytes_moved=b, intensity=f / (b or 1), self_cpu_time_total=t
        )
        for key, f, b, t in (("product", 400, 40, 8e6), ("copy", 0, 60, 4e6), ("view", 0, 0, 1e6))
    ]
    with checking("acceleration", "the roof"):
        rate = a.rate(6, lambda: None, lambda: next(looks))
        roofs = [a.roof(intensity, machine) for intensity in (2, 5, 50)]
        times = [a.least_time(*work, machine) for work in ((400, 40), (10, 40), (0, 60))]
        found = a.under_the_roof(rows, machine)
    agree("acceleration", "the best rate of a known clock", rate, 6 / 2)
    agree("acceleration", "the roof", roofs, [40, 100, 100])
    agree("acceleration", "the least time for some work", times, [4, 2, 3])
    expected = [("product", 10, 50, 0.5), ("copy", 0, 0, 0.75)]
    compare("acceleration", "operations under the roof", len(found), 2, 0)
    for yours, theirs in zip(found, expected, strict=True):
        compare("acceleration", f"{theirs[0]}, under the roof", yours[1:], theirs[1:])


class Counted:
    """An array that counts the numbers that are read and written."""

    def __init__(self, array):
        self.array, self.shape, self.count = array, array.shape, 0

    def __getitem__(self, place):
        self.count += self.array[place].size
        return self.array[place]

    def __setitem__(self, place, values):
        self.count += self.array[place].size
        self.array[place] = values


def check_tiles():
    """With tiles that fit, and with some that don't."""
    for sizes, tile in (((6, 8, 4), 2), ((7, 9, 5), 4)):
        n, k, m = sizes
        left, right, result = numbers(n, k), numbers(k, m), np.full((n, m), np.nan)
        watched = [Counted(array) for array in (left, right, result)]
        with checking("acceleration", "tiled_matmul"):
            a.tiled_matmul(*watched, tile)
            traffic = a.tiled_traffic(n, k, m, tile)
        compare("acceleration", "a product in tiles", result, left @ right)
        moved = sum(each.count for each in watched)
        paper = n * k * -(-m // tile) + k * m * -(-n // tile) + n * m
        compare("acceleration", "the numbers that it moves", moved, paper, 0)
        compare("acceleration", "and those that it should", traffic, paper, 0)
    print("  a product in tiles, and the numbers that it moves: agree with NumPy")


def check_gelu():
    """More numbers than a block has, and not a multiple of it."""
    array = numbers(3, a.BLOCK // 2 - 5)
    factors = np.roll(array, 1) * 2
    with checking("acceleration", "fused_gelu"):
        x = leaf(array)
        output = a.fused_gelu(x)
    agree("acceleration", "the fused GELU", output.detach().numpy(), by_hand.gelu(array))
    (found,) = slopes("acceleration", "the fused GELU", output, factors, [x])
    agree("acceleration", "its gradient", found, by_hand.gelu_back(factors, array))


def check_steps():
    """Of a matrix that has more numbers than a block, and a row that has fewer."""
    arrays, recipe = [numbers(200, a.BLOCK // 200 + 9), numbers(7)], Recipe(1, 1, 0.01, 0.1, 1.0)
    other = AdamW(arrays, recipe)
    with checking("acceleration", "FusedAdamW"):
        parameters = [nn.Parameter(torch.tensor(array)) for array in arrays]
        optimizer = a.FusedAdamW(parameters, lr=0.01, weight_decay=0.1)
    for step in range(3):
        gradients = [np.roll(array, step) * 2 for array in arrays]
        arrays = other.step(arrays, gradients, 0.01)
        with checking("acceleration", "FusedAdamW"):
            for parameter, gradient in zip(parameters, gradients, strict=True):
                parameter.grad = torch.tensor(gradient)
            optimizer.step()
        for parameter, array in zip(parameters, arrays, strict=True):
            compare("acceleration", "a fused step of AdamW", parameter.detach().numpy(), array)
    print("  fused steps of AdamW: agree with NumPy")


def check_attention():
    """With everything in sight and with the past alone, in tiles that don't fit."""
    arrays, factors = (
        [numbers(2, 11, 4), numbers(2, 11, 4) - 1, numbers(2, 11, 3)],
        numbers(2, 11, 3),
    )
    for causal in (False, True):
        leaves, allowed = [leaf(array) for array in arrays], np.ones((11, 11), bool)
        with checking("acceleration", "flash_attention"):
            output = a.flash_attention(*leaves, is_causal=causal, tile=4)
        expected, weights = by_hand.attention(*arrays, np.tril(allowed) if causal else allowed)
        what = f"attention in tiles{', of the past,' * causal}"
        compare("acceleration", what, output.detach().numpy(), expected)
        found = slopes("acceleration", what, output, factors, leaves)
        hand = by_hand.attention_back(factors, *arrays, weights)
        for name, yours, theirs in zip(("query", "key", "value"), found, hand, strict=True):
            compare("acceleration", f"the gradient of {what} at the {name}", yours, theirs)
    print("  attention in tiles, and its gradients: agree with NumPy")


def check_gpt():
    """A text that needs several tiles."""
    tokens = np.random.default_rng(17).integers(0, VOCABULARY, (1, LONG + 1))
    inputs, targets = tokens[:, :-1], tokens[:, 1:]
    torch.manual_seed(17)
    with checking("acceleration", "FusedGPT"):
        model = lively(a.FusedGPT(VOCABULARY, LONG, WIDTH, HEADS, num_layers=2))
        logits = model(torch.tensor(inputs)).detach().numpy()
        next_token_loss(model, torch.tensor(tokens)).backward()
    p = by_hand.parameters(model)
    expected, *_ = by_hand.forward(p, inputs, HEADS)
    agree("acceleration", "the logits of a fused GPT", logits, expected)
    hand = by_hand.gradients(p, inputs, targets, HEADS)
    expected = [hand[name] for name, _ in model.named_parameters()]
    compare_gradients("the gradient of a fused GPT", model, expected, "acceleration")
    print("  the gradients of all its parameters: agree with NumPy")
