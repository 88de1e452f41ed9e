"""Flask and FastAPI, served while their routes are edited."""

from __future__ import annotations

from typing import Any

import pytest

from tests.frameworks.serving import asgi, framework, wsgi
from tests.live import LiveModule

pytestmark = pytest.mark.slow

FLASK = """
    from flask import Flask
    app = Flask(__name__)
    HITS = []
    @app.get("/a")
    def a():
        HITS.append(1)
        return "a"
    @app.get("/b")
    def b(): return "b"
    """
FASTAPI = """
    from fastapi import FastAPI
    app = FastAPI()
    HITS = []
    @app.get("/a")
    def a(n: int = 1):
        HITS.append(n)
        return "a"
    @app.get("/b")
    async def b(): return "b"
    """
KINDS: dict[str, tuple[str, Any]] = {"flask": (FLASK, wsgi), "fastapi": (FASTAPI, asgi)}


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    framework(request.param)
    return str(request.param)


def test_a_body_is_edited_while_requests_run(live: LiveModule, kind: str) -> None:
    source, served = KINDS[kind]
    module = live.start(source)
    app, hits = module.app, module.HITS
    with served(app) as client:
        first = client.get("/a")
        with client.asking("/a") as answers:
            reports = [live.change('return "a"', 'return "A"')]
            now = client.get("/a")
            reports.append(live.change('return "A"', 'return "aa"'))
            last = client.get("/a")

    assert [first, now, last] == [(200, "a"), (200, "A"), (200, "aa")]
    assert set(answers) <= {(200, "a"), (200, "A"), (200, "aa")}
    assert module.app is app
    assert module.HITS is hits
    assert len(hits) == len(answers) + 3
    assert all(report.ok for report in reports)


def test_a_route_comes_while_requests_run(live: LiveModule, kind: str) -> None:
    source, served = KINDS[kind]
    module = live.start(source)
    with served(module.app) as client:
        missing = client.get("/c")[0]
        with client.asking("/a") as answers:
            live.edit(source + '@app.get("/c")\n    def c(): return "c"\n')
            found = client.get("/c")

    assert missing == 404
    assert found == (200, "c")
    assert set(answers) == {(200, "a")}


def test_a_route_goes_while_requests_run(live: LiveModule, kind: str) -> None:
    source, served = KINDS[kind]
    module = live.start(source)
    with served(module.app) as client:
        before = client.get("/b")
        with client.asking("/a") as answers:
            head, _, _ = source.rpartition('@app.get("/b")')
            report = live.edit(head)
            gone = client.get("/b")[0]
        report.undo()
        back = client.get("/b")

    assert before == back == (200, "b")
    assert gone == 404
    assert set(answers) == {(200, "a")}


def test_a_route_gets_another_path_while_requests_run(live: LiveModule, kind: str) -> None:
    source, served = KINDS[kind]
    module = live.start(source)
    with served(module.app) as client:
        before = client.get("/b")
        with client.asking("/a") as answers:
            live.change('"/b"', '"/new"')
            found = client.get("/new"), client.get("/b")[0]

    assert before == (200, "b")
    assert found == ((200, "b"), 404)
    assert set(answers) == {(200, "a")}


def test_a_view_gets_another_name_while_requests_run(live: LiveModule, kind: str) -> None:
    source, served = KINDS[kind]
    module = live.start(source)
    with served(module.app) as client:
        client.get("/b")
        with client.asking("/a") as answers:
            live.change("def b()", "def other()")
            found = client.get("/b")

    assert found == (200, "b")
    assert set(answers) == {(200, "a")}
    assert not hasattr(module, "b")


def test_a_route_that_breaks_changes_nothing(live: LiveModule, kind: str) -> None:
    source, served = KINDS[kind]
    module = live.start(source)
    with served(module.app) as client:
        before = client.get("/b")
        with pytest.raises(ZeroDivisionError):
            live.edit(source.replace('"/b"', '"/new"') + "1 / 0\n")
        after = client.get("/b"), client.get("/new")[0], client.get("/a")

    assert before == (200, "b")
    assert after == ((200, "b"), 404, (200, "a"))


def test_arguments_of_a_route_change(live: LiveModule) -> None:
    framework("fastapi")
    module = live.start(FASTAPI)
    with asgi(module.app) as client:
        client.get("/a")
        live.change("n: int = 1", "n: str = 'x'")
        found = client.get("/a?n=y")

    assert found == (200, "a")
    assert module.HITS == [1, "y"]


def test_no_route_is_there_twice(live: LiveModule, kind: str) -> None:
    source, _ = KINDS[kind]
    module = live.start(source)

    def routes() -> list[str]:
        if kind == "flask":
            return sorted(str(rule) for rule in module.app.url_map.iter_rules())
        return sorted(route.path for route in module.app.routes)

    before = routes()
    live.change('return "a"', 'return "A"')
    live.change(
        '@app.get("/b")\n',
        '@app.get("/b", strict_slashes=False)\n'
        if kind == "flask"
        else '@app.get("/b", deprecated=True)\n',
    )

    assert routes() == before
