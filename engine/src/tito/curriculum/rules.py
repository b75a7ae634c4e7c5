"""Everything that can be wrong in a module's source. Each rule takes the module and yields findings."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Callable, Iterator

from tito.curriculum.draft import Draft
from tito.curriculum.public import bound_names, is_dotted_name, public_names
from tito.curriculum.questions import count_questions
from tito.curriculum.regions import (
    HIDDEN_TESTS,
    SOLUTION,
    enclosing_function,
    functions,
    region_findings,
    regions,
)
from tito.curriculum.source import DIRECTIVE, Cell
from tito.curriculum.undefined import undefined
from tito.curriculum.views import stub_solutions
from tito.model import Finding, Place

DIRECTIVES = ("default_exp", "export")
GRADE_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,55}")
UNIT_TEST = re.compile(r"^### 🧪 Unit Test: (?P<component>\S.*)$", re.MULTILINE)
# https://nbgrader.readthedocs.io/en/stable/contributor_guide/metadata.html
NBGRADER_KEYS = {
    "grade": bool,
    "grade_id": str,
    "locked": bool,
    "points": object,  # the rule for tests says what is wrong with them
    "schema_version": int,
    "solution": bool,
    "task": bool,
}
FULL_POINTS = 100
MOST_LINES = 900  # exclusive

Rule = Callable[[Draft], Iterator[Finding]]


def syntax(draft: Draft) -> Iterator[Finding]:
    """Each code cell is Python on its own; magics are for notebooks, not for lessons."""
    for cell in draft.code:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")  # what Python only warns of is wrong in a lesson
                compile(cell.text, draft.file, "exec", dont_inherit=True)
        except (SyntaxError, ValueError) as error:  # ValueError, without a line, for null bytes
            offset = (getattr(error, "lineno", 0) or 0) - 1
            if offset < 0:
                offset = cell.text.partition("\0")[0].count("\n")
            what = getattr(error, "msg", error)
            yield Finding(f"this cell is not Python: {what}", str(cell.place(offset)))


def metadata(draft: Draft) -> Iterator[Finding]:
    """A cell's header can be read, and has nbgrader's own keys, on a code cell."""
    for cell in draft.lesson.cells:
        header = str(cell.place(-1))
        nbgrader = cell.metadata.get("nbgrader", {})
        if "incorrectly_encoded_metadata" in cell.metadata or not isinstance(nbgrader, dict):
            fix = '# %% nbgrader={"grade_id": "' + draft.id + '-something"}'
            yield Finding("the header of this cell cannot be read", header, fix)
        elif nbgrader and cell.kind != "code":
            yield Finding(f"a {cell.kind} cell cannot be graded, only code", header)
        for key, value in cell.nbgrader.items():
            if not isinstance(value, NBGRADER_KEYS.get(key, ())):
                message = f"nbgrader has no metadata {key!r} with the value {value!r}"
                yield Finding(message, header, f"there are: {', '.join(NBGRADER_KEYS)}")


def well_formed_regions(draft: Draft) -> Iterator[Finding]:
    for cell in draft.lesson.cells:
        found = region_findings(cell)
        yield from found
        if cell.kind != "code" and not found:
            for region in regions(cell):
                message = f"a region in a {cell.kind} cell, where learners would see it"
                yield Finding(message, str(cell.place(region.begin)))


def directives(draft: Draft) -> Iterator[Finding]:
    for cell in draft.code:
        read = {directive.offset for directive in cell.directives()}
        for directive in cell.directives():
            if directive.name not in DIRECTIVES:
                known = ", ".join(f"'#| {name}'" for name in DIRECTIVES)
                message = f"unknown directive '#| {directive.name}'; there are {known}"
                yield Finding(message, str(cell.place(directive.offset)))
            elif directive.name == "export" and directive.value:
                message = "'#| export' takes no value: a module has one target"
                yield Finding(message, str(cell.place(directive.offset)))
        for offset in _directive_comments(cell):
            if offset not in read:
                yield Finding(
                    "a directive after other lines has no effect",
                    str(cell.place(offset)),
                    "move it to the top of its cell",
                )


def _directive_comments(cell: Cell) -> Iterator[int]:
    """Offsets of lines that look like directives and do not stand in a string."""
    strings = {
        line
        for node in ast.walk(ast.parse(cell.text))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        for line in range(node.lineno - 1, node.end_lineno or node.lineno)
    }
    for offset, line in enumerate(cell.text.split("\n")):
        if DIRECTIVE.match(line) and offset not in strings:
            yield offset


def target(draft: Draft) -> Iterator[Finding]:
    if not is_dotted_name(draft.config.target):
        message = f"the target {draft.config.target!r} is no name that Python can import"
        yield Finding(message, f"{draft.config_file}: target")
    found = [(c, d) for c in draft.code for d in c.directives() if d.name == "default_exp"]
    if not found:
        fix = (
            f"add the line '#| default_exp {draft.config.target}' to a cell before the first export"
        )
        yield Finding("the source has no '#| default_exp'", str(Place(draft.file, 1)), fix)
    for cell, directive in found[1:]:
        yield Finding("a second '#| default_exp'", str(cell.place(directive.offset)))
    for cell, directive in found[:1]:
        if directive.value != draft.config.target:
            yield Finding(
                f"'#| default_exp {directive.value}' and module.yaml's target "
                f"{draft.config.target!r} disagree",
                str(cell.place(directive.offset)),
            )


def extends(draft: Draft) -> Iterator[Finding]:
    extended = draft.config.extends
    if extended and extended not in draft.config.requires:
        message = f"the module extends {extended!r}, and does not require it"
        yield Finding(message, f"{draft.config_file}: extends", f"add {extended!r} to requires")


def imports(draft: Draft) -> Iterator[Finding]:
    """What a cell imports is named in full, as a notebook needs it and a reader wants it."""
    for cell in draft.code:
        found = [
            node for node in ast.walk(ast.parse(cell.text)) if isinstance(node, ast.ImportFrom)
        ]
        for node in found:
            place = str(cell.place(node.lineno - 1))
            if node.level:
                yield Finding("a relative import: a notebook is in no package", place)
            if any(alias.name == "*" for alias in node.names):
                yield Finding("'import *' hides which names are needed", place)
            if node.module == "__future__" and ";" in cell.text.split("\n")[node.lineno - 1]:
                yield Finding("a '__future__' import shares its line", place)


def grade_ids(draft: Draft) -> Iterator[Finding]:
    seen: dict[str, Cell] = {}
    for cell in draft.code:
        if not (cell.is_solution or cell.is_test):
            if cell.nbgrader and not (cell.nbgrader["locked"] or cell.nbgrader["task"]):
                message = f"{cell.grade_id!r} has neither points nor a solution region"
                yield Finding(message, str(cell.place()))
            continue
        if not GRADE_ID.fullmatch(cell.grade_id):
            message = f"grade id {cell.grade_id!r} is not made of a-z, 0-9 and '-' (at most 56)"
            fix = '# %% nbgrader={"grade_id": "' + draft.id + '-something"}'
            yield Finding(message, str(cell.place()), fix)
        elif cell.grade_id in seen:
            first = seen[cell.grade_id].place()
            message = f"grade id {cell.grade_id!r} is used twice, first in {first}"
            yield Finding(message, str(cell.place()))
        seen.setdefault(cell.grade_id, cell)


def solutions(draft: Draft) -> Iterator[Finding]:
    """A stub must be able to raise for its task: a solution stands in a function."""
    for cell in draft.code:
        found = [region for region in regions(cell) if region.kind == SOLUTION]
        outside = [region for region in found if not enclosing_function(cell, region)]
        for region in outside:
            message = "a solution region outside of any function"
            fix = "put what the learner writes into a function, so that its stub can raise"
            yield Finding(message, str(cell.place(region.begin)), fix)
        if cell.is_solution and not found:
            yield Finding("a solution cell without a solution region", str(cell.place()))
        if found and not cell.is_solution:
            message = "a solution region in a cell whose header says that it is no solution"
            yield Finding(message, str(cell.place(found[0].begin)))
        elif len(found) > len(outside) + _working_stubs(draft, cell):
            message = "the stub of a solution region would not raise in its function"
            fix = "a region holds whole statements, and its marks are indented as these are"
            yield Finding(message, str(cell.place(found[0].begin)), fix)
        if cell.is_solution and "points" in cell.nbgrader:
            fix = "points belong to the test cells; delete them here"
            yield Finding("a solution cell with points", str(cell.place()), fix)


def _working_stubs(draft: Draft, cell: Cell) -> int:
    """How many stubs of the cell raise in the function that they name."""
    number = draft.lesson.tasks[cell.grade_id].number if cell.is_solution else ""
    try:
        made = list(functions(stub_solutions(cell, draft.lesson).text))
    except SyntaxError:
        return 0
    stubs = {
        child
        for function, name in made
        for child in ast.walk(function)
        if isinstance(child, ast.Raise)
        and ast.unparse(child) == f"raise NotImplementedError('Task {number}: {name}')"
    }
    return len(stubs)


def tests(draft: Draft) -> Iterator[Finding]:
    """Each test has points, a heading of its own and asserts that say what was expected."""
    for above, cell in zip((None, *draft.lesson.cells), draft.lesson.cells, strict=False):
        if not cell.is_test and "points" not in cell.nbgrader:
            continue
        points = cell.nbgrader.get("points")
        if not isinstance(points, int) or isinstance(points, bool) or points < 1:
            yield Finding(f"test {cell.grade_id!r} has no points", str(cell.place()))
        if not above or above.kind != "markdown" or not UNIT_TEST.search(above.text):
            fix = "write a markdown cell '### 🧪 Unit Test: [Component]' directly above it"
            yield Finding(f"test {cell.grade_id!r} has no heading", str(cell.place()), fix)
        for node in ast.walk(ast.parse(cell.text)):
            if isinstance(node, ast.Assert) and node.msg is None:
                fix = "say what was expected, what came, and what to look at"
                yield Finding("an assert without a message", str(cell.place(node.lineno - 1)), fix)
        if cell.is_exported:
            fix = "delete its '#| export': tests stay in the lesson"
            yield Finding(f"test {cell.grade_id!r} is exported", str(cell.place()), fix)


def hidden_tests(draft: Draft) -> Iterator[Finding]:
    """nbgrader looks for them in test cells only."""
    for cell in draft.code:
        for region in regions(cell):
            if region.kind == HIDDEN_TESTS and not cell.is_test:
                message = "hidden tests in a cell that is no test"
                yield Finding(message, str(cell.place(region.begin)))


def every_task_is_tested(draft: Draft) -> Iterator[Finding]:
    waiting: Cell | None = None
    for cell in (*draft.code, None):
        if waiting and (cell is None or cell.is_solution):
            message = f"exercise {waiting.grade_id!r} has no test before the next exercise"
            yield Finding(message, str(waiting.place()))
            waiting = None
        if cell is not None and (cell.is_solution or cell.is_test):
            waiting = cell if cell.is_solution else None


def points(draft: Draft) -> Iterator[Finding]:
    given = [cell.nbgrader.get("points", 0) for cell in draft.code if cell.is_test]
    total = sum(value for value in given if isinstance(value, int))
    if total != FULL_POINTS:
        message = f"the points of the module's tests add up to {total}, not {FULL_POINTS}"
        yield Finding(message, draft.file)


def exported_names(draft: Draft) -> Iterator[Finding]:
    seen: dict[str, Place] = {}
    for cell in (cell for cell in draft.code if cell.is_exported):
        if "_all_" in bound_names(cell.text):
            fix = "give the names that are public no underscore"
            yield Finding("nbdev's '_all_' is not read", str(cell.place()), fix)
        for name in public_names(cell.text):
            if name in seen:
                yield Finding(
                    f"{name!r} is exported twice, first in {seen[name]}", str(cell.place())
                )
            seen.setdefault(name, cell.place())
    for facade, names in draft.config.exports.items():
        for name in names:
            if name not in seen:
                fix = f"export {name!r} in {draft.file}, or delete it from module.yaml"
                message = f"the facade {facade!r} offers {name!r}, which the source does not export"
                yield Finding(message, f"{draft.config_file}: exports.{facade}", fix)


def exported_whole(draft: Draft) -> Iterator[Finding]:
    for each in undefined(draft.code):
        message = f"exported code uses {each.name!r}, whose cell is not exported: {each.home}"
        fix = "export that cell too, or do without the name"
        yield Finding(message, str(each.used), fix)


def hints(draft: Draft) -> Iterator[Finding]:
    where = f"{draft.config_file}: hints"
    for task in draft.lesson.tasks:
        if not draft.config.hints.get(task):
            yield Finding(f"the exercise {task!r} has no hints", where)
    for key in draft.config.hints:
        if key not in draft.lesson.tasks:
            yield Finding(f"hints for {key!r}, which is no exercise of the module", where)


def rubrics(draft: Draft) -> Iterator[Finding]:
    given, asked = len(draft.config.rubrics), count_questions(draft.lesson.cells)
    if given and given != asked:
        message = f"there are {given} rubrics for {asked} questions to think about"
        yield Finding(message, f"{draft.config_file}: rubrics", "give each question one, or none")


def length(draft: Draft) -> Iterator[Finding]:
    if draft.lines >= MOST_LINES:
        message = f"the source has {draft.lines} lines; a lesson stays under {MOST_LINES}"
        yield Finding(message, draft.file, "tell it shorter, or make two modules of it")


# The other rules take for granted that every cell is Python and every region has an end.
FIRST: tuple[Rule, ...] = (syntax, metadata, well_formed_regions)
THEN: tuple[Rule, ...] = (
    directives,
    target,
    extends,
    imports,
    grade_ids,
    solutions,
    tests,
    hidden_tests,
    every_task_is_tested,
    points,
    exported_names,
    exported_whole,
    hints,
    rubrics,
    length,
)
