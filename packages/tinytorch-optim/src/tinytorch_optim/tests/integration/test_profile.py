"""Profiling, whole: a training, a text that is written, and what runs in other threads."""

import json
import threading
from itertools import pairwise

import numpy as np
import tinytorch.core as torch
from tinytorch import nn, optim
from tinytorch.data import DataLoader, TensorDataset
from tinytorch.nn.transformer import generate, next_token_loss
from tinytorch.profiling import FlopCounterMode, profile, record_function

REQUIRES = ("losses", "dataloader", "optimizers", "transformers", "profiling")

WIDTH, LAYERS, KINDS = 16, 2, 11


def forward_flops(texts, length):
    """A GPT by hand: 12·E² in the matrices of a block, the head, and two products of attention."""
    matrices = LAYERS * 12 * WIDTH**2 + KINDS * WIDTH
    return texts * (2 * length * matrices + LAYERS * 4 * length**2 * WIDTH)


def small_gpt():
    torch.manual_seed(1)
    return nn.GPT(KINDS, 12, d_model=WIDTH, nhead=4, num_layers=LAYERS)


def test_a_training_costs_what_can_be_computed_by_hand():
    model = small_gpt()
    optimizer = optim.AdamW(model.parameters())
    texts = torch.tensor(np.random.default_rng(2).integers(0, KINDS, (6, 9)))
    with FlopCounterMode(display=False) as counter, profile(with_flops=True) as prof:
        for (batch,) in DataLoader(TensorDataset(texts), batch_size=2):
            with record_function("step"):
                optimizer.zero_grad()
                next_token_loss(model, batch).backward()
                optimizer.step()
    assert counter.get_total_flops() == 3 * 3 * forward_flops(2, 8)
    rows = {row.key: row for row in prof.key_averages()}
    assert sum(row.flops for row in rows.values()) == counter.get_total_flops()
    assert rows["step"].count == rows["cross_entropy"].count == 3
    assert rows["layer_norm backward"].count == 3 * 3 * (2 * LAYERS + 1), "three gradients each"
    steps = [event for event in prof.events() if event.name == "step"]
    assert rows["step"].cpu_time_total >= rows["linear"].cpu_time_total > 0
    assert all(a.end <= b.start for a, b in pairwise(steps))


def test_writing_without_a_cache_computes_everything_again():
    model, start = small_gpt(), torch.tensor([[1, 2, 3]])
    with FlopCounterMode(display=False) as counter:
        generate(model, start, 5, temperature=0)
    assert counter.get_total_flops() == sum(forward_flops(1, length) for length in range(3, 8))


def test_a_watched_model_learns_the_same():
    losses = []
    for watched in (False, True):
        model = small_gpt()
        optimizer = optim.AdamW(model.parameters())
        texts = torch.tensor(np.random.default_rng(3).integers(0, KINDS, (4, 9)))
        with profile() if watched else record_function("nobody hears it"):
            for _ in range(3):
                optimizer.zero_grad()
                loss = next_token_loss(model, texts)
                loss.backward()
                optimizer.step()
        losses.append(loss.item())
    assert losses[0] == losses[1]


def test_every_thread_has_its_own_row_in_the_trace(tmp_path):
    x = torch.ones(4, 5)

    def work():
        with record_function("in a thread"):
            x @ x.T

    with profile() as prof:
        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads:
            thread.start()
        work()
        for thread in threads:
            thread.join()
    prof.export_chrome_trace(tmp_path / "trace.json")
    bars = json.loads((tmp_path / "trace.json").read_text(encoding="utf-8"))["traceEvents"]
    outer = [bar for bar in bars if bar["name"] == "in a thread"]
    assert len(outer) == sum(bar["name"] == "matmul" for bar in bars) == 4
    for bar in bars:
        if bar["name"] == "matmul":
            end = bar["ts"] + bar["dur"]
            around = [o for o in outer if o["tid"] == bar["tid"] and o["ts"] <= bar["ts"]]
            assert any(end <= o["ts"] + o["dur"] for o in around)
