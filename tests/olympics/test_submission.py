"""A submission comes back as it was written; whatever else is handed in is refused with a reason."""

from __future__ import annotations

import io
import json
import os
import pickle
import stat
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tinytorch_profiling.olympics import submission
from tinytorch_profiling.olympics.archive import members
from tinytorch_profiling.olympics.arrays import MOST_BYTES, read_arrays
from tinytorch_profiling.olympics.errors import Refused
from tinytorch_profiling.olympics.submission import (
    MOST_ARCHIVE,
    Entry,
    packed,
    parse,
    read,
    sha256,
    write,
)

CODE = "import numpy as np\n\ndef load(weights):\n    return lambda images: images\n"
ARRAYS = {"w": np.arange(6, dtype=np.int8).reshape(2, 3), "b": np.float32(0.5)}
MIB = 1 << 20


def manifest(code: bytes, weights: bytes, **changes: Any) -> dict[str, Any]:
    made = {"format": 1, "model": "1986_mlp", "event": "smallest", "name": "Ann's", "claims": {}}
    return made | {"files": {"model.py": sha256(code), "weights.npz": sha256(weights)}} | changes


def files(code: str = CODE, weights: bytes | None = None, **changes: Any) -> dict[str, bytes]:
    packed_weights = packed(ARRAYS) if weights is None else weights
    about = manifest(code.encode(), packed_weights, **changes)
    text = json.dumps(about).encode()
    return {"submission.json": text, "model.py": code.encode(), "weights.npz": packed_weights}


def zipped(
    content: dict[str, bytes], more: Callable[[zipfile.ZipFile], None] | None = None
) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in content.items():
            archive.writestr(name, data)
        if more:
            more(archive)
    return made.getvalue()


def refusal(data: bytes) -> str:
    with pytest.raises(Refused) as caught:
        parse(data, "it.zip")
    (finding,) = caught.value.findings
    assert finding.where.startswith("it.zip")
    return finding.message


def npz(**arrays: bytes) -> bytes:
    """Of texts that should be arrays."""
    return zipped({f"{name}.npy": data for name, data in arrays.items()})


def array(header: str, rest: bytes = b"", version: bytes = b"\x01\x00") -> bytes:
    text = header.encode()
    return b"\x93NUMPY" + version + struct.pack("<H", len(text)) + text + rest


# What is taken


def test_a_submission_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "a.olympics.zip"
    entry = Entry("1998_cnn", "balanced", "Ärmel & Söhne", {"bytes": 9000, "accuracy": 0.97})
    written = write(path, entry, CODE, ARRAYS)
    assert read(path) == written
    assert (written.entry, written.code, written.parameters) == (entry, CODE.encode(), 7)
    arrays = read_arrays(written.weights, "")
    assert {name: (a.dtype, a.tolist()) for name, a in arrays.items()} == {
        name: (np.asarray(a).dtype, a.tolist()) for name, a in ARRAYS.items()
    }
    assert written.digest == sha256(path.read_bytes())


def test_the_same_is_written_with_the_same_bytes(tmp_path: Path) -> None:
    entry = Entry("1986_mlp", "fastest", "Ann", {})
    one, other = (write(tmp_path / name, entry, CODE, packed(ARRAYS)) for name in ("a", "b"))
    assert one.digest == other.digest


def test_size_is_that_of_the_weights_file_and_of_the_packed_code() -> None:
    plain = parse(zipped(files()), "")
    stored, compressed = io.BytesIO(), io.BytesIO()
    np.savez(stored, w=np.zeros(10_000, np.float32))
    np.savez_compressed(compressed, w=np.zeros(10_000, np.float32))
    assert plain.bytes > len(packed(ARRAYS))
    large, small = (parse(zipped(files(weights=f.getvalue())), "") for f in (stored, compressed))
    assert large.bytes > 40_000 > 1000 > small.bytes
    code = CODE + f"TABLE = {np.random.default_rng(0).bytes(5000).hex()!r}\n"
    assert parse(zipped(files(code)), "").bytes > plain.bytes + 5000, (
        "what stands in the code counts"
    )


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint16", "int64", "float16", ">f4", "<f8"])
def test_arrays_of_every_kind_of_number_come_back(dtype: str) -> None:
    given = {"a": np.arange(6).reshape(3, 2).astype(dtype), "b": np.array(1, dtype)}
    given["c"] = np.asfortranarray(given["a"])
    found = read_arrays(packed(given), "")
    for name, expected in given.items():
        assert found[name].dtype == expected.dtype
        assert np.array_equal(found[name], expected)


def test_nothing_is_written_over_or_half(tmp_path: Path) -> None:
    path = tmp_path / "a.olympics.zip"
    path.write_bytes(b"mine")
    with pytest.raises(Refused, match="no function load"):
        write(path, Entry("1986_mlp", "smallest", "A", {}), "x = 1", ARRAYS)
    assert path.read_bytes() == b"mine"
    assert os.listdir(tmp_path) == [path.name]


# What is not


def test_an_archive_cut_off_anywhere_is_refused() -> None:
    whole = zipped(files())
    for length in range(0, len(whole), 7):
        assert "it is no whole zip archive" in refusal(whole[:length])


def test_a_flipped_bit_never_passes_unnoticed() -> None:
    """It is refused, or nothing that matters has changed."""
    whole = zipped(files())
    expected = parse(whole, "")
    for place in range(0, len(whole), 23):
        damaged = bytearray(whole)
        damaged[place] ^= 0x10
        try:
            found = parse(bytes(damaged), "it.zip")
        except Refused:
            continue
        assert (found.code, found.weights) == (expected.code, expected.weights)


def symlink(archive: zipfile.ZipFile) -> None:
    info = zipfile.ZipInfo("link")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    archive.writestr(info, b"/etc/passwd")


def device(archive: zipfile.ZipFile) -> None:
    info = zipfile.ZipInfo("device")
    info.external_attr = (stat.S_IFCHR | 0o666) << 16
    archive.writestr(info, b"")


def named(name: str) -> Callable[[zipfile.ZipFile], None]:
    return lambda archive: archive.writestr(zipfile.ZipInfo(name), b"x")


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (named("../../.bashrc"), "leads out"),
        (named("/etc/cron.d/x"), "leads out"),
        (named("a/../../b"), "leads out"),
        (named("..\\..\\x"), "a name like"),
        (named("C:/x"), "a name like"),
        (named("folder/"), "a folder, a link or a device"),
        (named("notes.txt"), "it holds 'notes.txt'"),
        (named("\x1b]0;owned\x07"), r"\x1b"),
        (symlink, "a folder, a link or a device"),
        (device, "a folder, a link or a device"),
    ],
)
def test_what_does_not_belong_in_it_is_refused(
    more: Callable[[zipfile.ZipFile], None],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert said in refusal(zipped(files(), more))
    assert not list(tmp_path.iterdir()), "nothing is ever unpacked"


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_twice_is_refused() -> None:
    assert "twice" in refusal(zipped(files(), lambda a: a.writestr("model.py", b"import os")))


def test_bombs_are_not_unpacked() -> None:
    bomb = zipped({**files(), "weights.npz": bytes(300 * MIB)})
    assert len(bomb) < MIB
    assert "more than is allowed" in refusal(bomb)
    inner = npz(a=bytes(MOST_BYTES + MIB))
    assert "more than is allowed" in refusal(zipped(files(weights=inner)))
    several = npz(**{f"a{n}": array("{}", bytes(MOST_BYTES // 4)) for n in range(5)})
    with pytest.raises(Refused, match="more than is allowed"):
        members(several, "it.npz", MOST_BYTES)


def test_a_size_that_is_a_lie_gets_no_more_memory() -> None:
    """The archive says that a file is small, and it isn't."""
    made = bytearray(zipped({"a": bytes(50 * MIB)}))
    for mark, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        place = made.find(mark) + offset
        made[place : place + 4] = struct.pack("<I", 10)
    with pytest.raises(Refused):
        members(bytes(made), "it.zip", MIB)


def test_encrypted_files_and_rare_methods_are_refused() -> None:
    made = bytearray(zipped(files()))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        made[made.find(mark) + offset] |= 1
    assert "encrypted" in refusal(bytes(made))
    rare = io.BytesIO()
    with zipfile.ZipFile(rare, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("submission.json", b"{}")
    assert "a rare way" in refusal(rare.getvalue())


class Evil:
    def __reduce__(self) -> Any:
        return os.mkdir, ("pickled",)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (array("{'descr': '|O', 'fortran_order': False, 'shape': (1,)}"), "it is pickled"),
        (array("{'descr': '<f4', 'fortran_order': False, 'shape': (2**60,)}"), "no array"),
        (array("{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000,)}"), "belong"),
        (array("{'descr': '<f4', 'fortran_order': False, 'shape': (-1, -1)}", bytes(4)), "belong"),
        (array("{'descr': '<f4', 'fortran_order': False, 'shape': (1,)}", bytes(5)), "belong"),
        (array("{'descr': '<U4', 'fortran_order': False, 'shape': (1,)}", bytes(16)), "<U4"),
        (array("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}", bytes(4)), "f4"),
        (
            array(f"{{'descr': '<f4', 'fortran_order': False, 'shape': {(1,) * 9}}}", bytes(4)),
            "9 dim",
        ),
        (array("__import__('os').mkdir('run')"), "no array"),
        (array("(" * 9000), "no array"),
        (array("{}", version=b"\x09\x00"), "no array"),
        (b"", "no array"),
        (pickle.dumps(Evil()), "no array"),
    ],
)
def test_what_is_no_array_of_numbers_is_refused(
    content: bytes, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert said in refusal(zipped(files(weights=npz(a=content))))
    assert not list(tmp_path.iterdir()), "nothing that stands in it was run"


def test_a_pickle_that_numpy_wrote_is_refused() -> None:
    with pytest.raises(Refused, match="it is pickled"):
        read_arrays(packed({"a": np.array([Evil()], object)}), "it.npz")


def test_weights_that_are_no_archive_or_hold_other_things_are_refused() -> None:
    assert "no whole zip" in refusal(zipped(files(weights=b"weights")))
    assert "no array" in refusal(zipped(files(weights=zipped({"a.txt": b""}))))
    many = npz(**{f"a{n}": array("{}") for n in range(300)})
    assert "300 arrays" in refusal(zipped(files(weights=many)))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "cannot be read"),
        (b"\xff\xfe", "cannot be read"),
        (b"{", "cannot be read"),
        (b"[" * 10_000, "cannot be read"),
        (b'{"a": 1, "a": 2}', "twice"),
        (b'{"a": NaN}', "NaN is no number"),
        (b" " * 20_000 + b"{}", "more than 16 KiB"),
        (b"[]", "exactly the keys"),
        (b"{}", "exactly the keys"),
    ],
)
def test_a_manifest_that_is_none_is_refused(text: bytes, said: str) -> None:
    assert said in refusal(zipped({**files(), "submission.json": text}))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"format": 2}, "format"),
        ({"more": 1}, "exactly the keys"),
        ({"model": "2017_transformer"}, "no model"),
        ({"model": ["1986_mlp"]}, "no model"),
        ({"event": "fattest"}, "no event"),
        ({"name": ""}, "printable"),
        ({"name": "x" * 61}, "printable"),
        ({"name": " x"}, "printable"),
        ({"name": "a\u202eb"}, "printable"),
        ({"name": "\x1b[31m"}, "printable"),
        ({"name": 7}, "printable"),
        ({"claims": []}, "nobody can make"),
        ({"claims": {"beauty": 1}}, "nobody can make"),
        ({"claims": {"accuracy": 1.01}}, "the claim accuracy"),
        ({"claims": {"accuracy": True}}, "the claim accuracy"),
        ({"claims": {"bytes": -1}}, "the claim bytes"),
        ({"claims": {"time": "fast"}}, "the claim time"),
        ({"files": {}}, "SHA-256"),
        ({"files": []}, "SHA-256"),
        ({"files": {"model.py": "0" * 64, "weights.npz": "0" * 64}}, "SHA-256"),
    ],
)
def test_a_manifest_that_says_something_else_is_refused(changes: dict[str, Any], said: str) -> None:
    assert said in refusal(zipped(files(**changes)))


def test_another_files_hash_is_refused() -> None:
    honest = files()
    other = {**honest, "model.py": honest["model.py"] + b"# changed\n"}
    assert "model.py is not the file" in refusal(zipped(other))
    other = {**honest, "weights.npz": packed({**ARRAYS, "b": np.float32(0.6)})}
    assert "weights.npz is not the file" in refusal(zipped(other))


@pytest.mark.parametrize("name", ["submission.json", "model.py", "weights.npz"])
def test_a_file_that_is_missing_is_named(name: str) -> None:
    content = files()
    del content[name]
    assert f"it lacks {name}" in refusal(zipped(content))


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import os\ndef load(w): pass", "imports os"),
        ("import numpy, torch\ndef load(w): pass", "imports torch"),
        ("def load(w):\n    from sklearn.datasets import load_digits", "imports sklearn"),
        ("from . import x\ndef load(w): pass", "imports ."),
        ("load = 1", "no function load"),
        ("def load(w:", "cannot be read"),
        ("x = '\\ud800'\n\0", "cannot be read"),
        ("-" * 200_000 + "1\ndef load(w): pass", "cannot be read"),
        ("#" * (300 << 10), "longer than 256 KiB"),
    ],
)
def test_code_that_cannot_run_there_is_refused(code: str, said: str) -> None:
    assert said in refusal(zipped(files(code)))


def test_what_lies_deep_in_tinytorch_can_be_imported() -> None:
    code = "from __future__ import annotations\nimport tinytorch.nn.functional as F\n"
    code += "from tinytorch import nn\ndef load(weights): pass\n"
    assert parse(zipped(files(code)), "").code == code.encode()


def test_files_that_are_none_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="no such file"):
        read(tmp_path / "nothing.zip")
    with pytest.raises(Refused, match="it is no file"):
        read(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(Refused, match="it is no file"):
        read(tmp_path / "pipe")
    large = tmp_path / "large.zip"
    with large.open("wb") as file:
        file.truncate(MOST_ARCHIVE + 1)
    with pytest.raises(Refused, match="larger than 8 MiB"):
        submission.read(large)
