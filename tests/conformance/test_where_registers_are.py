"""Where decorators keep what they enter, and what leads to them: nothing stays that has gone."""

from __future__ import annotations

import pytest

import livepatch
from tests.live import LiveModule

pytestmark = pytest.mark.sampled(26)

APP = """
import collections, functools, types, typing
class App:
    _made = None
    @classmethod
    def instance(cls):
        if cls._made is None: cls._made = cls()
        return cls._made
    def __init__(self): self.routes = {}
    def route(self, path, method="GET"):
        def enter(view):
            self.routes[path] = view
            return view
        return enter
"""
FOUND = {
    "in a class": ("class Api:\n    app = App()\n", "@Api.app.route", "Api.app.routes"),
    "in a class in a class": (
        "class Api:\n    class V1:\n        app = App()\n",
        "@Api.V1.app.route",
        "Api.V1.app.routes",
    ),
    "method in a class": (
        "app = App()\nclass Api:\n    route = app.route\n",
        "@Api.route",
        "app.routes",
    ),
    "what a class method returns": ("", "@App.instance().route", "App.instance().routes"),
    "partial": (
        "app = App()\npost = functools.partial(app.route, method='POST')\n",
        "@post",
        "app.routes",
    ),
    "in a dict": ("app = App()\nROUTES = {'r': app.route}\n", "@ROUTES['r']", "app.routes"),
    "object in a dict": (
        "APPS = {'main': App()}\n",
        "@APPS['main'].route",
        "APPS['main'].routes",
    ),
    "what a function returns": (
        "app = App()\ndef get_app(): return app\n",
        "@get_app().route",
        "app.routes",
    ),
}
ENTERS = (
    "def route(path):\n    def enter(view):\n        {}\n        return view\n    return enter\n"
)
KEPT = {
    "named tuples": (
        "class Route(typing.NamedTuple):\n    path: str\n    view: object\nROUTES = []\n",
        "ROUTES.append(Route(path, view))",
        "[each.path for each in ROUTES]",
    ),
    "collections.namedtuple": (
        "Route = collections.namedtuple('Route', 'path view')\nROUTES = []\n",
        "ROUTES.append(Route(path, view=view))",
        "[each.path for each in ROUTES]",
    ),
    "namespace": (
        "state = types.SimpleNamespace(routes={})\n",
        "state.routes[path] = view",
        "state.routes",
    ),
    "dict of named tuples": (
        "class Route(typing.NamedTuple):\n    view: object\nROUTES = {}\n",
        "ROUTES[path] = Route(view)",
        "ROUTES",
    ),
}
CASES = {
    **{name: (APP + has, decorator, where) for name, (has, decorator, where) in FOUND.items()},
    **{
        name: (APP + has + ENTERS.format(enters), "@route", where)
        for name, (has, enters, where) in KEPT.items()
    },
}


# Objects that a class keeps in an attribute stay with what has been entered in them.
STAY = {"in a class", "in a class in a class", "what a class method returns"}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("rerun", ["all", "changed"])
def test_what_is_entered_under_another_key_or_no_more_has_gone(live: LiveModule, case: str) -> None:
    source, decorator, where = CASES[case]
    stays = live.rerun == "all" and case in STAY

    def entered() -> list[str]:
        return sorted(eval(where, vars(module)))

    one = f"{decorator}('/a')\ndef a(): return 1\n"
    two = f"{decorator}('/b')\ndef b(): return 2\n"
    module = live.start(source + one + two)
    for text, wanted in (
        (source + one.replace("/a", "/x") + two, ["/b", "/x"]),
        (source + one + two, ["/a", "/b"]),
        (source + two, ["/b"]),
        (source + one + two, ["/a", "/b"]),
    ):
        before = entered()
        expected = sorted({*before, *wanted}) if stays else wanted
        live.write(text)
        report = livepatch.reload(module, strategy=live.strategy, rerun=live.rerun)
        assert entered() == expected
        report.undo()
        assert entered() == before or live.rerun == "all"
        livepatch.reload(module, strategy=live.strategy, rerun=live.rerun)
        assert entered() == expected


@pytest.mark.parametrize("rerun", ["changed"])
def test_what_the_library_calls_later_is_not_named_as_left_alone(live: LiveModule) -> None:
    source = """
        import atexit, signal
        from atexit import register
        def stop(*_): return 1
        before = signal.signal(signal.SIGUSR1, stop)
        signal.signal(signal.SIGUSR1, stop)
        atexit.register(stop)
        register(stop)
        print(stop())
    """
    module = live.start(source)
    live.write(source.replace("return 1", "return 2"))
    report = livepatch.reload(module, strategy=live.strategy, rerun=live.rerun)

    named = [each.message for each in report.notices]
    assert [message.rpartition(": ")[2] for message in named] == ["print(stop())"]
    exec("signal.signal(signal.SIGUSR1, before); atexit.unregister(stop)", vars(module))


METACLASSES = {
    "init": "def __init__(cls, name, bases, own, key=None):\n"
    "        super().__init__(name, bases, own)\n        Meta.KINDS[key or name] = cls\n"
    "    def __new__(mcs, name, bases, own, key=None):\n"
    "        return super().__new__(mcs, name, bases, own)\n",
    "new": "def __new__(mcs, name, bases, own, key=None):\n"
    "        cls = super().__new__(mcs, name, bases, own)\n"
    "        mcs.KINDS[key or name] = cls\n        return cls\n"
    "    def __init__(cls, name, bases, own, key=None): super().__init__(name, bases, own)\n",
}


@pytest.mark.parametrize("way", METACLASSES)
@pytest.mark.parametrize("rerun", ["all", "changed"])
def test_class_that_names_its_metaclass_is_struck_off_its_register(
    live: LiveModule, way: str
) -> None:
    source = f"class Meta(type):\n    KINDS = {{}}\n    {METACLASSES[way]}"
    one, two = ("class {}(metaclass=Meta, key={!r}): pass\n".format(*each) for each in ("Aa", "Bb"))
    module = live.start(source + one + two)
    held = module.A
    for text, expected in (
        (source + one.replace("'a'", "'x'") + two, ["b", "x"]),
        (source + one + two, ["a", "b"]),
        (source + two, ["b"]),
    ):
        live.write(text)
        report = livepatch.reload(module, strategy=live.strategy, rerun=live.rerun)
        # With all of it run again nothing is struck off, and what is there no more is named.
        stays = live.rerun == "all" and "a" not in expected and "x" not in expected
        assert ("LP314" in {each.code for each in report.notices}) is stays
        assert sorted(set(module.Meta.KINDS) - ({"a"} if stays else set())) == expected
    report.undo()
    assert module.Meta.KINDS["a"] is module.A is held


RECORDS = {
    "tuple": "self.todo.append((path, view))",
    "closure": "self.todo.append(lambda: view(path))",
    "closure in a closure": "inner = lambda: view(path); self.todo.append(lambda: inner())",
    "object": "self.todo.append(Record(path, view))",
    "tuple in a dict": "self.views[path] = (path, view)",
    "closure in a dict": "self.views[path] = lambda: view(path)",
}
RECORDING = """
class Record:
    def __init__(self, path, view):
        self.path, self.view, self.me, self.more = path, view, self, {"views": [(view,)]}
class App:
    def __init__(self): self.views, self.todo = {}, []
    def route(self, path):
        def enter(view):
            ?
            return view
        return enter
app = App()
"""


@pytest.mark.parametrize("record", RECORDS)
@pytest.mark.parametrize("rerun", ["changed"])
def test_what_livepatch_alone_keeps_holds_nothing(live: LiveModule, record: str) -> None:
    source = RECORDING.replace("?", RECORDS[record])
    view = "@app.route('/a')\ndef view(): return 1\n"
    module = live.start(source + view)
    reports = []
    for text in (source + view.replace("'/a'", "'/b'"), source + view.replace("def view", "def x")):
        live.write(text.replace("return 1", "return 2") if "def x" in text else text)
        reports.append(livepatch.reload(module, strategy=live.strategy, rerun=live.rerun))
        assert "LP309" not in {each.code for each in reports[-1].notices}
    held = [*module.app.todo, *module.app.views.values()]
    live.write(source)
    reports.append(livepatch.reload(module, strategy=live.strategy, rerun=live.rerun))

    assert len(held) == 1
    assert [each.code for each in reports[-1].notices if each.path.endswith(".x")] == ["LP309"]
    assert not module.app.todo
    assert not module.app.views
