"""What the engine talks about: plain, frozen data that reads no file and prints nothing."""

from tito.model.course import Course
from tito.model.finding import Finding, Place
from tito.model.report import CellResult, IntegrationReport, TestReport
from tito.model.tier import Milestone, Module, Task, Test, Tier
from tito.model.workspace import Workspace

__all__ = [
    "CellResult",
    "Course",
    "Finding",
    "IntegrationReport",
    "Milestone",
    "Module",
    "Place",
    "Task",
    "Test",
    "TestReport",
    "Tier",
    "Workspace",
]
