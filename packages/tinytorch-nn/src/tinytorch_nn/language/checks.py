"""Modules 10 to 13, next to the same computations in NumPy, from the tokenizer up to a whole GPT."""

from math import cos, pi
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import tinytorch.core as torch
import tinytorch.nn.functional as F
from tinytorch import nn
from tinytorch.data import BPETokenizer, CharTokenizer
from tinytorch.nn.transformer import generate, next_token_loss, sample
from tinytorch_core.by_hand import AdamW, clipped
from tinytorch_core.checks import check_modules as check_foundation
from tinytorch_core.evidence import agree, checking, compare, compare_gradients, fault
from tinytorch_core.recipe import Recipe, perceptron

from tinytorch_nn.language import by_hand, network, pairs
from tinytorch_nn.language.by_hand import parameters

ODD = "naïve café: 東京, 🐍🐍, a half of one \ud83d,\tand 1234567 \r\n  blanks "
VOCABULARY, CONTEXT, WIDTH, HEADS = 30, 12, 16, 4  # of the GPT that is checked


def check_modules(text):
    check_foundation(lambda seed: perceptron(seed, 16), Recipe(32, 1, 0.01, 0.1, 0.5))
    check_characters()
    check_pairs(text)
    check_shapes()
    check_softmax()
    check_gelu()
    check_embedding()
    check_positions()
    check_attention()
    check_heads()
    check_norm()
    check_unasked()
    check_rounds()
    check_gpt()
    check_training()
    check_sampling()
    check_generation()


def numbers(*shape):
    """The same ones each time: float64, from a bell curve."""
    return np.random.default_rng(sum(shape)).normal(size=shape)


def leaf(array):
    return torch.tensor(array, requires_grad=True)


def slopes(module, what, output, factors, leaves):
    """The gradients at leaves of the sum of output times factors."""
    with checking(module, f"the gradient of {what}"):
        torch.sum(output * torch.tensor(factors)).backward()
    if any(each.grad is None for each in leaves):
        fault(module, f"the gradient of {what}", "there is none")
    return [each.grad.numpy() for each in leaves]


def check_characters():
    word, special = "attention", "<end>"
    with checking("tokenization", "CharTokenizer"):
        tokenizer = CharTokenizer(special_tokens=[special]).train(word)
        ids, back = tokenizer.encode(word), tokenizer.decode(tokenizer.encode(word))
        size, end = tokenizer.vocab_size, tokenizer.decode([len(set(word))])
    agree("tokenization", "characters", ids, [sorted(set(word)).index(each) for each in word])
    if (back, size, end) != (word, len(set(word)) + 1, special):
        fault("tokenization", "CharTokenizer", f"{size} tokens: {word!r} came back as {back!r}")


def check_pairs(text):
    """Trained on a part of the text, and asked about another one and about odd characters."""
    part, other = text[:4000], text[-1500:] + ODD
    with checking("tokenization", "BPETokenizer"):
        tokenizer = BPETokenizer(special_tokens=["<end>"]).train(part, 256 + 120 + 1)
        ids, back = tokenizer.encode(other), tokenizer.decode(tokenizer.encode(other))
        learnt, size = list(tokenizer.tokens), tokenizer.vocab_size
    merges = pairs.learn(part, 120)
    table = [*pairs.tokens(merges), b"<end>"]
    if size != len(table) or learnt != table:
        wrong = next((n for n, known in enumerate(learnt) if table[n : n + 1] != [known]), size)
        fault("tokenization", "training on pairs", f"token {wrong} is not what it should be")
    if b"".join(table[id] for id in ids) != other.encode("utf-8", "surrogatepass"):
        fault("tokenization", "encode", "the tokens' bytes, joined, are not the text's")
    if ids != pairs.encode(other, merges):
        fault("tokenization", "encode", "the merges were not applied in the order they were learnt")
    if back != other:
        fault("tokenization", "decode", "the text does not come back")
    with checking("tokenization", "save and load"), TemporaryDirectory() as folder:
        tokenizer.save(Path(folder) / "pairs.json")
        again = BPETokenizer.load(Path(folder) / "pairs.json").encode(other)
    if again != ids:
        fault("tokenization", "save and load", "what was loaded encodes in another way")
    print(f"  {len(merges)} merges, {len(ids)} tokens: agree with Python's, and come back as text")


def check_shapes():
    """What attention does to shapes: heads become a dimension, some are taken, texts grow."""
    x, row, factors = leaf(numbers(2, 3, 4)), leaf(numbers(2)), numbers(2, 4, 2)
    array, added = x.detach().numpy(), row.detach().numpy()
    with checking("tensor", "shapes"):
        output = x.transpose(1, 2)[:, :, 1:] + row
        longer = torch.cat([x[:, -1:], x], 1).flatten(1)
    agree("tensor", "parts, turned around", output.detach().numpy(), array.mT[:, :, 1:] + added)
    expected = np.concatenate([array[:, -1:], array], 1).reshape(2, 16)
    agree("tensor", "longer rows", longer.detach().numpy(), expected)
    found = slopes("autograd", "parts, turned around", output, factors, [x, row])
    whole = np.zeros((2, 3, 4))
    whole[:, 1:] = factors.mT
    for yours, theirs in zip(found, (whole, factors.sum((0, 1))), strict=True):
        compare("autograd", "the gradient of parts, turned around", yours, theirs)
    print("  their gradients: agree with NumPy")


def check_softmax():
    x, factors = leaf(numbers(2, 3, 4)), numbers(2, 3, 4)
    with checking("activations", "softmax"):
        output = F.softmax(x, -1)
    p = by_hand.softmax(x.detach().numpy())
    agree("activations", "softmax", output.detach().numpy(), p)
    (found,) = slopes("autograd", "softmax", output, factors, [x])
    expected = p * (factors - (p * factors).sum(-1, keepdims=True))
    agree("autograd", "the gradient of softmax", found, expected)


def check_gelu():
    x, factors = leaf(numbers(40)), numbers(40)
    with checking("activations", "gelu"):
        output = F.gelu(x, approximate="tanh")
    agree("activations", "gelu", output.detach().numpy(), by_hand.gelu(x.detach().numpy()))
    (found,) = slopes("autograd", "gelu", output, factors, [x])
    agree("autograd", "the gradient of gelu", found, by_hand.gelu_back(factors, x.detach().numpy()))


def check_embedding():
    ids, factors = np.array([[2, 0, 2, 5], [2, 2, 1, 6]]), numbers(2, 4, 3)
    with checking("embeddings", "Embedding"):
        table = nn.Embedding(7, 3, padding_idx=1).double()
        weight = table.weight.detach().numpy().copy()
        output = table(torch.tensor(ids))
    if len(np.unique(weight, axis=0)) < len(weight):
        fault("embeddings", "the start", "two rows are equal, and rows that start alike stay alike")
    agree("embeddings", "rows of a table", output.detach().numpy(), weight[ids])
    (found,) = slopes("embeddings", "Embedding", output, factors, [table.weight])
    expected = np.zeros((7, 3))
    np.add.at(expected, ids, factors)
    expected[1] = 0  # the padding
    agree("embeddings", "the gradient of a table", found, expected)


def check_positions():
    x, factors = leaf(numbers(2, 5, 4)), numbers(2, 5, 4)
    with checking("embeddings", "LearnedPositions"):
        places = nn.LearnedPositions(8, 4).double()
        weight, output = places.weight.detach().numpy(), places(x, start=2)
    if len(np.unique(weight, axis=0)) < len(weight):
        fault("embeddings", "the start of positions", "two of them are equal")
    agree("embeddings", "positions", output.detach().numpy(), x.detach().numpy() + weight[2:7])
    found = slopes("embeddings", "positions", output, factors, [x, places.weight])
    expected = np.zeros((8, 4))
    expected[2:7] = factors.sum(0)
    compare("embeddings", "the gradient of what positions are added to", found[0], factors)
    agree("embeddings", "the gradient of positions", found[1], expected)
    with checking("embeddings", "SinusoidalPositions"):
        table = nn.SinusoidalPositions(9, 6)(torch.zeros(1, 9, 6)).numpy()[0]
    angles = np.arange(9)[:, None] / 10000 ** (np.arange(6) // 2 / 3)
    waves = np.where(np.arange(6) % 2 == 0, np.sin(angles), np.cos(angles))
    agree("embeddings", "positions as waves", table, waves)


def check_attention():
    """All may be looked at; nothing that is later, by a mask and by its name; and the gradients."""
    arrays, factors = (
        [numbers(2, 5, 3), numbers(2, 5, 3) * 2 - 1, numbers(2, 5, 4)],
        numbers(2, 5, 4),
    )
    past = np.tril(np.ones((5, 5), bool))
    late = torch.tensor(np.where(past, 0, -np.inf))
    for what, allowed, options in (
        ("attention", np.ones((5, 5), bool), {}),
        ("attention with a mask of numbers", past, {"attn_mask": late}),
        ("attention with a mask of yes and no", past, {"attn_mask": torch.tensor(past)}),
        ("attention that is causal", past, {"is_causal": True}),
    ):
        leaves = [leaf(array) for array in arrays]
        with checking("attention", what):
            output = F.scaled_dot_product_attention(*leaves, **options)
        expected, weights = by_hand.attention(*arrays, allowed)
        agree("attention", what, output.detach().numpy(), expected)
        found = slopes("attention", what, output, factors, leaves)
        hand = by_hand.attention_back(factors, *arrays, weights)
        for name, yours, theirs in zip(("query", "key", "value"), found, hand, strict=True):
            compare("attention", f"the gradient of {what}, at the {name}", yours, theirs)
    print("  their gradients, at query, key and value: agree with NumPy")


def check_heads():
    x, factors = leaf(numbers(2, 5, 8)), numbers(2, 5, 8)
    past = np.tril(np.ones((5, 5), bool))
    with checking("attention", "MultiheadAttention"):
        layer = lively(nn.MultiheadAttention(8, 4, batch_first=True))
        output, _ = layer(x, x, x, need_weights=False, attn_mask=torch.tensor(~past))
        also, looks = layer(x, x, x, attn_mask=torch.tensor(~past), average_attn_weights=False)
    p = {f"a.{name}": array for name, array in parameters(layer).items()}
    expected, kept = by_hand.attend(p, "a", x.detach().numpy(), 4, past)
    agree("attention", "four heads", output.detach().numpy(), expected)
    agree("attention", "four heads that show where they look", also.detach().numpy(), expected)
    agree("attention", "where they look", looks.detach().numpy(), kept[-1])
    found = slopes("attention", "four heads", output, factors, [x])
    slope, hand = by_hand.attend_back(factors, p, "a", kept)
    compare("attention", "the gradient of four heads", found[0], slope)
    expected = [hand[f"a.{name}"] for name, _ in layer.named_parameters()]
    compare_gradients("the gradient of four heads", layer, expected, "attention")
    print("  the gradients of four heads: agree with NumPy")


def check_norm():
    x, factors = leaf(numbers(2, 3, 6) + 1), numbers(2, 3, 6)
    with checking("transformers", "LayerNorm"):
        layer = lively(nn.LayerNorm(6))
        output = layer(x)
    p = parameters(layer)
    expected, kept = by_hand.norm(x.detach().numpy(), p["weight"], p["bias"])
    agree("transformers", "layer norm", output.detach().numpy(), expected)
    found = slopes("transformers", "layer norm", output, factors, [x, layer.weight, layer.bias])
    hand = by_hand.norm_back(factors, p["weight"], kept)
    for name, yours, theirs in zip(("the input", "weight", "bias"), found, hand, strict=True):
        compare("transformers", f"the gradient of layer norm, at {name}", yours, theirs)
    print("  the gradient of layer norm: agrees with NumPy")


def check_unasked():
    """Targets that nobody asks for count neither in the sum nor in the number of them."""
    logits, targets = leaf(numbers(2, 4, 5)), np.array([[1, -100, 4, 0], [-100, -100, 2, 2]])
    with checking("losses", "cross-entropy with targets left out"):
        loss = network.loss(logits, torch.tensor(targets))
    asked = targets != network.UNASKED
    expected, slope = by_hand.surprise(logits.detach().numpy()[asked], targets[asked])
    agree("losses", "cross-entropy with targets left out", loss.item(), expected)
    whole = np.zeros(logits.shape)
    whole[asked] = slope
    (found,) = slopes("autograd", "cross-entropy with targets left out", loss, 1.0, [logits])
    agree("autograd", "its gradient", found, whole)


def check_rounds():
    """A loader that draws some rows anew for each round."""
    inputs = np.arange(40).reshape(20, 2)
    with checking("dataloader", "a loader by rounds"):
        loader = network.rows(inputs, inputs + 100, 3, a_round=7)
        rounds = [[[t.numpy() for t in batch] for batch in loader] for _ in range(40)]
    for batches in rounds:
        if [len(x) for x, _ in batches] != [3, 3, 1] or len(loader) != 3:
            fault("dataloader", "a loader by rounds", "7 rows are batches of 3, 3 and 1")
        if any((y != x + 100).any() for x, y in batches):
            fault("dataloader", "a loader by rounds", "a row does not have its own target")
    drawn = np.array([np.concatenate([x for x, _ in batches])[:, 0] for batches in rounds])
    if any(len(set(each)) < 7 for each in drawn) or (drawn[0] == drawn[1]).all():
        fault("dataloader", "a loader by rounds", "rows should be drawn once, and anew each round")
    if len(set(drawn.ravel())) < 20:
        fault("dataloader", "a loader by rounds", "some rows never come")
    print("  rounds of the loader: rows with their targets, drawn anew")


def lively(model):
    """In 64 bits, where rounding hides no mistake, and each parameter somewhere of its own."""
    model, rng = model.double(), np.random.default_rng(3)
    for parameter in model.parameters():
        parameter.detach().add_(torch.tensor(rng.normal(0, 0.2, parameter.shape)))
    return model


def small_gpt():
    torch.manual_seed(1)
    return lively(nn.GPT(VOCABULARY, CONTEXT, WIDTH, HEADS, num_layers=2))


def check_gpt():
    tokens = np.random.default_rng(2).integers(0, VOCABULARY, (3, CONTEXT))
    inputs, targets = tokens[:, :-1], tokens[:, 1:]
    with checking("transformers", "GPT"):
        fresh = nn.GPT(VOCABULARY, CONTEXT, WIDTH, HEADS, num_layers=2)
        first = next_token_loss(fresh, torch.tensor(tokens)).item()
        model = small_gpt()
        logits = model(torch.tensor(inputs)).detach().numpy()
        loss = next_token_loss(model, torch.tensor(tokens))
    p = parameters(model)
    expected, *_ = by_hand.forward(p, inputs, HEADS)
    agree("transformers", "the logits of a GPT", logits, expected)
    surprise, _ = by_hand.surprise(expected, targets)
    agree("transformers", "its loss at the next tokens", loss.item(), surprise)
    if abs(first - np.log(VOCABULARY)) > 0.1:
        fault(
            "transformers", "a new GPT", f"its loss is {first:.3f}, that of chance ln {VOCABULARY}"
        )
    with checking("autograd", "backward through a GPT"):
        loss.backward()
    hand = by_hand.gradients(p, inputs, targets, HEADS)
    expected = [hand[name] for name, _ in model.named_parameters()]
    compare_gradients("the gradient of a GPT", model, expected, "transformers")
    print("  the gradients of all its parameters: agree with NumPy")


def check_training():
    """A round of the Trainer on a GPT, and the same one by hand."""
    model, rng, batch, steps = small_gpt(), np.random.default_rng(4), 4, 6
    tokens = rng.integers(0, VOCABULARY, (batch * steps, CONTEXT + 1))
    inputs, targets = tokens[:, :-1], tokens[:, 1:]
    p = parameters(model)
    with checking("training", "the Trainer of a GPT"):
        runner = network.trainer(model, steps)
        history = runner.fit(network.rows(inputs, targets, batch), 1, log=None)
    other = AdamW(list(p.values()), Recipe(batch, 1, 0, network.WEIGHT_DECAY, network.MAX_NORM))
    losses = []
    for step in range(steps):
        some = slice(step * batch, (step + 1) * batch)
        losses.append(
            by_hand.surprise(by_hand.forward(p, inputs[some], HEADS)[0], targets[some])[0]
        )
        found = by_hand.gradients(p, inputs[some], targets[some], HEADS)
        _, slopes = clipped([found[name] for name in p], network.MAX_NORM)
        moved = other.step(list(p.values()), slopes, rate(step, steps))
        p = dict(zip(p, moved, strict=True))
    for name, array in parameters(model).items():
        compare("training", f"what the Trainer did to {name}", array, p[name])
    compare("training", "the loss in the history", history[0]["loss"], np.mean(losses))
    print(f"  {steps} steps of the Trainer on a GPT: agree with NumPy")


def rate(step, steps):
    """Up in a line, times half a wave, down to 0."""
    rising = 0.01 + 0.99 * min(1, step / network.WARM_UP)
    return network.LEARNING_RATE * rising * (1 + cos(pi * step / steps)) / 2


def check_sampling():
    """Each row of logits is the same, so that the shares of the drawn tokens tell their chances."""
    count, logits = 20_000, np.array([0.3, 1.2, -0.5, 2.0, 0.9])
    many = torch.tensor(np.tile(logits, (count, 1)))
    torch.manual_seed(5)
    for temperature, top_k in ((0, None), (1.0, 1), (1.0, None), (0.5, None), (2.0, 3)):
        what = f"sample with temperature {temperature} and top_k {top_k}"
        with checking("transformers", what):
            drawn = sample(many, temperature, top_k).numpy()
        kept = np.argsort(-logits)[: 1 if temperature == 0 else top_k]
        chances = np.zeros(5)
        chances[kept] = by_hand.softmax(logits[kept] / (temperature or 1))
        shares = np.bincount(drawn, minlength=5) / count
        # Five times the spread of a share of so many darts: a fair one is off by more once in a million.
        if (np.abs(shares - chances) > 5 * np.sqrt(chances * (1 - chances) / count)).any():
            fault("transformers", what, f"the shares are {shares}, and should be near {chances}")
    print("  sampling, by temperature and top_k: as often as it should")


def check_generation():
    """Greedy, far beyond the context."""
    model, p = small_gpt(), parameters(small_gpt())
    start, more = np.array([[3, 1, 4], [1, 5, 9]]), 2 * CONTEXT
    with checking("transformers", "generate"):
        found = generate(model, torch.tensor(start), more, temperature=0).numpy()
    expected = start
    for _ in range(more):
        logits, *_ = by_hand.forward(p, expected[:, -CONTEXT:], HEADS)
        expected = np.concatenate([expected, logits[:, -1].argmax(1)[:, None]], 1)
    agree("transformers", "what it generates", found, expected)
    if not model.training:
        fault("transformers", "generate", "it should leave the model in the mode that it was in")
