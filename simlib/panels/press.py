"""A button acts on what its learner sees, also while the kernel is busy.

While the kernel is busy, the browser holds back all but the first change of a control, and sends the last one when it
hears that the kernel has done with the first. The press of a button is never held back, so it overtakes the value it is
about: whoever moved a slider twice and pressed at once would have pressed for where it stood between.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

HELD_BACK_SECONDS: Final = 0.5
"""How long a value may come after the press, in seconds: to the browser and back, also over a class's network."""


def when_pressed(button: Any, act: Callable[[], None]) -> None:
    """Let a button act when what the browser holds back has arrived.

    Parameters
    ----------
    button
        Cannot be pressed again meanwhile.
    act
        Reads the controls; may leave the button switched off for good.
    """

    def arrived() -> None:
        button.disabled = False
        act()

    def pressed(_button: Any) -> None:
        if button.disabled:
            # Pressed twice before the browser learned of it.
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            # Without a kernel nothing is on its way.
            act()
            return
        button.disabled = True
        loop.call_later(HELD_BACK_SECONDS, arrived)

    button.on_click(pressed)
