"""Module 18, next to a GPT in NumPy that remembers nothing and reads all of a text again."""

from itertools import pairwise

import numpy as np
import tinytorch.core as torch
from tinytorch import profiling
from tinytorch.nn import transformer
from tinytorch.optim import memoization as m
from tinytorch_core.evidence import agree, checking, compare, fault
from tinytorch_nn.language import by_hand
from tinytorch_nn.language.checks import CONTEXT, HEADS, VOCABULARY, WIDTH, small_gpt

TOKENS = np.random.default_rng(18).integers(0, VOCABULARY, (3, CONTEXT))


def check_memoization():
    check_memory()
    check_cache()
    check_multiplications()
    check_texts()
    check_reuse()
    check_branches()
    check_beams()


def uncached(model, tokens):
    """Logits (N, T, V), by hand, in 64 bits."""
    logits, *_ = by_hand.forward(by_hand.parameters(model), tokens, HEADS)
    return logits


def check_memory():
    """Three questions, a memory for two: what was asked longest ago is forgotten."""
    asked = []
    with checking("memoization", "memoize"):
        square = m.memoize(lambda n: asked.append(n) or n * n, 2)
        found = [square(n) for n in (3, 4, 3, 5, 3, 4)]
    agree("memoization", "what a function remembers", found, [9, 16, 9, 25, 9, 16], 0)
    compare("memoization", "what it had to compute", asked, [3, 4, 5, 4], 0)
    compare("memoization", "hits and misses", [square.hits, square.misses], [2, 4], 0)


def check_cache():
    """A text in pieces of several lengths: what is said of each token, as if all were read at once."""
    model = small_gpt().eval()
    expected, cuts = uncached(model, TOKENS), (0, 4, 5, 6, 9, CONTEXT)
    with checking("memoization", "KVCache"):
        cache, parts = m.KVCache.of(model, len(TOKENS)), []
        size = cache.nbytes()
        for start, end in pairwise(cuts):
            if end - start == 1:
                parts.append(m.step(model, TOKENS[:, start], cache).numpy()[:, None])
            else:
                parts.append(m.read(model, torch.tensor(TOKENS[:, start:end]), cache).numpy())
    agree("memoization", "logits with a cache", np.concatenate(parts, 1), expected)
    agree("memoization", "a cache's tokens", cache.tokens[:, : cache.length], TOKENS, 0)
    agree("memoization", "its bytes", size, 2 * 2 * len(TOKENS) * CONTEXT * WIDTH * 8, 0)


def check_multiplications():
    """By the formula, and counted by module 14 while the model reads."""
    model = small_gpt().eval()
    with checking("memoization", "multiplications"):
        whole, rest = m.multiplications(model, 10), m.multiplications(model, 10, 7)
        cache = m.KVCache.of(model, 1)
        m.read(model, torch.tensor(TOKENS[:1, :7]), cache)
        with profiling.FlopCounterMode(display=False) as counter:
            m.read(model, torch.tensor(TOKENS[:1, 7:10]), cache)
    compare(
        "memoization", "the products that a read computed", counter.get_total_flops(), 2 * rest, 0
    )
    for new, found in ((10, whole), (3, rest)):
        weights = 2 * 12 * WIDTH * WIDTH + WIDTH * VOCABULARY
        expected = new * (weights + 2 * 2 * WIDTH * 10)
        compare("memoization", f"multiplications for {new} new tokens", found, expected, 0)
    print("  multiplications with a cache: as on paper, and as counted")


def check_texts():
    """Greedy ones, far beyond the context, next to NumPy's; drawn ones next to module 13's."""
    model, start, more = small_gpt(), TOKENS[:2, :3], 2 * CONTEXT
    with checking("memoization", "generate"):
        found = m.generate(model, torch.tensor(start), more, temperature=0).numpy()
        drawn = []
        for write in (m.generate, transformer.generate):
            torch.manual_seed(18)
            drawn.append(write(model, torch.tensor(start), more, 0.8, 5).numpy())
    expected = start
    for _ in range(more):
        logits = uncached(model, expected[:, -CONTEXT:])
        expected = np.concatenate([expected, logits[:, -1].argmax(1)[:, None]], 1)
    agree("memoization", "texts with a cache", found, expected, 0)
    compare("memoization", "texts that are drawn, with a cache and without", *drawn, 0)
    if not model.training:
        fault("memoization", "generate", "it should leave the model in the mode that it was in")


def check_reuse():
    """What a cache has of another text, or of other weights, must not be believed."""
    model, other = small_gpt(), TOKENS.copy()
    other[1, 5] = (other[1, 5] + 1) % VOCABULARY
    with checking("memoization", "reuse"):
        cache, lengths = m.KVCache.of(model, 3), []
        m.generate(model, torch.tensor(TOKENS[:, :8]), 1, 0, cache=cache)
        for tokens in (TOKENS[:, :8], other[:, :8]):
            m.reuse(cache, model, tokens)
            lengths.append(int(cache.length))
        m.generate(model, torch.tensor(TOKENS[:, :8]), 1, 0, cache=cache)
        model.blocks[0].linear1.weight.detach().mul_(1.5)
        m.reuse(cache, model, TOKENS[:, :8])
        lengths.append(int(cache.length))
    agree("memoization", "how much of a cache still holds", lengths, [7, 5, 0], 0)


def check_branches():
    """Two texts that go on from one, and don't disturb each other."""
    model = small_gpt().eval()
    texts = np.concatenate([TOKENS[[2, 2], :5], [[1], [2]]], 1)
    with checking("memoization", "branch"):
        cache = m.KVCache.of(model, 3)
        m.read(model, torch.tensor(TOKENS[:, :5]), cache)
        both = m.branch(cache, [2, 2])
        found = m.step(model, texts[:, 5], both).numpy()
        again = m.step(model, TOKENS[:, 5], cache).numpy()
    agree("memoization", "texts that branch", found, uncached(model, texts)[:, -1])
    compare("memoization", "the text before it branched", again, uncached(model, TOKENS)[:, 5])


def check_beams():
    """With room for every pair of tokens, a beam finds the best of all pairs."""
    model, start = small_gpt(), TOKENS[:1, :4]
    pairs = np.array([(a, b) for a in range(VOCABULARY) for b in range(VOCABULARY)])
    texts = np.concatenate([np.tile(start, (len(pairs), 1)), pairs], 1)
    chances = np.log(by_hand.softmax(uncached(model, texts)))[:, 3:5]
    scores = np.take_along_axis(chances, pairs[:, :, None], 2).sum((1, 2))
    best = np.argsort(-scores)[:5]
    with checking("memoization", "beam_search"):
        found, sums = m.beam_search(model, torch.tensor(start), 2, VOCABULARY)
        found, sums = found.numpy()[:5], sums.numpy()[:5]
    agree("memoization", "the likeliest texts", found, texts[best], 0)
    agree("memoization", "how likely they are", sums, scores[best])
