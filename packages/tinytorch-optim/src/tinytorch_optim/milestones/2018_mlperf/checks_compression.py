"""Module 16, next to zeros that are counted, norms and singular values of NumPy, and a loss on paper."""

import by_hand
import numpy as np
import tinytorch.core as torch
from tinytorch import nn, optim
from tinytorch.optim import compression as c
from tinytorch_core.by_hand import cross_entropy
from tinytorch_core.evidence import agree, checking, compare, fault
from tinytorch_core.recipe import perceptron
from tinytorch_nn.vision.networks import convolutional


def check_compression(x):
    """x (N, 8, 8): some images."""
    check_smallest()
    check_rows()
    check_together()
    check_chance()
    check_zeros_stay()
    check_gradually()
    check_packing()
    check_smaller(x)
    check_rank()
    check_teacher()


def random(*shape):
    return np.random.default_rng(sum(shape)).normal(size=shape).astype(np.float32)


def linear(rows, columns):
    layer = nn.Linear(columns, rows)
    layer.weight.detach().copy_(torch.tensor(random(rows, columns)))
    return layer


def largest(scores, count):
    """1 where one of the `count` largest scores stands, else 0."""
    return (scores >= np.sort(scores, axis=None)[scores.size - count]).astype(np.float32)


def check_smallest():
    """Three tenths of 200 weights, and then half of the 140 that are left."""
    layer, weight = linear(10, 20), random(10, 20)
    for amount, left in ((0.3, 140), (0.5, 70), (20, 50)):
        with checking("compression", "l1_unstructured"):
            c.l1_unstructured(layer, "weight", amount)
            mask, now = layer.weight_mask.numpy(), layer.weight.detach().numpy()
        agree("compression", f"the {left} largest weights", mask, largest(np.abs(weight), left), 0)
        compare("compression", "what is left of the weights", now, weight * mask, 0)
    with checking("compression", "remove"):
        c.remove(layer, "weight")
        forgotten = not c.is_pruned(layer)
    compare("compression", "zeros after remove", layer.weight.detach().numpy(), now, 0)
    if not forgotten:
        fault("compression", "remove", "the mask should be forgotten")


def check_rows():
    weight = random(6, 9)
    weight[:, 0] = [3, 0, 0, 0, 0, 0]  # as a sum a small column, as a length a large one
    for dim, n in ((0, 2), (1, 1)):
        layer = linear(6, 9)
        layer.weight.detach().copy_(torch.tensor(weight))
        with checking("compression", "ln_structured"):
            c.ln_structured(layer, "weight", 2, n, dim)
            now = layer.weight.detach().numpy()
        norms = (np.abs(weight) ** n).sum(1 - dim)
        kept = np.expand_dims(largest(norms, len(norms) - 2), 1 - dim)
        compare("compression", f"weights without two slices of dim {dim}", now, weight * kept, 0)
    print("  weights without whole rows, and without whole columns: agree with NumPy")


def check_together():
    """Of two layers, one of which has the smaller weights: these go first."""
    layers = [linear(10, 20), linear(10, 20)]
    layers[1].weight.detach().mul_(0.1)
    weights = np.stack([layer.weight.detach().numpy() for layer in layers])
    with checking("compression", "global_unstructured"):
        pairs = [(layer, "weight") for layer in layers]
        c.global_unstructured(pairs, c.L1Unstructured, amount=0.6)
        masks = np.stack([layer.weight_mask.numpy() for layer in layers])
        share = c.sparsity([layer.weight for layer in layers])
    agree("compression", "the largest weights of both", masks, largest(np.abs(weights), 160), 0)
    agree("compression", "the share of zeros", share, 0.6)


def check_chance():
    torch.manual_seed(16)
    layer, gone = linear(10, 20), 0
    with checking("compression", "random_unstructured"):
        for _ in range(2):
            c.random_unstructured(layer, "weight", 0.5)
        left = layer.weight_mask.numpy().sum()
        for _ in range(200):
            other = linear(10, 20)
            c.random_unstructured(other, "weight", 0.25)
            gone = gone + (1 - other.weight_mask.numpy())
    compare("compression", "half of the half, by chance", left, 50, 0)
    if np.abs(gone / 200 - 0.25).max() > 0.16:  # five times the spread of such a share
        fault("compression", "random_unstructured", "some weights go more often than others")
    print("  weights that go by chance: as many as should, and all as often")


def check_zeros_stay():
    """AdamW moves whatever has a gradient, or had one."""
    layer, x = linear(6, 9), torch.tensor(random(5, 9))
    with checking("compression", "KeepZeros"):
        optimizer, keeper = optim.AdamW(layer.parameters(), lr=0.1), c.KeepZeros(layer)
        for step in range(4):
            if step == 2:
                c.l1_unstructured(layer, "weight", 0.5)
                before = layer.weight.detach().numpy().copy()
            optimizer.zero_grad()
            (layer(x) ** 2).sum().backward()
            optimizer.step()
            keeper.step()
        mask, now = layer.weight_mask.numpy() != 0, layer.weight.detach().numpy()
    if now[~mask].any() or (now[mask] == before[mask]).any():
        fault("compression", "KeepZeros", "zeros should stay while all else goes on learning")
    print("  zeros stay while all else goes on learning")


def check_gradually():
    """The share rises steeply first, and gently in the end: 1 less the cube of what is left."""
    layer, steps, found = linear(10, 20), 5, []
    with checking("compression", "GradualPruning"):
        pruning = c.GradualPruning([(layer, "weight")], 0.9, steps)
        for _ in range(steps + 2):
            pruning.step()
            found.append(c.sparsity([layer.weight]))
    done = np.minimum(np.arange(1, steps + 3) / steps, 1)
    expected = np.round(200 * 0.9 * (1 - (1 - done) ** 3)) / 200
    agree("compression", "the share of zeros, step by step", found, expected)


def check_packing():
    layer = linear(10, 20)
    with checking("compression", "pack"):
        c.l1_unstructured(layer, "weight", 0.8)
        c.remove(layer, "weight")
        state = layer.state_dict()
        packed = c.pack(state)
        size = sum(array.nbytes for array in packed.values())
        back = c.unpack(packed)
    for name, tensor in state.items():
        compare("compression", f"{name}, packed and back,", back[name].numpy(), tensor.numpy(), 0)
    agree("compression", "the bytes of packed weights", size, 200 // 8 + 4 * 40 + 2 * 8 + 4 * 10, 0)


def check_smaller(x):
    """Units that are silent leave, with all that hangs on them, and nobody hears a difference."""
    dense, seeing = (
        64 * 24 + 24 + 24 * 10 + 10,
        6 * 9 + 12 * 6 * 9 + 2 * (6 + 12) + 12 * 4 * 10 + 10,
    )
    for what, model, images, left in (
        ("a hidden layer", perceptron(0, 64), x, dense),
        ("convolutions", convolutional(0), x[:, None], seeing),
    ):
        first = next(model.parameters()).detach().numpy().copy()
        with checking("compression", "prune_units and shrink"):
            model(images)  # batch norm sees a batch
            c.prune_units(model.eval(), 0.625)
            small = c.shrink(model)
            scores = [each.eval()(images).detach().numpy() for each in (model, small)]
            learned = [p.detach().numpy() for p in small.parameters()]
        compare("compression", f"{what} without silent units", scores[1], scores[0], 1e-4)
        compare("compression", f"what {what} still learns", sum(a.size for a in learned), left, 0)
        norms = np.linalg.norm(first.reshape(len(first), -1), axis=1)
        kept = first[largest(norms, len(learned[0])) == 1]
        compare("compression", f"the first units of {what} that are left", learned[0], kept, 0)
        if what == "a hidden layer":
            hand = by_hand.perceptron(small, images.numpy())
            compare("compression", "what a smaller network answers", scores[1], hand, 1e-4)
    print("  smaller networks, without silent units: answer the same")


def check_rank():
    """No matrix of this rank is nearer: what is missing is what the singular values say."""
    matrix = random(12, 20)
    sigma = np.linalg.svd(matrix.astype(np.float64), compute_uv=False)
    missing = np.sqrt(np.append(np.cumsum(sigma[::-1] ** 2)[::-1], 0))
    with checking("compression", "low_rank"):
        for rank in (1, 5, 12):
            left, right = c.low_rank(matrix, rank)
            far = np.linalg.norm(left @ right - matrix)
            compare("compression", f"the distance to rank {rank}", far, missing[rank], 1e-4)
            compare("compression", "the rank", [left.shape[1], len(right)], [rank] * 2, 0)
        ranks = [c.rank_for(matrix, share) for share in (0.5, 0.1)]
    expected = [int((missing > share * missing[0]).sum()) for share in (0.5, 0.1)]
    agree("compression", "the rank that is enough", ranks, expected, 0)
    layer, x = linear(12, 20), random(3, 20)
    with checking("compression", "factorize"):
        output = c.factorize(layer, 4)(torch.tensor(x)).detach().numpy()
    u, s, v = np.linalg.svd(random(12, 20).astype(np.float64), full_matrices=False)
    weight = (u[:, :4] * s[:4]) @ v[:4]
    agree(
        "compression", "a layer of rank 4", output, x @ weight.T + layer.bias.detach().numpy(), 1e-4
    )


def check_teacher():
    """A softened answer of a teacher, and the label; and what follows for the scores."""
    scores, teacher, labels = random(6, 5), 2 * random(5, 6).T, np.array([0, 4, 2, 2, 1, 3])
    heat, alpha = 3.0, 0.7
    with checking("compression", "distillation_loss"):
        input = torch.tensor(scores, requires_grad=True)
        loss = c.distillation_loss(input, torch.tensor(teacher), torch.tensor(labels), heat, alpha)
        loss.backward()
    p, ours = (by_hand.softmax(each.astype(np.float64) / heat) for each in (teacher, scores))
    soft = heat**2 * (p * (np.log(p) - np.log(ours))).sum(1).mean()
    hard, slope = cross_entropy(scores.astype(np.float64), labels)
    agree(
        "compression",
        "what a teacher makes of a loss",
        loss.item(),
        alpha * soft + (1 - alpha) * hard,
    )
    expected = alpha * heat * (ours - p) / len(labels) + (1 - alpha) * slope
    agree("compression", "and of its gradient", input.grad.numpy(), expected)
