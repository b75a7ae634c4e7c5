"""Reads arrays as `np.savez` wrote them, from bytes that may be anything."""

import io
import math

import numpy as np

from tinytorch_profiling.olympics.archive import members
from tinytorch_profiling.olympics.errors import refused

MOST_BYTES, MOST_ARRAYS, MOST_DIMENSIONS, LONGEST_NAME = 32 << 20, 256, 8, 200
HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


def read_arrays(data, where):
    """The name of each array, with it: numbers only, nothing pickled."""
    found = members(data, where, MOST_BYTES)
    if len(found) > MOST_ARRAYS:
        raise refused(f"it has {len(found)} arrays, and {MOST_ARRAYS} are allowed", where)
    arrays = {}
    for name, content in found.items():
        if not name.endswith(".npy") or not name.isprintable() or len(name) > LONGEST_NAME:
            raise refused(f"it holds {name[:100]!a}, which is no array", where, "use np.savez")
        arrays[name.removesuffix(".npy")] = read_array(content, f"{where}, {name}")
    return arrays


def read_array(content, where):
    """The header is checked before anything is allocated after it."""
    file = io.BytesIO(content)
    try:
        shape, fortran, dtype = HEADERS[np.lib.format.read_magic(file)](file)
        size = math.prod(shape) * dtype.itemsize
    except Exception:  # whatever a parser says to a text that is no header
        raise refused("it is no array of numbers", where, "use np.savez") from None
    if dtype.hasobject:
        raise refused("it is pickled: that is code, and is not run", where, "save plain arrays")
    if dtype.kind not in "biuf" or len(shape) > MOST_DIMENSIONS:
        raise refused(f"it holds {dtype} in {len(shape)} dimensions", where, "save plain numbers")
    rest = content[file.tell() :]
    if size != len(rest) or min(shape, default=0) < 0:
        raise refused(f"it has {len(rest)} bytes where {size} belong", where, "write it again")
    return np.frombuffer(rest, dtype).reshape(shape, order="F" if fortran else "C")
