"""Voilà with a second look at its kernel's answers: ``python -m simlib.course.application_server``.

While a browser fetches a page's parts, Voilà's event loop now and then misses that a kernel's answer has arrived
(seen with pyzmq 27.3, jupyter_client 8.10 and nbclient 0.11 on one page of four; Voilà's issues 1395 and 1446 tell of
the same). The answer lies in the socket, but nobody looks again, and the visitor waits for ever at "Executing 7 of 27".
So this waits for at most a second at a time. The arguments are Voilà's.
"""

from __future__ import annotations

import sys
import time
from queue import Empty
from typing import Any, Final

from jupyter_client.channels import AsyncZMQSocketChannel

LOOK_AGAIN_MILLISECONDS: Final = 1_000
"""After so long without news, the socket itself is asked."""


async def get_msg(channel: AsyncZMQSocketChannel, timeout: float | None = None) -> dict[str, Any]:
    """The next message of a channel, as `AsyncZMQSocketChannel.get_msg` gives it.

    Parameters
    ----------
    channel
        Of a kernel.
    timeout
        How long to wait, in seconds; for ever if left out.

    Returns
    -------
    dict
        The message.

    Raises
    ------
    queue.Empty
        If none came in time.
    """
    begun = time.monotonic()
    while True:
        wait: float = LOOK_AGAIN_MILLISECONDS
        if timeout is not None:
            left = 1_000 * (timeout - (time.monotonic() - begun))
            wait = min(wait, max(left, 0))
        # Each call asks the socket before it waits.
        if await channel.socket.poll(int(wait)):
            return await channel._recv()
        if timeout is not None and time.monotonic() - begun >= timeout:
            raise Empty


def main(arguments: list[str]) -> None:
    """Start Voilà."""
    from voila.app import Voila

    AsyncZMQSocketChannel.get_msg = get_msg  # type: ignore[method-assign,assignment]
    Voila.launch_instance(argv=arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
