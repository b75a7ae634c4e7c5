"""Memory of all processes of a submission together, which no limit of the system's counts for us.

The system limits what one process asks for, so many could have many times as much. The judge
looks at them now and then, from outside, and ends the largest while together they have more than
twice as much as one may: after a fork, what two share counts for both.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

EVERY = 0.1  # seconds
PAGE = os.sysconf("SC_PAGESIZE") if hasattr(os, "sysconf") else 4096
BOX = "bwrap"  # what bubblewrap's own processes are called


class Watch:
    """Over the processes that a server forks; `launched` is what the server was started as, or in,
    and `memory` what one of them may have. Only Linux tells of them; elsewhere this sees nothing."""

    def __init__(self, launched: int, memory: int) -> None:
        self.launched = launched
        self.most = 2 * memory
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._watch, daemon=True)
        self.thread.start()

    def stop(self) -> None:
        self.ended.set()
        self.thread.join()

    def _watch(self) -> None:
        while not self.ended.wait(EVERY):
            sizes = self.sizes()
            if sum(sizes.values()) > self.most:
                with suppress(ProcessLookupError):
                    os.kill(max(sizes, key=sizes.__getitem__), signal.SIGKILL)

    def sizes(self) -> dict[int, int]:
        """Process of a submission → bytes of memory of its own, beyond what the server has loaded."""
        processes = descendants(self.launched)
        server = next((each for each in processes if name(each) != BOX), 0)
        loaded = own_memory(server)
        return {each: max(own_memory(each) - loaded, 0) for each in processes}  # the rest: below it


def descendants(process: int) -> Iterator[int]:
    """This process and all below it, parents first."""
    yield process
    for file in Path(f"/proc/{process}/task").glob("*/children"):
        with suppress(OSError):
            for child in file.read_text().split():
                yield from descendants(int(child))


def name(process: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{process}/comm").read_text().strip()
    return ""


def own_memory(process: int) -> int:
    """Bytes in memory that are no file's; 0 if the process is gone."""
    with suppress(OSError, ValueError, IndexError):
        _, resident, shared = Path(f"/proc/{process}/statm").read_text().split()[:3]
        return (int(resident) - int(shared)) * PAGE
    return 0
