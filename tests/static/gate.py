"""A way to a site that can be shut in the middle of an answer, so that a client stands still until it is killed."""

from __future__ import annotations

import socket
import threading
from urllib.parse import urlsplit


class Gate:
    """Passes on what comes and goes; a context manager. It counts the bytes that came from the site."""

    def __init__(self, base: str) -> None:
        self._site = (urlsplit(base).hostname or "", urlsplit(base).port or 80)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.base = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.most: int | None = None  # bytes of one answer that pass; None: all
        self.most_sent: int | None = None  # bytes of one request that pass; None: all
        self.is_shut = threading.Event()
        self.passed = 0

    def __enter__(self) -> Gate:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return  # the block is over
            site = socket.create_connection(self._site)
            threading.Thread(target=self._pass_on, args=(client, site), daemon=True).start()
            threading.Thread(target=self._pass_back, args=(site, client), daemon=True).start()

    def _pass_on(self, client: socket.socket, site: socket.socket) -> None:
        left = self.most_sent
        try:
            while piece := client.recv(1 << 16 if left is None else min(1 << 16, left)):
                site.sendall(piece)
                left = None if left is None else left - len(piece)
                if left == 0:
                    self.is_shut.set()
                    while client.recv(1 << 16):
                        pass  # until the client has gone
            site.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # one of them has gone

    def _pass_back(self, site: socket.socket, client: socket.socket) -> None:
        left = self.most
        with client, site:
            try:
                while piece := site.recv(1 << 16 if left is None else min(1 << 16, left)):
                    client.sendall(piece)
                    self.passed += len(piece)
                    left = None if left is None else left - len(piece)
                    if left == 0:
                        self.is_shut.set()
                        client.recv(1)  # until the client has gone
                        return
            except OSError:
                pass  # one of them has gone
