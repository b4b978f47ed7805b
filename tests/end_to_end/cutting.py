"""A way to the site that breaks again and again, as lines of trains and hotels do."""

from __future__ import annotations

import random
import socket
import struct
import threading
from collections.abc import Callable
from enum import StrEnum

PIECE = 1 << 14


class Cut(StrEnum):
    """What breaks."""

    CONNECTION = "connection"  # both sides hear of it
    SILENCE = "silence"  # the client is gone, and the site hears nothing at all
    PROCESS = "process"  # the client is killed


class CuttingProxy:
    """Passes bytes on, and cuts the way after random numbers of them; the same seed cuts at the same places."""

    def __init__(self, port: int, *, cuts: int, gap: int, seed: int, kill_client: Callable[[], None]) -> None:
        self.sent = 0  # bytes that clients sent
        self.made: list[Cut] = []
        self._target = port
        self._cuts = cuts
        self._random = random.Random(seed)
        self._gap = gap
        self._left = self._random.randrange(gap)
        self._kill_client = kill_client
        self._lock = threading.Lock()
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.base = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> CuttingProxy:
        return self

    def __exit__(self, *_error: object) -> None:
        self._listener.close()
        for one in self._open:
            one.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _address = self._listener.accept()
            except OSError:
                return
            site = socket.create_connection(("127.0.0.1", self._target))
            self._open += [client, site]
            threading.Thread(target=self._pass_on, args=(client, site), daemon=True).start()
            threading.Thread(target=self._answer, args=(site, client), daemon=True).start()

    def _pass_on(self, client: socket.socket, site: socket.socket) -> None:
        try:
            while piece := client.recv(PIECE):
                cut = self._count(len(piece))
                if cut is not None:
                    self._break(cut, client, site, piece)
                    return
                site.sendall(piece)
        except OSError:
            pass
        _end(site)

    def _answer(self, site: socket.socket, client: socket.socket) -> None:
        try:
            while piece := site.recv(PIECE):
                client.sendall(piece)
        except OSError:
            pass
        _end(client)

    def _count(self, sent: int) -> Cut | None:
        with self._lock:
            self.sent += sent
            self._left -= sent
            if self._left > 0 or len(self.made) == self._cuts:
                return None
            self._left = self._random.randrange(self._gap)
            self.made.append(self._random.choice(list(Cut)))
            return self.made[-1]

    def _break(self, cut: Cut, client: socket.socket, site: socket.socket, piece: bytes) -> None:
        site.sendall(piece[: self._random.randrange(len(piece) + 1)])
        if cut is Cut.PROCESS:
            self._kill_client()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a reset, not a polite end
        client.shutdown(socket.SHUT_RDWR)
        client.close()
        if cut is not Cut.SILENCE:
            site.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            site.shutdown(socket.SHUT_RDWR)
            site.close()


def _end(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # it was cut
