"""An assignment's entry in nbgrader's gradebook, as `nbgrader generate_assignment` makes it."""

from __future__ import annotations

import json
from typing import Any

from nbgrader import api
from sqlalchemy import Connection, Table, delete, insert, select, update

from tito.curriculum.files import KERNEL
from tito.curriculum.source import Cell
from tito.grading.assignment import Assignment
from tito.grading.course import CourseFolder
from tito.grading.database import new_id, transaction

Row = dict[str, Any]
PARTS = {"GradeCell": api.GradeCell, "SolutionCell": api.SolutionCell, "TaskCell": api.TaskCell}


def register(course: CourseFolder, assignment: Assignment) -> None:
    """Make the gradebook's entry what the assignment is. What is equal already is not touched.

    Grades and comments of a cell that the assignment no longer has go with it.
    """
    with transaction(course) as connection:
        notebook = _notebook(connection, course, assignment)
        cells = [cell for cell in assignment.master if cell.nbgrader]
        _sync_graded(connection, notebook, cells)
        _sync_sources(connection, notebook, cells)


def _notebook(connection: Connection, course: CourseFolder, assignment: Assignment) -> str:
    """The id of the assignment's notebook, whose rows are there now."""
    table = api.Assignment.__table__
    row = {"name": assignment.name, "course_id": course.config.name}
    parent = _kept(connection, table, {"name": assignment.name}, row)
    kernel = json.dumps(KERNEL["kernelspec"])
    key = {"name": assignment.module, "assignment_id": parent}
    return _kept(connection, api.Notebook.__table__, key, {**key, "kernelspec": kernel})


def _kept(connection: Connection, table: Table, key: Row, row: Row) -> str:
    """The id of the row with this key; it is made if it is not there."""
    found = connection.execute(select(table.c.id).filter_by(**key)).scalar()
    if found is None:
        found = new_id(table.name, *map(str, key.values()))
        connection.execute(insert(table).values(id=found, **row))
    return str(found)


def _sync_graded(connection: Connection, notebook: str, cells: list[Cell]) -> None:
    """nbgrader keeps a cell once for each part that it plays: graded, answered, both."""
    base = api.BaseCell.__table__
    found = select(base.c.name, base.c.type, base.c.id).where(base.c.notebook_id == notebook)
    ids = {(name, kind): cell_id for name, kind, cell_id in connection.execute(found)}
    wanted = {(cell.grade_id, kind): cell for cell in cells for kind in _parts(cell)}
    gone = [ids[key] for key in ids.keys() - wanted.keys()]
    _forget(connection, gone)
    for (name, kind), cell in wanted.items():
        table = PARTS[kind].__table__
        row: Row = {}
        if kind != "SolutionCell":
            row = {"max_score": float(cell.nbgrader["points"]), "cell_type": cell.kind}
        if (name, kind) in ids:
            _set(connection, table, ids[name, kind], row)
        else:
            cell_id = new_id(notebook, name, kind)
            base_row = {"id": cell_id, "name": name, "notebook_id": notebook, "type": kind}
            connection.execute(insert(base).values(**base_row))
            connection.execute(insert(table).values(id=cell_id, **row))


def _parts(cell: Cell) -> list[str]:
    keys = (("grade", "GradeCell"), ("solution", "SolutionCell"), ("task", "TaskCell"))
    return [kind for key, kind in keys if cell.nbgrader.get(key)]


def _forget(connection: Connection, cells: list[str]) -> None:
    """Delete these cells, with the grades and comments that students have for them."""
    for table in (api.Grade.__table__, api.Comment.__table__):
        connection.execute(delete(table).where(table.c.cell_id.in_(cells)))
    for kind in (*PARTS.values(), api.BaseCell):
        connection.execute(delete(kind.__table__).where(kind.__table__.c.id.in_(cells)))


def _sync_sources(connection: Connection, notebook: str, cells: list[Cell]) -> None:
    table = api.SourceCell.__table__
    found = select(table.c.name, table.c.id).where(table.c.notebook_id == notebook)
    ids = {row.name: row.id for row in connection.execute(found)}
    wanted = {cell.grade_id: _source_row(cell) for cell in cells}
    gone = [ids[name] for name in ids.keys() - wanted.keys()]
    connection.execute(delete(table).where(table.c.id.in_(gone)))
    for name, row in wanted.items():
        if name in ids:
            _set(connection, table, ids[name], row)
        else:
            key = {"id": new_id(notebook, name), "name": name, "notebook_id": notebook}
            connection.execute(insert(table).values(**key, **row))


def _source_row(cell: Cell) -> Row:
    return {
        "cell_type": cell.kind,
        "locked": not cell.is_solution,
        "source": cell.text,
        "checksum": cell.nbgrader["checksum"],
    }


def _set(connection: Connection, table: Table, row_id: str, row: Row) -> None:
    if row:
        connection.execute(update(table).where(table.c.id == row_id).values(**row))
