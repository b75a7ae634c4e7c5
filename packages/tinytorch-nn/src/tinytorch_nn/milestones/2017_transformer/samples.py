"""What it writes, and how much of that Python can read."""

import ast
from textwrap import indent

import numpy as np
import tinytorch.core as torch
from tinytorch.nn.transformer import generate
from tinytorch_nn.language.by_hand import softmax

START, MANY, LENGTH = "\n\ndef ", 24, 120  # texts, and tokens of each
TEMPERATURE, TOP_K = 0.8, 50


def show_samples(model, tokenizer, table, real):
    start = tokenizer.encode(START)
    torch.manual_seed(0)
    rows = torch.tensor([start] * MANY)
    written = generate(model, rows, LENGTH, TEMPERATURE, TOP_K).tolist()
    texts = [tokenizer.decode(ids) for ids in written]
    print("\nIt writes:")
    for text in texts[:3]:
        print("\n" + indent(text.strip(), "    "))
    pairs = [tokenizer.decode(ids) for ids in draw_pairs(table, start)]
    print("\nOf its lines of code, Python can read, each by itself:")
    for name, some in (("counted pairs", pairs), ("your GPT", texts), ("the real library", [real])):
        lines = [line for text in some for line in code_of(text)]
        print(f"  {name:17}{np.mean([can_be_read(line) for line in lines]):5.0%} of {len(lines)}")


def draw_pairs(table, start):
    """Texts by counted pairs, with the same temperature and the same number of candidates."""
    rng, rows = np.random.default_rng(0), np.tile(start, (MANY, 1))
    for _ in range(LENGTH):
        logits = np.log(table[rows[:, -1]]) / TEMPERATURE
        smallest = np.partition(logits, -TOP_K)[:, -TOP_K, None]
        sums = softmax(np.where(logits < smallest, -np.inf, logits)).cumsum(1)
        new = (sums <= rng.random((MANY, 1)) * sums[:, -1:]).sum(1)
        rows = np.concatenate([rows, new[:, None]], 1)
    return rows.tolist()


def code_of(text):
    """The whole lines that are neither blank nor only a comment, without the blanks before them."""
    lines = [line.strip() for line in text.split("\n")[:-1]]  # the last one was cut off
    return [line for line in lines if line and not line.startswith("#")]


def can_be_read(line):
    """Whether Python can parse it; what opens a block gets one."""
    try:
        ast.parse(f"{line} pass" if line.endswith(":") else line)
    except (SyntaxError, ValueError):  # ValueError: a character that is none, in old versions
        return False
    return True
