"""The course: lessons and exercises from text to notebook, the learner's own folder, his guesses and his progress."""

from simlib.course.lesson import start
from simlib.course.practice import check, hint, practise
from simlib.languages import _

__all__ = ["_", "check", "hint", "practise", "start"]
