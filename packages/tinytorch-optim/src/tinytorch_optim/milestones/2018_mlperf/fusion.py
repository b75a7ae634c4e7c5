"""The same GPT with module 17's kernels: the same logits, in fewer passes over the memory."""

import numpy as np
import tinytorch.core as torch
from tinytorch.optim.acceleration import FusedGPT
from tinytorch.profiling import interleave, judge, peak_memory
from tinytorch_core.evidence import checking, compare
from tinytorch_nn.language import by_hand
from tinytorch_nn.language.network import BLOCKS, CONTEXT, HEADS, WIDTH, gpt, logits_of

PAIRS, LONG = 20, 1024
ROWS = 16  # texts that are read at once


def fused(model, inputs):
    """Read what was held out, and one long text, with fused kernels and without."""
    vocabulary = model.token.weight.shape[0]
    with checking("acceleration", "FusedGPT"):
        other = FusedGPT(vocabulary, CONTEXT, WIDTH, HEADS, BLOCKS)
        other.load_state_dict(model.state_dict())
    hand, *_ = by_hand.forward(by_hand.parameters(model), inputs[:ROWS], HEADS)
    print(f"\nThe same GPT, its kernels fused, reads {ROWS} rows of {CONTEXT} tokens:")
    in_turns(model, other, inputs[:ROWS], hand)
    torch.manual_seed(0)
    plain, long = gpt(vocabulary, LONG, 0), FusedGPT(vocabulary, LONG, WIDTH, HEADS, BLOCKS)
    long.load_state_dict(plain.state_dict())
    print(f"\nA new one reads a text of {LONG:,} tokens at once:")
    in_turns(plain, long, np.resize(inputs, (1, LONG)))


def in_turns(plain, other, tokens, expected=None):
    """Both say the same; who is faster, and what memory each needs, is measured."""
    logits = [logits_of(model, tokens) for model in (plain, other)]
    largest = np.abs(logits[0]).max()
    known = logits[0] if expected is None else expected
    compare("acceleration", "fused logits", logits[1] / largest, known / largest)
    reads = [lambda model=model: logits_of(model, tokens) for model in (plain, other)]
    times = interleave(reads, PAIRS, 2)
    needs = [peak_memory(read) for read in reads]
    apart = np.abs(logits[1] - logits[0]).max() / largest
    print(f"  the same logits, apart by at most {apart:.0e} of the largest one;")
    print(f"  {judge(*times.T[::-1], ('fused', 'plain'))};")
    print(f"  at most {needs[1]:,} bytes more than before, instead of {needs[0]:,}.")
