"""Servers on loopback, for tests of adapters: each listens, with threads of its own, while it is entered."""

from __future__ import annotations

import threading
from socketserver import TCPServer
from typing import Self


class LoopbackServer:
    """Runs a server as a context manager.

    Args:
        server: bound to any free port of 127.0.0.1.
    """

    def __init__(self, server: TCPServer) -> None:
        self._server = server
        self._thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def address(self) -> tuple[str, int]:
        """Host and port it listens at."""
        host, port = self._server.server_address[:2]
        return str(host), int(port)
