"""Questions to trained models that don't depend on what your modules say of themselves."""

import sys

import numpy as np
from tinytorch_core.evidence import compare, fault
from tinytorch_nn.language import by_hand
from tinytorch_nn.language.network import HEADS, gpt, logits_of

SHARE = 0.5  # of its attention: what one head must give to the mirror image


def surprise_of(logits_of, inputs, targets, batch=64):
    """The mean cross-entropy, in nats, over all rows, a batch at a time to spare memory."""
    total = 0.0
    for start in range(0, len(inputs), batch):
        some = slice(start, start + batch)
        loss, _ = by_hand.surprise(logits_of(inputs[some]), targets[some])
        total += loss * len(inputs[some])
    return total / len(inputs)


def looks(model, tokens):
    """Where each head looks, by hand: (N, H, T, T) for each block. They are those of your model only
    if its logits come out."""
    logits, weights, _ = by_hand.forward(by_hand.parameters(model), tokens, HEADS)
    compare("transformers", "the logits after training", logits_of(model, tokens), logits, 1e-3)
    return weights


def mirror(model, tokens, length):
    """Rows are a word of this length, a >, and the word backwards. With one block, what is written
    i places behind the > can only be known by looking at the letter i places before it."""
    behind, (weights,) = np.arange(length), looks(model, tokens)
    shares = weights[:, :, length + behind, length - 1 - behind].mean((0, 2))
    best, chance = int(shares.argmax()), (1 / (length + behind + 1)).mean()
    print(
        f"Head {best + 1} gives {shares[best]:.0%} of its attention to the letter that it has to write"
        f" next; chance is {chance:.0%}."
    )
    if shares[best] < SHARE:
        sys.exit(f"\nthat should be {SHARE:.0%} at least, and all parts agreed with NumPy")


def muted(model, tokens):
    """Its logits, by hand, if attention says nothing."""
    p = by_hand.parameters(model)
    for name, array in p.items():
        if "out_proj" in name:
            array[...] = 0
    return by_hand.forward(p, tokens, HEADS)[0]


def causality(model, tokens, rows=8):
    """What comes later must not change what was said before: everything from a position on is
    replaced, for several positions."""
    before, rng = logits_of(model, tokens[:rows]), np.random.default_rng(0)
    length = tokens.shape[1]
    for position in (1, length // 4, length // 2, length - 1):
        other = tokens[:rows].copy()
        other[:, position:] = rng.permuted(other[:, position:] + 1, axis=1) % before.shape[2]
        change = np.abs(logits_of(model, other) - before).max(2)
        if change[:, :position].max() > 1e-6:
            fault("transformers", "GPT", f"it sees what comes at {position} before that position")
        if change[:, position].min() < 1e-3:
            fault("transformers", "GPT", f"it does not care about the token at {position}")
    print("What comes later never changes what was said before.")


def order(model, tokens):
    """The same tokens in another order mean something else, and only positions tell them apart: a
    single block without them can't."""
    mixed = tokens[:8].copy()
    mixed[:, :-1] = np.random.default_rng(0).permuted(mixed[:, :-1], axis=1)

    def change(model):
        return np.abs(logits_of(model, mixed) - logits_of(model, tokens[:8]))[:, -1].max(1)

    if change(model).min() < 0.1:
        fault("embeddings", "LearnedPositions", "another order of the tokens changes nothing")
    blind = gpt(int(tokens.max()) + 1, tokens.shape[1], 0, blocks=1)
    blind.position.weight.detach().zero_()
    if change(blind).max() > 1e-4:
        fault("attention", "a block without positions", "it tells one order from another")
    print("Another order of the same tokens changes the answer; without positions, it can't.")


def likeness(model):
    """The cosine of the angle between the vectors of any two positions."""
    vectors = model.position.weight.detach().numpy()
    vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors @ vectors.T
