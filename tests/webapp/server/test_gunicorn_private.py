"""What our worker takes from inside gunicorn, each piece with its reason. gunicorn promises none of it.

An upgrade that renames a piece, or no longer calls what we override, fails here with a line that names it. And whoever
uses a further piece adds it to the tables, since they are compared with the source.
"""

from __future__ import annotations

import ast
import inspect
import logging
import socket
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gunicorn
import pytest
from gunicorn import arbiter, glogging, util
from gunicorn.config import Config
from gunicorn.http.wsgi import default_environ
from gunicorn.workers import base, gthread

from tests.paths import ROOT
from webapp.server.client_socket import Connection
from webapp.server.gunicorn_worker import Logger, Worker

OVERRIDDEN = {
    "worker.check_config": "a gunicorn that is to speak TLS must not start: heads are read from the bare socket",
    "worker.init_process": "the limit of open files is raised in the new process, before its loop begins",
    "worker.get_thread_pool": "threads for health are made where those for requests are",
    "worker.enqueue_req": "a connection waits for its head in the poller; gunicorn would give it a thread at once",
    "worker.handle_request": "the time for a body begins, and 100 Continue is put off until the body is read",
    "worker._keepalive_after": "gunicorn waits 5 seconds in the thread for the rest of an unread body; here it lingers",
    "worker.handle_error": "refusals have our words and our forms",
    "worker.finish_request": "gunicorn closes after an answer; here the connection lingers, so that it can be read",
    "worker.murder_pending": "the loop's regular call, in which times that are over are noticed",
    "logger.setup": "gunicorn's lines take the way of ours; it is called again when the configuration is read again",
}
USED = {
    "worker.alive": "false once the process is to end: waiting connections then get a second",
    "worker.handle": "what a thread does with a connection whose head is there",
    "worker.log": "connections that were cut are told",
    "worker.method_queue.defer": "a thread hands a connection back to the main thread",
    "worker.nr_conns": "each connection that we close is counted down, else the process accepts no more some day",
    "worker.poller": "waiting and lingering connections are watched with all others",
    "worker.tpool": "the threads for requests",
    "worker.worker_connections": "how many connections a process keeps, before some make room",
    "conn.client": "the address, for the line about what was cut",
    "conn.close": "without a wait, unlike its graceful form",
    "conn.init": "makes the parser, on our socket and in the main thread",
    "conn.parser.finish_body": "reads what is left of a body until a deadline",
    "conn.parser.unreader.take_buffered": "what came of the next request together with the last one",
    "conn.parser.unreader.unread": "gives the head that we collected to the parser",
    "conn.sock": "replaced by our Connection before the parser is made",
    "req._expected_100_continue": "gunicorn would ask for the body at once, before anyone looked at the head",
    "logger.access_log": "loses its handler, so that lines take the way of ours",
    "logger.error_log": "the same",
    "cfg.is_ssl": "whether gunicorn is to speak TLS",
    "glogging.Logger": "base of our logger",
    "util.write_nonblock": "a refusal is sent without waiting for its client",
}
CLASSES = {"Worker": "worker", "Logger": "logger"}  # of ours that inherit from gunicorn's, and what `self` is there
BASES = {"worker": gthread.ThreadWorker, "logger": glogging.Logger}
HEAD = b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n"


@pytest.fixture(scope="module")
def live() -> Iterator[SimpleNamespace]:
    """Give gunicorn's own objects, under the names that our source has for them; the parser is on our socket."""
    loggers = [logging.getLogger(f"gunicorn.{name}") for name in ("error", "access")]
    before = [logger.propagate for logger in loggers]
    cfg = Config()
    worker = gthread.ThreadWorker(0, 0, [], None, 1, cfg, None)
    near, far = socket.socketpair()
    conn = gthread.TConn(cfg, near, ("127.0.0.1", 1), ("127.0.0.1", 2))
    conn.sock = Connection(conn.sock)
    conn.init()
    far.sendall(HEAD)
    req = next(conn.parser)
    silent = type("Silent", (glogging.Logger,), {"setup": lambda self, cfg: None})(cfg)
    yield SimpleNamespace(worker=worker, logger=silent, conn=conn, req=req, cfg=cfg, util=util, glogging=glogging)
    conn.close()
    far.close()
    worker.tmp.close()
    for logger, propagate in zip(loggers, before, strict=True):
        logger.propagate = propagate


def fail(words: str) -> None:
    pytest.fail(f"gunicorn {gunicorn.__version__}: {words}", pytrace=False)


@pytest.mark.parametrize("name", OVERRIDDEN)
def test_what_is_overridden_is_there_takes_the_same_and_is_called(name: str) -> None:
    owner, method = name.split(".")
    theirs, ours = getattr(BASES[owner], method, None), getattr({"worker": Worker, "logger": Logger}[owner], method)
    if theirs is None:
        fail(f"there is no {name} to override any more: {OVERRIDDEN[name]}")
    if list(inspect.signature(theirs).parameters) != list(inspect.signature(ours).parameters):
        fail(f"{name} takes {inspect.signature(theirs)}, ours {inspect.signature(ours)}")
    if method not in called_by_gunicorn():
        fail(f"nothing calls {name} any more: {OVERRIDDEN[name]}")


@pytest.mark.parametrize("name", USED)
def test_what_is_used_is_there(live: SimpleNamespace, name: str) -> None:
    found: Any = live
    for piece in name.split("."):
        if not hasattr(found, piece):
            fail(f"there is no {name} any more: {USED[name]}")
        found = getattr(found, piece)


def test_the_request_names_its_socket_which_the_parser_reads_by_recv(
    live: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert default_environ(live.req, live.conn.sock, live.cfg)["gunicorn.socket"] is live.conn.sock
    monkeypatch.setattr(Connection, "recv", lambda self, size, flags=0: b"body")
    if live.req.body.read(4) != b"body":
        fail("bodies are not read by recv of the socket any more, which is where their time is limited")


def test_the_tables_name_all_that_is_used_and_no_more(live: SimpleNamespace) -> None:
    overridden, used = set(), set()
    for path in sources():
        overridden |= overridden_in(path)
        used |= used_in(path, live)
    for name in sorted(overridden | used):
        if name not in {**OVERRIDDEN, **USED}:
            pytest.fail(f"{name} is gunicorn's, and used without standing in the tables above", pytrace=False)
    for name in {**OVERRIDDEN, **USED}:
        if name not in overridden | used:
            pytest.fail(f"{name} stands in the tables above, but is not used", pytrace=False)


def test_no_name_of_ours_hides_one_of_gunicorns(live: SimpleNamespace) -> None:
    for path in sources():
        for owner, name in own_names(path):
            if owner and hasattr(getattr(live, owner), name) and f"{owner}.{name}" not in {**OVERRIDDEN, **USED}:
                fail(f"it has its own {owner}.{name}, which ours would replace")


def sources() -> list[Path]:
    """Return the modules of the site that import gunicorn."""
    found = [path for path in sorted((ROOT / "webapp").rglob("*.py")) if "gunicorn" in imported_by(path)]
    assert ROOT / "webapp/server/gunicorn_worker.py" in found
    return found


def imported_by(path: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(path.read_text())))
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    return {name.split(".")[0] for name in names}


def called_by_gunicorn() -> set[str]:
    """Return all that gunicorn's modules ask an object for, but for what an override asks its base for."""
    calls: set[str] = set()
    for module in (arbiter, base, glogging, gthread):
        for node in ast.walk(ast.parse(inspect.getsource(module))):
            if isinstance(node, ast.Attribute) and not isinstance(node.value, ast.Call):  # not those of super()
                calls.add(node.attr)
    return calls


def chains(path: Path) -> set[tuple[str, ...]]:
    """Return each a.b.c of a module as a whole: ``self`` as its class has it, "" in place of what is no plain name."""
    found: set[tuple[str, ...]] = set()

    def look(node: ast.AST, me: str) -> None:
        if isinstance(node, ast.ClassDef):
            me = CLASSES.get(node.name, "")
        names: list[str] = []
        while isinstance(node, ast.Attribute):
            names.insert(0, node.attr)
            node = node.value
        if names:
            root = node.id if isinstance(node, ast.Name) else ""
            found.add(({"self": me}.get(root, root), *names))
        for child in ast.iter_child_nodes(node):
            look(child, me)

    look(ast.parse(path.read_text()), "")
    return found


def classes_of(path: Path) -> Iterator[tuple[str, ast.ClassDef]]:
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.ClassDef):
            yield CLASSES.get(node.name, ""), node


def methods_of(node: ast.ClassDef) -> set[str]:
    """Return the methods of a class but ``__init__``, which passes on whatever it is given."""
    return {each.name for each in node.body if isinstance(each, ast.FunctionDef)} - {"__init__"}


def overridden_in(path: Path) -> set[str]:
    return {
        f"{owner}.{name}"
        for owner, node in classes_of(path)
        for name in methods_of(node)
        if owner and hasattr(BASES[owner], name)
    }


def own_names(path: Path) -> set[tuple[str, str]]:
    """Return methods, and attributes that are set on ``self``, of all classes in a module."""
    found = set()
    for owner, node in classes_of(path):
        stored = {each.attr for each in ast.walk(node) if is_stored_on_self(each)}
        found |= {(owner, name) for name in methods_of(node) | stored}
    return found


def is_stored_on_self(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Attribute)
        and isinstance(node.ctx, ast.Store)
        and isinstance(node.value, ast.Name)
        and node.value.id == "self"
    )


def used_in(path: Path, live: SimpleNamespace) -> set[str]:
    """Return what a module takes from gunicorn's objects, and each private name that is not of our classes."""
    own = own_names(path)
    found = set()
    for root, *names in chains(path):
        if hasattr(live, root) and ((root, names[0]) not in own or f"{root}.{names[0]}" in USED):
            found.add(gunicorns_part(live, root, names))
        elif any(name[0] == "_" and name[-2:] != "__" and name not in {name for _, name in own} for name in names):
            found.add(".".join([root, *names]))
    return found - set(OVERRIDDEN)


def gunicorns_part(live: SimpleNamespace, root: str, names: list[str]) -> str:
    """Return the chain up to what is not gunicorn's: ``conn.sock`` of ``conn.sock.head``."""
    part, found = [root], getattr(live, root)
    for name in names:
        part.append(name)
        found = getattr(found, name, None)
        if not type(found).__module__.startswith("gunicorn."):
            break
    return ".".join(part)
