"""A learner's way through the Foundation tier, with the real commands, as a readable transcript.

    python foundation.py WORKSPACE

It runs in an environment where the wheels are installed, and ends with exit code 1 at the first
step that does not go as it should.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

from tito.authoring.solve import solved
from tito.curriculum.installed import installed

WORKSPACE = Path(sys.argv[1]).absolute()
# The commands of this environment, whatever else is on the PATH.
ENVIRONMENT = {
    **{key: value for key, value in os.environ.items() if not key.startswith("TITO_")},
    "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
}


def main() -> None:
    shutil.rmtree(WORKSPACE, ignore_errors=True)
    tier = installed().of("foundation")
    first, *others = tier.tier.modules

    say("A learner makes a workspace.")
    tito("init", str(WORKSPACE), "--tiers", "foundation", cwd=WORKSPACE.parent)
    tito("status")

    say("They start the first module, and test it before writing anything.")
    tito("module", "start", first.id)
    tito("module", "test", first.id, fails="is not written yet")

    say("They ask for something that they have not built yet.")
    python("from tinytorch.core import Tensor", fails="tito module complete tensor")
    python("from tinytorch.nn import Transformer", fails="pip install tinytorch-nn")

    say("They solve the tasks, and complete the module.")
    solve(tier.package, first)
    tito("module", "complete", first.number)

    say("From now on it can be imported, from the learner's own file.")
    python("from tinytorch.core import Tensor; import inspect; print(inspect.getsourcefile(Tensor))",
           shows=str(WORKSPACE / "tinytorch" / "core" / "tensor.py"))  # fmt: skip
    python(
        "from tinytorch.core import tensor; print(tensor([[1., 2.], [3., 4.]]) @ tensor([1., 1.]))"
    )

    milestones = {milestone.id: milestone for milestone in tier.tier.milestones}
    done = {first.id}
    for module in others:
        say(f"Module {module.number:02d}: {module.title}.")
        tito("module", "start", module.id)
        solve(tier.package, module)
        tito("module", "complete", module.id)
        done.add(module.id)
        for milestone in [m for m in milestones.values() if done >= set(m.requires)]:
            del milestones[milestone.id]
            say(f"{milestone.year}: {milestone.title}, on the learner's own modules.")
            tito("milestone", "run", milestone.id, shows="passed")

    say("They test everything, each module and then all of them together.")
    tito("test", shows="integration tests passed")

    say("Where everything comes from now.")
    tito("namespace")
    tito("status")
    tito("doctor")


def solve(package: Path, module) -> None:  # type: ignore[no-untyped-def]
    """Write the solutions, as the learner would in JupyterLab."""
    path = WORKSPACE / "modules" / module.folder / f"{module.id}.ipynb"
    path.write_text(solved(package / "modules" / module.folder), encoding="utf-8")
    print(f"  (the learner writes {len(module.tasks)} solutions into {path.name})\n")


def say(text: str) -> None:
    print(f"\n=== {text}\n", flush=True)


def tito(*arguments: object, cwd: Path = WORKSPACE, fails: str = "", shows: str = "") -> None:
    run(["tito", *map(str, arguments)], f"tito {' '.join(map(str, arguments))}", cwd, fails, shows)


def python(code: str, fails: str = "", shows: str = "") -> None:
    run([sys.executable, "-c", code], f'python -c "{code}"', WORKSPACE, fails, shows)


def run(command: list[str], shown: str, cwd: Path, fails: str, shows: str) -> None:
    """Run a command and show it. It must fail if `fails` is given; the texts must be in its output."""
    print(f"$ {shown}")
    done = subprocess.run(
        command, cwd=cwd, env=ENVIRONMENT, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8",
    )  # fmt: skip
    print(textwrap.indent(done.stdout, "  "), flush=True)
    if bool(done.returncode) != bool(fails) or fails not in done.stdout or shows not in done.stdout:
        expected = (
            f"to fail with {fails!r}" if fails else f"to succeed{f' with {shows!r}' * bool(shows)}"
        )
        sys.exit(f"this command was expected {expected}, and ended with {done.returncode}")


main()
