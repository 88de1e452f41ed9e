"""A web server's handler is patched while it is answering: no request fails, no session is lost.

Run it: ``python examples/server.py``. It writes ``shop.py`` into a temporary folder and serves it
on a free port of the loopback interface. Four visitors send requests without a pause, over
connections that stay open; the handler is edited under them. It ends by itself.
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
from http.server import BaseHTTPRequestHandler


class Session:
    def __init__(self, visitor):
        self.visitor = visitor
        self.visits = 0


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    answered = 0  # by all handlers together: state of the class

    def do_GET(self):
        visitor = self.path.strip("/")
        with self.server.lock:
            session = self.server.sessions.setdefault(visitor, Session(visitor))
            session.visits += 1
            Handler.answered += 1
        self.answer(self.page(session))

    def page(self, session):
        return f"hello {session.visitor}"

    def answer(self, text):
        body = text.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass
"""

GREETING = """
    def greeting(self):
        return f"welcome {self.visitor}, visit {self.visits}"
"""

VISITORS = ("ada", "bob", "eve", "sam")
AT_LEAST, AT_MOST = 50, 5000  # requests of a visitor before it stops waiting for the edit
AFTERWARDS = 20  # requests of a visitor after the edit
BUSY = threading.Barrier(len(VISITORS) + 1)  # every visitor is in the middle of its requests
EDITED = threading.Event()


class ShopServer(http.server.ThreadingHTTPServer):
    """Holds what outlives a request."""

    sessions: dict[str, object]
    lock: threading.Lock


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
    server = ShopServer(("127.0.0.1", 0), shop.Handler)
    server.sessions, server.lock = {}, threading.Lock()
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    visitors = [Visitor(name, server.server_port) for name in VISITORS]
    for visitor in visitors:
        visitor.start()

    BUSY.wait(timeout=30)
    sessions_before = dict(server.sessions)
    answered_before = shop.Handler.answered
    edit_the_shop()
    report = livepatch.reload(shop)
    EDITED.set()

    for visitor in visitors:
        visitor.join()
    server.shutdown()
    server.server_close()

    print("every reference is current:", report.ok)
    for change in report.definitions:
        if change.outcome is not livepatch.Outcome.UNCHANGED:
            print(f"  changed or new: {change.kind} {change.path}")
    print()
    for visitor in visitors:
        first, last = visitor.answers[0], visitor.answers[-AFTERWARDS:]
        numberless = {text.rstrip("0123456789") for text in last}
        print(f"{visitor.name}: failed {len(visitor.failed)}, first {first!r}, last {numberless}")
    print()
    sessions = server.sessions
    same = all(sessions[name] is session for name, session in sessions_before.items())
    counted = all(sessions[visitor.name].visits == len(visitor.answers) for visitor in visitors)
    asked = sum(len(visitor.answers) for visitor in visitors)
    print("the server uses the module's handler:", server.RequestHandlerClass is shop.Handler)
    print("the sessions are the same objects:", same)
    print("each counted every visit:", counted)
    print("the class's counter went on:", answered_before < shop.Handler.answered == asked)


def write_and_import() -> ModuleType:
    """Put the first version of the shop where it can be imported from."""
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder)
    sys.path.insert(0, str(folder))
    (folder / "shop.py").write_text(SOURCE)
    return importlib.import_module("shop")


def edit_the_shop() -> None:
    """Give sessions a method and let the handler use it, for the sessions there are as well."""
    path = Path(sys.modules["shop"].__file__)
    source = path.read_text()
    source = source.replace("        self.visits = 0\n", "        self.visits = 0\n" + GREETING)
    path.write_text(source.replace('f"hello {session.visitor}"', "session.greeting()"))


if __name__ == "__main__":
    main()
