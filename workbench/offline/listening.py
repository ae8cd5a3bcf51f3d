"""The socket of the embedded endpoint."""

from __future__ import annotations

import socket
import sys

from workbench.errors import InputError

__all__ = ["listen"]


def listen(port: int) -> socket.socket:
    """Return a socket that listens on 127.0.0.1 alone.

    Parameters
    ----------
    port
        0 takes a free one.

    Raises
    ------
    InputError
        Where the port is taken.
    """
    # The protocol is named so that asyncio turns Nagle's algorithm off: else every reply, written as head and
    # body, waits 40 ms for an acknowledgment.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if sys.platform != "win32":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(512)
    except (OSError, OverflowError) as error:
        listener.close()
        raise InputError(
            f"offline server on port {port}",
            f"it cannot listen there ({error})",
            "Choose another port, or 0 for a free one.",
        ) from error
    return listener
