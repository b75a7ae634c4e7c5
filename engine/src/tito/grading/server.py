"""Forks a confined child for each submission: the judge's other half, inside of the sandbox.

Started by `sandbox.launch` with a connection to the judge as standard input. It loads what every
submission needs (NumPy, the composition, the reference of the required modules), so that a child
has it at once. No student's code ever runs in this process.
"""

from __future__ import annotations

import gc
import os
import signal
import socket
import tempfile
import time
import traceback
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from importlib import import_module
from pathlib import Path

from tito.composition.finder import finder
from tito.curriculum.installed import Installed, tier_as_compiled
from tito.grading import landlock
from tito.grading.child import Child, forget_ourselves
from tito.grading.confinement import (
    Confinement,
    Worlds,
    can_separate,
    confine,
    leave_nothing,
    memory_in_use,
    others,
    own_world,
    protect_server,
)
from tito.grading.integrity import Snapshot
from tito.grading.quiet import is_quiet
from tito.grading.settings import Limits
from tito.grading.wire import Ended, Message, Wire
from tito.plugins.loading import Plugins

A_MOMENT, PATIENCE = 0.5, 10.0  # seconds


def main() -> None:
    wire = Wire(socket.socket(fileno=os.dup(0)))
    plan = wire.receive()
    protect_server()
    confinement = _confinement(plan)
    compose(plan)
    boxed = plan["boxed"]
    alone = boxed or own_world() or confinement.user
    namespaces, counted = can_separate(), 0 if alone else others()
    confinement = replace(confinement, namespaces=namespaces, services=not boxed, others=counted)
    server = Server(wire, confinement, boxed, named(plan["serve"]))
    server.try_out()
    wire.send({"namespaces": namespaces, "landlock": landlock.version()})
    with suppress(Ended):
        server.serve()


def named(function: str) -> Callable[[Wire], None] | None:
    """What a child does in place of running cells: `module:function`, if there is one."""
    module, _, name = function.partition(":")
    return getattr(import_module(module), name) if module else None


def _confinement(plan: Message) -> Confinement:
    scratch = Path(plan["scratch"])
    if plan["boxed"]:
        scratch = Path(tempfile.mkdtemp(prefix="work-", dir=scratch))
    readable = tuple(Path(path) for path in plan["readable"])
    user = 0 if os.getuid() else plan["user"]
    return Confinement(Limits(**plan["limits"]), user, readable, scratch)


def compose(plan: Message) -> None:
    """The tiers as the judge found them: they are not looked for, and nothing of theirs is run."""
    tiers = tuple(tier_as_compiled(Path(folder)) for folder in plan["tiers"])
    finder().use(Installed(tiers, Plugins({}, ()), ()))
    load(plan["modules"])


def load(modules: Iterable[str]) -> None:
    """So that a child has them at once."""
    for name in modules:
        with suppress(Exception):  # a cell will show what is wrong with it
            import_module(name)


class Server:
    """One child at a time."""

    def __init__(
        self,
        wire: Wire,
        confinement: Confinement,
        boxed: bool,
        serves: Callable[[Wire], None] | None = None,
    ) -> None:
        self.wire = wire
        self.serves = serves
        self.confinement = confinement
        self.remember([])
        self.boxed = boxed
        self.memory = memory_in_use() + confinement.limits.memory
        self.child = 0
        self.worlds = Worlds() if confinement.namespaces else None

    def remember(self, packages: Iterable[str]) -> None:
        """What children must leave as it is. Frozen, it is no concern of their garbage collection,
        which would otherwise copy the pages of every object."""
        forget_ourselves()
        snapshot = Snapshot(["tito", *packages])
        gc.collect()
        gc.freeze()
        self.to_be = Child(self.confinement.limits.output, snapshot)

    def begin(self, asked: Message) -> list[Message]:
        """What the cells showed with which the assignment begins: they have run for every child. Nothing
        if they do more than define something, or fail: then each child runs them."""
        self.to_be.prepare(asked["without"])
        cells = asked["begin"]
        return self.to_be.begin(cells) if is_quiet(lambda: self._all_pass(cells)) else []

    def _all_pass(self, cells: list[Message]) -> bool:
        return all(answer["outcome"] == "passed" for answer in self.to_be.begin(cells))

    def serve(self) -> None:
        while True:
            try:
                asked = self.wire.receive()
            except Ended:
                self.end()
                raise
            if asked["do"] == "start":
                self.start(self.wire.take())
            elif asked["do"] == "load":
                load(asked["modules"])
                self.remember(asked["packages"])
                self.wire.send({"begun": self.begin(asked)})
            else:
                self.wire.send({"status": self.end(A_MOMENT if asked["gone"] else 0)})

    def start(self, connection: int) -> None:
        if self.worlds and self.worlds.ours is None:
            self._start_through_another(connection, self.worlds)
        else:
            self._start_directly(connection)
        os.close(connection)

    def _start_directly(self, connection: int) -> None:
        if self.worlds:
            self.worlds.begin()
        if not (child := os.fork()):
            self._become_child(connection)
        self.child = child
        if self.worlds:
            self.worlds.come_back()

    def _start_through_another(self, connection: int, worlds: Worlds) -> None:
        """A process that has begun one world cannot begin another, so one between does, and ends."""
        number, go = os.pipe(), os.pipe()
        middle = os.fork()
        if not middle:
            self._begin(connection, number[1], go, worlds)
        os.close(number[1])
        os.close(go[0])
        with open(number[0], "rb") as said:
            self.child = int(said.read() or b"0")
        os.waitpid(middle, 0)
        with suppress(BrokenPipeError):
            os.write(go[1], b"!")  # from here on this process is the child's parent
        os.close(go[1])

    def _begin(self, connection: int, number: int, go: tuple[int, int], worlds: Worlds) -> None:
        try:
            worlds.begin()
            if child := os.fork():
                os.write(number, b"%d" % child)
            else:
                os.close(number)
                os.close(go[1])
                if os.read(go[0], 1):
                    self._become_child(connection)
        finally:
            os._exit(1)

    def _become_child(self, connection: int) -> None:
        status = 1
        try:
            os.dup2(connection, 3)
            os.closerange(4, 1 << 20)
            confine(self.confinement, self.memory)
            nothing = os.open(os.devnull, os.O_RDWR)
            for standard in (0, 1, 2):
                os.dup2(nothing, standard)
            os.close(nothing)
            serve = self.serves or self.to_be.serve
            serve(Wire(socket.socket(fileno=3)))
        except Ended:
            status = 0
        except BaseException:
            traceback.print_exc()  # as long as nothing of a student's has run, the judge hears it
        finally:
            os._exit(status)

    def try_out(self) -> None:
        """One child that is asked nothing. Raises RuntimeError if it can't be held here."""
        ours, theirs = socket.socketpair()
        with ours, theirs:
            self.start(os.dup(theirs.fileno()))
        if status := self.end(PATIENCE):
            raise RuntimeError(f"no child can be confined here: it ended with {status}")

    def end(self, patience: float = 0) -> int:
        """End the child and whatever it left behind; how the child itself ended.

        One that hung up may be about to end by itself: how it does is worth `patience`, in seconds.
        """
        if not self.child:
            return 0
        until = time.monotonic() + patience
        while not (ended := os.waitpid(self.child, os.WNOHANG))[0] and time.monotonic() < until:
            time.sleep(0.001)
        if not ended[0]:
            os.kill(self.child, signal.SIGKILL)
            ended = os.waitpid(self.child, 0)
        if not self.confinement.namespaces:
            leave_nothing(self.child, self.confinement, self.boxed)
        self.child = 0
        return os.waitstatus_to_exitcode(ended[1])


if __name__ == "__main__":
    main()
