"""Frameworks as they are found, and servers on the loopback interface."""

from __future__ import annotations

import http.client
import importlib
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest


def framework(name: str) -> Any:
    """Import a framework; without it the tests are skipped, but not where it has to be there."""
    if os.environ.get("LIVEPATCH_FRAMEWORKS"):
        return importlib.import_module(name)
    return pytest.importorskip(name)


class Client:
    """Asks a server on this machine."""

    def __init__(self, port: int) -> None:
        self.port = port

    def get(self, path: str) -> tuple[int, str]:
        """Return status and text."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode("utf-8").strip('"')
        finally:
            connection.close()

    @contextmanager
    def asking(self, path: str, times: int = 400) -> Iterator[list[tuple[int, str]]]:
        """Ask without pause in another thread; afterwards all answers are in the list."""
        answers: list[tuple[int, str]] = []
        enough = threading.Event()

        def ask() -> None:
            for _ in range(times):
                if enough.is_set():
                    break
                answers.append(self.get(path))

        thread = threading.Thread(target=ask)
        thread.start()
        try:
            yield answers
        finally:
            enough.set()
            thread.join()


@contextmanager
def wsgi(app: Callable[..., Any]) -> Iterator[Client]:
    """Serve a WSGI application, a thread a request."""
    serving = framework("werkzeug.serving")
    server = serving.make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield Client(server.server_port)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def asgi(app: Callable[..., Any]) -> Iterator[Client]:
    """Serve an ASGI application in a loop of its own."""
    uvicorn = framework("uvicorn")
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield Client(listening.getsockname()[1])
    finally:
        server.should_exit = True
        thread.join()
        listening.close()
