"""What was computed by other means than a call of a name: operations, `super()`, tables, `with`.

Each source has a ``1`` that becomes a ``2``; what is named is said exactly, so that too much is a
failure as well.
"""

from __future__ import annotations

import pytest

from tests.conformance.test_many_modules import Shop
from tests.live import LiveModule

pytestmark = [
    pytest.mark.parametrize("rerun", ["changed"]),
    pytest.mark.one_mode("all of it runs in the other"),
    pytest.mark.sampled(13),
]


def named(live: LiveModule, source: str) -> set[str]:
    """Start a source, edit it, and return what is named of it."""
    live.start(source)
    report = live.edit(source.replace("return 1", "return 2").replace("yield 1", "yield 2"))
    return {each.path.partition(".")[2] for each in report.notices if each.code == "LP313"}


BASE = "class A:\n    def v(self): return 1\n"
CALLER = "def h(): return 1\nclass A:\n    def v(self): return h()\n"
SUPER = "class B(A):\n    def v(self): return super().v() + 3\n"
INHERITED = {
    "super": BASE + SUPER + "X = B().v()\n",
    "super of an object": BASE + SUPER + "b = B()\nX = b.v()\n",
    "super through super": BASE
    + SUPER
    + "class C(B):\n    def v(self): return super().v()\nX = C().v()\n",
    "super of another method": BASE
    + "class B(A):\n    def w(self): return super().v()\nX = B().w()\n",
    "super that calls": CALLER + SUPER + "X = B().v()\n",
    "inherited": CALLER + "class B(A): pass\nX = B().v()\n",
    "of an object": CALLER + "a = A()\nX = a.v()\n",
    "of an item": CALLER + "L = [A()]\nX = [a.v() for a in L]\n",
    "of an attribute": CALLER
    + "class N:\n    def __init__(self): self.a = A()\nn = N()\nX = n.a.v()\n",
    "of another class's name": BASE + "K = A\nX = K().v()\n",
    "initializer": "def h(): return 1\nclass A:\n    def __init__(self): self.x = h()\n"
    "class B(A): pass\nX = B()\n",
}


@pytest.mark.parametrize("source", INHERITED.values(), ids=INHERITED)
def test_what_a_method_of_a_base_or_of_an_object_computed_is_named(
    live: LiveModule, source: str
) -> None:
    assert named(live, source) == {"X"}


SPECIAL = [
    ("__add__", "a + 5"),
    ("__radd__", "5 + a"),
    ("__sub__", "a - 5"),
    ("__floordiv__", "a // 5"),
    ("__pow__", "a ** 5"),
    ("__matmul__", "a @ a"),
    ("__ror__", "5 | a"),
    ("__neg__", "-a"),
    ("__pos__", "+a"),
    ("__invert__", "~a"),
    ("__eq__", "a == 5"),
    ("__eq__", "a != 5"),
    ("__eq__", "a in [5]"),
    ("__lt__", "a < 5"),
    ("__lt__", "5 > a"),
    ("__lt__", "sorted([a, a])"),
    ("__ge__", "a >= 5"),
    ("__bool__", "7 if a else 8"),
    ("__bool__", "a and 7"),
    ("__bool__", "not a"),
    ("__len__", "len(a)"),
    ("__len__", "bool(a)"),
    ("__len__", "7 if not a else 8"),
    ("__getitem__", "a[0]"),
    ("__contains__", "0 in a"),
    ("__contains__", "0 not in a"),
    ("__iter__", "[each for each in a]"),
    ("__iter__", "[*a]"),
    ("__iter__", "tuple(a)"),
    ("__iter__", "max(*a, 3)"),
    ("__next__", "next(a)"),
    ("__hash__", "hash(a)"),
    ("__index__", "[1, 2, 3][a]"),
    ("__int__", "int(a)"),
    ("__round__", "round(a)"),
    ("__copy__", "copy.copy(a)"),
    ("__add__", "operator.add(a, 5)"),
    ("__add__", "sum([a], a)"),
    ("__str__", "str(a)"),
    ("__str__", "'%s' % a"),
    ("__str__", "'{}'.format(a)"),
    ("__str__", "'x'.join(map(str, [a]))"),
    ("__repr__", "f'{a}'"),
    ("__repr__", "f'{a!r}'"),
    ("__format__", "f'{a:x}'"),
    ("__call__", "a()"),
    ("__getattr__", "a.nothing"),
    ("__getattribute__", "a.nothing"),
    ("__enter__", "using(a)"),
]
RETURNED = {
    "__bool__": ("True", "False"),
    "__contains__": ("True", "False"),
    "__iter__": ("iter((1,))", "iter((2,))"),
    "__str__": ("'1'", "'2'"),
    "__repr__": ("'1'", "'2'"),
    "__format__": ("'1'", "'2'"),
}
IMPORTS = "import copy, operator\n"
USING = "def using(it):\n    with it as found: return found\n"
OPERATIONS = pytest.mark.parametrize(
    ("method", "expression"), SPECIAL, ids=[f"{each} {says}" for each, says in SPECIAL]
)


def named_of(live: LiveModule, method: str, source: str) -> set[str]:
    """Start a source with a special method in it, edit that, return what is named."""
    said, says = RETURNED.get(method, ("1", "2"))
    leaves = "    def __exit__(self, *_): pass\n" if method == "__enter__" else ""
    live.start(IMPORTS + source.replace("RETURNED", f"return {said}").replace("LEAVES", leaves))
    report = live.change(f"return {said}", f"return {says}")
    return {each.path.partition(".")[2] for each in report.notices if each.code == "LP313"}


@OPERATIONS
def test_what_an_operation_with_an_object_computed_is_named(
    live: LiveModule, method: str, expression: str
) -> None:
    cls = f"class A:\n    def {method}(self, *_): RETURNED\nLEAVES"

    assert named_of(live, method, f"{cls}{USING}a = A()\nX = {expression}\n") == {"X"}


@OPERATIONS
def test_what_an_operation_in_a_function_computed_is_named(
    live: LiveModule, method: str, expression: str
) -> None:
    cls = f"class A:\n    def {method}(self, *_): RETURNED\nLEAVES"
    use = f"def use():\n    a = A()\n    return {expression}\n"

    assert named_of(live, method, f"{cls}{USING}{use}X = use()\n") == {"X"}


@OPERATIONS
def test_what_a_special_method_computed_by_a_call_is_named(
    live: LiveModule, method: str, expression: str
) -> None:
    cls = f"def h(): RETURNED\nclass A:\n    def {method}(self, *_): return h()\nLEAVES"

    assert named_of(live, method, f"{cls}{USING}a = A()\nX = {expression}\n") == {"X"}


@OPERATIONS
def test_what_asks_for_no_special_method_is_not_named(
    live: LiveModule, method: str, expression: str
) -> None:
    cls = f"class A:\n    def {method}(self, *_): RETURNED\nLEAVES"
    says = RETURNED.get(method, ("1", "2"))[1]
    other = cls.replace("class A", "class B").replace("RETURNED", f"return {says}")
    uses = f"b = B()\nX = A()\nY = [X, 5 - 4]\nZ = {expression.replace('(a', '(b')}\n"

    assert named_of(live, method, f"{cls}{other}{USING}a = B()\n{uses}") == set()


OTHERS = {
    "augmented": (
        "class A:\n    def key(self): return 1\n"
        "    def __iadd__(self, other):\n        self.x = self.key()\n        return self\n"
        "a = b = A()\nb += 5\n",
        {"b"},
    ),
    "augmented attribute": (
        "class A:\n    def key(self): return 1\n"
        "    def __iadd__(self, other):\n        self.x = self.key()\n        return self\n"
        "class N: pass\nn = N()\nn.a = A()\nn.a += 5\n",
        {"n"},
    ),
    "item": (
        "class A:\n    def key(self): return 1\n"
        "    def __setitem__(self, key, value): self.x = self.key()\na = A()\na['x'] = 5\n",
        {"a"},
    ),
    "attribute": (
        "class A:\n    def key(self): return 1\n"
        "    def __setattr__(self, name, value): self.__dict__[name] = self.key()\n"
        "a = A()\na.x = 5\n",
        {"a"},
    ),
    "descriptor": (
        "class D:\n    def __get__(self, *_): return 1\nclass A:\n    x = D()\nX = A().x\n",
        {"X"},
    ),
    "descriptor that is set": (
        "class D:\n    def key(self): return 1\n"
        "    def __set__(self, it, value): it.y = self.key()\n"
        "class A:\n    x = D()\na = A()\na.x = 5\n",
        {"a"},
    ),
    "property": (
        "def h(): return 1\nclass A:\n    @property\n    def x(self): return h()\n"
        "a = A()\nX = a.x\n",
        {"X"},
    ),
    "metaclass": (
        "class M(type):\n    def __len__(cls): return 1\nclass A(metaclass=M): pass\nX = len(A)\n",
        {"X"},
    ),
    "call of a class": (
        "class M(type):\n    def __call__(cls): return 1\nclass A(metaclass=M): pass\nX = A()\n",
        {"X"},
    ),
    "await": (
        "import asyncio\nclass A:\n    def __await__(self):\n        yield from ()\n"
        "        return 1\nasync def use(): return await A()\nX = asyncio.run(use())\n",
        {"X"},
    ),
    "wrapper": (
        "def decorate(f):\n    def wrapper(): return 1\n    return wrapper\n"
        "@decorate\ndef f(): return 3\nX = f()\n",
        {"X"},
    ),
    "class body": (
        "class A:\n    def __add__(self, other): return 1\nclass C:\n    X = A() + 5\n",
        {"C"},
    ),
    "class body that calls": (
        "def h(): return 1\nclass C:\n    def s(): return h()\n    X = s()\n",
        {"C"},
    ),
    "body of a class in a class": (
        "def h(): return 1\nclass O:\n    class C:\n        def s(): return h()\n        X = s()\n",
        {"O"},
    ),
    "with": (
        "import contextlib\n@contextlib.contextmanager\ndef opened():\n    yield 1\n"
        "with opened() as V: W = V + 5\nX = W + 5\nY = V\n",
        {"V", "W", "X", "Y"},
    ),
    "with an object": (
        "class A:\n    def __enter__(self): return 1\n    def __exit__(self, *_): pass\n"
        "with A() as V: W = V + 5\n",
        {"V", "W"},
    ),
    "with something else": (
        "import io\ndef h(): return 1\nwith io.StringIO() as file: W = h()\n",
        {"W"},
    ),
    "for": ("def h(): return 1\nfor each in [h()]: W = each\n", {"W"}),
}


@pytest.mark.parametrize(("source", "names"), OTHERS.values(), ids=OTHERS)
def test_what_was_computed_so_is_named(live: LiveModule, source: str, names: set[str]) -> None:
    assert named(live, source) == names


REGISTER = """\
R = {}
def register(name):
    def decorate(f):
        if R.get(name) is f: raise ValueError(name)
        R[name] = f
        return f
    return decorate
@register('a')
def f(): return 1
@register('b')
def g(): return 3
"""
TABLES = {
    "registered": REGISTER + "X = R['a']()\n",
    "registered, by get": REGISTER + "X = R.get('a')()\n",
    "registered, all": REGISTER + "X = [each() for each in R.values()]\n",
    "registered, by a function": REGISTER + "def call(name): return R[name]()\nX = call('a')\n",
    "registered, given to a function": REGISTER + "def call(it): return it()\nX = call(R['a'])\n",
    "registered, given to a builtin": REGISTER + "X = list(map(lambda it: it(), R.values()))\n",
    "registered, that calls": "def h(): return 1\n"
    + REGISTER.replace("return 1", "return h()")
    + "X = R['a']()\n",
    "registered in lists": REGISTER.replace("R[name] = f", "R.setdefault(name, []).append(f)")
    + "X = [each() for each in R['a']]\n",
    "item": "def g(): return 1\nR = {}\nR['b'] = g\nX = R['b']()\n",
    "setdefault": "def g(): return 1\nR = {}\nR.setdefault('b', g)\nX = R['b']()\n",
    "update": "def g(): return 1\nR = {}\nR.update(b=g)\nX = R['b']()\n",
    "append": "def g(): return 1\nR = []\nR.append(g)\nX = R[0]()\n",
    "class": "class A:\n    def __init__(self): self.x = self.h()\n    def h(self): return 1\n"
    "R = [A]\nX = R[0]().x\n",
    "callable object": "class A:\n    def __call__(self): return 1\nR = {'a': A()}\nX = R['a']()\n",
    "wrapper": "R = {}\ndef register(f):\n    def wrapper(): return f()\n    R['f'] = wrapper\n"
    "    return f\n@register\ndef f(): return 1\nX = R['f']()\n",
    "in an object": "class Calls:\n    def __init__(self): self.all = {}\n"
    "    def add(self, f):\n        self.all[f.__name__] = f\n        return f\n"
    "    def call(self, name): return self.all[name]()\n"
    "calls = Calls()\n@calls.add\ndef f(): return 1\nX = calls.call('f')\n",
}


@pytest.mark.parametrize("source", TABLES.values(), ids=TABLES)
def test_what_a_function_in_a_table_computed_is_named(live: LiveModule, source: str) -> None:
    assert named(live, source) == {"X"}


def test_what_a_lambda_in_a_table_computed_is_named(live: LiveModule) -> None:
    live.start("R = {}\nR['b'] = lambda: 1\nX = R['b']()\n")
    report = live.change("lambda: 1", "lambda: 2")

    assert [(each.code, each.path.partition(".")[2]) for each in report.notices] == [("LP313", "X")]


IMPORTED = """
class Base:
    def v(self): return 1
    def __len__(self): return 1
def h(): return 1
class Kind:
    def v(self): return h()
    def __add__(self, other): return h()
class Below(Base):
    def v(self): return super().v()
kind, base = Kind(), Base()
R = {"h": h}
def call(name): return R[name]()
"""
IMPORTING = {
    "special method": "from .about import Base\nX = len(Base())\n",
    "special method of an object": "from .about import base\nX = len(base)\n",
    "special method of a module's": "from . import about\nX = len(about.base)\n",
    "special method that calls": "from .about import Kind\nX = Kind() + 5\n",
    "one of an object": "from .about import kind\nX = kind + 5\n",
    "method of an object": "from .about import kind\nX = kind.v()\n",
    "super": "from .about import Below\nX = Below().v()\n",
    "super here": "from .about import Base\nclass Here(Base):\n"
    "    def v(self): return super().v()\nX = Here().v()\n",
    "object of a class": "from .about import Base\nhere = Base()\nX = len(here)\n",
    "table": "from .about import R\nX = R['h']()\n",
    "table in a function": "from .about import call\nX = call('h')\n",
}


@pytest.mark.parametrize("source", IMPORTING.values(), ids=IMPORTING)
def test_what_was_computed_from_what_another_module_says_is_named(
    live: LiveModule, source: str
) -> None:
    shop = Shop(live, about=IMPORTED, __init__=source)
    shop.write(about=IMPORTED.replace("return 1", "return 2"))
    report = shop.reload(rerun="changed")

    named = {each.path for each in report.notices if each.code == "LP313"}
    assert {each for each in named if "about" not in each} == {f"{live.name}.X"}


APP = """
import collections
class App:
    def __init__(self):
        self.views, self.kinds = {}, collections.defaultdict(list)
        for kind in (3, 5): self.kinds[kind].append(kind)
    def add(self, f):
        self.views[f.__name__] = f
        return f
    def __call__(self, name): return self.views[name]()
    def __len__(self): return len(self.views)
app = App()
@app.add
def view(): return 1
POINTS = [app]
COUNT = len(app.views) + len(POINTS)
VIEWS = {"view": view}
NAMES = sorted(VIEWS)
"""
UNAFFECTED = {
    "own attribute": APP,
    "own attribute, special": APP.replace("return len(self.views)", "return 1").replace(
        "def view(): return 1", "def view(): return 3"
    ),
    "own attribute, call": APP.replace("return self.views[name]()", "return 1").replace(
        "def view(): return 1", "def view(): return 3"
    ),
    "another item": REGISTER + "X = R['b']()\nY = R.get('b')()\n",
    "looked at": REGISTER + "X = len(R)\nY = sorted(R)\nZ = dict(R)\nW = 'a' in R\n",
    "looked at, assigned": "def g(): return 1\nD = {'a': g}\nN = len(D)\nE = {'x': D}\n",
    "overridden": BASE
    + "class B(A):\n    def v(self): return 3\nX = B().v()\nb = B()\nY = b.v()\n",
    "overridden initializer": "class A:\n    def __init__(self): self.x = self.h()\n"
    "    def h(self): return 1\n    def v(self): return 3\n"
    "class B(A):\n    def __init__(self): self.x = 3\n    def v(self): return super().v()\n"
    "X = B().v()\n",
    "an item's class": "class A:\n    def v(self): return 1\nR = []\nR.append(A)\nX = R[0]()\n",
    "another attribute": "class A:\n    def __getattr__(self, name): return 1\n"
    "    def v(self): return 3\na = A()\nX = a.v()\n",
    "not called": "class A:\n    def __call__(self): return 1\na = A()\nX = [a]\nY = {'a': a}\n",
    "property": "def h(): return 1\nclass C:\n    def s(self): return h()\n    x = property(s)\n"
    "    @property\n    def y(self): return h()\n    @y.setter\n    def y(self, value): pass\n",
    "class body": "class A:\n    def __add__(self, other): return 1\n"
    "class C:\n    X = A()\n    def f(self): return A() + 5\n",
}


@pytest.mark.parametrize("source", UNAFFECTED.values(), ids=UNAFFECTED)
def test_what_could_not_be_affected_is_not_named(live: LiveModule, source: str) -> None:
    assert named(live, source) == set()


def test_a_table_of_very_many_items_is_not_looked_into(live: LiveModule) -> None:
    source = (
        "def g(): return 1\ndef call(): return R['b']()\n"
        "R = dict.fromkeys(range(10_000))\nR['b'] = g\nX = R['b']()\nY = call()\n"
    )

    assert named(live, source) == {"X"}  # which is the item that the statement takes
