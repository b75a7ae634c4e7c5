"""The GPT with fewer bits, and with fewer weights: how often it is still right at the next token."""

import sys
from copy import deepcopy

import numpy as np
import tinytorch.core as torch
from entries import GONE, unmasked
from tinytorch.optim.compression import GradualPruning
from tinytorch.optim.quantization import quantize_dynamic
from tinytorch.profiling import bootstrap
from tinytorch_core.evidence import checking, compare
from tinytorch_nn.language.network import logits_of, trainer

ROUNDS = 2  # that a copy reads on, pruned or not
MAY_LOSE = {"int8": 1.0, "pruned": 2.0}  # right answers, of 100


def read_smaller(model, loader, inputs, targets):
    """In int8, next to the model itself; pruned while it reads on, next to one that reads on whole."""
    with checking("quantization", "quantize_dynamic"):
        small = quantize_dynamic(model)
    print("\nThe next token of what was held out, right in:")
    judge("int8", model, small, inputs, targets)
    whole, sparse = read_on(model, loader), read_on(model, loader, GONE)
    arrays = [getattr(module, name).detach().numpy() for module, name in weights(sparse)]
    zeros, size = sum(np.sum(array == 0) for array in arrays), sum(array.size for array in arrays)
    compare("compression", "the zeros among a GPT's weights", zeros, round(GONE * size), 0)
    judge("pruned", whole, sparse, inputs, targets)
    print(
        f"  The last two read on for {ROUNDS * len(loader)} steps, and one of them with fewer and"
    )
    print(f"  fewer weights: {zeros:,} of the {size:,} in its blocks became 0.")


def weights(model):
    """[(module, name)] of all matrices in its blocks."""
    found = []
    for block in model.blocks:
        found += [(block.self_attn, "in_proj_weight"), (block.self_attn.out_proj, "weight")]
        found += [(block.linear1, "weight"), (block.linear2, "weight")]
    return found


def read_on(model, loader, gone=None):
    """A copy that has read a while longer, in the order that all copies see."""
    model, steps = deepcopy(model).train(), ROUNDS * len(loader)
    runner = trainer(model, steps)
    if gone:
        pruning = GradualPruning(weights(model), gone, steps * 6 // 10)
        runner.schedulers = [*runner.schedulers, pruning]
    torch.manual_seed(1)
    runner.fit(loader, ROUNDS, log=None)
    return unmasked(model)


def judge(name, whole, small, inputs, targets):
    """Print what it loses, token by token. End if that may be more than is allowed."""
    right = [logits_of(each, inputs).argmax(2) == targets for each in (whole, small)]
    rows = 100 * (right[0].astype(float) - right[1]).mean(
        1
    )  # tokens of one row are no dice of their own
    torch.manual_seed(0)
    low, high = bootstrap(rows, np.mean)
    shares, limit = f"whole {right[0].mean():.2%}, {name} {right[1].mean():.2%}", MAY_LOSE[name]
    words = f"{rows.mean():+.2f} ({low:+.2f} to {high:+.2f})"
    print(f"  {shares}; lost, of 100: {words}, allowed {limit:.0f}")
    if high > limit:
        sys.exit(
            f"\n{name} may lose {limit:.0f}, and lost up to {high:.2f}"
            "\nAll parts agreed with NumPy: `tito module test` tells more"
        )
