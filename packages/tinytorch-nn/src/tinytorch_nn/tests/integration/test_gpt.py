"""Transformers, whole: what they learn, what they save, and what padding and order do to them."""

import pickle
from contextlib import suppress

import numpy as np
import tinytorch.core as torch
import tinytorch.nn.functional as F
from tinytorch import nn, optim
from tinytorch.data import CharTokenizer
from tinytorch.nn.transformer import generate, next_token_loss

REQUIRES = ("losses", "optimizers", "tokenization", "embeddings", "attention", "transformers")

TEXT = "the quick brown fox jumps over the lazy dog. " * 3


def small_gpt(tied=True):
    torch.manual_seed(1)
    return nn.GPT(30, 12, d_model=16, nhead=4, num_layers=2, tied=tied)


def some_tokens(*shape):
    return torch.tensor(np.random.default_rng(2).integers(0, 30, shape))


def test_it_knows_more_than_pairs_of_letters():
    """A table of counted pairs has a loss that no table beats; a GPT of the same letters does."""
    tokenizer = CharTokenizer().train(TEXT)
    ids, size = np.array(tokenizer.encode(TEXT)), tokenizer.vocab_size
    counts = np.zeros((size, size))
    np.add.at(counts, (ids[:-1], ids[1:]), 1)
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    pairs = -(counts * np.log(np.where(counts > 0, shares, 1))).sum() / counts.sum()
    torch.manual_seed(0)
    model = nn.GPT(size, 16, d_model=32, nhead=4, num_layers=2)
    optimizer, rng = optim.AdamW(model.parameters(), lr=5e-3), np.random.default_rng(0)
    for _ in range(200):
        begins = rng.integers(0, 45, 8)
        loss = next_token_loss(model, torch.tensor(np.stack([ids[b : b + 17] for b in begins])))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss.item() < pairs / 2, f"the loss is {loss.item():.2f}, and that of pairs {pairs:.2f}"
    start = torch.tensor([tokenizer.encode(TEXT[:8])])
    written = generate(model, start, 37, temperature=0)[0].tolist()
    assert tokenizer.decode(written) == TEXT[:45], (
        "it should go on with the sentence that it learnt"
    )


def test_a_state_brings_back_the_model():
    tokens, model, other = some_tokens(2, 12), small_gpt(), small_gpt()
    optimizer = optim.AdamW(model.parameters(), lr=0.1)
    next_token_loss(model, tokens).backward()
    optimizer.step()
    before = model(tokens).detach().numpy()
    assert np.abs(other(tokens).detach().numpy() - before).max() > 1e-3, "a step changes the logits"
    other.load_state_dict(pickle.loads(pickle.dumps(model.state_dict())))
    np.testing.assert_array_equal(other(tokens).detach().numpy(), before, "after loading the state")
    assert other.head.weight is other.token.weight, "a loaded state leaves tied weights tied"


def test_a_tied_weight_moves_once():
    """Its gradient is the sum of what token and head say, and an optimizer takes one step with it."""
    tokens, tied, free = some_tokens(3, 9), small_gpt(), small_gpt(tied=False)
    free.load_state_dict(tied.state_dict())
    for model in (tied, free):
        next_token_loss(model, tokens).backward()
    both = free.token.weight.grad + free.head.weight.grad
    np.testing.assert_allclose(tied.token.weight.grad.numpy(), both.numpy(), 1e-4, 1e-7)
    before = tied.token.weight.detach().numpy().copy()
    optim.SGD(tied.parameters(), lr=0.5).step()
    moved = tied.token.weight.detach().numpy() - before
    np.testing.assert_allclose(moved, -0.5 * both.numpy(), 1e-3, 1e-6, err_msg="one step, not two")


def test_gradients_say_what_a_small_step_does():
    """Each parameter moves a little in a direction of its own; the loss follows its gradient."""
    tokens, model, rng, eps = (
        some_tokens(2, 8),
        small_gpt().double(),
        np.random.default_rng(5),
        1e-5,
    )
    for p in model.parameters():
        p.detach().add_(torch.tensor(rng.normal(0, 0.2, p.shape)))
    next_token_loss(model, tokens).backward()
    for name, p in model.named_parameters():
        direction = torch.tensor(rng.normal(size=p.shape))
        losses = []
        for step in (eps, -2 * eps, eps):
            p.detach().add_(direction * step)
            losses.append(next_token_loss(model, tokens).item())
        slope = (losses[0] - losses[1]) / (2 * eps)
        told = torch.sum(p.grad * direction).item()
        assert abs(told - slope) < 1e-4 * abs(slope) + 1e-8, f"{name}: {told}, and really {slope}"


def test_half_batches_add_up_to_the_whole():
    tokens, model = some_tokens(6, 10), small_gpt()
    next_token_loss(model, tokens).backward()
    whole = {name: p.grad.numpy().copy() for name, p in model.named_parameters()}
    model.zero_grad()
    for half in (tokens[:3], tokens[3:]):
        (next_token_loss(model, half) / 2).backward()
    for name, p in model.named_parameters():
        np.testing.assert_allclose(p.grad.numpy(), whole[name], 1e-3, 1e-6, err_msg=name)


def test_padding_changes_nothing():
    """Sentences in one batch give what each gives alone, whatever stands behind their ends."""
    torch.manual_seed(3)
    block = nn.TransformerEncoderLayer(8, 2, 16, 0.0, batch_first=True)
    encoder = nn.TransformerEncoder(block, 2).eval()
    lengths, batch = (5, 2, 4), torch.randn(3, 5, 8)
    padding = torch.tensor(np.arange(5) >= np.array(lengths)[:, None])
    together = encoder(batch, src_key_padding_mask=padding).detach().numpy()
    for n, length in enumerate(lengths):
        alone = encoder(batch[n : n + 1, :length]).detach().numpy()[0]
        np.testing.assert_allclose(together[n, :length], alone, 1e-4, 1e-5, err_msg=f"sentence {n}")


def test_order_reaches_an_encoder_only_through_positions():
    torch.manual_seed(4)
    block = nn.TransformerEncoderLayer(8, 2, 16, 0.0, batch_first=True, norm_first=True)
    x, shuffled = torch.randn(1, 6, 8), [3, 0, 5, 1, 4, 2]
    positions = nn.LearnedPositions(6, 8)
    bare = block(x).detach().numpy()[:, shuffled] - block(x[:, shuffled]).detach().numpy()
    assert np.abs(bare).max() < 1e-5, "words in another order: the same outputs, in that order"
    placed = block(positions(x))[:, shuffled] - block(positions(x[:, shuffled]))
    assert placed.abs().max().item() > 1e-3, "with positions, the order matters"


def test_chance_alone_costs_the_logarithm_of_the_vocabulary():
    model, tokens = small_gpt(), some_tokens(4, 13)
    expected = F.cross_entropy(torch.zeros(48, 30), tokens[:, 1:].flatten()).item()
    assert abs(next_token_loss(model, tokens).item() - expected) < 0.05, "the first loss is log V"


def test_writing_leaves_the_mode_as_it_was():
    class Short(nn.GPT):
        def forward(self, input):
            assert not self.training, "it writes in evaluation mode"
            if input.shape[1] > 4:
                raise RuntimeError("too long")
            return super().forward(input)

    model, start = Short(30, 12, 8, 2, 1), some_tokens(1, 2)
    for training in (True, False):
        generate(model.train(training), start, 2)
        assert model.training is training, f"training was {training} before it wrote"
        with suppress(RuntimeError):
            generate(model, start, 9)
        assert model.training is training, f"training was {training} before the error"
