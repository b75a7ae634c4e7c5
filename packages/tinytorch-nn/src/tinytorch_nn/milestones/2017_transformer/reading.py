"""A GPT reads Python's library, and must be less surprised by other files of it than counted pairs."""

import sys
from functools import partial

import bigram
import numpy as np
import probes
from samples import show_samples
from tinytorch.data import BPETokenizer
from tinytorch_core.evidence import checking, compare
from tinytorch_nn.language.network import CONTEXT, gpt, logits_of, rows, trainer, windows
from tinytorch_nn.language.text import HELD_OUT

VOCABULARY, BATCH, A_ROUND, ROUNDS, SEED = 512, 8, 250, 20, 0
APART = 32  # tokens from the begin of a row to that of the next one
MARGIN = 0.3  # nats a token


def learn_to_read(text, other, seed=SEED):
    """A model that passed, the history of its training, and the loss of counted pairs."""
    with checking("tokenization", "BPETokenizer"):
        tokenizer = BPETokenizer().train(text, VOCABULARY)
        ids, held_out = np.array(tokenizer.encode(text)), np.array(tokenizer.encode(other))
    print(
        f"\nA GPT reads {len(text):,} characters of Python's library, {len(ids):,} tokens. Held out"
        f" are\n{HELD_OUT}.\n"
    )
    (inputs, targets), table = windows(held_out, CONTEXT), bigram.best(ids, VOCABULARY)
    model = gpt(VOCABULARY, CONTEXT, seed)
    loader = rows(*windows(ids, APART), BATCH, A_ROUND * BATCH)
    runner = trainer(model, A_ROUND * ROUNDS)
    history = runner.fit(loader, ROUNDS, rows(inputs, targets, 64))
    pairs = bigram.loss(table, inputs, targets)
    judge(model, history, pairs, inputs, targets, len(held_out) / len(other))
    probes.causality(model, inputs)
    probes.order(model, inputs)
    show_samples(model, tokenizer, table, other)
    return model, history, pairs


def judge(model, history, pairs, inputs, targets, tokens_a_character):
    """End unless the model is clearly less surprised than counted pairs are."""
    own = probes.surprise_of(partial(logits_of, model), inputs, targets)
    compare("training", "the loss in the history", history[-1]["val_loss"], own, 1e-3)
    muted = probes.surprise_of(partial(probes.muted, model), inputs, targets)
    print(f"\nSurprise at the files held out{'nats a token':>21}{'bits a character':>19}")
    for name, loss in (
        ("counted pairs", pairs),
        ("your GPT, its attention muted", muted),
        ("your GPT", own),
    ):
        print(f"  {name:31}{loss:18.3f}{loss * tokens_a_character / np.log(2):19.3f}")
    if pairs - own < MARGIN:
        sys.exit(
            f"\n{MARGIN} nats a token below counted pairs are within reach, and all parts agreed with"
            "\nNumPy: `tito module test` tells more about each of them"
        )
    print(f"{pairs - own:.3f} nats a token below counting, {MARGIN} are asked for.")
