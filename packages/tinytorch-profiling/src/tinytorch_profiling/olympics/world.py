"""What a submitted model finds where it runs: Python, NumPy, tinytorch with everything provided, and
no digits: they are not to be looked up, neither ours nor those of a package that is here by chance."""

import os
import sys
import sysconfig
from glob import glob
from pathlib import Path

from tito.curriculum.installed import installed
from tito.grading.outlook import import_paths
from tito.grading.settings import MIB, Limits
from tito.grading.warden import Warden, World

SERVE = "tinytorch_profiling.olympics.runner:serve"
# One thread for everybody: as the process is there already, it starts no other and no second one.
LIMITS = Limits(cpu=60, memory=1024 * MIB, file=MIB, processes=1)
# What the sandbox's server imports, by the beginning of a name in a folder of packages.
NEEDED = ("compiled", "numpy", "packaging", "tinytorch", "tito")
DATA = ("data", "milestones", "tests")
# Where else a system, or conda, keeps packages.
ELSEWHERE = (
    *("/usr/lib*/python3*/*-packages", "/usr/local/lib*/python3*/*-packages"),
    *(f"{sys.base_prefix}/{name}" for name in ("lib/python3*/*-packages", "pkgs", "envs")),
)


def warden():
    tiers = installed()
    course = tiers.course()
    provided = frozenset(module.id for module in course.modules)
    world = World(tiers.tiers, course, provided, LIMITS, hidden=hidden(tiers.tiers), serve=SERVE)
    return Warden(world, require_sandbox=True)


def hidden(tiers):
    found = {tier.package / name for tier in tiers for name in DATA}
    # A command's own folder stands on the path, too: it holds Python, and no packages.
    paths = (
        {Path(path) for path in import_paths()} - standard_library() - {Path(sys.executable).parent}
    )
    for folder in paths:
        found |= set(others(folder))
    elsewhere = {Path(path).resolve() for pattern in ELSEWHERE for path in glob(pattern)}
    found |= {path for path in elsewhere if not any(known.is_relative_to(path) for known in paths)}
    return frozenset(path for path in found if path.exists())


def standard_library():
    folders = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib")}
    paths = {Path(os.path.realpath(folder)) for folder in folders}
    return paths | {path / "lib-dynload" for path in paths}


def others(folder):
    """What lies beside the few packages that are needed."""
    for entry in folder.iterdir() if folder.is_dir() else ():
        if not entry.name.startswith(NEEDED):
            yield entry
