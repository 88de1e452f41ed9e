"""Flask and FastAPI, served while their routes are edited."""

from __future__ import annotations

from textwrap import dedent
from typing import Any

import pytest

import livepatch
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


def test_a_route_that_came_is_gone_after_an_undo_a_failure_and_a_dry_run(
    live: LiveModule, kind: str
) -> None:
    source, served = KINDS[kind]
    module = live.start(source)
    more = source.replace('"/b"', '"/new"') + '@app.get("/c")\n    def c(): return "c"\n'
    paths = ("/a", "/b", "/new", "/c")
    with served(module.app) as client:

        def answers() -> list[int]:
            return [client.get(path)[0] for path in paths]

        before = answers()
        live.write(more)
        livepatch.reload(module, dry_run=True)
        dry = answers()
        with pytest.raises(ZeroDivisionError):
            live.edit(more + "    1 / 0\n")
        failed = answers()
        report = live.edit(more)
        there = answers()
        report.undo()
        undone = answers()
        live.edit(more)
        again = answers()

    assert before == dry == failed == undone == [200, 200, 404, 404]
    assert there == again == [200, 404, 200, 200]


def test_a_route_is_written_above_one_that_takes_all(live: LiveModule) -> None:
    framework("fastapi")
    takes_all = '@app.get("/{name}")\n    def takes_all(name: str): return name\n    '
    source = FASTAPI.replace('@app.get("/b")', takes_all + '@app.get("/b")')
    module = live.start(source)

    def described() -> list[str]:
        return sorted(module.app.openapi()["paths"])

    with asgi(module.app) as client:
        first = client.get("/me"), described()
        me = '@app.get("/me")\n    def me(): return "it is me"\n    '
        report = live.edit(source.replace(takes_all, me + takes_all))
        second = client.get("/me"), described()
        live.edit(source.replace(takes_all, takes_all + me))
        third = client.get("/me"), described()
        live.edit(source.replace(takes_all, me + takes_all)).undo()
        fourth = client.get("/me"), described()
        assert report.ok

    known = ["/a", "/b", "/{name}"]
    assert first == ((200, "me"), known)
    assert second == ((200, "it is me"), sorted([*known, "/me"]))
    assert third == fourth == ((200, "me"), sorted([*known, "/me"]))


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


VIEWS = {
    "flask": """
        from flask import Blueprint
        views = Blueprint("views", __name__)
        @views.get("/a")
        def a(): return "a"
        @views.get("/b")
        def b(): return "b"
        """,
    "fastapi": """
        from fastapi import APIRouter
        views = APIRouter()
        @views.get("/a")
        def a(): return "a"
        @views.get("/b")
        def b(): return "b"
        """,
}
INCLUDES = {
    "flask": "from flask import Flask\nfrom .views import views\n"
    "app = Flask(__name__)\napp.register_blueprint(views, url_prefix='/v')\n",
    "fastapi": "from fastapi import FastAPI\nfrom .views import views\n"
    "app = FastAPI()\napp.include_router(views, prefix='/v')\n",
}


def test_routes_of_another_module_that_an_application_includes(live: LiveModule, kind: str) -> None:
    _, served = KINDS[kind]
    source = VIEWS[kind]
    live.package(__init__=INCLUDES[kind], views=source)
    paths = ("/v/a", "/v/b", "/v/c", "/v/new")
    edits = {
        source.replace('"a"\n', '"A"\n'): ["A", "b", 404, 404],
        source.replace('"/b"', '"/new"'): ["a", 404, 404, "b"],
        source + '@views.get("/c")\n        def c(): return "c"\n': ["a", "b", "c", 404],
        source.replace("def a()", "def a(x=1)").replace("def b", "def d"): ["a", "b", 404, 404],
        source.partition('@views.get("/b")')[0]: ["a", 404, 404, 404],
    }
    file = live.root / live.name / "views.py"
    with served(live.module.app) as client:

        def answers() -> list[object]:
            found = [client.get(path) for path in paths]
            return [text if status == 200 else status for status, text in found]

        before = answers()
        for edited, expected in edits.items():
            file.write_text(dedent(edited), encoding="utf-8")
            with client.asking("/v/a"):
                report = livepatch.reload_changed(live.name)
            assert answers() == expected
            report.undo()
            assert answers() == before == ["a", "b", 404, 404]


def test_what_a_blueprint_has_called_around_a_request(live: LiveModule) -> None:
    framework("flask")
    source = VIEWS["flask"].replace("import Blueprint", "import Blueprint, g")
    source = source.replace('return "b"', 'return g.get("who", "b")')
    before = '@views.before_request\n        def before(): g.who = "x"\n        '
    handler = "@views.errorhandler(KeyError)\n        def handle(_): return 'handled'\n        "
    raises = source.replace('return "a"', "raise KeyError")
    live.package(__init__=INCLUDES["flask"], views=source)
    client = live.module.app.test_client()

    def answers(text: str) -> list[str]:
        (live.root / live.name / "views.py").write_text(dedent(text), encoding="utf-8")
        livepatch.reload_changed(live.name)
        return [client.get(path).text for path in ("/v/a", "/v/b")]

    assert answers(source + before) == ["a", "x"]
    assert answers(source + before.replace('"x"', '"y"')) == ["a", "y"]
    assert answers(raises + before + handler) == ["handled", "x"]
    assert answers(raises + handler) == ["handled", "b"]
    assert answers(source) == ["a", "b"]


def test_a_blueprint_that_was_registered_in_ways_of_its_own(live: LiveModule) -> None:
    framework("flask")
    source = VIEWS["flask"].replace("def a():", "def a(lang):").replace("def b():", "def b(lang):")
    includes = INCLUDES["flask"].replace("'/v')", "'/v', url_defaults={'lang': 'en'}, name='w')")
    live.package(__init__=includes, views=source)
    client, file = live.module.app.test_client(), live.root / live.name / "views.py"
    more = '@views.get("/c")\n        def c(lang): return lang\n'
    file.write_text(dedent(source + more), encoding="utf-8")
    livepatch.reload_changed(live.name)

    assert [client.get(path).status_code for path in ("/v/a", "/v/c", "/c")] == [200, 200, 404]
    assert client.get("/v/c").text == "en"


def test_a_blueprint_of_which_no_rule_tells_how_it_was_registered(live: LiveModule) -> None:
    framework("flask")
    source = VIEWS["flask"].partition('@views.get("/a")')[0]
    live.package(__init__=INCLUDES["flask"], views=source)
    client, file = live.module.app.test_client(), live.root / live.name / "views.py"
    more = '@views.get("/c")\n        def c(): return "c"\n'
    file.write_text(dedent(source + more), encoding="utf-8")
    with pytest.raises(AssertionError, match="registered"):
        livepatch.reload_changed(live.name)

    assert [client.get(path).status_code for path in ("/v/c", "/c")] == [404, 404]
