"""Arguments for what tinytorch.core offers, and for the methods of Tensor."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from hypothesis import strategies as st

from arguments import (
    DTYPES,
    FLOATS,
    NUMBERS,
    TABLE,
    Case,
    Draw,
    array,
    broadcasting,
    covers,
    dim,
    dims,
    one_of,
    operands,
    positive,
    shape,
    some_of,
)  # fmt: skip


def dtype(lib: Any, name: str | None) -> dict[str, Any]:
    """The option dtype=torch.float64, of either library; none for None."""
    return {} if name is None else {"dtype": getattr(lib.torch, name)}


# Elementwise


@covers("torch.add torch.sub torch.mul torch.div torch.maximum torch.minimum")
def two_operands(draw: Draw) -> Case:
    return Case(operands(draw, 2))


@covers("torch.eq torch.ne torch.lt torch.le torch.gt torch.ge")
def an_operand_and_another_or_a_number(draw: Draw) -> Case:
    if one_of(draw, True, False):
        return Case(operands(draw, 2))
    return Case([array(draw, dtypes=DTYPES)], {"other": one_of(draw, 0, 2, -1.5)})


@covers("torch.pow")
def a_power(draw: Draw) -> Case:
    exponent = one_of(draw, 0, 1, 2, 3, 4, -1, 0.5, 2.5, -2.0, None)
    if exponent is not None:
        return Case([array(draw, dtypes=(*FLOATS, "int64"))], {"exponent": exponent})
    first, second = broadcasting(draw, 2)
    return Case([positive(draw, first), array(draw, second)])


@covers("torch.exp torch.log torch.sqrt torch.relu torch.sigmoid torch.tanh torch.abs torch.neg")
def any_numbers(draw: Draw) -> Case:
    return Case([array(draw, dtypes=NUMBERS)])


@covers("torch.clone")
def anything(draw: Draw) -> Case:
    return Case([array(draw, dtypes=DTYPES)])


@covers("torch.clamp")
def limits(draw: Draw) -> Case:
    options = some_of(draw, min=(-1, 0, 1.5, None), max=(2, 1, 0.5, None))
    return Case([array(draw, dtypes=NUMBERS)], options)


@covers("torch.where")
def a_choice(draw: Draw) -> Case:
    condition, *rest = broadcasting(draw, 3)
    two = [array(draw, size, ("float32", "float64", "int64")) for size in rest]
    return Case([array(draw, condition, ("bool",)), *two])


@covers("torch.masked_fill")
def a_mask(draw: Draw) -> Case:
    size, mask = broadcasting(draw, 2)
    masked = array(draw, size, (*FLOATS, "int64"))
    return Case([masked, array(draw, mask, ("bool",))], {"value": one_of(draw, 0, 7, -2.5)})


@covers("torch.allclose")
def near_or_far(draw: Draw) -> Case:
    x = array(draw)
    y = x + np.asarray(one_of(draw, 0, 1e-9, 1e-6, 1e-3, np.nan), x.dtype)
    return Case([x, y], some_of(draw, rtol=(1e-2, 0.0), atol=(1e-2, 0.0), equal_nan=(True, False)))


@covers("torch.broadcast_shapes")
def shapes(draw: Draw) -> Case:
    sizes = broadcasting(draw, draw(st.integers(1, 3)))
    return Case([], {}, lambda lib, f: list(f(*sizes)))


# Products and views


@covers("torch.matmul")
def matrices(draw: Draw) -> Case:
    first, second = shape(draw, most=4), shape(draw, most=4)
    if first and second and one_of(draw, True, True, False):  # most random shapes do not fit
        batch = first[:-2][-len(second[:-2]) :] if second[:-2] else ()
        second = (*batch, first[-1], second[-1]) if len(second) > 1 else (first[-1],)
    kinds = one_of(draw, ("float32",), ("float64",), ("int64",), ("float32", "int64"))
    return Case([array(draw, first, kinds), array(draw, second, kinds)])


@covers("torch.reshape")
def another_shape(draw: Draw) -> Case:
    x = array(draw, dtypes=DTYPES)
    wanted = draw(st.permutations(x.shape))
    cut = draw(st.integers(0, len(wanted)))
    wanted = [*wanted[:cut], prod(wanted[cut:])]
    if one_of(draw, True, False):
        wanted[draw(st.integers(0, len(wanted) - 1))] = one_of(draw, -1, -1, -1, 5, -2)
    return Case([x], {"shape": tuple(wanted)})


@covers("torch.transpose")
def two_dims(draw: Draw) -> Case:
    x = array(draw, dtypes=DTYPES)
    return Case([x], {"dim0": dim(draw, x.ndim), "dim1": dim(draw, x.ndim)})


@covers("torch.permute")
def all_dims(draw: Draw) -> Case:
    x = array(draw, dtypes=DTYPES)
    order = draw(st.permutations(range(x.ndim)))
    signed = [d - one_of(draw, 0, x.ndim) for d in order]
    return Case([x], {"dims": tuple(signed[one_of(draw, 0, 0, 0, 0, 0, 1) :])})


@covers("torch.squeeze")
def a_dim_or_none(draw: Draw) -> Case:
    x = array(draw, shape(draw, sizes=(1, 1, 2, 0)), DTYPES)
    return Case([x], some_of(draw, dim=(dim(draw, x.ndim),)))


@covers("torch.unsqueeze")
def a_new_dim(draw: Draw) -> Case:
    x = array(draw, dtypes=DTYPES)
    return Case([x], {"dim": dim(draw, x.ndim + 1)})


@covers("torch.flatten")
def from_dim_to_dim(draw: Draw) -> Case:
    x = array(draw, shape(draw, most=4), DTYPES)
    return Case([x], some_of(draw, start_dim=(dim(draw, x.ndim),), end_dim=(dim(draw, x.ndim),)))


@covers("torch.cat")
def parts(draw: Draw) -> Case:
    size = list(shape(draw, least=1))
    along = dim(draw, len(size))
    arrays = []
    for _ in range(draw(st.integers(1, 3))):
        place = along if along < len(size) else 0
        if one_of(draw, *[False] * 9, True):
            place = 0  # perhaps another than the one to join along
        size[place] = one_of(draw, 1, 2, 0)
        arrays.append(array(draw, tuple(size), DTYPES))
    options = {} if along == 0 else {"dim": along}
    return Case(arrays, options, lambda lib, f, *tensors, **options: f(tensors, **options))


@covers("torch.stack")
def equals(draw: Draw) -> Case:
    size = shape(draw)
    arrays = [array(draw, size, DTYPES) for _ in range(draw(st.integers(1, 3)))]
    if one_of(draw, *[False] * 9, True):
        arrays.append(array(draw, (*size, 2)))
    along = dim(draw, len(size) + 1)
    options = {} if along == 0 else {"dim": along}
    return Case(arrays, options, lambda lib, f, *tensors, **options: f(list(tensors), **options))


@covers("torch.gather")
def places(draw: Draw) -> Case:
    x = array(draw, shape(draw, least=1, sizes=(1, 2, 3)), NUMBERS)
    along = draw(st.integers(-x.ndim, x.ndim - 1))
    size = list(x.shape)
    size[along] = one_of(draw, 0, 1, 2, 4)
    highest = x.shape[along] - one_of(draw, 1, 1, 1, 1, 1, 1, 0)
    index = np.random.default_rng(draw(st.integers(0, 99))).integers(
        0, highest, size, endpoint=True
    )
    return Case([x, index], {"dim": along}, lambda lib, f, x, i, dim: f(x, dim, i))


# Reductions


@covers("torch.sum")
def sums(draw: Draw) -> Case:
    x = array(draw, dtypes=DTYPES)
    return Case([x], dims(draw, x.ndim))


@covers("torch.mean")
def means(draw: Draw) -> Case:
    x = array(draw, dtypes=one_of(draw, FLOATS, FLOATS, DTYPES))
    return Case([x], dims(draw, x.ndim))


@covers("torch.var torch.std")
def spreads(draw: Draw) -> Case:
    x = array(draw)
    return Case([x], dims(draw, x.ndim) | some_of(draw, correction=(0, 1, 2)))


@covers("torch.max torch.min")
def extremes(draw: Draw) -> Case:
    x = array(draw, dtypes=DTYPES)
    if one_of(draw, True, False):
        return Case([x])
    return Case([x], {"dim": dim(draw, x.ndim)} | some_of(draw, keepdim=(True, False)))


@covers("torch.argmax torch.argmin")
def places_of_extremes(draw: Draw) -> Case:
    x = array(draw, dtypes=NUMBERS)
    return Case([x], some_of(draw, dim=(dim(draw, x.ndim), None), keepdim=(True, False)))


@covers("torch.softmax torch.log_softmax")
def along_a_dim(draw: Draw) -> Case:
    x = array(draw)
    return Case([x], {"dim": dim(draw, x.ndim)})


# Creation


@covers("torch.tensor")
def data(draw: Draw) -> Case:
    values: Any = array(draw, dtypes=DTYPES)
    if one_of(draw, True, False):
        values = values.tolist()
    kind = one_of(draw, None, *NUMBERS)
    options = some_of(draw, requires_grad=(True, False))
    return Case([], {}, lambda lib, f: f(values, **dtype(lib, kind), **options))


@covers("torch.Tensor")
def lists(draw: Draw) -> Case:
    values = array(draw, shape(draw, least=1), NUMBERS).tolist()
    return Case([], {}, lambda lib, f: f(values))


@covers("torch.from_numpy")
def shared_memory(draw: Draw) -> Case:
    def program(lib: Any, f: Any) -> Any:
        array = values.copy()
        tensor = f(array)
        array *= 2
        return tensor

    values = array(draw, dtypes=NUMBERS)
    return Case([], {}, program)


@covers("torch.float32 torch.float64 torch.int64 torch.int32 torch.int8 torch.uint8")
def casts(draw: Draw) -> Case:
    return Case(
        [positive(draw) if one_of(draw, True, False) else array(draw, dtypes=("uint8", "bool"))],
        {},
        lambda lib, kind, x: [x.to(kind), lib.torch.tensor([1.5, 0.0], dtype=kind)],
    )


@covers("torch.zeros torch.ones")
def sizes(draw: Draw) -> Case:
    size, kind = shape(draw), one_of(draw, None, *NUMBERS)
    as_tuple = one_of(draw, True, False) or not size
    args = [size] if as_tuple else size
    options = some_of(draw, requires_grad=(True, False))
    return Case([], {}, lambda lib, f: f(*args, **dtype(lib, kind), **options))


@covers("torch.full")
def a_size_and_a_value(draw: Draw) -> Case:
    size, value, kind = shape(draw), one_of(draw, 0, 7, -1.5, True), one_of(draw, None, *NUMBERS)
    return Case([], {}, lambda lib, f: f(size, abs(value), **dtype(lib, kind)))


@covers("torch.zeros_like torch.ones_like")
def models(draw: Draw) -> Case:
    kind = one_of(draw, None, *NUMBERS)
    return Case(
        [array(draw, dtypes=DTYPES)], {}, lambda lib, f, x: [f(x), f(x, **dtype(lib, kind))]
    )


@covers("torch.arange")
def ranges(draw: Draw) -> Case:
    number = st.integers(-5, 9) | st.sampled_from((0.5, -1.25, 2.0))
    args = draw(st.lists(number, min_size=1, max_size=3))
    whole = all(type(arg) is int for arg in args)
    kind = one_of(draw, None, None, "float64", "int32" if whole else "float32")
    return Case([], {"args": args}, lambda lib, f, args: f(*args, **dtype(lib, kind)))


# Chance: the numbers differ, what they are like does not


@covers("torch.rand torch.randn")
def random_sizes(draw: Draw) -> Case:
    size, kind = shape(draw), one_of(draw, None, *FLOATS)

    def program(lib: Any, f: Any) -> Any:
        first, second = (
            f(size, generator=lib.torch.Generator().manual_seed(3), **dtype(lib, kind))
            for _ in range(2)
        )
        return [lib.torch.zeros_like(first), lib.torch.allclose(first, second)]

    return Case([], {}, program)


@covers("torch.randint")
def random_integers(draw: Draw) -> Case:
    size, low = shape(draw), draw(st.integers(-3, 3))
    high = low + one_of(draw, 1, 5, 200, 0, -1)
    kind = one_of(draw, None, "int32", "uint8", "float32")

    def program(lib: Any, f: Any) -> Any:
        numbers = f(low, high, size, **dtype(lib, kind))
        return [lib.torch.zeros_like(numbers), (low <= numbers) * (numbers < high)]

    return Case([], {"low": low, "high": high, "size": size, "kind": kind}, keywords_off(program))


def keywords_off(program: Any) -> Any:
    """The options are shown if a case fails; the program knows them already."""
    return lambda lib, f, *tensors, **shown: program(lib, f, *tensors)


@covers("torch.randperm")
def permutations(draw: Draw) -> Case:
    n, kind = draw(st.integers(-1, 300)), one_of(draw, None, "int32", "uint8", "float32")

    def program(lib: Any, f: Any) -> Any:
        order = f(n, **dtype(lib, kind))
        return [sorted(order.tolist()), lib.torch.zeros_like(order)]

    return Case([], {"n": n, "kind": kind}, keywords_off(program))


def repeats(lib: Any, seed: Any) -> bool:
    """Seeding twice gives the same numbers twice."""
    first, second = ([seed(), lib.torch.rand(3)][1] for _ in range(2))
    return bool(lib.torch.allclose(first, second))


@covers("torch.manual_seed")
def seeds(draw: Draw) -> Case:
    seed = draw(st.integers(-5, 2**40))
    return Case([], {"seed": seed}, lambda lib, f, seed: repeats(lib, lambda: f(seed)))


@covers("torch.default_generator")
def the_generator(draw: Draw) -> Case:
    seed = draw(st.integers(0, 9))
    return Case([], {}, lambda lib, g: [repeats(lib, lambda: g.manual_seed(seed))])


@covers("torch.Generator")
def generators(draw: Draw) -> Case:
    def program(lib: Any, f: Any) -> Any:
        generator = f().manual_seed(seed)
        state = generator.get_state()
        first = lib.torch.rand(size, generator=generator)
        generator.set_state(state)
        return lib.torch.allclose(first, lib.torch.rand(size, generator=generator))

    seed, size = draw(st.integers(0, 99)), shape(draw)
    return Case([], {}, program)


@covers("torch.get_rng_state torch.set_rng_state")
def states(draw: Draw) -> Case:
    def program(lib: Any, f: Any) -> Any:
        lib.torch.manual_seed(seed)
        state = lib.torch.get_rng_state()
        return [repeats(lib, lambda: lib.torch.set_rng_state(state)), state.dim()]

    seed = draw(st.integers(0, 99))
    return Case([], {}, program)


# Recording


def recorded(lib: Any, x: Any) -> bool:
    return bool((x * 2).requires_grad)


@covers("torch.no_grad torch.enable_grad")
def blocks(draw: Draw) -> Case:
    def program(lib: Any, f: Any, x: Any) -> Any:
        with lib.torch.set_grad_enabled(before):
            with f():
                inside = recorded(lib, x)
            return [inside, recorded(lib, x), f()(recorded)(lib, x), x * 3]

    before = one_of(draw, True, False)
    return Case([array(draw)], {}, program)


@covers("torch.set_grad_enabled torch.is_grad_enabled")
def switches(draw: Draw) -> Case:
    def program(lib: Any, f: Any, x: Any) -> Any:
        seen = [lib.torch.is_grad_enabled()]
        with lib.torch.set_grad_enabled(first):
            seen += [lib.torch.is_grad_enabled(), recorded(lib, x)]
            lib.torch.set_grad_enabled(second)
            seen += [lib.torch.is_grad_enabled(), recorded(lib, x)]
        return [*seen, lib.torch.is_grad_enabled()]

    first, second = one_of(draw, True, False), one_of(draw, True, False)
    return Case([array(draw)], {}, program)


# Methods. Those that are called like a function take its arguments; see `Tensor.` in test_everything.


@covers("Tensor.__radd__ Tensor.__rsub__ Tensor.__rmul__ Tensor.__rtruediv__")
def a_tensor_and_a_number(draw: Draw) -> Case:
    other = one_of(draw, 2, -3, 0, 2.5, True)
    return Case(
        [array(draw, dtypes=DTYPES)], {"other": other}, lambda lib, f, x, other: f(x, other)
    )


@covers("Tensor.__add__ Tensor.__sub__ Tensor.__mul__ Tensor.__truediv__ Tensor.__eq__"
        " Tensor.__ne__ Tensor.__lt__ Tensor.__le__ Tensor.__gt__ Tensor.__ge__")  # fmt: skip
def a_tensor_and_another_or_a_number(draw: Draw) -> Case:
    return Case(operands(draw, 2)) if one_of(draw, True, False) else a_tensor_and_a_number(draw)


@covers("Tensor.__neg__ Tensor.__abs__ Tensor.float Tensor.long Tensor.T Tensor.data"
        " Tensor.contiguous Tensor.shape Tensor.ndim Tensor.nbytes Tensor.is_leaf"
        " Tensor.requires_grad Tensor.grad Tensor.dim Tensor.numel Tensor.element_size"
        " Tensor.tolist Tensor.numpy Tensor.__array__ Tensor.detach")  # fmt: skip
def only_a_tensor(draw: Draw) -> Case:
    dtypes = one_of(draw, FLOATS, NUMBERS)
    return Case([array(draw, dtypes=dtypes)], learns=one_of(draw, 0, 9))


@covers("Tensor.mT")
def matrices_to_turn(draw: Draw) -> Case:
    return Case([array(draw, shape(draw, least=one_of(draw, 2, 2, 2, 1)))])


@covers("Tensor.item Tensor.__bool__ Tensor.__float__ Tensor.__int__")
def a_single_number(draw: Draw) -> Case:
    return Case([array(draw, shape(draw, sizes=(1, 1, 1, 2)), DTYPES)])


@covers("Tensor.__len__")
def something_with_rows(draw: Draw) -> Case:
    return Case([array(draw)])


@covers("Tensor.__invert__")
def truths(draw: Draw) -> Case:
    return Case([array(draw, dtypes=("bool", "int64", "uint8", "float32"))])


@covers("Tensor.dtype")
def any_dtype(draw: Draw) -> Case:
    return Case(
        [array(draw, dtypes=DTYPES)], {}, lambda lib, f, x: lib.torch.zeros(2, dtype=x.dtype)
    )


@covers("Tensor.grad_fn")
def whether_it_was_recorded(draw: Draw) -> Case:
    learns = one_of(draw, 0, 9)
    return Case(
        [array(draw)], {}, lambda lib, f, x: [x.grad_fn is None, (x * 2).grad_fn is None],
        learns=learns,
    )  # fmt: skip


@covers("Tensor.size")
def a_dim_to_measure(draw: Draw) -> Case:
    x = array(draw)
    return Case([x], some_of(draw, dim=(dim(draw, x.ndim),)), measured)


@covers("Tensor.stride")
def strides(draw: Draw) -> Case:
    return Case([array(draw, shape(draw, sizes=(2, 3, 4)))], {}, measured)


@covers("Tensor.is_contiguous")
def a_transposed_tensor(draw: Draw) -> Case:
    return Case([array(draw)], {}, lambda lib, f, x: [f(x), f(x.mT)] if x.ndim > 1 else f(x))


def measured(lib: Any, f: Any, x: Any, **options: Any) -> Any:
    found = f(x, **options)
    return list(found) if isinstance(found, tuple) else found


@covers("Tensor.__matmul__")
def products(draw: Draw) -> Case:
    return matrices(draw)


@covers("Tensor.__pow__")
def powers(draw: Draw) -> Case:
    case = a_power(draw)
    exponents = list(case.options.values())
    return Case(case.tensors, {}, lambda lib, f, *tensors: f(*tensors, *exponents))


@covers("Tensor.__rpow__")
def bases(draw: Draw) -> Case:
    base = one_of(draw, 2, 0.5, 3, 1)
    return Case([array(draw)], {"base": base}, lambda lib, f, x, base: base**x)


@covers("Tensor.to")
def another_dtype(draw: Draw) -> Case:
    kind = one_of(draw, *FLOATS, *NUMBERS)
    x = positive(draw) if one_of(draw, True, False) else array(draw, dtypes=("uint8", "bool"))
    return Case([x], {}, lambda lib, f, x: f(x, **dtype(lib, kind)))


@covers("Tensor.reshape")
def sizes_of_another_shape(draw: Draw) -> Case:
    case, together = another_shape(draw), one_of(draw, True, False)
    return Case(
        case.tensors, case.options,
        lambda lib, f, x, shape: f(x, shape) if together else f(x, *shape),
    )  # fmt: skip


@covers("Tensor.permute")
def the_numbers_of_all_dims(draw: Draw) -> Case:
    case = all_dims(draw)
    together = one_of(draw, True, False) or not case.options["dims"]
    return Case(
        case.tensors, case.options, lambda lib, f, x, dims: f(x, dims) if together else f(x, *dims)
    )


@covers("Tensor.view")
def a_view(draw: Draw) -> Case:
    case = another_shape(draw)
    swapped = one_of(draw, False, False, True)

    def program(lib: Any, f: Any, x: Any, shape: Any) -> Any:
        return f(x.transpose(0, -1) if swapped and x.ndim else x, *shape)

    return Case(case.tensors, case.options, program)


def index(draw: Draw, ndim: int) -> Any:
    """Numbers, slices, None, ... and a list."""
    part = st.one_of(
        st.integers(-2, 1),
        st.just(None),
        st.builds(slice, st.integers(-3, 3) | st.none(), st.integers(-3, 3) | st.none()),
        st.builds(slice, st.none(), st.none(), st.integers(1, 3)),
    )
    parts: list[Any] = draw(st.lists(part, max_size=ndim))
    if one_of(draw, False, False, True):
        parts.insert(draw(st.integers(0, len(parts))), Ellipsis)
    if one_of(draw, False, False, True):
        parts.append([0, 1, 1, 0])
    return parts[0] if len(parts) == 1 and one_of(draw, True, False) else tuple(parts)


@covers("Tensor.__getitem__")
def an_index(draw: Draw) -> Case:
    x = array(draw, shape(draw, sizes=(2, 3, 4)), DTYPES)
    if one_of(draw, *[False] * 5, True):
        return Case([x], {}, lambda lib, f, x: f(x, x > 0))
    return Case([x], {"index": index(draw, x.ndim)}, lambda lib, f, x, index: f(x, index))


@covers("Tensor.__setitem__")
def a_place_and_a_value(draw: Draw) -> Case:
    def program(lib: Any, f: Any, x: Any, value: Any, index: Any) -> Any:
        f(x, index, value[0] if number else value)
        return x

    x = array(draw, shape(draw, least=1, sizes=(2, 3, 4)), NUMBERS)
    number = one_of(draw, True, True, False)
    value = array(draw, (1,) if number else x.shape[1:], FLOATS)
    return Case([x, value], {"index": index(draw, x.ndim)}, program, learns=0)


@covers("Tensor.add_ Tensor.sub_ Tensor.mul_ Tensor.div_ Tensor.__iadd__ Tensor.__isub__"
        " Tensor.__imul__ Tensor.__itruediv__")  # fmt: skip
def a_change_in_place(draw: Draw) -> Case:
    def program(lib: Any, f: Any, x: Any, *others: Any) -> Any:
        view = x[:1] if x.ndim else x
        result = f(x, *others, *number)
        return [result is x, x, view]

    number = [one_of(draw, 2, 2.5, -1)] if one_of(draw, True, False) else []
    tensors = [array(draw, dtypes=NUMBERS)] if number else operands(draw, 2, NUMBERS)
    return Case(tensors, {"other": number}, keywords_off(program), learns=one_of(draw, *[0] * 5, 9))


@covers("Tensor.copy_")
def a_copy(draw: Draw) -> Case:
    tensors = operands(draw, 2, NUMBERS)
    return Case(tensors, {}, lambda lib, f, x, src: [f(x, src) is x, x], learns=0)


@covers("Tensor.fill_")
def a_filling(draw: Draw) -> Case:
    value = one_of(draw, 2, 2.5, True)
    x = array(draw, dtypes=NUMBERS)
    return Case([x], {"value": value}, lambda lib, f, x, value: [f(x, value) is x, x], learns=0)


@covers("Tensor.zero_")
def an_emptying(draw: Draw) -> Case:
    x = array(draw, dtypes=DTYPES)
    return Case([x], {}, lambda lib, f, x: [f(x) is x, x], learns=0)


@covers("Tensor.requires_grad_")
def a_wish_to_learn(draw: Draw) -> Case:
    options = some_of(draw, requires_grad=(True, False))
    return Case([array(draw, dtypes=DTYPES)], options, learns=one_of(draw, 0, 9))


@covers("Tensor.backward")
def a_gradient(draw: Draw) -> Case:
    def program(lib: Any, f: Any, x: Any, g: Any) -> Any:
        y = x * x if recorded_first else x
        for _ in range(times):
            f(y, *[g.detach()][: len(given)], **options)
        return x.grad

    x = array(draw, shape(draw, sizes=(1, 1, 2)))
    recorded_first, times = one_of(draw, True, False), one_of(draw, 1, 2)
    given, options = one_of(draw, "", "g"), some_of(draw, retain_graph=(True, False))
    gradient = array(draw, one_of(draw, x.shape, x.shape, (2,)), (x.dtype.name,))
    return Case([x, gradient], {}, program, learns=one_of(draw, *[9] * 5, 0))


SAME = ("abs argmax argmin clamp clone exp flatten log masked_fill max mean min pow sqrt squeeze std"
        " sum transpose unsqueeze var")  # fmt: skip
for name in SAME.split():
    TABLE[f"Tensor.{name}"] = TABLE[f"torch.{name}"]
