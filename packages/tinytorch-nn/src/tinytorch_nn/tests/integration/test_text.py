"""Text goes through a tokenizer, batches, tables and gradients, and means the same as counting it."""

import numpy as np
import pytest
import tinytorch.core as torch
import tinytorch.nn.functional as F
from tinytorch import nn
from tinytorch.data import BPETokenizer, CharTokenizer, DataLoader, TensorDataset

REQUIRES = ("losses", "dataloader", "tokenization", "embeddings")

TEXT = (
    "she sells sea shells by the sea shore; the shells she sells are sea shells 🐚, I'm sure. " * 3
)


def pairs():
    return BPETokenizer(special_tokens=["<end>"]).train(TEXT, 280)


@pytest.fixture(params=["characters", "pairs"])
def tokenizer(request):
    return pairs() if request.param == "pairs" else CharTokenizer().train(TEXT)


def counted(ids, size):
    """How often each id follows each other one."""
    counts = np.zeros((size, size))
    np.add.at(counts, (ids[:-1], ids[1:]), 1)
    return counts


def test_text_comes_back_from_shuffled_batches(tokenizer):
    ids = tokenizer.encode(TEXT)
    places = torch.arange(len(ids))
    torch.manual_seed(3)
    found = {}
    for tokens, where in DataLoader(TensorDataset(torch.tensor(ids), places), 7, shuffle=True):
        found.update(zip(where.tolist(), tokens.tolist(), strict=True))
    assert tokenizer.decode([found[place] for place in range(len(ids))]) == TEXT, (
        "the tokens of all batches, put in order, are not the text"
    )


def test_a_table_of_pairs_cannot_beat_counting(tokenizer):
    """With the logarithms of counted shares, the loss is the counted entropy, and the slope is 0."""
    ids, size = tokenizer.encode(TEXT), tokenizer.vocab_size
    counts = counted(ids, size)
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    entropy = -(counts * np.log(np.where(counts > 0, shares, 1))).sum() / counts.sum()
    scores = torch.tensor(np.log(shares + 1e-30))
    table = nn.Embedding.from_pretrained(scores, freeze=False)
    x, y = torch.tensor(ids[:-1]), torch.tensor(ids[1:])
    loss = F.cross_entropy(table(x), y)
    assert loss.item() == pytest.approx(entropy), "the loss is not the entropy that counting gives"
    loss.backward()
    worst = np.abs(table.weight.grad.numpy()).max()
    assert worst < 1e-12, f"counting is the best table there is, yet its gradient is {worst:.2g}"


def test_order_matters_only_with_positions():
    torch.manual_seed(4)
    tokenizer = pairs()
    one, other = (torch.tensor(tokenizer.encode(text)) for text in (" sea shells", " shells sea"))
    table = nn.Embedding(tokenizer.vocab_size, 16)

    def read(ids, *layers):
        x = table(ids)
        for layer in layers:
            x = layer(x)
        return torch.sum(x * x, dim=0).detach().numpy()

    assert sorted(one.tolist()) == sorted(other.tolist()), "the same tokens in another order"
    np.testing.assert_allclose(read(one), read(other), 1e-5, err_msg="a sum has no order")
    for layer in (nn.LearnedPositions(9, 16), nn.SinusoidalPositions(9, 16)):
        apart = np.abs(read(one, layer) - read(other, layer)).max()
        assert apart > 1e-3, f"{layer} does not tell one order from the other"


def test_padding_neither_learns_nor_counts():
    tokenizer = pairs()
    end = tokenizer.special_tokens["<end>"]
    lines = [tokenizer.encode(text) for text in ("she sells", "the sea shore", "I'm sure")]
    longest = max(map(len, lines))
    batch = torch.tensor([line + [end] * (longest - len(line)) for line in lines])
    torch.manual_seed(5)
    table = nn.Embedding(tokenizer.vocab_size, 6, padding_idx=end)
    torch.sum(table(batch) * 2).backward()
    times = np.bincount([id for line in lines for id in line], minlength=tokenizer.vocab_size)
    expected = 2.0 * np.repeat(times[:, None], 6, 1)
    np.testing.assert_allclose(
        table.weight.grad.numpy(), expected, err_msg="each token's row gets a gradient per mention"
    )
    assert not table.weight.detach().numpy()[end].any(), "the row of the padding is not 0"
