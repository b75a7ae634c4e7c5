"""Arguments for what tinytorch.nn and tinytorch.nn.functional offer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from hypothesis import strategies as st

import tensor_arguments  # noqa: F401  (some of its arguments serve here, too)
from arguments import (
    FLOATS,
    NUMBERS,
    TABLE,
    Case,
    Draw,
    Shape,
    array,
    broadcasting,
    chances,
    covers,
    dim,
    one_of,
    shape,
    some_of,
)  # fmt: skip

REDUCTIONS = ("mean", "sum", "none", "average")

# Functions. Of the activations, those that torch has, too, take the same arguments there.

for name in ("relu", "sigmoid", "tanh", "softmax", "log_softmax"):
    TABLE[f"F.{name}"] = TABLE[f"torch.{name}"]


@covers("F.gelu")
def a_bend(draw: Draw) -> Case:
    return Case([array(draw)], some_of(draw, approximate=("none", "tanh", "best")))


def affine(draw: Draw) -> list[np.ndarray]:
    """Input, weight and perhaps bias, of one dtype, which seldom do not fit."""
    out, inner = one_of(draw, 1, 2, 3), one_of(draw, 0, 1, 2, 4)
    kind = (one_of(draw, *FLOATS),)
    shapes = [(*shape(draw, most=2), inner), (out, inner), (out,)][: one_of(draw, 2, 3, 3)]
    if one_of(draw, *[False] * 7, True):
        shapes[draw(st.integers(0, len(shapes) - 1))] = shape(draw, least=1)
    return [array(draw, size, kind) for size in shapes]


@covers("F.linear")
def a_layer(draw: Draw) -> Case:
    return Case(affine(draw))


@covers("F.dropout")
def a_share(draw: Draw) -> Case:
    """What is left is scaled, and its gradient too; which numbers are left is chance."""

    def program(lib: Any, f: Any, x: Any, p: float, **training: Any) -> Any:
        output = f(x, p, **training)
        kept = (output != 0).to(lib.torch.float64) if 0 < p < 1 else 1.0
        return [output * kept / (x * kept + (1 - kept))] if 0 < p < 1 else output

    x = array(draw)
    p = one_of(draw, 0, 1, 1.5, -0.5)
    return Case([x], {"p": p} | some_of(draw, training=(True, False)))


# Losses


def like_a_batch(draw: Draw, target: str) -> tuple[np.ndarray, np.ndarray, int]:
    """Scores (C,), (N, C) or (N, C, d…), their targets, and C."""
    classes, batch = draw(st.integers(1, 4)), shape(draw, most=3, sizes=(1, 2, 3, 0))
    scores = array(draw, (*batch[:1], classes, *batch[1:]))
    random = np.random.default_rng(draw(st.integers(0, 99)))
    labels = np.asarray(random.integers(0, classes, batch))
    wrong = one_of(draw, *[""] * 6, "class", "shape", "ignored")
    if wrong == "class":
        labels = labels + 2
    elif wrong == "shape":
        labels = np.zeros((*batch, 2), "int64")
    elif wrong == "ignored":
        labels = np.where(random.random(batch) < 0.5, labels, -100)
    return scores, np.asarray(labels), classes


def class_options(draw: Draw) -> dict[str, Any]:
    return some_of(draw, ignore_index=(0, 1, -100), reduction=REDUCTIONS)


def class_weights(draw: Draw, scores: np.ndarray, classes: int) -> list[np.ndarray]:
    """A weight for each class, or none."""
    if one_of(draw, True, False):
        return []
    size = classes if one_of(draw, *[True] * 7, False) else classes + 1
    return [np.abs(array(draw, (size,), (scores.dtype.name,))) + np.asarray(0.5, scores.dtype)]


def weighed(lib: Any, f: Any, x: Any, target: Any, *weight: Any, **options: Any) -> Any:
    """A loss function, with its weight by name."""
    return f(x, target, **dict(zip(["weight"], weight, strict=False)), **options)


@covers("F.cross_entropy F.nll_loss")
def scores_and_classes(draw: Draw) -> Case:
    scores, labels, classes = like_a_batch(draw, "class")
    weight = class_weights(draw, scores, classes)
    return Case([scores, labels, *weight], class_options(draw), weighed, learns=1)


@covers("F.mse_loss")
def numbers_and_targets(draw: Draw) -> Case:
    sizes = broadcasting(draw, 2) if one_of(draw, True, False) else [shape(draw)] * 2
    kinds = (one_of(draw, *FLOATS),) if one_of(draw, *[True] * 7, False) else FLOATS
    return Case([array(draw, s, kinds) for s in sizes], some_of(draw, reduction=REDUCTIONS))


def pair(draw: Draw, size: Shape) -> list[np.ndarray]:
    """Chances and their targets, seldom of unequal shape or dtype."""
    kinds = (one_of(draw, *FLOATS),) if one_of(draw, *[True] * 9, False) else FLOATS
    other = (*size, 1) if one_of(draw, *[False] * 9, True) else size
    return [chances(draw, size, kinds), chances(draw, other, kinds)]


def broadcast_weight(draw: Draw, x: np.ndarray) -> list[np.ndarray]:
    if one_of(draw, True, False):
        return []
    size = x.shape[draw(st.integers(0, x.ndim)) :]
    if one_of(draw, *[False] * 7, True):
        size = (2, *x.shape)
    return [np.abs(array(draw, size, (x.dtype.name,)))]


@covers("F.binary_cross_entropy")
def chances_and_targets(draw: Draw) -> Case:
    x, target = pair(draw, shape(draw))
    weight = broadcast_weight(draw, x)
    return Case([x, target, *weight], some_of(draw, reduction=REDUCTIONS), weighed, learns=1)


@covers("F.binary_cross_entropy_with_logits")
def scores_and_targets(draw: Draw) -> Case:
    def program(lib: Any, f: Any, x: Any, target: Any, *rest: Any, **options: Any) -> Any:
        names = ("weight", "pos_weight")[: len(rest)] if one_first else ("pos_weight", "weight")
        return f(x, target, **dict(zip(names, rest, strict=False)), **options)

    _, target = pair(draw, shape(draw))
    x = array(draw, target.shape, (target.dtype.name,))
    one_first = one_of(draw, True, False)
    rest = [*broadcast_weight(draw, x), *broadcast_weight(draw, x)]
    return Case([x, target, *rest], some_of(draw, reduction=REDUCTIONS), program, learns=1)


# Layers without parameters: what they are made of, and what they are called with


def layer(tensors: Sequence[np.ndarray], **options: Any) -> Case:
    return Case(
        tensors, options,
        lambda lib, cls, *tensors, **options: cls(**options)(*tensors),
    )  # fmt: skip


@covers("nn.ReLU nn.Sigmoid nn.Tanh nn.Identity")
def plain_layers(draw: Draw) -> Case:
    return layer([array(draw, dtypes=NUMBERS)])


@covers("nn.GELU")
def bent_layers(draw: Draw) -> Case:
    return layer([array(draw)], **some_of(draw, approximate=("none", "tanh", "best")))


@covers("nn.Softmax nn.LogSoftmax")
def layers_along_a_dim(draw: Draw) -> Case:
    x = array(draw)
    return layer([x], dim=dim(draw, x.ndim))


@covers("nn.Flatten")
def flat_layers(draw: Draw) -> Case:
    x = array(draw, shape(draw, least=1, most=4))
    return layer([x], **some_of(draw, start_dim=(0, 1, -1, 2), end_dim=(-1, 1, 3)))


@covers("nn.Dropout")
def dropping_layers(draw: Draw) -> Case:
    def program(lib: Any, cls: Any, x: Any, p: float, training: bool) -> Any:
        module = cls(p).train(training)
        return [module(x), shown(module)]

    options = {"p": one_of(draw, 0.0, 1.0, 1.5), "training": one_of(draw, True, False)}
    if not options["training"]:
        options["p"] = one_of(draw, 0.1, 0.5)
    return Case([array(draw)], options, program)


@covers("nn.MSELoss")
def squared_losses(draw: Draw) -> Case:
    case = numbers_and_targets(draw)
    return layer(case.tensors, **case.options)


def loss_module(lib: Any, cls: Any, x: Any, target: Any, *weight: Any, **options: Any) -> Any:
    module = cls(**dict(zip(["weight"], weight, strict=False)), **options)
    return [module(x, target), module.state_dict()]


@covers("nn.CrossEntropyLoss nn.NLLLoss")
def class_losses(draw: Draw) -> Case:
    case = scores_and_classes(draw)
    return Case(case.tensors, case.options, loss_module, learns=1)


@covers("nn.BCELoss")
def chance_losses(draw: Draw) -> Case:
    case = chances_and_targets(draw)
    return Case(case.tensors, case.options, loss_module, learns=1)


@covers("nn.BCEWithLogitsLoss")
def score_losses(draw: Draw) -> Case:
    case = scores_and_targets(draw)

    def program(lib: Any, cls: Any, *tensors: Any, **options: Any) -> Any:
        def f(x: Any, target: Any, **given: Any) -> Any:
            module = cls(**given)
            return [module(x, target), module.state_dict()]

        return case.program(lib, f, *tensors, **options)

    return Case(case.tensors, case.options, program, learns=1)


# Layers with parameters, and what holds layers


def affine_module(lib: Any, weight: Any, *bias: Any, cls: Any = None) -> Any:
    out, inner = weight.shape
    module = (cls or lib.nn.Linear)(inner, out, bias=bool(bias)).to(weight.dtype)
    module.load_state_dict(dict(zip(("weight", "bias"), [weight, *bias], strict=False)))
    return module


@covers("nn.Linear")
def layers_with_weights(draw: Draw) -> Case:
    def program(lib: Any, cls: Any, x: Any, *weights: Any) -> Any:
        module = affine_module(lib, *weights, cls=cls)
        return [module(x), *module.parameters(), repr(module), module.state_dict()]

    x, weight, *bias = affine(draw)
    size = (3, 2) if weight.ndim != 2 else weight.shape
    weight = weight.reshape(-1)[:0] if weight.shape != size else weight
    return Case([x, weight, *bias], {}, program, learns=1)


@covers("nn.Parameter")
def what_to_learn(draw: Draw) -> Case:
    def program(lib: Any, cls: Any, x: Any, **options: Any) -> Any:
        parameter = cls(x.detach(), **options)
        return [
            parameter * 2,
            parameter.is_leaf,
            parameter,
            isinstance(parameter, lib.torch.Tensor),
        ]

    return Case([array(draw)], some_of(draw, requires_grad=(True, False)), program)


def network(draw: Draw) -> tuple[list[np.ndarray], Any]:
    """Weights of some affine layers, and how a library makes a list of modules of them."""
    width, kinds = one_of(draw, 1, 2, 3), draw(st.lists(st.sampled_from("LRDFS"), max_size=4))
    weights = [array(draw, (width, width), ("float32",)) for kind in kinds if kind == "L"]

    def layers(lib: Any, tensors: Sequence[Any]) -> list[Any]:
        left = list(tensors)
        make = {
            "L": lambda: affine_module(lib, left.pop(0)),
            "R": lib.nn.ReLU,
            "D": lambda: lib.nn.Dropout(0.0),
            "F": lib.nn.Flatten,
            "S": lambda: lib.nn.Sequential(lib.nn.Tanh(), lib.nn.Identity()),
        }
        return [make[kind]() for kind in kinds]

    return [array(draw, (2, width), ("float32",)), *weights], layers


@covers("nn.Sequential")
def rows_of_layers(draw: Draw) -> Case:
    def program(lib: Any, cls: Any, x: Any, *tensors: Any) -> Any:
        net = cls(*layers(lib, tensors))
        return [net(x), *facts(net), shown(net), len(net), shown(net[1:]), shown(net[place])]

    tensors, layers = network(draw)
    place = draw(st.integers(-3, 3))
    return Case(tensors, {}, program, learns=1)


@covers("nn.ModuleList")
def lists_of_layers(draw: Draw) -> Case:
    def program(lib: Any, cls: Any, x: Any, *tensors: Any) -> Any:
        net = cls(layers(lib, tensors))
        for each in net:
            x = each(x)
        return [x, *facts(net), len(net), len(net[1:]), net.append(lib.nn.ReLU()) is net, len(net)]

    tensors, layers = network(draw)
    return Case(tensors, {}, program, learns=1)


@covers("nn.Module")
def modules_of_your_own(draw: Draw) -> Case:
    def program(lib: Any, cls: Any, x: Any, *tensors: Any) -> Any:
        class Net(cls):
            def __init__(self) -> None:
                super().__init__()
                self.scale = lib.nn.Parameter(lib.torch.ones(1))
                self.body = lib.nn.Sequential(*layers(lib, tensors))
                self.same = self.body if shared else None
                self.register_buffer("steps", lib.torch.zeros(2), persistent=kept)

            def forward(self, x: Any) -> Any:
                return self.body(x) * self.scale + x

        net = Net().train(training)
        saved = net.state_dict()
        loaded = list(net.load_state_dict(saved))
        return [net(x), *facts(net), saved, loaded, *net.parameters()]

    tensors, layers = network(draw)
    shared, kept, training = (one_of(draw, True, False) for _ in range(3))
    return Case(tensors, {}, program, learns=1)


def shown(module: Any) -> str:
    """Its repr, without an option of torch's layers that ours do not have."""
    return repr(module).replace(", inplace=False", "")


def facts(net: Any) -> list[Any]:
    return [
        [name for name, _ in net.named_parameters()],
        [name for name, _ in net.named_buffers()],
        [name for name, _ in net.named_modules()],
        [name for name, _ in net.named_children()],
        [name for name, _ in net.named_parameters("at", recurse=False)],
        [module.training for module in net.modules()],
        list(net.state_dict(prefix="at.")),
    ]
