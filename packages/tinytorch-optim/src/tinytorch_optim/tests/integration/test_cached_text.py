"""A model that was trained writes with a cache: the same, cheaper, and never from what has changed."""

import numpy as np
import tinytorch.core as torch
from tinytorch import nn, optim
from tinytorch.data import CharTokenizer
from tinytorch.nn import transformer
from tinytorch.nn.transformer import next_token_loss
from tinytorch.optim.memoization import KVCache, beam_search, branch, generate
from tinytorch.profiling import FlopCounterMode

REQUIRES = ("losses", "optimizers", "tokenization", "transformers", "profiling", "memoization")

TEXT = "the quick brown fox jumps over the lazy dog. " * 3


def learn(model, ids, steps=60):
    optimizer, rng = optim.AdamW(model.parameters(), lr=5e-3), np.random.default_rng(0)
    for _ in range(steps):
        begins = rng.integers(0, 45, 8)
        loss = next_token_loss(model, torch.tensor(np.stack([ids[b : b + 17] for b in begins])))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def tokenizer_and_model():
    tokenizer = CharTokenizer().train(TEXT)
    torch.manual_seed(0)
    return tokenizer, nn.GPT(tokenizer.vocab_size, 24, d_model=32, nhead=4, num_layers=2)


def flops(call):
    with FlopCounterMode(display=False) as counter:
        call()
    return counter.get_total_flops()


def test_a_model_that_goes_on_learning_never_writes_from_an_old_cache():
    tokenizer, model = tokenizer_and_model()
    ids = np.array(tokenizer.encode(TEXT))
    start, cache, written = torch.tensor([ids[:8].tolist()]), KVCache.of(model), []
    for _ in range(3):
        learn(model, ids)
        for temperature in (0, 0.8):
            texts = [
                write(model, start, 40, temperature, 5, torch.Generator().manual_seed(1), **options)
                for write, options in ((transformer.generate, {}), (generate, {"cache": cache}))
            ]
            assert texts[0].tolist() == texts[1].tolist(), "with a cache, the same text"
        written.append(texts[0].tolist())
    assert written[0] != written[2], "it learnt in between, so it should write something else"


def test_gradients_do_not_hear_of_a_cache():
    """A text that is written between forward and backward changes no gradient."""
    tokenizer, model = tokenizer_and_model()
    tokens, gradients = torch.tensor([tokenizer.encode(TEXT[:20])]), []
    for writes in (False, True):
        model.zero_grad()
        loss = next_token_loss(model, tokens)
        if writes:
            generate(model, tokens[:, :4], 6)
        loss.backward()
        gradients.append([p.grad.numpy().copy() for p in model.parameters()])
    for one, other in zip(*gradients, strict=True):
        np.testing.assert_array_equal(one, other, "a text was written, and a gradient is another")


def test_a_prompt_is_paid_for_once():
    """By module 14's counter: a branch of what is read costs what is new, and no more."""
    tokenizer, model = tokenizer_and_model()
    prompt, cache = torch.tensor([tokenizer.encode(TEXT[:20])]), KVCache.of(model)
    whole = flops(lambda: generate(model, prompt, 1, 0, cache=cache))
    assert whole == flops(lambda: model(prompt)), "nothing is known: all of the prompt is read"
    longer = torch.tensor([tokenizer.encode(TEXT[:20] + other) for other in ("ab", "cd", "ef")])
    three = branch(cache, [0, 0, 0])
    got = flops(lambda: generate(model, longer, 1, 0, cache=three))
    width, layers, kinds, new, length = 32, 2, tokenizer.vocab_size, 2, 22
    weights = new * (12 * width**2 * layers + kinds * width)
    by_hand = 3 * 2 * (weights + 2 * width * new * length * layers)
    assert got == by_hand, f"two new tokens for each of three texts: {by_hand} FLOPs, counted {got}"


def test_a_beam_finds_a_text_that_is_as_likely_as_the_greedy_one_or_more():
    tokenizer, model = tokenizer_and_model()
    ids = np.array(tokenizer.encode(TEXT))
    learn(model, ids)
    start, new = torch.tensor([ids[:6].tolist()]), 12

    def surprise(text):  # the loss of what was added is the mean of -log p
        logits = model(text[:, :-1])[:, -new:]
        return torch.sum(nn.CrossEntropyLoss(reduction="none")(logits[0], text[0, -new:])).item()

    texts, scores = beam_search(model, start, new, 8)
    greedy = transformer.generate(model, start, new, temperature=0)
    best = surprise(texts[:1])
    assert abs(best + scores[0].item()) < 1e-3, (
        f"the score is the sum of log p: {-best}, {scores[0]}"
    )
    assert best <= surprise(greedy) + 1e-4, "eight texts at once should find one as good as greedy"
