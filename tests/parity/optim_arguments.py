"""Arguments for what tinytorch.optim offers. More of it, by hand, is in test_optimizers.py."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from arguments import FLOATS, Case, Draw, array, covers, one_of, shape, some_of


def steps(lib: Any, cls: Any, *tensors: Any, **options: Any) -> Any:
    """Moves parameters by the gradients that stand after them, again and again."""
    half = len(tensors) // 2
    parameters, gradients = tensors[:half], tensors[half:]
    groups = [{"params": parameters[:1], "lr": 0.25}, {"params": parameters[1:]}]
    optimizer = cls(groups if half > 1 else parameters, **options)
    for count in range(4):
        for parameter, gradient in zip(parameters, gradients, strict=True):
            if count != 1 or parameter is parameters[0]:  # one has no gradient for a while
                parameter.grad = gradient.detach() * (count + 1)
        optimizer.step()
        optimizer.zero_grad()
    saved = optimizer.state_dict()
    groups = [{name: group[name] for name in options} for group in saved["param_groups"]]
    return [[p.detach() for p in parameters], saved["state"], groups]


def parameters(draw: Draw) -> list[Any]:
    kind = (one_of(draw, *FLOATS),)
    shapes = [shape(draw) for _ in range(draw(st.integers(1, 3)))]
    return [array(draw, size, kind) for size in [*shapes, *shapes]]


RATES = (0.1, 0.5, 0.0, 0.1, -0.1)


@covers("optim.SGD")
def descents(draw: Draw) -> Case:
    options = some_of(
        draw, lr=RATES, momentum=(0, 0.9), dampening=(0, 0.5), weight_decay=(0, 0.1, -1),
        nesterov=(False, True), maximize=(False, True),
    )  # fmt: skip
    return Case(parameters(draw), options, steps)


@covers("optim.Adam optim.AdamW")
def adaptive_descents(draw: Draw) -> Case:
    options = some_of(
        draw, lr=RATES, betas=((0.9, 0.999), (0.5, 0.0), (0.0, 0.9), (1.0, 0.9)),
        eps=(1e-8, 1e-2, -1.0), weight_decay=(0, 0.1, -1), amsgrad=(False, True),
        maximize=(False, True),
    )  # fmt: skip
    return Case(parameters(draw), options, steps)


@covers("optim.Optimizer")
def what_all_optimizers_have(draw: Draw) -> Case:
    def program(lib: Any, cls: Any, *tensors: Any) -> Any:
        optimizer = lib.optim.SGD([tensors[0]], lr=0.1)
        if more:
            optimizer.add_param_group({"params": list(tensors[again:]), "lr": 0.5})
        for tensor in tensors:
            (tensor * tensor).sum().backward()
        loss = optimizer.step(lambda: (tensors[0] * 2).sum() if closure else None)
        optimizer.zero_grad(set_to_none=to_none)
        grads = [tensor.grad for tensor in tensors]
        rates = [group["lr"] for group in optimizer.param_groups]
        return [isinstance(optimizer, cls), loss, grads, rates, *tensors]

    tensors = [array(draw) for _ in range(3)]
    more, closure, to_none = (one_of(draw, True, False) for _ in range(3))
    again = one_of(draw, 1, 1, 1, 0)
    return Case(tensors, {}, program)
