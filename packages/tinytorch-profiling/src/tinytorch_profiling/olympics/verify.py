"""Verifies submissions: measures them where they can do no harm, and believes none of their claims."""

import platform
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import numpy as np

from tinytorch_profiling.olympics import submission as submissions
from tinytorch_profiling.olympics.errors import refused
from tinytorch_profiling.olympics.events import MODELS, REFERENCES
from tinytorch_profiling.olympics.figures import Rights, measured
from tinytorch_profiling.olympics.inputs import read_images, test_images
from tinytorch_profiling.olympics.line import Stopped
from tinytorch_profiling.olympics.measure import Effort, Exam, take_turn
from tinytorch_profiling.olympics.result import FORMAT, Result, Verifier, refuted
from tinytorch_profiling.olympics.training import trained
from tinytorch_profiling.olympics.world import warden

PACKAGES = ("numpy", "tinytorch-core", "tinytorch-engine", "tinytorch-nn", "tinytorch-optim",
            "tinytorch-profiling")  # fmt: skip


@dataclass(frozen=True)
class Code:
    """What runs in a turn."""

    code: bytes
    weights: bytes


PUBLIC = "public"  # the test images that everybody has
IDLE = Code((REFERENCES / "idle.py").read_bytes(), submissions.packed({}))


class Stadium:
    """A sandbox, the references that were trained so far, and images: used for one after the other.

    `tell` gets a line before each step that takes its time.
    """

    def __init__(self, effort=None, tell=lambda text: None, images=None):
        self.effort, self.tell = effort or Effort(), tell
        self.images, self.labels = read_images(images) if images else test_images()
        self.asked = submissions.sha256(Path(images).read_bytes()) if images else PUBLIC
        self.references = {}
        self.open = ExitStack()

    def __enter__(self):
        self.warden = self.open.enter_context(warden())
        return self

    def __exit__(self, *error):
        self.open.close()

    def verify(self, path):
        """The result. Raises Refused for what is no submission, or does not run."""
        submission = submissions.read(path)
        entry, reference = submission.entry, self._reference(submission.entry.model)
        self.tell(f"measuring {Path(path).name}, in {self.effort.turns} turns")
        try:
            ours, theirs, flags = self._measure(submission, reference)
        except Stopped as stopped:
            raise refused(f"the model does not run: {stopped}", path, "mend it") from None
        return Result(
            FORMAT,
            submission.digest,
            entry.model,
            entry.event,
            entry.name,
            {name: float(claim) for name, claim in entry.claims.items()},
            refuted(entry.claims, ours),
            flags,
            ours,
            theirs,
            self._verifier(),
        )

    def _reference(self, model):
        if model not in self.references:
            self.tell(f"training the reference, {model}")
            self.references[model] = Code(MODELS[model].code, trained(model))
        return self.references[model]

    def _measure(self, submission, reference):
        contestants = {"idle": IDLE, "reference": reference, "submission": submission}
        turns, exams = {name: [] for name in contestants}, []
        random = np.random.default_rng()  # seeded by the system: nobody knows the images before
        for _ in range(self.effort.turns):
            exams.append(Exam.new(self.images, self.effort, random))
            for name in random.permutation(list(contestants)):
                each = contestants[name]
                turns[name].append(take_turn(self.warden, each.code, each.weights, exams[-1]))
        rights = {name: Rights.of(each, exams, self.labels) for name, each in turns.items()}
        others = turns["reference"], turns["idle"]
        size = submissions.size(reference.code, reference.weights)
        counted = {"reference": (size, submissions.count(reference.weights)),
                   "submission": (submission.bytes, submission.parameters)}  # fmt: skip
        theirs, ours = (
            measured((bytes, size), parameters, rights[name], turns[name], *others)
            for name, (bytes, parameters) in counted.items()
        )
        return ours, theirs, rights["submission"].flags(self.asked == PUBLIC)

    def _verifier(self):
        now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
        versions = {
            "python": platform.python_version(),
            **{name: version(name) for name in PACKAGES},
        }
        machine = f"{platform.system()} {platform.machine()}"
        return Verifier(now, versions, machine, self.warden.sandbox, self.effort.turns, self.asked)
