"""Serve with werkzeug on loopback, under load, and patch the server and its application meanwhile.

A script for a child process: its arguments are a folder that holds a copy of werkzeug, and a file
for what was found, as JSON.
"""

from __future__ import annotations

import http.client
import importlib
import json
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import livepatch

PATCHES = 100
EVERY = 10  # one in so many is broken
CLIENTS = 4
PATIENCE = 60.0  # seconds until a client that gets no answer has failed

VIEWS = """\
import threading

from werkzeug.wrappers import Request, Response

from shop.model import Visitors

__livepatch_keep__ = ("visitors",)
visitors = Visitors()


def answer(request):
    return Response(f"{generation} {{visitors.next()}}")


@Request.application
def app(request):
    return answer(request)
"""
MODEL = """\
import threading


class Visitors:
    generation = {generation}

    def __init__(self):
        self.lock = threading.Lock()
        self.count = 0

    def next(self):
        with self.lock:
            self.count += 1
            return self.count
"""
# In werkzeug itself: each response tells the generation of the code that wrote its headers.
RESPONSE = Path("werkzeug", "wrappers", "response.py")
HEADERS = "headers = Headers(self.headers)\n"
MARKED = HEADERS + '        headers["X-Generation"] = "{generation}"\n'
MODULES = ("werkzeug.wrappers.response", "shop.model", "shop.views")
BROKEN = (
    "def answer(request:\n",
    "\nraise RuntimeError('broken')\n",
    "\nfrom shop.model import nothing\n",
    "\nclass Visitors(int, str): pass\n",
)


class Files:
    """The sources of the server and its application, generation by generation."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.response = (folder / RESPONSE).read_text("utf-8")
        (folder / "shop").mkdir()
        (folder / "shop" / "__init__.py").write_text("", "utf-8")

    def write(self, generation: int, broken: str = "") -> None:
        for name, source in (("views", VIEWS), ("model", MODEL)):
            text = source.format(generation=generation)
            (self.folder / "shop" / f"{name}.py").write_text(text + broken, "utf-8")
        marked = self.response.replace(HEADERS, MARKED.format(generation=generation))
        (self.folder / RESPONSE).write_text(marked, "utf-8")


class Load:
    """Clients that ask one question after the other, and what they were told."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.generation = 0
        self.stop = threading.Event()
        self.changed = threading.Condition()
        self.answers: list[tuple[int, int, int, str, str]] = []
        self.failures: list[str] = []
        self.threads = [threading.Thread(target=self.ask) for _ in range(CLIENTS)]

    def ask(self) -> None:
        while not self.stop.is_set():
            before = self.generation
            try:
                told = self.request()
            except Exception as error:  # noqa: BLE001 - it is the finding
                self.failures.append(repr(error))
                told = (0, "", "")
            with self.changed:
                self.answers.append((before, self.generation, *told))
                self.changed.notify_all()

    def request(self) -> tuple[int, str, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request("GET", "/")
            response = connection.getresponse()
            return response.status, response.read().decode(), response.headers["X-Generation"]
        finally:
            connection.close()

    def wait_for_more(self) -> None:
        """Wait until as many more answers have come as there are clients."""
        with self.changed:
            wanted = len(self.answers) + CLIENTS
            if not self.changed.wait_for(lambda: len(self.answers) >= wanted, PATIENCE):
                self.failures.append("no answers any more")


def main(folder: str, result: str) -> None:
    """Run the server, the clients and the patches, and write what came of them."""
    sys.path.insert(0, folder)
    files = Files(Path(folder))
    files.write(0)
    serving: Any = importlib.import_module("werkzeug.serving")
    views: Any = importlib.import_module("shop.views")

    class QuietHandler(serving.WSGIRequestHandler):  # type: ignore[misc]
        def log(self, *arguments: object) -> None:
            """Log nothing."""

    server = serving.make_server(
        "127.0.0.1", 0, views.app, threaded=True, request_handler=QuietHandler
    )
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    load = Load(server.port)
    for client in load.threads:
        client.start()
    started = time.perf_counter()
    refused = list(_patch(files, load))
    load.stop.set()
    for client in load.threads:
        client.join()
    server.shutdown()
    thread.join()
    found = {
        "seconds": time.perf_counter() - started,
        "refused": refused,
        "answers": load.answers,
        "failures": load.failures,
        "visitors": views.visitors.count,
        "is_current": type(views.visitors) is sys.modules["shop.model"].Visitors,
    }
    Path(result).write_text(json.dumps(found), encoding="utf-8")


def _patch(files: Files, load: Load) -> Iterator[str]:
    """Patch again and again; yield the name of the error of each broken version."""
    for number in range(1, PATCHES + 1):
        load.wait_for_more()
        broken = number % EVERY == 0
        files.write(number, BROKEN[number // EVERY % len(BROKEN)] if broken else "")
        if not broken:
            load.generation = number + 0.5  # from here on either may answer
            livepatch.reload(*MODULES)
            load.generation = number
            continue
        before = [sys.modules[f"shop.{name}"].__dict__.copy() for name in ("views", "model")]
        try:
            livepatch.reload(*MODULES)
        except Exception as error:  # noqa: BLE001 - it is what is expected
            yield type(error).__name__
        after = [sys.modules[f"shop.{name}"].__dict__ for name in ("views", "model")]
        if before != after:
            load.failures.append(f"the broken version {number} left something behind")


if __name__ == "__main__":
    main(*sys.argv[1:])
