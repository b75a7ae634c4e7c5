"""The task: after a word and a >, write the word backwards, and a dot. `word>drow.`"""

import sys
from string import ascii_lowercase

import numpy as np
import probes
import tinytorch.core as torch
from tinytorch.data import CharTokenizer
from tinytorch.nn.transformer import generate
from tinytorch_nn.language.network import UNASKED, gpt, rows, trainer

SHORTEST, LONGEST = 3, 10
CONTEXT = 2 * LONGEST + 1  # the dot at the end is only written, never read
WORDS, BATCH, A_ROUND, ROUNDS = 32_000, 32, 100, 10
TESTS, RIGHT, SEED = 500, 0.95, 0
LETTERS = [*ascii_lowercase, ">", ".", " "]


def learn_to_turn(seed=SEED):
    """A model that passed; a line that it had never seen, but for the dot, and its tokens (1, T)."""
    print(f"\nA GPT of one block learns to turn words of {SHORTEST} to {LONGEST} letters around:\n")
    rng, tokenizer = np.random.default_rng(seed), CharTokenizer(LETTERS)
    known = words(rng, WORDS)
    model = gpt(tokenizer.vocab_size, CONTEXT, seed, blocks=1)
    loader = rows(*tasks(tokenizer, known), BATCH, A_ROUND * BATCH)
    trainer(model, A_ROUND * ROUNDS).fit(loader, ROUNDS)
    print("\nWords that it has never seen:\n")
    new = [word for word in words(rng, TESTS) if word not in set(known)]
    answers = turned(model, tokenizer, new)
    print("\n".join(answers[:5]))
    right = np.mean([answer == line(word) for word, answer in zip(new, answers, strict=True)])
    print(f"\nOf {len(new)} such words, {right:.1%} came out right, to the dot.")
    if right < RIGHT:
        sys.exit(
            f"\n{RIGHT:.0%} are within reach, and all parts agreed with NumPy: `tito module test`"
            "\ntells more about each of them"
        )
    long = [word for word in new if len(word) == LONGEST]
    inputs, _ = tasks(tokenizer, long)
    probes.mirror(model, inputs, LONGEST)
    return model, line(long[0])[:-1], inputs[:1]


def words(rng, count):
    """Words that rng draws."""
    letters = np.array(list(ascii_lowercase))
    sizes = rng.integers(SHORTEST, LONGEST + 1, count)
    return ["".join(rng.choice(letters, size)) for size in sizes]


def line(word):
    """The word stands at the right end of its place, so that the > is always at the same one."""
    return f"{word:>{LONGEST}}>{word[::-1]}."


def tasks(tokenizer, words):
    """Arrays (N, CONTEXT): inputs, and what follows each; asked for is only what follows the >."""
    ids = np.array([tokenizer.encode(line(word).ljust(CONTEXT + 1)) for word in words])
    ends, places = np.array([[LONGEST + len(word)] for word in words]), np.arange(CONTEXT)
    asked = (places >= LONGEST) & (places <= ends)
    return ids[:, :-1], np.where(asked, ids[:, 1:], UNASKED)


def turned(model, tokenizer, words):
    """The lines that the model makes of words, up to the dot."""
    begins = [line(word)[: LONGEST + 1] for word in words]
    start = torch.tensor([tokenizer.encode(begin) for begin in begins])
    written = generate(model, start, LONGEST + 1, temperature=0)
    lines = [tokenizer.decode(ids) for ids in written.tolist()]
    return [text[: text.find(".", LONGEST) + 1] for text in lines]
