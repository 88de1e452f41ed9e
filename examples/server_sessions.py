"""A server's session class gains fields under load: sessions there are have them too, none is lost.

Run it: ``python examples/server_sessions.py``. It writes ``shop.py`` into a temporary folder and
serves it on a free port of the loopback interface. Visitors send requests without a pause; the
slotted data class of their sessions is edited under them. It ends by itself.
"""

import atexit
import http.client
import http.server
import importlib
import shutil
import sys
import tempfile
import threading
from pathlib import Path
from types import ModuleType

import livepatch

SOURCE = """\
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler

LOCK = threading.Lock()
__livepatch_keep__ = ("LOCK",)


@dataclass(slots=True)
class Session:
    visitor: str
    visits: int = 0

    def greet(self):
        self.visits += 1
        return f"hello {self.visitor}"


def __livepatch_before__():
    LOCK.acquire()  # no session is in use while its class changes
    return LOCK.release


def __livepatch_after__():
    LOCK.release()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self):
        visitor = self.path.strip("/")
        with LOCK:
            if visitor not in self.server.sessions:
                self.server.sessions[visitor] = Session(visitor)
            text = self.server.sessions[visitor].greet()
        body = text.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass
"""

VISITORS = ("ada", "bob", "eve", "sam")
AT_LEAST, AT_MOST = 50, 5000  # requests of a visitor before it stops waiting for the edit
AFTERWARDS = 20  # requests of a visitor after the edit
BUSY = threading.Barrier(len(VISITORS) + 1)  # every visitor is in the middle of its requests
EDITED = threading.Event()


class Visitor(threading.Thread):
    """Sends requests one after another, and goes on for some after the edit."""

    def __init__(self, name: str, port: int) -> None:
        super().__init__(name=name, daemon=True)
        self.port = port
        self.answers: list[str] = []
        self.failed: list[str] = []

    def run(self) -> None:
        """Be a visitor until the edit and a little longer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        for number in range(AT_MOST):
            self.ask(connection)
            if number == AT_LEAST:
                BUSY.wait(timeout=30)
            if number > AT_LEAST and EDITED.is_set():
                break
        for _ in range(AFTERWARDS):
            self.ask(connection)
        connection.close()

    def ask(self, connection: http.client.HTTPConnection) -> None:
        """Send one request and note what came of it."""
        try:
            connection.request("GET", f"/{self.name}")
            answer = connection.getresponse()
            text = answer.read().decode()
        except (OSError, http.client.HTTPException) as error:
            self.failed.append(repr(error))
            return
        (self.answers if answer.status == 200 else self.failed).append(text)


def main() -> None:
    shop = write_and_import()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), shop.Handler)
    sessions = server.sessions = {}
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    visitors = [Visitor(name, server.server_port) for name in VISITORS]
    for visitor in visitors:
        visitor.start()

    BUSY.wait(timeout=30)
    edit_the_shop()
    report = livepatch.reload(shop)
    EDITED.set()

    for visitor in visitors:
        visitor.join()
    server.shutdown()
    server.server_close()

    print("instances made anew:", report.instances)
    print(
        "the sessions are of the module's class:",
        {type(each) for each in sessions.values()} == {shop.Session},
    )
    print("each has a basket of its own:", len({id(each.basket) for each in sessions.values()}))
    for visitor in visitors:
        first, last = visitor.answers[0], set(visitor.answers[-AFTERWARDS:])
        counted = sessions[visitor.name].visits == len(visitor.answers)
        print(
            f"{visitor.name}: failed {len(visitor.failed)}, first {first!r}, last {last}, "
            f"every visit counted {counted}"
        )


def write_and_import() -> ModuleType:
    """Put the first version of the shop where it can be imported from."""
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder)
    sys.path.insert(0, str(folder))
    (folder / "shop.py").write_text(SOURCE)
    return importlib.import_module("shop")


def edit_the_shop() -> None:
    """Give sessions a basket and a language, and let them use both."""
    path = Path(sys.modules["shop"].__file__)
    source = path.read_text()
    source = source.replace(
        "    visits: int = 0\n",
        '    visits: int = 0\n    language: str = "en"\n    basket: list = field('
        "default_factory=list)\n",
    )
    path.write_text(
        source.replace(
            'f"hello {self.visitor}"',
            'f"welcome {self.visitor} ({self.language}), {len(self.basket)} in your basket"',
        )
    )


if __name__ == "__main__":
    main()
