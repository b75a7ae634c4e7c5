"""Module 14, next to counts on paper, and to a clock and a hunger that are known beforehand."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import tinytorch.core as torch
import tinytorch.nn.functional as F
from tinytorch import profiling
from tinytorch.nn.transformer import next_token_loss
from tinytorch_core.evidence import agree, checking, compare, fault
from tinytorch_core.recipe import perceptron
from tinytorch_nn.language.checks import CONTEXT, VOCABULARY, WIDTH, small_gpt
from tinytorch_nn.vision.networks import convolutional

HIDDEN = 64


def check_profiling(x, y):
    """x (N, 8, 8) and y (N,): some images and their labels."""
    check_arithmetic(x, y)
    check_size()
    check_events(x)
    check_spans()
    check_trace(x)
    check_clock()
    check_memory()


def counted(what, call):
    """The FLOPs that the counter sees in a call."""
    with checking("profiling", f"counting {what}"):
        with profiling.FlopCounterMode(display=False) as counter:
            call()
        return counter.get_total_flops()


def check_arithmetic(x, y):
    """A product of m×k and k×n numbers is m·k·n times multiplying and adding."""
    images, pixels = len(x), 64
    first, second = 2 * images * pixels * HIDDEN, 2 * images * HIDDEN * 10
    model, gpt, rows = perceptron(0, HIDDEN), small_gpt(), 3
    convolutions = convolutional(0)
    strokes = 2 * images * (64 * 16 * 9 + 16 * 32 * 16 * 9 + 32 * 4 * 10)
    length = CONTEXT - 1  # of what a GPT of two blocks reads: the last token is only a target
    weights = 2 * 12 * WIDTH * WIDTH + WIDTH * VOCABULARY
    text = 2 * rows * length * (weights + 2 * 2 * length * WIDTH)
    tokens = torch.tensor(np.random.default_rng(0).integers(0, VOCABULARY, (rows, CONTEXT)))
    for what, call, expected in (
        ("a hidden layer", lambda: model(x), first + second),
        ("convolutions", lambda: convolutions(x[:, None]), strokes),
        # The way back has a product for each weight, and one for each input that anybody learns from.
        (
            "a hidden layer, there and back",
            lambda: F.cross_entropy(model(x), y).backward(),
            2 * first + 3 * second,
        ),
        ("a GPT, there and back", lambda: next_token_loss(gpt, tokens).backward(), 3 * text),
    ):
        compare("profiling", f"the FLOPs of {what}", counted(what, call), expected, 0)
    print("  the arithmetic of a hidden layer, convolutions and a GPT: counted as on paper")


def check_size():
    model = convolutional(0)
    with checking("profiling", "model_size"):
        parameters, nbytes = profiling.model_size(model)
    learned = 16 * 9 + 32 * 16 * 9 + 2 * (16 + 32) + 128 * 10 + 10
    agree("profiling", "the numbers that a model learns", parameters, learned, 0)
    moments = 4 * 2 * (16 + 32) + 2 * 8  # what batch norm remembers, and how many batches it saw
    agree("profiling", "a model's bytes", nbytes, 4 * learned + moments, 0)


def check_events(x):
    """One event for each operation, with the bytes and FLOPs of what it was called with."""
    model, images = perceptron(0, HIDDEN), len(x)
    with checking("profiling", "profile"):
        with profiling.profile(with_flops=True) as profiler, torch.no_grad():
            model(x)
            model(x)
        rows = {row.key: row for row in profiler.key_averages()}
        layer, relu = rows["linear"], rows["relu"]
        table = profiler.key_averages().table(sort_by="flops")
    weights, inner = 64 * HIDDEN + HIDDEN + HIDDEN * 10 + 10, images * HIDDEN
    for what, yours, expected in (
        ("calls", [layer.count, relu.count], [4, 2]),
        ("FLOPs", [layer.flops, relu.flops], [4 * images * HIDDEN * 74, 0]),
        ("bytes read", layer.bytes_read, 8 * (images * 64 + inner + weights)),
        ("bytes written", layer.bytes_written, 8 * (inner + images * 10)),
        ("bytes moved by relu", relu.bytes_moved, 2 * 8 * inner),
    ):
        compare("profiling", f"the {what} of the profiler's events", yours, expected, 0)
    if table.split("\n")[2].split()[0] != "linear":
        fault("profiling", "the table", "what has most FLOPs should stand on top")
    after = profiler.events()
    model(x)
    if len(profiler.events()) != len(after):
        fault("profiling", "profile", "it goes on recording when its block is over")
    print("  calls, FLOPs and bytes of a profiler's events: as on paper")


def check_spans():
    """By a clock that goes on by 1, 2, 3, … µs from look to look."""
    looks = iter(np.arange(20).cumsum() * 1000)
    with checking("profiling", "nested events"):
        recording = profiling.profiler.Recording(lambda: int(next(looks)), lambda: 0)
        outer = recording.begin("outer")
        for name in ("one", "other"):
            recording.end(recording.begin(name))
        recording.end(outer)
        rows = profiling.profiler.averages(recording.all)
        found = [(row.cpu_time_total, row.self_cpu_time_total) for row in rows]
    agree("profiling", "the times of nested events", found, [(15, 9), (2, 2), (4, 4)], 1e-9)


def check_trace(x):
    model = perceptron(0, HIDDEN)
    with checking("profiling", "a trace"), TemporaryDirectory() as folder:
        with profiling.profile() as profiler, profiling.record_function("reading"):
            model(x)
        profiler.export_chrome_trace(Path(folder) / "trace.json")
        trace = json.loads((Path(folder) / "trace.json").read_text(encoding="utf-8"))
    bars = [each for each in trace["traceEvents"] if each["ph"] == "X"]
    (outer,), inner = (
        [bar for bar in bars if (bar["name"] == "reading") == outside] for outside in (True, False)
    )
    if [bar["name"] for bar in inner if bar["name"] in ("linear", "relu")] != [
        "linear",
        "relu",
        "linear",
    ]:
        fault("profiling", "a trace", "each operation should be a bar, in the order of their calls")
    if any(bar["ts"] < outer["ts"] or bar["dur"] > outer["dur"] for bar in inner):
        fault("profiling", "a trace", "a bar reaches out of the stretch that it is part of")
    known = [(event.start / 1000, (event.end - event.start) / 1000) for event in profiler.events()]
    compare("profiling", "µs in a trace", [(bar["ts"], bar["dur"]) for bar in bars], known, 1e-9)
    print("  a trace: has each operation, inside of its stretch")


def check_clock():
    calls, times = [], [3.0, 9.0, 1.0, 5.0, 4.0]
    looks = iter(np.cumsum([value for time in times for value in (100.0, time)]))
    with checking("profiling", "latency"):
        found = profiling.latency(lambda: calls.append(1), 3, 5, lambda: next(looks))
    agree("profiling", "latency by a known clock", found.times, times, 1e-9)
    agree("profiling", "its quartiles", [found.lower, found.median, found.upper], [3, 4, 5], 1e-9)
    compare("profiling", "the calls to warm up, and to time,", len(calls), 8, 0)
    with checking("profiling", "speedup"):
        found = profiling.speedup(0.6, 3)
    agree("profiling", "Amdahl's law", found, 1 / (0.4 + 0.2))


def check_memory():
    """A call that needs 1 MB, then 3 MB, then 2 MB, and keeps nothing."""
    needs, before = (1_000_000, 3_000_000, 2_000_000), np.zeros(500_000)
    with checking("profiling", "peak_memory"):
        peak = profiling.peak_memory(lambda: [np.zeros(n, np.uint8)[:1].item() for n in needs])
    compare("profiling", "the peak of a known hunger, in MB,", peak / 1e6, 3, 0.02)
    print(f"  the peak of memory beyond the {before.nbytes:,} bytes there were: as on paper")
