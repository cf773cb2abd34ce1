"""What a learner sees when a cell stops: one sentence, no traceback.

Installed by `simlib.course.start`, and by the learner's IPython start-up file for cells run before it.
"""

from __future__ import annotations

import html
import os
import sys
from typing import Any

from simlib.errors import SafeShopError
from simlib.languages import _


def sentence_for(error: BaseException) -> str:
    """The sentence that stands for an error.

    Parameters
    ----------
    error
        What a cell raised.
    """
    if isinstance(error, SafeShopError):
        return error.sentence
    if isinstance(error, KeyboardInterrupt):
        return _("Stopped, as you asked. Run the cell again when you like.")
    if isinstance(error, NameError) and error.name:
        return _(
            "This cell stopped: “{name}” is made by a cell above that has not been run yet. "
            "Choose Run → Run All Above Selected Cell, then run this cell again."
        ).format(name=error.name)
    if isinstance(error, SyntaxError):
        return _(
            "This cell stopped: line {line} is not Python ({reason}). If you did not mean to change it, undo "
            "the change with Ctrl+Z."
        ).format(line=error.lineno, reason=error.msg)
    reason = " ".join(str(error).split()) or _("no reason given")
    return _(
        "This cell stopped: {kind}: {reason}. Run the cells above first; if it happens again, choose "
        "Kernel → Restart Kernel and Run All Cells."
    ).format(kind=type(error).__name__, reason=reason.rstrip("."))


def show_sentence(text: str) -> None:
    """Show a sentence about an error in the cell; screen readers announce it."""
    from IPython.display import display

    line = (
        '<div role="alert" style="border-left: 4px solid #b35c00; padding: 0.4em 0.8em">'
        f"{html.escape(text)}</div>"
    )
    display({"text/html": line, "text/plain": text}, raw=True)  # type: ignore[no-untyped-call]


def install() -> None:
    """Make this notebook show sentences in place of tracebacks.

    Does nothing outside IPython, when ``SAFESHOP_TRACEBACK=1`` asks for the tracebacks, or in builds and tests
    (``SAFESHOP_PREDICT=skip``): nbval counts a cell as failed only if the kernel sends a real error.
    """
    if os.environ.get("SAFESHOP_TRACEBACK") == "1" or os.environ.get("SAFESHOP_PREDICT") == "skip":
        return
    if "IPython" not in sys.modules:
        return
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    if shell is None:
        return

    def show_error(
        exc_tuple: tuple[Any, BaseException, Any] | None = None, *_args: Any, **_options: Any
    ) -> None:
        error = exc_tuple[1] if exc_tuple else sys.exc_info()[1]
        if error is not None:
            show_sentence(sentence_for(error))

    def show_syntax_error(*_args: Any, **_options: Any) -> None:
        show_error()

    # IPython's own hook (set_custom_exc) misses syntax errors and errors in widgets; these two calls see all.
    shell.showtraceback = show_error  # type: ignore[method-assign]
    shell.showsyntaxerror = show_syntax_error  # type: ignore[method-assign]
