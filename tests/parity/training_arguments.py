"""Arguments for what tinytorch.optim.lr_scheduler and tinytorch.nn.utils offer."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from arguments import Case, Draw, array, covers, one_of, some_of

# Schedules: how the learning rates of two groups go on, and that a schedule goes on from its state


def rates(lib: Any, cls: Any, **options: Any) -> Any:
    def made() -> tuple[Any, Any]:
        groups = [
            {"params": [lib.torch.zeros(1, requires_grad=True)], "lr": lr} for lr in (0.1, 2.0)
        ]
        optimizer = lib.optim.SGD(groups)
        return optimizer, cls(optimizer, **options)

    def go(optimizer: Any, scheduler: Any, steps: int) -> list[Any]:
        found = []
        for _ in range(steps):
            optimizer.step()
            scheduler.step()
            found.append([group["lr"] for group in optimizer.param_groups])
        return [*found, scheduler.get_last_lr(), scheduler.last_epoch]

    optimizer, scheduler = made()
    first, saved = go(optimizer, scheduler, 7), scheduler.state_dict()
    other_optimizer, other = made()
    other_optimizer.load_state_dict(optimizer.state_dict())
    other.load_state_dict(saved)
    return [first, go(other_optimizer, other, 7)]


@covers("lr_scheduler.StepLR")
def stairs(draw: Draw) -> Case:
    options = some_of(draw, gamma=(0.1, 0.5, 1.5))
    return Case([], {"step_size": draw(st.integers(1, 5))} | options, rates)


@covers("lr_scheduler.LambdaLR")
def functions(draw: Draw) -> Case:
    factors = [lambda epoch: 0.9**epoch, lambda epoch: 1 / (1 + epoch)]
    return Case([], {"lr_lambda": one_of(draw, factors[0], factors, factors[:1])}, rates)


@covers("lr_scheduler.LinearLR")
def ramps(draw: Draw) -> Case:
    options = some_of(
        draw, start_factor=(0.1, 1.0, 0.0, 1.5), end_factor=(1.0, 0.5, -0.5), total_iters=(1, 4, 20)
    )
    return Case([], options, rates)


@covers("lr_scheduler.CosineAnnealingLR")
def waves(draw: Draw) -> Case:
    options = {"T_max": draw(st.integers(1, 9))} | some_of(draw, eta_min=(0.0, 0.01))
    return Case([], options, rates)


@covers("lr_scheduler.LRScheduler")
def schedules_of_your_own(draw: Draw) -> Case:
    def program(lib: Any, cls: Any) -> Any:
        class Shrinking(cls):
            def get_lr(self) -> list[float]:
                return [base * factor**self.last_epoch for base in self.base_lrs]

        return rates(lib, Shrinking)

    factor = one_of(draw, 0.5, 0.9)

    return Case([], {}, program)


# Clipping


def clip(lib: Any, f: Any, *tensors: Any, scale: float, **options: Any) -> Any:
    half = len(tensors) // 2
    parameters, gradients = tensors[:half], tensors[half:]
    for parameter, gradient in zip(parameters[some_without(half) :], gradients, strict=False):
        parameter.grad = gradient.detach() * scale
    found = f(parameters, **options)
    grads = [parameter.grad for parameter in parameters]
    return [found, [grad if grad is None else grad / scale for grad in grads]]


def some_without(count: int) -> int:
    """Of three parameters, the first has no gradient."""
    return int(count == 3)


def parameters(draw: Draw, least: int) -> list[Any]:
    arrays = [array(draw, dtypes=("float32",)) for _ in range(draw(st.integers(least, 3)))]
    without = some_without(len(arrays))
    gradients = [array(draw, each.shape, ("float32",)) for each in arrays[without:]]
    return [*arrays, *gradients, *arrays[:without]]


@covers("utils.clip_grad_norm_")
def norms(draw: Draw) -> Case:
    options = some_of(draw, norm_type=(2.0, 1, 3, float("inf")), error_if_nonfinite=(True, False))
    options |= {"max_norm": one_of(draw, 1.0, 0.1, 1e-6, 100), "scale": one_of(draw, 1.0, 1e-6)}
    return Case(parameters(draw, 0), options, clip)


@covers("utils.clip_grad_value_")
def largest_values(draw: Draw) -> Case:
    options = {"clip_value": one_of(draw, 1.0, 0.1, 100), "scale": 1.0}
    return Case(parameters(draw, 1), options, clip)
