"""A submission: one zip archive of three files. docs/olympics.md describes it.

write(path, Entry("1986_mlp", "smallest", "Ann's half", {"accuracy": 0.97}), code, arrays)
read(path).entry
"""

import hashlib
import io
import json
import os
import stat
import zipfile
import zlib
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from tinytorch_profiling.olympics.archive import members
from tinytorch_profiling.olympics.arrays import MOST_BYTES, read_arrays
from tinytorch_profiling.olympics.code import check_code
from tinytorch_profiling.olympics.errors import refused
from tinytorch_profiling.olympics.events import EVENTS, MODELS

FORMAT = 1
SUFFIX = ".olympics.zip"
MANIFEST, CODE, WEIGHTS = "submission.json", "model.py", "weights.npz"
MOST_ARCHIVE, MOST_MANIFEST, LONGEST_NAME = 8 << 20, 16 << 10, 60
# What can be claimed, and between which bounds it makes sense.
CLAIMS = {"bytes": (0, 1e12), "accuracy": (0, 1), "time": (0, 1e6), "tradeoff": (0, 1e6)}


@dataclass(frozen=True)
class Entry:
    """What its author says: which model it takes the place of, for which event, under what name."""

    model: str
    event: str
    name: str
    claims: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Submission:
    """`digest` is the SHA-256 of the whole archive; `parameters`, how many numbers the weights are."""

    entry: Entry
    code: bytes
    weights: bytes
    parameters: int
    digest: str

    @property
    def bytes(self):
        """Of what has to be stored: the weights' file as it is, and the code, packed."""
        return size(self.code, self.weights)


def size(code, weights):
    return len(weights) + len(zlib.compress(code, 9))


def write(path, entry, code, weights):
    """Write the archive. `code` is bytes or text; `weights`, the bytes of an .npz file or a dict of
    arrays. What would be refused later is refused now."""
    code = code.encode() if isinstance(code, str) else code
    weights = packed(weights) if isinstance(weights, dict) else weights
    manifest = {"format": FORMAT, **asdict(entry)}
    manifest["files"] = {CODE: sha256(code), WEIGHTS: sha256(weights)}
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in (
            (MANIFEST, json.dumps(manifest, indent=1).encode()),
            (CODE, code),
            (WEIGHTS, weights),
        ):
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    submission = parse(made.getvalue(), path)
    save(Path(path), made.getvalue())
    return submission


def save(path, data):
    """All of it, or nothing."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_bytes(data)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def packed(arrays):
    file = io.BytesIO()
    np.savez(file, **{name: np.asarray(array) for name, array in arrays.items()})
    return file.getvalue()


def read(path):
    """The submission in a file. Raises Refused with what is wrong with it."""
    return parse(contents(path), path)


def contents(path):
    """The bytes of a file that is one, and not too large."""
    path = Path(path)
    if not path.exists():
        raise refused(
            "there is no such file", path, "a submission is made by: tito olympics submit --help"
        )
    about = path.stat()
    if not stat.S_ISREG(about.st_mode):
        raise refused("it is no file", path, "name a submission")
    if about.st_size > MOST_ARCHIVE:
        raise refused(
            f"it is larger than {MOST_ARCHIVE >> 20} MiB", path, "make the weights smaller"
        )
    return path.read_bytes()


def parse(data, where):
    found = members(data, where, MOST_BYTES + MOST_ARCHIVE)
    wanted = {MANIFEST, CODE, WEIGHTS}
    for name in sorted(wanted - found.keys()):
        raise refused(f"it lacks {name}", where, "a submission has it at its top")
    for name in sorted(found.keys() - wanted):
        raise refused(f"it holds {name[:100]!a}", where, f"only: {', '.join(sorted(wanted))}")
    entry = read_manifest(found, where)
    check_code(found[CODE], f"{where}, {CODE}")
    parameters = count(found[WEIGHTS], f"{where}, {WEIGHTS}")
    return Submission(entry, found[CODE], found[WEIGHTS], parameters, sha256(data))


def count(weights, where=WEIGHTS):
    """How many numbers there are in the bytes of an .npz file."""
    return sum(array.size for array in read_arrays(weights, where).values())


def read_manifest(found, where):
    where = f"{where}, {MANIFEST}"
    manifest = read_json(found[MANIFEST], where)
    keys = {"format", "files", *Entry.__dataclass_fields__}
    if not isinstance(manifest, dict) or manifest.keys() != keys:
        raise refused(f"it should have exactly the keys {', '.join(sorted(keys))}", where)
    if manifest["format"] != FORMAT:
        raise refused(f"its format is not {FORMAT}", where, "pip install -U tinytorch-profiling")
    for name in (CODE, WEIGHTS):
        hashes = manifest["files"] if isinstance(manifest["files"], dict) else {}
        if hashes.keys() != {CODE, WEIGHTS} or hashes[name] != sha256(found[name]):
            message = f"{name} is not the file whose SHA-256 is written there"
            raise refused(message, where, "write the submission again")
    return checked(Entry(**{key: manifest[key] for key in Entry.__dataclass_fields__}), where)


def read_json(data, where):
    """Numbers and texts as JSON has them: no NaN, and no key twice."""

    def once(pairs):
        if len(dict(pairs)) < len(pairs):
            raise ValueError("a key stands there twice")
        return dict(pairs)

    def number(text):
        raise ValueError(f"{text} is no number")

    try:
        if len(data) > MOST_MANIFEST:
            raise ValueError(f"more than {MOST_MANIFEST >> 10} KiB")
        return json.loads(data.decode("utf-8"), object_pairs_hook=once, parse_constant=number)
    except (ValueError, RecursionError) as error:
        reason = str(error)[:200] or type(error).__name__
        raise refused(f"it cannot be read: {reason}", where, "write it as JSON") from None


def checked(entry, where):
    for value, known, what in ((entry.model, MODELS, "model"), (entry.event, EVENTS, "event")):
        if not isinstance(value, str) or value not in known:
            message = f"there is no {what} {ascii(value)[:100]}"
            raise refused(message, where, f"one of: {', '.join(known)}")
    name = entry.name if isinstance(entry.name, str) else ""
    if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable() or name != name.strip():
        raise refused(
            f"a name has 1 to {LONGEST_NAME} printable characters", where, "choose another"
        )
    check_claims(entry.claims, where)
    return entry


def check_claims(claims, where):
    if not isinstance(claims, dict) or not claims.keys() <= CLAIMS.keys():
        raise refused(
            "there is a claim that nobody can make", where, f"any of: {', '.join(CLAIMS)}"
        )
    for key, value in claims.items():
        least, most = CLAIMS[key]
        if type(value) not in (int, float) or not least <= value <= most:
            message = f"the claim {key} is {ascii(value)[:100]}"
            raise refused(message, where, f"a number from {least} to {most:g}")


def sha256(data):
    return hashlib.sha256(data).hexdigest()
