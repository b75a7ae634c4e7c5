"""Arguments for what module 09 brings: convolution, pooling and batch normalization."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from arguments import FLOATS, Case, Draw, array, covers, one_of, some_of


def seldom(draw: Draw) -> bool:
    return one_of(draw, *[False] * 9, True)


def size(draw: Draw, *choices: Any) -> Any:
    """A number for both directions, or one for each, as a tuple or a list."""
    both = (one_of(draw, *choices), one_of(draw, *choices))
    return one_of(draw, both[0], both, list(both))


def images(draw: Draw, channels: int, dtype: str, least: int = 1) -> np.ndarray:
    """(N, C, H, W), or (C, H, W), and seldom something that is neither."""
    area = (draw(st.integers(least, 8)), draw(st.integers(least, 8)))
    batch = one_of(draw, (1,), (2,), (3,), (), (0,))
    if seldom(draw):
        return array(draw, one_of(draw, area, (1, 1, channels, *area)), (dtype,))
    return array(draw, (*batch, channels, *area), (dtype,))


def sliding(draw: Draw) -> dict[str, Any]:
    wrong = seldom(draw)
    return some_of(
        draw,
        stride=[size(draw, 1, 2, 3, 0 if wrong else 1)],
        padding=[size(draw, 0, 1, 2, -1 if wrong else 0), "same", "valid", "some" if wrong else 0],
        dilation=[size(draw, 1, 2, 0 if wrong else 3)],
    )


def convolution(draw: Draw) -> tuple[list[np.ndarray], dict[str, Any]]:
    """Images, weight and perhaps bias, which seldom do not fit; and the options."""
    groups, dtype = one_of(draw, 1, 1, 2, 3), one_of(draw, *FLOATS)
    inner, outer = groups * one_of(draw, 1, 2), groups * one_of(draw, 1, 2)
    kernel = (one_of(draw, 1, 2, 3), one_of(draw, 1, 2, 3, 4))
    tensors = [images(draw, inner, dtype), array(draw, (outer, inner // groups, *kernel), (dtype,))]
    if one_of(draw, True, False):
        tensors.append(array(draw, (outer,), (dtype,)))
    if seldom(draw):
        groups = one_of(draw, 1, 2, 3)
    if seldom(draw):
        wrong = draw(st.integers(0, len(tensors) - 1))
        tensors[wrong] = array(draw, one_of(draw, (2,), (2, 1, 2, 2), tensors[wrong].shape))
    return tensors, sliding(draw) | some_of(draw, groups=[groups])


@covers("F.conv2d")
def convolved(draw: Draw) -> Case:
    return Case(*convolution(draw))


@covers("nn.Conv2d")
def convolving_layers(draw: Draw) -> Case:
    def program(lib: Any, cls: Any, x: Any, *state: Any, **options: Any) -> Any:
        layer = cls(inner, outer, **options, bias=len(state) > 1).to(x.dtype)
        shapes = [list(p.shape) for p in layer.parameters()]
        layer.load_state_dict(dict(zip(("weight", "bias"), state, strict=False)))
        kept = [layer.kernel_size, layer.stride, layer.dilation, layer.groups]
        return [layer(x), *layer.parameters(), repr(layer), layer.state_dict(), *shapes, *kept]

    tensors, options = convolution(draw)
    weight, groups = tensors[1], options.get("groups", 1)
    outer, inner = (*weight.shape, 1, 1)[:2] if seldom(draw) else (len(weight), 0)
    inner = inner or (*weight.shape, 1)[1] * groups
    kernel = weight.shape[2:] or (2, 2)
    options["kernel_size"] = kernel[0] if kernel[0] == kernel[1] else kernel
    if seldom(draw):
        options["padding_mode"] = "none"
    return Case(tensors, options, program, learns=1)


def pool(
    draw: Draw, dtypes: tuple[str, ...] = FLOATS, least: int = 1
) -> tuple[list[np.ndarray], dict[str, Any]]:
    x = images(draw, one_of(draw, 1, 2, 3), one_of(draw, *dtypes), least)
    wrong = seldom(draw)
    options = some_of(
        draw,
        stride=[size(draw, 1, 2, 3, 4, 0 if wrong else 1), None],
        padding=[size(draw, 0, 1, 0, -1 if wrong else 0)],
    )
    return [x], {"kernel_size": size(draw, 1, 2, 3, 0 if wrong else 2)} | options


@covers("F.avg_pool2d")
def averages(draw: Draw) -> Case:
    return Case(*pool(draw))


def dilated_pool(draw: Draw, *more: str) -> tuple[list[np.ndarray], dict[str, Any]]:
    """Images are so large that no window holds nothing but margins: of that, torch crashes."""
    dilation = some_of(draw, dilation=[size(draw, 1, 2, 3)])
    tensors, options = pool(draw, (*FLOATS, *more), least=4 if dilation else 1)
    if tensors[0].dtype.kind == "i":
        options.pop("padding", None)
    return tensors, options | dilation


@covers("F.max_pool2d")
def maxima(draw: Draw) -> Case:
    return Case(*dilated_pool(draw, "int64"))


def pooling_layer(lib: Any, cls: Any, x: Any, **options: Any) -> Any:
    layer = cls(**options)
    return [layer(x), repr(layer), layer.kernel_size, layer.stride, layer.padding]


@covers("nn.AvgPool2d")
def averaging_layers(draw: Draw) -> Case:
    return Case(*pool(draw), pooling_layer)


@covers("nn.MaxPool2d")
def largest_layers(draw: Draw) -> Case:
    return Case(*dilated_pool(draw), pooling_layer)


def batch(draw: Draw, dtype: str) -> np.ndarray:
    """(N, C, …): two dimensions or more, seldom one."""
    rest = tuple(draw(st.lists(st.integers(1, 4), max_size=3)))
    shape = (draw(st.integers(1, 4)), draw(st.integers(1, 3)), *rest)
    return array(draw, shape[:1] if seldom(draw) else shape, (dtype,))


@covers("F.batch_norm")
def normalized(draw: Draw) -> Case:
    """With the running moments and what becomes of them."""

    def program(lib: Any, f: Any, x: Any, *given: Any, **options: Any) -> Any:
        named = dict(zip(names, given, strict=True))
        moments = [named.pop(name, None) for name in ("running_mean", "running_var")]
        return [f(x, *moments, **named, **options), *moments]

    dtype = one_of(draw, *FLOATS)
    x = batch(draw, dtype)
    channels = (*x.shape, 1)[1]
    names = [name for name in ("weight", "bias") if one_of(draw, True, False)]
    if one_of(draw, True, True, False):
        names += ["running_mean", "running_var"][: 1 if seldom(draw) else 2]
    given = []
    for name in names:
        length = channels + 1 if seldom(draw) else channels
        values = array(draw, (length,), FLOATS if seldom(draw) else (dtype,))
        given.append(np.abs(values) if name == "running_var" else values)
    options = some_of(draw, training=(True, False), momentum=(0.3, 0.0, 1.0), eps=(0.5, 1e-3))
    frozen = 1 + sum(name in ("weight", "bias") for name in names)
    return Case([x, *given], options, program, learns=frozen)


@covers("nn.BatchNorm2d")
def normalizing_layers(draw: Draw) -> Case:
    """Two batches in training, then one in use, and the state in between."""

    def program(lib: Any, cls: Any, first: Any, second: Any, **options: Any) -> Any:
        layer = cls(channels, **options).to(first.dtype)
        for parameter in layer.parameters():
            parameter.detach().add_(0.5)
        done = [layer(first), layer(second)]
        state = {name: value * 1 for name, value in layer.state_dict().items()}
        counts = [layer.num_features, layer.eps, layer.affine, layer.track_running_stats]
        return [*done, state, layer.eval()(first), *layer.parameters(), repr(layer), *counts]

    channels, dtype = one_of(draw, 1, 2, 3), one_of(draw, *FLOATS)
    area = (draw(st.integers(1, 4)), draw(st.integers(1, 4)))
    shapes = [(draw(st.integers(1, 4)), channels, *area) for _ in range(2)]
    if seldom(draw):
        shapes[0] = shapes[0][1:]
    options = some_of(
        draw,
        eps=(0.5, 1e-3),
        momentum=(0.3, 1.0, None),
        affine=(True, False),
        track_running_stats=(True, False),
        bias=(True, False),
    )
    return Case([array(draw, shape, (dtype,)) for shape in shapes], options, program)
