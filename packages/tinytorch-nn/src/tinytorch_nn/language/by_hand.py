"""A whole GPT in NumPy, without any of your modules: forward, and the chain rule on paper.

`p` holds its parameters under their names, in 64 bits. What a forward step returns first goes on; the
rest is what the step back needs, besides g, the gradient of what went on."""

import numpy as np


def parameters(model):
    """Copies of the model's parameters, under their names."""
    return {
        name: parameter.detach().numpy().astype(np.float64)
        for name, parameter in model.named_parameters()
    }


def linear(x, weight, bias):
    return x @ weight.T + bias


def linear_back(g, x):
    """The gradients of weight and bias: all places of all texts add up."""
    g, x = g.reshape(-1, g.shape[-1]), x.reshape(-1, x.shape[-1])
    return g.T @ x, g.sum(0)


def norm(x, weight, bias):
    inverse = 1 / np.sqrt(x.var(-1, keepdims=True) + 1e-5)
    normal = (x - x.mean(-1, keepdims=True)) * inverse
    return normal * weight + bias, (normal, inverse)


def norm_back(g, weight, kept):
    """The gradients of x, weight and bias: a row's mean and length can't be felt."""
    normal, inverse = kept
    d = g * weight
    along = (d * normal).mean(-1, keepdims=True)
    x = inverse * (d - d.mean(-1, keepdims=True) - normal * along)
    places = tuple(range(g.ndim - 1))
    return x, (g * normal).sum(places), g.sum(places)


def gelu(x):
    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


def gelu_back(g, x):
    t = np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))
    inner = np.sqrt(2 / np.pi) * (1 + 3 * 0.044715 * x**2)
    return g * (0.5 * (1 + t) + 0.5 * x * (1 - t**2) * inner)


def softmax(scores):
    e = np.exp(scores - scores.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def attention(q, k, v, allowed):
    """Mixed values, and the weights, of queries (…, T, D); a key counts only where it is allowed."""
    scores = np.where(allowed, q @ k.swapaxes(-1, -2) / np.sqrt(q.shape[-1]), -np.inf)
    weights = softmax(scores)
    return weights @ v, weights


def attention_back(g, q, k, v, weights):
    """The gradients of q, k and v."""
    slopes = g @ v.swapaxes(-1, -2)
    slopes = weights * (slopes - (slopes * weights).sum(-1, keepdims=True)) / np.sqrt(q.shape[-1])
    return slopes @ k, slopes.swapaxes(-1, -2) @ q, weights.swapaxes(-1, -2) @ g


def split(x, heads):
    """(N, T, H·D) as (N, H, T, D)."""
    return x.reshape(*x.shape[:2], heads, -1).swapaxes(1, 2)


def merge(x):
    return x.swapaxes(1, 2).reshape(len(x), x.shape[2], -1)


def attend(p, name, x, heads, allowed):
    """What MultiheadAttention does when a text x (N, T, E) looks at itself."""
    three = linear(x, p[f"{name}.in_proj_weight"], p[f"{name}.in_proj_bias"])
    q, k, v = (split(part, heads) for part in np.split(three, 3, -1))
    mixed, weights = attention(q, k, v, allowed)
    output = linear(merge(mixed), p[f"{name}.out_proj.weight"], p[f"{name}.out_proj.bias"])
    return output, (x, q, k, v, mixed, weights)


def attend_back(g, p, name, kept):
    """The gradient of x, and those of the parameters under their names."""
    x, q, k, v, mixed, weights = kept
    heads, into = q.shape[1], g @ p[f"{name}.out_proj.weight"]
    parts = attention_back(split(into, heads), q, k, v, weights)
    three = np.concatenate([merge(part) for part in parts], -1)
    found = {}
    for part, slope, seen in (("in_proj_", three, x), ("out_proj.", g, merge(mixed))):
        found[f"{name}.{part}weight"], found[f"{name}.{part}bias"] = linear_back(slope, seen)
    return three @ p[f"{name}.in_proj_weight"], found


def feed(p, name, x):
    """A block's second arm: wide, bent, and narrow again."""
    wide = linear(x, p[f"{name}.linear1.weight"], p[f"{name}.linear1.bias"])
    bent = gelu(wide)
    return linear(bent, p[f"{name}.linear2.weight"], p[f"{name}.linear2.bias"]), (x, wide, bent)


def feed_back(g, p, name, kept):
    x, wide, bent = kept
    found = {}
    found[f"{name}.linear2.weight"], found[f"{name}.linear2.bias"] = linear_back(g, bent)
    g = gelu_back(g @ p[f"{name}.linear2.weight"], wide)
    found[f"{name}.linear1.weight"], found[f"{name}.linear1.bias"] = linear_back(g, x)
    return g @ p[f"{name}.linear1.weight"], found


def block(p, name, x, heads, allowed):
    """Each arm looks at a normalized x, and adds to x itself."""
    normal, first = norm(x, p[f"{name}.norm1.weight"], p[f"{name}.norm1.bias"])
    output, attended = attend(p, f"{name}.self_attn", normal, heads, allowed)
    x = x + output
    normal, second = norm(x, p[f"{name}.norm2.weight"], p[f"{name}.norm2.bias"])
    output, fed = feed(p, name, normal)
    return x + output, (first, attended, second, fed)


def block_back(g, p, name, kept):
    first, attended, second, fed = kept
    found = {}
    for number, arm, back, inside, normed in (
        (2, name, feed_back, fed, second),
        (1, f"{name}.self_attn", attend_back, attended, first),
    ):
        norm_name = f"{name}.norm{number}"
        slope, more = back(g, p, arm, inside)
        slope, weight, bias = norm_back(slope, p[f"{norm_name}.weight"], normed)
        found |= more | {f"{norm_name}.weight": weight, f"{norm_name}.bias": bias}
        g = g + slope  # the residual path, and the arm
    return g, found


def blocks(p):
    return sum(name.endswith("in_proj_weight") for name in p)


def forward(p, tokens, heads):
    """Logits (N, T, V) of tokens (N, T); the weights of attention, (N, H, T, T) for each block; and
    what backward needs. The table of tokens is also the head."""
    length = tokens.shape[1]
    allowed = np.tril(np.ones((length, length), bool))
    x, kept = p["token.weight"][tokens] + p["position.weight"][:length], []
    for number in range(blocks(p)):
        x, some = block(p, f"blocks.{number}", x, heads, allowed)
        kept.append(some)
    x, last = norm(x, p["norm.weight"], p["norm.bias"])
    looks = [attended[-1] for _, attended, _, _ in kept]
    return x @ p["token.weight"].T, looks, (x, kept, last)


def surprise(logits, targets):
    """The mean cross-entropy, in nats, and the gradient of the logits."""
    flat, targets = logits.reshape(-1, logits.shape[-1]).astype(np.float64), targets.ravel()
    chances, places = softmax(flat), np.arange(len(targets))
    g = chances.copy()
    g[places, targets] -= 1
    return -np.log(chances[places, targets]).mean(), (g / len(targets)).reshape(logits.shape)


def gradients(p, tokens, targets, heads):
    """{name: gradient} of the mean surprise at targets."""
    logits, _, (x, kept, last) = forward(p, tokens, heads)
    _, g = surprise(logits, targets)
    table, _ = linear_back(g, x)  # as the head
    g, weight, bias = norm_back(g @ p["token.weight"], p["norm.weight"], last)
    found = {"norm.weight": weight, "norm.bias": bias}
    for number in reversed(range(len(kept))):
        g, more = block_back(g, p, f"blocks.{number}", kept[number])
        found |= more
    position = np.zeros_like(p["position.weight"])
    position[: tokens.shape[1]] = g.sum(0)
    np.add.at(table, tokens, g)  # and as the table
    return found | {"token.weight": table, "position.weight": position}
