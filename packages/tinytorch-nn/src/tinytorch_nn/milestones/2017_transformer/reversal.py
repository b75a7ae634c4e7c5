"""The task: after a word and a >, write the word backwards, and a dot. `word>drow.`"""

import sys
from string import ascii_lowercase

import numpy as np
import probes
import tinytorch.core as torch
from network import UNASKED, gpt, rows, trainer
from tinytorch.data import CharTokenizer
from tinytorch.nn.transformer import generate

SHORTEST, LONGEST = 3, 10
CONTEXT = 2 * LONGEST + 1  # the dot at the end is only written, never read
WORDS, BATCH, A_ROUND, ROUNDS = 32_000, 32, 200, 10
TESTS, RIGHT, SEED = 60, 0.95, 0  # words of each length, and the share to be reached
LETTERS = [*ascii_lowercase, ">", ".", " "]


def learn_to_turn(seed=SEED):
    """A model that passed; a line that it had never seen, and its tokens (1, T)."""
    print(f"\nA GPT learns to turn words of {SHORTEST} to {LONGEST} letters around:\n")
    rng, tokenizer = np.random.default_rng(seed), CharTokenizer(LETTERS)
    known = words(rng, WORDS)
    model = gpt(tokenizer.vocab_size, CONTEXT, seed)
    loader = rows(*tasks(tokenizer, known), BATCH, A_ROUND * BATCH)
    trainer(model, A_ROUND * ROUNDS).fit(loader, ROUNDS)
    print("\nWords that it has never seen:\n")
    right = []
    for length in range(SHORTEST, LONGEST + 1):
        new = words(rng, TESTS, length, set(known))
        answers = turned(model, tokenizer, new)
        right += [answer == f"{word[::-1]}." for word, answer in zip(new, answers, strict=True)]
        print(f"  {new[0]:>{LONGEST}}>{answers[0]}")
    print(f"\nOf {len(right)} such words, {np.mean(right):.1%} came out right, dot included.")
    if np.mean(right) < RIGHT:
        sys.exit(
            f"\n{RIGHT:.0%} are within reach, and all parts agreed with NumPy: `tito module test`"
            "\ntells more about each of them"
        )
    probes.mirror(model, tasks(tokenizer, new)[0], LONGEST)
    line = f"{new[0]}>{new[0][::-1]}"
    return model, line, np.array([tokenizer.encode(line)])


def words(rng, count, length=None, known=()):
    """Words that rng draws, of one length or of all, and none that is known."""
    found = []
    while len(found) < count:
        size = length or rng.integers(SHORTEST, LONGEST + 1)
        word = "".join(ascii_lowercase[place] for place in rng.integers(0, 26, size))
        if word not in known:
            found.append(word)
    return found


def tasks(tokenizer, words):
    """Arrays (N, CONTEXT): inputs, and what follows each; asked for is only what follows the >."""
    lines = [f"{word}>{word[::-1]}.".ljust(CONTEXT + 1) for word in words]
    ids = np.array([tokenizer.encode(line) for line in lines])
    sizes, places = np.array([[len(word)] for word in words]), np.arange(CONTEXT)
    asked = (sizes <= places) & (places <= 2 * sizes)
    return ids[:, :-1], np.where(asked, ids[:, 1:], UNASKED)


def turned(model, tokenizer, words):
    """What the model writes behind words of one length."""
    start = torch.tensor([tokenizer.encode(f"{word}>") for word in words])
    written = generate(model, start, len(words[0]) + 1, temperature=0)
    return [tokenizer.decode(ids)[len(words[0]) + 1 :] for ids in written.tolist()]
