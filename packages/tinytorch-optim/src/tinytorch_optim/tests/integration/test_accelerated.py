"""Acceleration, whole: what is fused computes what is not, in models that learn, write and are saved."""

import numpy as np
import pytest
import tinytorch.core as torch
import tinytorch.nn.functional as F
from tinytorch import nn, optim
from tinytorch.core.autograd import gradcheck
from tinytorch.nn.transformer import generate, next_token_loss
from tinytorch.optim.acceleration import (
    BLOCK,
    TILE,
    FusedAdamW,
    FusedGPT,
    Machine,
    chart,
    flash_attention,
    fused_gelu,
    roof,
    this_machine,
    tiled_matmul,
    tiled_traffic,
)
from tinytorch.optim.memoization import KVCache, next_logits
from tinytorch.optim.memoization import generate as generate_cached
from tinytorch.profiling import FlopCounterMode, peak_memory

REQUIRES = ("losses", "optimizers", "transformers", "memoization", "acceleration")
LONG = TILE + 44


def counting(batch, length):
    return torch.tensor((np.arange(batch)[:, None] + np.arange(length + 1)) % 7)


def pair(context, **options):
    """A plain and a fused GPT with the same weights, in float64."""
    torch.manual_seed(1)
    plain = nn.GPT(7, context, 8, 2, **options).double()
    fused = FusedGPT(7, context, 8, 2, **options).double()
    fused.load_state_dict(plain.state_dict())
    return plain, fused


def train(model, optimizer, tokens, steps):
    for _ in range(steps):
        optimizer.zero_grad()
        loss = next_token_loss(model, tokens)
        loss.backward()
        optimizer.step()
    return loss.item()


@pytest.mark.parametrize("length", [20, LONG])
def test_a_fused_gpt_learns_and_writes_the_same(length):
    plain, fused = pair(length)
    tokens = counting(4, length)
    losses = [
        train(plain, optim.AdamW(plain.parameters(), 0.02), tokens, 8),
        train(fused, FusedAdamW(fused.parameters(), 0.02), tokens, 8),
    ]
    assert losses[0] == pytest.approx(losses[1], abs=1e-8)
    for (name, expected), got in zip(plain.named_parameters(), fused.parameters(), strict=True):
        np.testing.assert_allclose(got.detach(), expected.detach(), atol=1e-6, err_msg=name)
    start = tokens[:2, : length - 5]
    texts = [generate(model, start, 8, temperature=0).tolist() for model in (plain, fused)]
    assert texts[0] == texts[1], "the fused GPT writes another text"
    assert generate_cached(fused, start, 8, temperature=0).tolist() == texts[0]


def test_a_cache_reads_what_a_fused_gpt_knows():
    _, fused = pair(LONG)
    tokens = counting(2, LONG).numpy()[:, :LONG]
    with torch.no_grad():
        expected = fused(torch.tensor(tokens))[:, -1].numpy()
    got = next_logits(fused, tokens, KVCache.of(fused, 2)).detach().numpy()
    np.testing.assert_allclose(got, expected, atol=1e-9)


def test_nobody_sees_what_comes_later():
    _, fused = pair(LONG)
    tokens = counting(1, LONG)[:, :LONG]
    other = tokens.clone()
    other[0, LONG - 20 :] = 0
    with torch.no_grad():
        before, after = (fused(each).numpy()[0] for each in (tokens, other))
    np.testing.assert_array_equal(before[: LONG - 20], after[: LONG - 20])
    assert np.abs(before[-1] - after[-1]).max() > 1e-6, "the last one should see them"


def test_dropout_falls_where_it_falls_in_a_plain_gpt():
    plain, fused = pair(LONG, dropout=0.2)
    losses = []
    for model in (plain, fused):
        torch.manual_seed(5)
        losses.append(next_token_loss(model, counting(2, LONG)).item())
    assert losses[0] == pytest.approx(losses[1], abs=1e-12)


def test_gradients_agree_with_finite_differences():
    rng = np.random.default_rng(2)
    tensors = [torch.tensor(rng.normal(size=(2, 5, 3)), requires_grad=True) for _ in range(3)]
    for causal in (False, True):
        assert gradcheck(lambda q, k, v, c=causal: flash_attention(q, k, v, c, tile=2), tensors)
    assert gradcheck(fused_gelu, tensors[:1])


def test_an_input_that_is_used_twice_gets_both_gradients():
    x = torch.tensor(np.random.default_rng(3).normal(size=(6, 4)), requires_grad=True)
    found = []
    for attend in (flash_attention, F.scaled_dot_product_attention):
        x.grad = None
        (attend(x, x, x, is_causal=True) + x).sum().backward()
        found.append(x.grad.numpy())
    np.testing.assert_allclose(*found, atol=1e-12)


def test_shapes_that_do_not_fit_are_refused():
    q, k, v = (torch.zeros(2, n, 4) for n in (3, 5, 5))
    for wrong in [(q, k, v[:, :4]), (q, k[:1], v[:1]), (q, k[..., :3], v), (q, k, v.to("float64"))]:
        with pytest.raises(RuntimeError, match="flash_attention"):
            flash_attention(*wrong)
    with pytest.raises(RuntimeError, match="gelu"):
        fused_gelu(torch.tensor([1, 2]))


def test_a_state_goes_from_one_optimizer_to_the_other_and_back():
    rng = np.random.default_rng(4)
    start = rng.normal(size=(3, BLOCK)).astype(np.float32)
    kinds = [(optim.AdamW,) * 4, (optim.AdamW, FusedAdamW, optim.AdamW, FusedAdamW)]
    ends = []
    for row in kinds:
        weight, state = torch.tensor(start, requires_grad=True), None
        for step, kind in enumerate(row):
            optimizer = kind([{"params": [weight], "weight_decay": 0.3}], lr=0.1)
            if state:
                optimizer.load_state_dict(state)
            weight.grad = torch.tensor(np.cos(start + step))
            optimizer.step()
            state = optimizer.state_dict()
        ends.append(weight.detach().numpy())
    np.testing.assert_array_equal(*ends)


def test_flops_are_those_of_plain_attention_and_one_product_more_backwards():
    counts = []
    for attend in (F.scaled_dot_product_attention, flash_attention):
        q, k, v = (torch.zeros(2, 3, n, 4, requires_grad=True) for n in (6, 9, 9))
        with FlopCounterMode(display=False) as counter:
            attend(q, k, v).sum().backward()
        counts.append(counter.get_total_flops())
    assert counts[1] == counts[0] + 2 * (2 * 3) * (6 * 9) * 4


def test_the_memory_of_attention_grows_with_the_length():
    most = []
    for length in (2 * TILE, 8 * TILE):
        q, k, v = (torch.randn(1, length, 4) for _ in range(3))
        most.append(peak_memory(lambda q=q, k=k, v=v: flash_attention(q, k, v, is_causal=True)))
    assert most[1] < 4 * most[0], f"four times the length, more than four times the memory: {most}"


def test_tiles_move_what_was_predicted_and_nothing_is_lost():
    rng = np.random.default_rng(6)
    for n, k, m, tile in rng.integers(1, 30, (20, 4)):
        a, b, c = rng.normal(size=(n, k)), rng.normal(size=(k, m)), np.full((n, m), np.nan)
        tiled_matmul(a, b, c, tile)
        np.testing.assert_allclose(c, a @ b, atol=1e-12)
        least = tiled_traffic(n, k, m, max(n, m))
        assert least == n * k + k * m + n * m, "one tile: everything moves once"
        assert tiled_traffic(n, k, m, tile) >= least


def test_a_chart_shows_points_where_they_are():
    example = Machine(64e9, 8e9)
    points = [("ridge", 8, 64e9), ("half", 8, 32e9), ("far", 1e9, 1), ("up", 8, 1e12)]
    lines = chart(example, points).splitlines()
    place = lines[-1].index("▲")
    assert "8.0" in lines[-1]
    assert lines[0][place] == "u", "what is above the peak stands in the first line"
    assert lines[1][place] == "h"
    assert not any("f" in line for line in lines[:-1]), "what is outside isn't drawn"
    assert roof(8, example) == example.peak


def test_a_machine_is_measured():
    here = this_machine(sides=(64,), length=2**14)
    assert here.peak > 0
    assert here.bandwidth > 0
