"""An instructor's course: assignments from modules, submissions graded safely, nbgrader all the way."""
