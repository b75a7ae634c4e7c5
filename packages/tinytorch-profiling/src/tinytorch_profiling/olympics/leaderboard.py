"""From a folder of results to a page and JSON beside it."""

import json
from dataclasses import asdict
from pathlib import Path

from tinytorch_profiling.olympics import submission as submissions
from tinytorch_profiling.olympics.errors import refused
from tinytorch_profiling.olympics.events import EVENTS, MODELS
from tinytorch_profiling.olympics.page import page
from tinytorch_profiling.olympics.ranking import standings
from tinytorch_profiling.olympics.result import MOST_BYTES, SUFFIX, load
from tito.errors import TitoError
from tito.model import Finding
from tito.workspace.files import write_atomically

PAGE, DATA = "leaderboard.html", "leaderboard.json"


def leaderboard(folder, key):
    """Write both files. Returns them, the results that count, and findings about what does not."""
    folder = Path(folder)
    if not folder.is_dir():
        raise refused(
            "there is no such folder", folder, "results come from: tito olympics verify FILE"
        )
    results, findings = collect(folder, key)
    findings += unverified(folder, results)
    ranked = standings(results)
    write_atomically(folder / PAGE, page(ranked))
    write_atomically(folder / DATA, json.dumps(plain(ranked), indent=1) + "\n")
    return [folder / PAGE, folder / DATA], results, findings


def collect(folder, key):
    """The results of the folder that this key sealed; of one submission, the latest."""
    found, findings = {}, []
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        try:
            result = read(path, key)
        except TitoError as error:
            findings += error.findings
            continue
        other = found.get(result.submission)
        if not other or other.verifier.date < result.verifier.date:
            found[result.submission] = result
    return list(found.values()), findings


def read(path, key):
    try:
        if path.stat().st_size > MOST_BYTES:
            raise refused("it is too large for a result", path, "take it away")
        result = load(path.read_text(encoding="utf-8"), key, path)
    except (OSError, UnicodeDecodeError) as error:
        raise refused(f"it cannot be read: {error}", path, "take it away") from None
    if result.model not in MODELS or result.event not in EVENTS:
        raise refused("it is about an event that is not held here", path, "verify it again")
    return result


def unverified(folder, results):
    """Archives that lie here and have no result: new ones, or changed since they were verified."""
    known = {result.submission for result in results}
    for path in sorted(folder.glob(f"*{submissions.SUFFIX}")):
        try:
            digest = submissions.sha256(submissions.contents(path))
        except TitoError as error:
            yield from error.findings
            continue
        if digest not in known:
            message = "it is not verified, or was changed since"
            yield Finding(message, str(path), f"tito olympics verify {path.name}", "warning")


def plain(ranked):
    return {
        "format": 1,
        "models": {
            id: {
                name: [{"place": p, **asdict(r)} for p, r in table]
                for name, table in events.items()
            }
            for id, events in ranked.items()
        },
    }
