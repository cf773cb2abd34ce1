"""A press acts on what has arrived by then, and once."""

from __future__ import annotations

import asyncio

import ipywidgets

from simlib.panels import press


def test_a_value_that_comes_after_the_press_is_the_one_that_counts() -> None:
    slider, button, seen = ipywidgets.IntSlider(1), ipywidgets.Button(), []
    press.when_pressed(button, lambda: seen.append((slider.value, button.disabled)))

    async def pressed_too_early() -> None:
        slider.value = 2
        button.click()
        assert button.disabled
        # The second press of somebody in a hurry.
        button.click()
        slider.value = 3
        await asyncio.sleep(2 * press.HELD_BACK_SECONDS)

    asyncio.run(pressed_too_early())
    assert seen == [(3, False)]
    assert not button.disabled


def test_without_a_kernel_a_press_acts_at_once() -> None:
    button, seen = ipywidgets.Button(), []
    press.when_pressed(button, lambda: seen.append("pressed"))
    button.click()
    assert seen == ["pressed"]
