"""What verifying a submission came to, with a seal. docs/olympics.md says what the seal proves."""

import hashlib
import hmac
import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from tinytorch_profiling.olympics.errors import refused
from tinytorch_profiling.olympics.figures import Measured
from tito.curriculum.structure import Mismatch, structure
from tito.workspace.files import write_atomically

FORMAT = 1
SUFFIX = ".result.json"
MOST_BYTES = 1 << 20


@dataclass(frozen=True)
class Verifier:
    """Where, when and how it was measured. `images` is "public", or the SHA-256 of the file with images
    that nobody else has."""

    date: str
    versions: dict[str, str]
    machine: str
    sandbox: str
    turns: int
    images: str


@dataclass(frozen=True)
class Result:
    """`submission` is the SHA-256 of the archive; `refuted` names the claims that lie outside of what
    was measured; `reference` was measured in the same turns."""

    format: int
    submission: str
    model: str
    event: str
    name: str
    claims: dict[str, float]
    refuted: tuple[str, ...]
    flags: tuple[str, ...]
    measured: Measured
    reference: Measured
    verifier: Verifier


def refuted(claims, measured):
    """The names of the claims that lie outside of their figure's bounds."""
    figures = {name: getattr(measured, name) for name in claims}
    return tuple(
        name for name, each in figures.items() if not each.low <= claims[name] <= each.high
    )


def dump(result, key):
    data = asdict(result)
    return json.dumps({"seal": seal(data, key), "result": data}, indent=1) + "\n"


def load(text, key, where):
    """Raises Refused unless these are the figures that were sealed with this key."""
    try:
        data = json.loads(text)
        body, mark = data["result"], data["seal"]
        result = structure(Result, body, "result")
        if result.format != FORMAT:
            raise ValueError(f"it has format {result.format}, and {FORMAT} is known here")
    except (ValueError, RecursionError, KeyError, TypeError, Mismatch) as error:
        raise refused(f"it is no result: {error}", where, "verify the submission again") from None
    if not isinstance(mark, str) or not hmac.compare_digest(
        mark.encode(), seal(body, key).encode()
    ):
        raise refused(
            "its figures are not those that were measured, or another key sealed them",
            where,
            "verify the submission again, or name the key: --key FILE",
        )
    return result


def seal(data, key):
    text = json.dumps(data, sort_keys=True, separators=(",", ":"))
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def default_key():
    folder = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(folder) / "tito" / "olympics.key"


def read_key(path, make=None):
    """The verifier's secret. With `make`, a new one if there is none, of which it is told."""
    path = Path(path)
    if make and not path.exists():
        make(f"a new key seals results from now on: {path}")
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(32) + "\n")
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (OSError, ValueError):
        key = b""
    if len(key) < 32:
        fix = "name the one with which the results were sealed: --key FILE"
        raise refused("there is no key of a verifier", path, fix)
    return key


def write(folder, stem, result, key):
    """Named after the archive and its digest, so that nobody's result takes another's place."""
    path = Path(folder) / f"{stem}-{result.submission[:8]}{SUFFIX}"
    write_atomically(path, dump(result, key))
    return path
