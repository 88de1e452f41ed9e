"""Where only what changed runs, what was computed by code that live values lead to is named."""

from __future__ import annotations

import posixpath
import sys

import pytest

from tests.live import LiveModule

pytestmark = [
    pytest.mark.parametrize("rerun", ["changed"]),
    pytest.mark.one_mode("all of it runs in the other"),
]
MADE = """
    import copy, functools, json, logging, operator, pickle
    def one(): return 1
    class Rate:
        def get(self): return 1
        def other(self): return 5
        def __reduce__(self): return Rate, ()
    class Bill:
        def __init__(self): self.rate = Rate()
    class Slotted:
        __slots__ = ("rate",)
        def __init__(self): self.rate = Rate()
        def total(self): return self.rate.get()
    rate, bills, slotted = Rate(), [Bill(), Bill()], Slotted()
"""
NAMED = {
    "single dispatch": (
        "@functools.singledispatch\n    def f(x): return 0\n"
        "    @f.register(int)\n    def f_int(x): return one()\n    V = f(3)\n    W = f('')"
    ),
    "single dispatch of a method": (
        "class C:\n        @functools.singledispatchmethod\n        def f(self, x): return 0\n"
        "        @f.register\n        def _(self, x: int): return one()\n    V = C().f(3)"
    ),
    "partial method": (
        "class C:\n        def f(self, x): return one() + x\n"
        "        g = functools.partialmethod(f, 1)\n    V = C().g()"
    ),
    "default": "def f(r=Rate()): return r.get()\n    V = f()",
    "keyword default": "def f(*, r=rate): return r.get()\n    V = f()",
    "default that is a function": "def f(get=one): return get()\n    V = f()",
    "keyword of a partial": "p = functools.partial(lambda r: r.get(), r=rate)\n    V = p()",
    "slot": "V = slotted.rate.get()",
    "through a slot": "V = slotted.total()",
    "attribute of an item": "V = bills[0].rate.get()",
    "attributes of items": "V = [each.rate.get() for each in bills]",
    "by a text": "V = getattr(rate, 'get')()",
    "called by a text": "V = operator.methodcaller('get')(rate)",
    "asked for by a text": "V = operator.attrgetter('get')(rate)()",
}


@pytest.mark.parametrize("said", NAMED.values(), ids=list(NAMED))
def test_what_was_computed_is_named(live: LiveModule, said: str) -> None:
    source = MADE + f"    {said}\n"
    live.start(source)
    report = live.edit(source.replace("return 1", "return 2"))

    found = {each.path.partition(".")[2] for each in report.notices if each.code == "LP313"}
    assert "V" in found
    assert found <= {"V", "W"}


ELSE = {
    "method": "V = bills[0].rate.other() + slotted.rate.other()",
    "item": "V, N = bills[0], len(bills)",
    "attribute": "V, W = bills[0].rate, slotted.rate",
    "default": "def f(r=rate): return r.other()\n    V = f()",
    "text": "V = getattr(rate, 'other')()",
}


@pytest.mark.parametrize("said", ELSE.values(), ids=list(ELSE))
def test_what_was_computed_by_something_else_is_not(live: LiveModule, said: str) -> None:
    source = MADE + f"    {said}\n"
    live.start(source)

    assert not live.edit(source.replace("return 1", "return 2")).notices


LIBRARY = """
    import copy, json, logging, pickle, threading
    def one(): return 1
    class Short(logging.Formatter):
        def format(self, record): return str(one())
        def usesTime(self): return False
    class Encoder(json.JSONEncoder):
        def default(self, value): return 1
    class Worker(threading.Thread):
        def run(self): self.result = one()
    class Record:
        def __getstate__(self): return {"v": 1}
    class Pair:
        def __reduce__(self): return one, ()
    handler = logging.StreamHandler(None)
    handler.setFormatter(Short())
"""
CALLED_BY_LIBRARIES = {
    "handler": "V = handler.format(logging.makeLogRecord({}))",
    "encoder": "V = json.dumps(object(), cls=Encoder)",
    "thread": "w = Worker()\n    w.start()\n    w.join()\n    V = w.result",
    "pickled": "V = pickle.dumps(Record())",
    "copied": "V = copy.copy(Record())\n    W = copy.deepcopy(Pair())",
}


@pytest.mark.parametrize("said", CALLED_BY_LIBRARIES.values(), ids=list(CALLED_BY_LIBRARIES))
def test_what_a_library_computed_by_a_method_is_named(live: LiveModule, said: str) -> None:
    source = LIBRARY + f"    {said}\n"
    live.start(source)
    new = source.replace("return 1", "return 2").replace('"v": 1', '"v": 2')
    report = live.edit(new)

    found = {each.path.partition(".")[2] for each in report.notices if each.code == "LP313"}
    assert "V" in found


@pytest.mark.parametrize(
    "said",
    [
        "handler.setLevel(3)",
        "V = handler.level",
        "V = json.dumps([1])",
        "w = Worker()",
        "V = json.loads('[1]')",
        "V = [Short, Encoder(), copy.copy([1])]",
        "logging.getLogger('of this test').addHandler(handler)",
        "log = logging.getLogger('of this test')\n    log.addHandler(handler)",
    ],
)
def test_what_a_library_does_without_the_method_is_not(live: LiveModule, said: str) -> None:
    source = LIBRARY + f"    {said}\n"
    live.start(source)
    new = source.replace("return 1", "return 2").replace('"v": 1', '"v": 2')

    assert not live.edit(new).notices


# A source with a 1 in it, which becomes a 2, and what is named then.
STATEMENTS = {
    "annotation": (
        "def one(): return 1\ndef f(x: one()): pass\nV = f.__annotations__['x']\n",
        {"f", "V"} if sys.version_info < (3, 14) else set(),  # they are computed when asked for
    ),
    "an object that was added to": (
        "class C:\n    def __iadd__(self, other): return 1\nV = C()\nV += 3\n",
        {"V"},
    ),
    "globals": (
        "def one(): return 1\nfor name in ['V', 'W']: globals()[name] = one()\n",
        {"V", "W"},
    ),
    "set on the module": (
        "import sys\ndef one(): return 1\nsetattr(sys.modules[__name__], 'V', one())\n",
        {"V"},
    ),
    "global": (
        "def one(): return 1\ndef two(): return 5\n"
        "def start():\n    global G\n    G = one()\n"
        "def other():\n    global H\n    H = two()\n"
        "start()\nother()\nV = G + 1\n",
        {"G", "V"},
    ),
    "a namespace that exec filled": (
        "D = {}\nexec('def f(): return 1', D)\nV = D['f']()\n",
        {"V"},
    ),
}


@pytest.mark.parametrize(("source", "names"), STATEMENTS.values(), ids=list(STATEMENTS))
def test_what_statements_computed_otherwise_is_named(
    live: LiveModule, source: str, names: set[str]
) -> None:
    live.start(source)
    report = live.edit(source.replace("return 1", "return 2"))

    found = {each.path.partition(".")[2] for each in report.notices if each.code == "LP313"}
    assert found == names


def test_what_a_definition_computed_that_had_hidden_an_import_is_named(live: LiveModule) -> None:
    source = "from os.path import join\ndef join(*parts): return 1\nV = join('a', 'b')\n"
    module = live.start(source)
    report = live.edit(source.replace("def join(*parts): return 1\n", ""))

    assert [(each.code, each.path.partition(".")[2]) for each in report.notices] == [("LP313", "V")]
    assert module.join is posixpath.join


def test_a_loop_that_went_round_no_time_is_not_taken_to_have_bound_a_name(
    live: LiveModule,
) -> None:
    source = "X = 1\nfor each in []: X = each\nY = X + 1\n"
    live.start(source)
    report = live.edit(source.replace("X = 1", "X = 5"))

    assert {each.path.partition(".")[2] for each in report.notices} == {"X", "Y"}


def test_a_loop_that_went_round_has_the_last_word(live: LiveModule) -> None:
    source = "X = 1\nfor each in [3]: X = each\nY = X + 1\n"
    module = live.start(source)

    assert not live.edit(source.replace("X = 1", "X = 5")).notices
    assert module.X == 3


WRAPPING = """
    def one(): return 1
    def wrapped(function):
        def wrapper(*args): return one() + function(*args)
        return wrapper
    def marked(function):
        def wrapper(*args): return function(*args)
        wrapper.mark = one()
        return wrapper
    def maker():
        def made(): return one()
        return made
"""


@pytest.mark.parametrize(
    ("said", "names"),
    [
        ("@wrapped\n    def f(): return 3", set()),
        ("@wrapped\n    def f(): return 3\n    V = f()", {"V"}),
        ("class C:\n        @wrapped\n        def f(self): return 3", set()),
        ("f = maker()", set()),
        ("f = maker()\n    V = f()", {"V"}),
        ("@marked\n    def f(): return 3", {"f"}),
        ("@wrapped\n    @marked\n    def f(): return 3", {"f"}),
    ],
)
def test_what_a_wrapper_calls_concerns_who_calls_it_and_not_who_has_it(
    live: LiveModule, said: str, names: set[str]
) -> None:
    source = WRAPPING + f"    {said}\n"
    live.start(source)
    report = live.edit(source.replace("return 1", "return 2"))

    assert {each.path.partition(".")[2] for each in report.notices} == names
