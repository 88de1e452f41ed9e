"""Names that several statements bind in turn, where one of these comes, goes or says otherwise."""

from __future__ import annotations

import pytest

from tests.live import LiveModule

pytestmark = pytest.mark.sampled(10)

BOTH = pytest.mark.parametrize("rerun", ["all", "changed"])

LAYERS = (
    "def one(g):\n    def x(): return g() + 1\n    return x\n"
    "def ten(g):\n    def x(): return g() * 10\n    return x\n"
    "def f(): return 1\n"
)
POINT = "from collections import namedtuple\nP = namedtuple('P', 'x')\n"
FIRST, SECOND = "class P:\n    def d(self): return 0\n", "class P(P):\n    def d(self): return 1\n"
LIST = "T = []\ndef r(f):\n    T.append(f)\n    return f\n"
BY_KEY = (
    "T = {}\ndef r(key):\n    def put(f):\n        T[key] = f\n        return f\n    return put\n"
)
BY_TYPE = "import functools\n@functools.singledispatch\ndef s(x): return 0\n"
BASE = "T = []\nclass B:\n    def __init_subclass__(cls): T.append(cls)\n"


def registered(*numbers: int) -> str:
    return "".join(f"@r\ndef _(): return {n}\n" for n in numbers)


def registered_by_key(*numbers: int) -> str:
    return "".join(f"@r('k{n}')\ndef _(): return {n}\n" for n in numbers)


def registered_for(**numbers: int) -> str:
    return "".join(f"@s.register({t})\ndef _(x): return {n}\n" for t, n in numbers.items())


def classes(above: str, bases: str, *numbers: int) -> str:
    return "".join(f"{above}class K{bases}:\n    v = {n}\n" for n in numbers)


def ask(asked: str, live: LiveModule) -> str:
    try:
        return repr(eval(asked, vars(live.module)))
    except (NameError, AttributeError) as error:
        return str(error)


# By case: the source before and after, and what is asked of the module.
IN_TURN = {
    "default": ("def f(): return 1\n", "def f(): return 1\ndef f(p=f): return p() + 1\n", "f()"),
    "third default": (
        "def f(): return 1\ndef f(p=f): return p() + 1\n",
        "def f(): return 1\ndef f(p=f): return p() + 1\ndef f(p=f): return p() * 10\n",
        "f()",
    ),
    "decorated by hand": (LAYERS + "f = ten(f)\nf = one(f)\n", LAYERS + "f = one(f)\n", "f()"),
    "inserted": (
        "def h(): return 1\nA = h\ndef h(): return 2\nB = h\n",
        "def h(): return 1\nA = h\ndef h(): return 3\nC = h\ndef h(): return 2\nB = h\n",
        "A(), B(), C(), h()",
    ),
    "named tuple": (
        POINT,
        POINT + "class P(P):\n    def d(self): return self.x * 2\n",
        "P(3).d(), len(P.__mro__)",
    ),
    "derived": (
        FIRST + SECOND,
        FIRST + SECOND + "class P(P):\n    def d(self): return super().d() + 1\n",
        "P().d(), len(P.__mro__)",
    ),
    "middle one": (LIST + registered(1, 2, 3), LIST + registered(1, 3), "[f() for f in T]"),
    "first one": (LIST + registered(1, 2, 3), LIST + registered(2, 3), "[f() for f in T]"),
    "last one": (LIST + registered(1, 2, 3), LIST + registered(1, 2), "[f() for f in T]"),
    "two": (LIST + registered(1, 2, 3, 4), LIST + registered(1, 4), "[f() for f in T]"),
    "new one": (LIST + registered(1, 3), LIST + registered(1, 2, 3), "[f() for f in T]"),
    "by key": (
        BY_KEY + registered_by_key(1, 2, 3),
        BY_KEY + registered_by_key(1, 3),
        "{key: f() for key, f in T.items()}",
    ),
    "by type": (
        BY_TYPE + registered_for(int=1, str=2, bytes=3),
        BY_TYPE + registered_for(int=1, bytes=3),
        "s(1), s(''), s(b'')",
    ),
    "new type": (
        BY_TYPE + registered_for(int=1, bytes=3),
        BY_TYPE + registered_for(int=1, str=2, bytes=3),
        "s(1), s(''), s(b'')",
    ),
    "in a table": (
        "T = {}\ndef f(): return 1\nT['a'] = f\ndef f(): return 2\nT['b'] = f\n",
        "T = {}\ndef f(): return 1\nT['a'] = f\ndef f(): return 3\nT['c'] = f\n"
        "def f(): return 2\nT['b'] = f\n",
        "sorted((key, f()) for key, f in T.items())",
    ),
    "decorated class": (
        LIST + classes("@r\n", "", 1, 2, 3),
        LIST + classes("@r\n", "", 1, 3),
        "[k.v for k in T]",
    ),
    "class in a list of its base": (
        BASE + classes("", "(B)", 1, 2, 3),
        BASE + classes("", "(B)", 1, 3),
        "[k.v for k in T]",
    ),
    "method": (
        "class A:\n    def f(self): return 1\n",
        "class A:\n    def f(self): return 1\n    def f(self, p=f): return p(self) + 1\n",
        "A().f()",
    ),
    "property": (
        "class A:\n    @property\n    def p(self): return 1\n",
        "class A:\n    @property\n    def p(self): return 1\n    q = p\n"
        "    @property\n    def p(self): return A.q.fget(self) + 1\n",
        "A().p",
    ),
    "swapped": ("a = 1\nb = 2\na, b = b, a\n", "a = 3\nb = 4\na, b = b, a\n", "a, b"),
    "one of two swapped": ("a = 1\nb = 2\na, b = b, a\n", "a = 1\nb = 4\na, b = b, a\n", "a, b"),
    "data": (
        "X = {'a': 1}\nX = dict(X, b=2)\nX = dict(X, c=3)\n",
        "X = {'a': 1}\nX = dict(X, c=3)\n",
        "X",
    ),
    "more data": ("T = (1,)\nT += (2,)\nT += (3,)\n", "T = (1,)\nT += (3,)\n", "T"),
}


@BOTH
@pytest.mark.parametrize("case", IN_TURN)
def test_a_name_has_what_its_statements_make_in_turn(live: LiveModule, case: str) -> None:
    before, after, asked = IN_TURN[case]
    namespace: dict[str, object] = {"__name__": "fresh"}
    exec(after, namespace)
    live.start(before)
    was = ask(asked, live)
    report = live.edit(after)

    assert eval(asked, vars(live.module)) == eval(asked, namespace)
    assert [each for each in report.notices if each.code != "LP309"] == []

    report.undo()

    assert ask(asked, live) == was


@BOTH
@pytest.mark.parametrize("above", [False, True])
def test_who_holds_a_definition_has_the_last_of_its_name(live: LiveModule, above: bool) -> None:
    old = "def f(): return 1\nclass K:\n    def go(self): return 1\nL = lambda: 1\n"
    other = old.replace("1", "2")
    live.start(old)
    held, instance, nameless = live.module.f, live.module.K(), live.module.L
    live.edit(other + old if above else old + other)
    module, wanted = live.module, 1 if above else 2

    assert held is module.f
    assert type(instance) is module.K
    assert nameless is module.L
    assert held() == instance.go() == nameless() == wanted


@BOTH
def test_the_first_of_two_definitions_is_what_the_name_leads_to_again(live: LiveModule) -> None:
    live.start("def f(): return 1\nold = f\ndef f(): return 2\n")
    report = live.edit("def f(): return 1\nold = f\n")
    module = live.module

    assert module.f is module.old
    assert module.f() == 1

    report.undo()

    assert (module.f(), module.old()) == (2, 1)


@pytest.mark.parametrize("rerun", ["changed"])
def test_what_holds_state_beside_such_a_name_stays(live: LiveModule) -> None:
    live.start(
        "MADE = []\ndef make(f):\n    MADE.append(f)\n    return [f]\n"
        "def f(): return 1\nSTATE = make(f)\ndef f(): return 2\nLATER = make(f)\n"
    )
    state, later = live.module.STATE, live.module.LATER
    live.change("return 2\n", "return 2\ndef f(): return 3\n")

    assert live.module.STATE is state
    assert live.module.LATER is later
    assert len(live.module.MADE) == 2
    assert [state[0](), later[0](), live.module.f()] == [1, 3, 3]


# By case: what binds the name besides, and what it gives it.
BESIDES = {
    "import of everything": "from math import *\n",
    "import of everything from another module": "from OTHER import *\n",
    "source in a text": "exec('pi = 3')\n",
    "name in a text": "globals()['pi'] = 3\n",
    "several in a text": "exec('e, pi = 2, 3')\n",
}


@BOTH
@pytest.mark.parametrize("case", BESIDES)
def test_a_name_whose_own_statement_goes_is_what_others_bind(live: LiveModule, case: str) -> None:
    live.other("pi = 3.5\n")
    rest = "def area(r=1): return int(pi * r)\n"
    live.start(BESIDES[case] + "pi = 4\n" + rest)
    live.edit(BESIDES[case] + rest)

    assert live.module.area() == 3
