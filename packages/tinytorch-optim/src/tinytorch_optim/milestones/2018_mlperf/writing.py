"""A GPT reads Python's library for a while, and must say and write the same with a cache."""

from copy import deepcopy
from functools import partial
from textwrap import indent

import numpy as np
import tinytorch.core as torch
from tinytorch.data import BPETokenizer
from tinytorch.nn import transformer
from tinytorch.optim import memoization
from tinytorch.optim.memoization import KVCache, multiplications, read, step
from tinytorch.profiling import interleave, judge, latency
from tinytorch_core.evidence import checking, compare, fault
from tinytorch_nn.language import by_hand
from tinytorch_nn.language.network import CONTEXT, HEADS, gpt, logits_of, rows, trainer, windows
from tinytorch_nn.language.text import HELD_OUT

VOCABULARY, BATCH, A_ROUND, ROUNDS, APART = 512, 8, 100, 10, 32
CHARACTERS = 400_000  # of the library
TEXTS, PAIRS = 16, 12  # that are compared token by token, and measured with and without a cache
START = "\n\ndef "


def learn_to_read(text, other):
    """(a trained GPT, its tokenizer, a loader of what it read; and of what was held out, inputs and
    targets (N, CONTEXT))."""
    with checking("tokenization", "BPETokenizer"):
        tokenizer = BPETokenizer().train(text[: CHARACTERS // 2], VOCABULARY)
        ids = np.array(tokenizer.encode(text[:CHARACTERS]))
        held_out = np.array(tokenizer.encode(other))
    print(
        f"\nA GPT reads {CHARACTERS:,} characters of Python's library, {len(ids):,} tokens. Held out"
        f" are\n{HELD_OUT}.\n"
    )
    inputs, targets = windows(held_out, CONTEXT)
    model, loader = gpt(VOCABULARY, CONTEXT, 0), rows(*windows(ids, APART), BATCH, A_ROUND * BATCH)
    trainer(model, A_ROUND * ROUNDS).fit(loader, ROUNDS, rows(inputs, targets, 64))
    return model.eval(), tokenizer, loader, inputs, targets


def same_logits(model, inputs):
    """Without a cache, with one in one piece, and token by token: what comes after each token. In 32
    bits, up to 1e-5 of the largest logit; and in 64 bits, where rounding can hide nothing."""
    tokens = inputs[:TEXTS]
    hand, *_ = by_hand.forward(by_hand.parameters(model), tokens, HEADS)
    largest = np.abs(hand).max()
    print()
    for each, bits, tolerance in ((model, 32, 1e-5), (deepcopy(model).double(), 64, 1e-10)):
        whole, cached = logits_of(each, tokens) / largest, piece_by_piece(each, tokens) / largest
        compare("transformers", "the logits after training", whole, hand / largest, tolerance)
        compare("memoization", f"logits with a cache, in {bits} bits,", cached, whole, tolerance)
        far = np.abs(cached - whole).max()
        print(f"{tokens.size:,} tokens, {bits} bits: logits with a cache as without, to {far:.0e}.")


def piece_by_piece(model, tokens):
    """The logits of all tokens: half of each text is read at once, and then one token at a time."""
    half = tokens.shape[1] // 2
    with checking("memoization", "KVCache"):
        cache = KVCache.of(model, len(tokens))
        parts = [read(model, torch.tensor(tokens[:, :half]), cache).numpy()]
        parts += [step(model, new, cache).numpy()[:, None] for new in tokens[:, half:].T]
    return np.concatenate(parts, 1)


def same_texts(model, tokenizer):
    """The likeliest text, far beyond the context, and one that is drawn. In 64 bits: in 32, one time in
    many a dart would fall between two roundings."""
    model, start = deepcopy(model).double(), torch.tensor([tokenizer.encode(START)])
    for temperature in (0, 0.8):
        texts = []
        for module in (memoization, transformer):
            torch.manual_seed(0)
            with checking("memoization", "generate"):
                texts.append(module.generate(model, start, 2 * CONTEXT, temperature).tolist()[0])
        if texts[0] != texts[1]:
            fault("memoization", "generate", "with a cache, it writes another text than without")
    print(f"Texts of {2 * CONTEXT} tokens, the likeliest one and a drawn one: the same, too.\n")
    print("It writes:\n\n" + indent(tokenizer.decode(texts[0]).strip(), "    "))


def cache_pays(model):
    """What a cache spares and costs, and how much faster texts come, in turns."""
    length, start = CONTEXT, torch.tensor([[0]])
    products = [
        sum(multiplications(model, n, n - 1 if cached else 0) for n in range(1, length))
        for cached in (True, False)
    ]
    print(
        f"\n{length - 1} tokens more: {products[0]:,} multiplications with a cache, {products[1]:,}"
        f" without;\nfor {KVCache.of(model).nbytes():,} bytes of keys and values."
    )
    write = [
        partial(each.generate, model, start, length - 1, 0) for each in (memoization, transformer)
    ]
    times = interleave(write, PAIRS, 1)
    torch.manual_seed(0)
    print(f"As measured: {judge(*times.T, ('with a cache', 'without'))}")


def waits(model):
    """Microseconds for one more token, {with or without: one for each length of the text from 1 on}."""
    lengths, found = range(1, CONTEXT), {"without a cache": [], "with a cache": []}
    tokens = np.zeros((1, CONTEXT), np.int64)
    for length in lengths:
        cache = KVCache.of(model)
        with torch.no_grad():
            read(model, torch.tensor(tokens[:, :length]), cache)

        def more(cache=cache, length=length):
            cache.length = length
            step(model, tokens[:, length], cache)

        def again(length=length):
            logits_of(model, tokens[:, : length + 1])

        found["with a cache"].append(latency(more, 2, 9).median * 1e6)
        found["without a cache"].append(latency(again, 2, 9).median * 1e6)
    return found
