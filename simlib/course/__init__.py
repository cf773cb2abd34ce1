"""The course: lessons from text to notebook, the learner's own folder, his guesses and his progress."""

from simlib.course.lesson import start
from simlib.languages import _

__all__ = ["_", "start"]
