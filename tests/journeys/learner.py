"""A learner's way through one tier or several, with the real commands, as a readable transcript.

    python learner.py WORKSPACE DISTRIBUTION… [--without-milestones]

The learner builds the tiers of these distributions, one after the other; whatever else these need is
provided. The first is installed in this environment; pip brings each other one while the learner is
in the middle of the tier before it. Milestones, which take their time, may be left out: then it is
enough that they are ready to run.

It ends with exit code 1 at the first step that does not go as it should.
"""

from __future__ import annotations

import hashlib
import importlib
import shutil
import sys
from pathlib import Path

from tito.authoring.solve import solved
from tito.curriculum.installed import InstalledTier, installed
from tito.model import Milestone, Module
from transcript import Shell, check, say

MILESTONES = "--without-milestones" not in sys.argv
NAMED, *DISTRIBUTIONS = (word for word in sys.argv[1:] if not word.startswith("--"))
WORKSPACE = Path(NAMED).absolute()
# A name that each distribution brings, for somebody who asks for it too early.
EXAMPLES = {"tinytorch-nn": ("tinytorch.nn", "Conv2d")}
# A network of 1986, trained with the learner's modules, as what is handed in.
COMPETITOR = """
import numpy as np
from tinytorch_core.recipe import Recipe, digits, perceptron
from tinytorch_profiling.olympics.events import MODELS
network = perceptron(0, 64)
Recipe(32, 20, 0.01, 0.1, 0.5).learn(network, *digits())
np.savez('weights.npz', **{name: value.numpy() for name, value in network.state_dict().items()})
open('model.py', 'wb').write(MODELS['1986_mlp'].code)
"""
SHELL = Shell(WORKSPACE)
tito, told, pip, python = SHELL.tito, SHELL.told, SHELL.pip, SHELL.python


def main() -> None:
    shutil.rmtree(WORKSPACE, ignore_errors=True)
    begin(brought_by(DISTRIBUTIONS[0]))
    for distribution, following in zip(DISTRIBUTIONS, [*DISTRIBUTIONS[1:], ""], strict=True):
        modules = brought_by(distribution).tier.modules
        for number, module in enumerate(modules):
            if number == len(modules) // 2 and following:
                join(following)
            build(module)
    if "tinytorch-profiling" in DISTRIBUTIONS:
        compete()
    finish()


# The way


def begin(first: InstalledTier) -> None:
    tier = first.tier
    say("A learner makes a workspace.")
    tito("init", str(WORKSPACE), "--tiers", tier.id, cwd=WORKSPACE.parent)
    tito("status")
    if given := provided():
        say(f"What {tier.title} builds on is provided: it works, and there is nothing to build.")
        tito("namespace", shows="provided")
        python(f"import {given[-1].target} as given; print(given.__file__)",
               shows=str(first.portion.joinpath(*given[-1].target.split("."))) + ".py")  # fmt: skip
        tito("module", "start", given[-1].id, fails="there is nothing to build")
        tito("test", "--integration", shows="integration tests passed")

    say("They start the first module, and test it before writing anything.")
    tito("module", "start", tier.modules[0].id)
    tito("module", "test", tier.modules[0].id, fails="is not written yet")

    say("They ask for something that they have not built yet.")
    facade, name = an_export(tier.modules[0])
    python(f"from {facade} import {name}", fails=f"tito module complete {tier.modules[0].id}")
    for distribution in tier.successors:
        facade, name = EXAMPLES.get(distribution, (facade, "SomethingOfALaterTier"))
        python(f"from {facade} import {name}", fails=f"pip install {distribution}")
        python(
            f"import {facade} as it; print(hasattr(it, '{name}')); it.{name}",
            fails=f"pip install {distribution}",
        )


def join(distribution: str) -> None:
    """Install the next tier, and take it into the workspace. What was done stays as it is."""
    say("In the middle of it, the next tier is there: they install it, and take it along.")
    before = digests()
    pip("install", distribution)
    tier = brought_by(distribution).tier
    tito("status", shows=f"tito tier add {tier.id}")
    first, name = an_export(tier.modules[0])
    python(f"from {first} import {name}", fails=f"tito tier add {tier.id}")
    tito("tier", "add", tier.id)
    tito("tier", "list")
    tito("status", shows=tier.title)
    python(f"from {first} import {name}", fails=f"tito module start {tier.modules[0].id}")
    same = {path: digest for path, digest in digests().items() if path.name != "tito.toml"}
    check(same.items() <= before.items() and len(before) == len(same) + 1,
          "every file is as it was, but for tito.toml")  # fmt: skip


def build(module: Module) -> None:
    say(f"Module {module.number:02d}: {module.title}.")
    tito("module", "start", module.id)
    solve(module)
    tito("module", "complete", module.number)
    facade, name = an_export(module)
    own = WORKSPACE.joinpath(*module.target.split(".")).with_suffix(".py")
    python(
        f"from {facade} import {name}; import sys; print(sys.modules['{module.target}'].__file__)",
        shows=str(own),
    )
    for milestone in ready_since(module):
        if MILESTONES:
            say(f"{milestone.year}: {milestone.title}, on the learner's own modules.")
            tito("milestone", "run", milestone.id, shows="passed")
        else:
            status = {each["id"]: each["status"] for each in told("milestone", "list")}
            check(status[milestone.id] == "ready", f"the milestone {milestone.id} is ready to run")


def compete() -> None:
    say("They train a network, hand it in, and verify it: what they claim is not believed.")
    python(COMPETITOR)
    about = (
        "--model",
        "1986_mlp",
        "--event",
        "accurate",
        "--name",
        "Ours",
        "--claim",
        "accuracy=1",
    )
    tito("olympics", "submit", *about, "--code", "model.py", "--weights", "weights.npz")
    tito("olympics", "verify", "ours.olympics.zip", "--turns", "3", "--key", "key", shows="refuted")
    tito("olympics", "leaderboard", "results", "--key", "key", shows="leaderboard.html")
    (row,) = told("olympics", "leaderboard", "results", "--key", "key")["models"]["1986_mlp"][
        "accurate"
    ]
    check(row["place"] == 1 and row["measured"]["accuracy"]["value"] > 0.9, "it reads digits")
    for made in ("model.py", "weights.npz", "ours.olympics.zip", "key"):
        (WORKSPACE / made).unlink()


def finish() -> None:
    say("They test everything, each module and then all of them together.")
    tito("test", shows="integration tests passed")

    say("Where everything comes from now.")
    tito("namespace")
    tito("tier", "list")
    tito("status", shows="Everything here is done." if MILESTONES else "")
    tito("doctor")
    own = {module.target for name in DISTRIBUTIONS for module in brought_by(name).tier.modules}
    comes = {each["target"]: each["status"] for each in told("namespace")["modules"]}
    expected = {target: "own" if target in own else "provided" for target in comes}
    check(comes == expected, "what they built is their own, and the rest is provided")


# What there is to know about the course


def brought_by(distribution: str) -> InstalledTier:
    importlib.invalidate_caches()  # pip may have brought it a moment ago
    return next(each for each in installed().tiers if each.tier.distribution == distribution)


def an_export(module: Module) -> tuple[str, str]:
    """(facade, a class or function that the module brings to it); in no facade, (module, a name)"""
    facade, names = next(iter(module.exports.items()), (module.target, module.names))
    return facade, names[0]


def provided() -> list[Module]:
    """The modules of the tiers that the learner does not build."""
    tiers = (each.tier for each in installed().tiers if each.tier.distribution not in DISTRIBUTIONS)
    return [module for tier in tiers for module in tier.modules]


def ready_since(module: Module) -> list[Milestone]:
    """The milestones of the learner's tiers for which this module was the last that lacked."""
    numbers = {each.id: each.number for found in installed().tiers for each in found.tier.modules}
    return [
        milestone
        for found in installed().tiers
        for milestone in found.tier.milestones
        if found.tier.distribution in DISTRIBUTIONS
        and module.number == max(numbers[each] for each in milestone.requires)
    ]


def digests() -> dict[Path, str]:
    """The learner's files, each with a hash of its bytes. Not tito's own record, nor caches."""
    files = (path for path in WORKSPACE.rglob("*") if path.is_file())
    return {
        path: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
        if not {".tito", "__pycache__"} & set(path.parts)
    }


def solve(module: Module) -> None:
    """Write the solutions, as the learner would in JupyterLab."""
    path = WORKSPACE / "modules" / module.folder / f"{module.id}.ipynb"
    package = next(each.package for each in installed().tiers if module in each.tier.modules)
    path.write_text(solved(package / "modules" / module.folder), encoding="utf-8")
    print(f"  (the learner writes {len(module.tasks)} solutions into {path.name})\n")


main()
