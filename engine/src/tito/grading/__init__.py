"""An instructor's course: assignments out of modules, submissions graded safely, results for nbgrader."""
