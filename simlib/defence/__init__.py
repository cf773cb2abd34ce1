"""Defence: controls, detection and response."""

from simlib.defence.controls import IG1, Control, control, controls
from simlib.defence.detection import detectors_in_use, false_alarm_hours, watching
from simlib.defence.response import OPTIONS, Decide, Question, notice_due, scripted, standing_orders

__all__ = [
    "IG1",
    "OPTIONS",
    "Control",
    "Decide",
    "Question",
    "control",
    "controls",
    "detectors_in_use",
    "false_alarm_hours",
    "notice_due",
    "scripted",
    "standing_orders",
    "watching",
]
