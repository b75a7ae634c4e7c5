"""Arguments for what the Architecture tier's module on embeddings offers."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from arguments import FLOATS, Case, Draw, array, broadcasting, covers, dim, one_of, shape, some_of


def ids_and_table(draw: Draw) -> tuple[np.ndarray, np.ndarray]:
    """Ids of any shape, seldom one that the table does not have, and seldom of a wrong dtype."""
    rows, width = one_of(draw, 1, 2, 5), one_of(draw, 1, 2, 3)
    table = array(draw, (rows, width))
    low, high = one_of(draw, *[(0, rows)] * 8, (-1, rows), (0, rows + 1))
    random = np.random.default_rng(draw(st.integers(0, 99)))
    ids = np.asarray(random.integers(low, high, shape(draw)))
    return ids.astype(one_of(draw, *["int64"] * 5, *["int32"] * 2, "int8", "float32")), table


def padding(draw: Draw, rows: int) -> dict[str, Any]:
    return some_of(draw, padding_idx=(None, 0, -1, rows - 1, -rows, rows, -rows - 1))


@covers("F.embedding")
def lookups(draw: Draw) -> Case:
    def program(lib: Any, f: Any, table: Any, ids: Any, **options: Any) -> Any:
        return f(ids, table, **options)

    ids, table = ids_and_table(draw)
    options = padding(draw, len(table))
    if one_of(draw, *[False] * 9, True):
        table = array(draw, one_of(draw, (3,), (2, 2, 2)))
    return Case([table, ids], options, program)


@covers("nn.Embedding")
def tables(draw: Draw) -> Case:
    def program(lib: Any, cls: Any, table: Any, ids: Any, **options: Any) -> Any:
        fresh = cls(*table.shape, **options)
        foreign = cls.from_pretrained(table.detach(), freeze, **options)
        facts = [foreign.num_embeddings, foreign.embedding_dim, foreign.padding_idx]
        zero = [not row.any() for row in fresh.weight.detach().numpy()]
        return [foreign(ids), *foreign.parameters(), facts, repr(fresh), zero]

    ids, table = ids_and_table(draw)
    freeze = one_of(draw, True, False)
    return Case([table, ids], padding(draw, len(table)), program)


@covers("F.cosine_similarity")
def directions(draw: Draw) -> Case:
    def program(lib: Any, f: Any, x: Any, y: Any, **options: Any) -> Any:
        return f(x, y, **options)

    sizes = [(3, 2), (3, 2)] if one_of(draw, True, False) else broadcasting(draw, 2)
    kind = (one_of(draw, *FLOATS),)
    x, y = (array(draw, size, kind) for size in sizes)
    options = some_of(draw, eps=(1e-8, 1e-3, 2.0))
    most = max(x.ndim, y.ndim)
    if one_of(draw, True, True, False) or most < 2:
        options["dim"] = dim(draw, most)
    return Case([x, y], options, program)
