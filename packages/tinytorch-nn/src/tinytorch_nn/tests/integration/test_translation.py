"""Encoder and decoder: what is written hears of all that was read, and of nothing that comes later."""

import numpy as np
import tinytorch.core as torch
import tinytorch.nn.functional as F
from tinytorch import nn, optim

REQUIRES = ("losses", "optimizers", "embeddings", "attention", "transformers")

START, LETTERS, LENGTH, WIDTH = 0, 6, 4, 32


class Reverser(nn.Module):
    """It reads words (N, LENGTH) and writes them backwards."""

    def __init__(self):
        super().__init__()
        self.letters = nn.Embedding(LETTERS, WIDTH)
        self.places = nn.LearnedPositions(LENGTH, WIDTH)
        self.core = nn.Transformer(WIDTH, 4, 1, 1, 64, 0.0, batch_first=True)
        self.head = nn.Linear(WIDTH, LETTERS)

    def forward(self, words, written):
        late = self.core.generate_square_subsequent_mask(written.shape[1])
        read, begun = (self.places(self.letters(tokens)) for tokens in (words, written))
        return self.head(self.core(read, begun, tgt_mask=late, tgt_is_causal=True))


def some_words(rng, count):
    """Words, what is written before each letter of their reverse, and that reverse."""
    words = rng.integers(1, LETTERS, (count, LENGTH))
    turned = words[:, ::-1]
    before = np.concatenate([np.full((count, 1), START), turned[:, :-1]], 1)
    return torch.tensor(words), torch.tensor(before), torch.tensor(turned)


def test_it_learns_to_write_backwards():
    torch.manual_seed(0)
    model, rng = Reverser(), np.random.default_rng(0)
    optimizer = optim.AdamW(model.parameters(), lr=3e-3)
    for _ in range(200):
        words, before, turned = some_words(rng, 32)
        loss = F.cross_entropy(model(words, before).flatten(0, 1), turned.flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    words, _, turned = some_words(rng, 50)
    written = torch.full((50, 1), START)
    for _ in range(LENGTH):
        new = model(words, written)[:, -1].argmax(1)
        written = torch.cat([written, new.unsqueeze(1)], 1)
    right = (written[:, 1:] == turned).numpy().mean()
    assert right > 0.95, f"of the letters, {right:.0%} are right"


def test_who_hears_of_a_change():
    torch.manual_seed(1)
    core = nn.Transformer(8, 2, 2, 2, 16, 0.0, batch_first=True)
    texts = {"src": torch.randn(1, 5, 8), "tgt": torch.randn(1, 4, 8)}
    late = core.generate_square_subsequent_mask(4)
    before = core(**texts, tgt_mask=late).detach().numpy()
    for name, place, first in [("src", 0, 0), ("src", 4, 0), *(("tgt", n, n) for n in range(4))]:
        other = {key: text.clone() for key, text in texts.items()}
        other[name][:, place] += torch.randn(8)
        after = core(**other, tgt_mask=late).detach().numpy()
        heard = (np.abs(after - before).max((0, 2)) > 1e-6).tolist()
        assert heard == [n >= first for n in range(4)], f"{name}, place {place}: {heard}"


def test_padding_of_either_text_changes_nothing():
    """A pair in a batch gives what it gives alone, whatever stands behind the ends of both texts."""
    torch.manual_seed(2)
    core = nn.Transformer(8, 2, 1, 2, 16, 0.0, batch_first=True, norm_first=True)
    src, tgt, ends = torch.randn(3, 5, 8), torch.randn(3, 4, 8), [(5, 2), (3, 4), (1, 3)]
    here, there = (
        torch.tensor(np.arange(size) >= np.array(lengths)[:, None])
        for size, lengths in zip((5, 4), zip(*ends, strict=True), strict=True)
    )
    padding = {
        "src_key_padding_mask": here,
        "memory_key_padding_mask": here,
        "tgt_key_padding_mask": there,
    }
    together = core(src, tgt, **padding).detach().numpy()
    for n, (read, written) in enumerate(ends):
        alone = core(src[n : n + 1, :read], tgt[n : n + 1, :written]).detach().numpy()[0]
        np.testing.assert_allclose(together[n, :written], alone, 1e-4, 1e-5, err_msg=f"pair {n}")


def test_a_small_step_does_what_the_gradients_say():
    model, rng, eps = Reverser().double(), np.random.default_rng(3), 1e-5
    words, before, turned = some_words(rng, 3)
    late = model.core.generate_square_subsequent_mask(LENGTH, dtype=torch.float64)

    def loss():
        read, begun = (model.places(model.letters(tokens)) for tokens in (words, before))
        logits = model.head(model.core(read, begun, tgt_mask=late))
        return F.cross_entropy(logits.flatten(0, 1), turned.flatten())

    loss().backward()
    for name, p in model.named_parameters():
        direction, losses = torch.tensor(rng.normal(size=p.shape)), []
        for step in (eps, -2 * eps, eps):
            p.detach().add_(direction * step)
            losses.append(loss().item())
        slope = (losses[0] - losses[1]) / (2 * eps)
        told = torch.sum(p.grad * direction).item()
        assert abs(told - slope) < 1e-4 * abs(slope) + 1e-8, f"{name}: {told}, and really {slope}"
