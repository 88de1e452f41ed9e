"""The grammar of definitions: for each kind, the ways to write it, to hold it and to ask it.

In a way of writing, ``{n}`` is the name of the definition, ``{v}`` the number that asking it gives,
and ``{p}`` the class of the module that stands nearest before it. All ways of one kind can be asked
alike, so that an object that was made by one way has an answer after an edit to any other.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

PRELUDE = """\
import abc
import collections
import contextlib
import dataclasses
import enum
import functools
import typing


def decorate(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        return function(*args, **kwargs)

    return wrapper


def run(coroutine):
    try:
        coroutine.send(None)
    except StopIteration as stop:
        return stop.value


class Meta(type):
    pass


class Base:
    def hit(self):
        return -1


class Other:
    def other(self):
        return 1


class Registered:
    known = {}

    def __init_subclass__(cls, **options):
        super().__init_subclass__()
        cls.options = options


class Number:
    def __init__(self, number):
        self.number = number

    def __set_name__(self, owner, name):
        self.name = name

    def __get__(self, instance, owner=None):
        return self.number


class Wrapper:
    def __init__(self, function):
        functools.update_wrapper(self, function)

    def __call__(self, *args, **kwargs):
        return self.__wrapped__(*args, **kwargs)


def mark(cls):
    cls.marked = True
    return cls


def anew(cls):
    attributes = {name: each for name, each in vars(cls).items() if name not in cls.__slots__}
    return type(cls)(cls.__name__, cls.__bases__, attributes)


class Says(typing.Protocol):
    def hit(self) -> int: ...
"""


@dataclass(frozen=True, slots=True)
class Grammar:
    """One kind of definition.

    Attributes:
        ways: the ways to write it.
        hold: what to hold of it, as an expression.
        ask: how to ask what is held, ``x``, for its number.
        state: an attribute of what is held that can be set, and must stay; empty if there is none.
    """

    ways: tuple[str, ...]
    hold: str = "{n}"
    ask: str = "x()"
    state: str = ""


_FUNCTIONS = (
    "def {n}(a=1):\n    return {v}",
    "def {n}(a=2, *, b=3):\n    return {v}",
    'def {n}(a: int = 1) -> int:\n    """{n}."""\n    return {v}',
    "def {n}(*args, **kwargs):\n    number = {v}\n    return number",
    "def {n}(a=(1, 2), /):\n    return sum([{v} for _ in (1,)])",
    "@decorate\ndef {n}(a=1):\n    return {v}",
    "@functools.lru_cache\ndef {n}(a=1):\n    return {v}",
    "@functools.singledispatch\ndef {n}(a=1):\n    return {v}",
    "{n} = lambda a=1: {v}",
    "def {n}(default=[]):\n    return {v}",
    "@decorate\n@decorate\ndef {n}(a=1):\n    return {v}",
    "@Wrapper\ndef {n}(a=1):\n    return {v}",
    "@functools.singledispatch\ndef {n}(a=1):\n    return -1\n"
    "@{n}.register\ndef _(a: int):\n    return {v}",
    "def {n}():\n    return -1\ndef {n}(a=1):  # noqa\n    return {v}",
    "@typing.overload\ndef {n}(a: int) -> int: ...\n@typing.overload\ndef {n}(a: str) -> int: ...\n"
    "def {n}(a=1):\n    return {v}",
    "def {n}(a: '{n}' = 1) -> {p}:\n    global _said\n    _said = {v}\n    return _said",
    "def {n}(a=1, *, base={p}):\n    return {v}",
    "def {n}(a=1):\n    if (number := {v}) is a:\n        return a\n    return number",
    "def {n}(a=1):\n    match a:\n        case 1:\n            return {v}",
    "def {n}(a=1):\n    class Local({p}):\n        def hit(self):\n            return {v}\n"
    "    return Local().hit()",
    "def make(number):\n    def {n}(a=1):\n        return number\n    return {n}\n"
    "{n} = make({v})\ndel make",
)
if sys.version_info >= (3, 12):
    _FUNCTIONS += (
        "def {n}[T](a: T = 1) -> T:\n    return {v}",
        "type {n}_kind[T] = list[T] | {p}\ndef {n}[*T, **P](a: {n}_kind[int] = 1):\n    return {v}",
    )
_BODY = "    def hit(self):\n        return {v}"
_CLASSES = (
    "class {n}:\n" + _BODY,
    "class {n}(Base):\n" + _BODY,
    "class {n}(Other, Base):\n" + _BODY,
    "class {n}(metaclass=Meta):\n" + _BODY,
    'class {n}:\n    """{n}."""\n    limit = {v}\n    def hit(self):\n        return self.limit',
    "class {n}(Base):\n    def hit(self):\n        return super().hit() + 1 + {v}",
    "class {n}:\n    def hit(self):\n        return __class__.number()\n"
    "    @staticmethod\n    def number():\n        return {v}",
    "class {n}:\n    @classmethod\n    def number(cls):\n        return {v}\n"
    "    def hit(self):\n        return self.number()",
    "class {n}:\n    @property\n    def number(self):\n        return {v}\n"
    "    @number.setter\n    def number(self, value):\n        pass\n"
    "    def hit(self):\n        return self.number",
    "class {n}:\n    class Inner:\n        def hit(self):\n            return {v}\n"
    "    def hit(self):\n        return self.Inner().hit()",
    "class {n}:\n    @functools.cached_property\n    def cached(self):\n        return 1\n"
    "    def hit(self):\n        return self.cached - 1 + {v}",
    "class {n}(abc.ABC):\n    @abc.abstractmethod\n    def other(self):\n        return 1\n"
    "    other = None\n" + _BODY,
    "class {n}(typing.Generic[typing.TypeVar('T')]):\n" + _BODY,
    "class {n}:\n    a: int = 1\n    __secret = {v}\n"
    "    def hit(self):\n        return self.__secret",
    "class {n}:\n    hit = lambda self: {v}",
    "class {n}:\n    hit = functools.partialmethod(lambda self, a: a, {v})",
    "class {n}:\n    @decorate\n    def hit(self):\n        return {v}",
    "class {n}({p}):\n" + _BODY,
    "class {n}({p}):\n    def hit(self):\n        return super().hit() * 0 + {v}",
    "class {n}(Registered, option={v}):\n    def hit(self):\n        return self.options['option']",
    "class {n}:\n    number = Number({v})\n    def hit(self):\n        return self.number",
    "@mark\nclass {n}({p}):\n" + _BODY,
    "@anew\nclass {n}:\n    __slots__ = ('__dict__', '__weakref__')\n" + _BODY,
    "class {n}(Says):\n" + _BODY,
    "class {n}:\n    async def wait(self):\n        return {v}\n"
    "    def each(self):\n        yield from (0, run(self.wait()))\n"
    "    def hit(self):\n        return max(self.each())",
    "class {n}:\n    @functools.singledispatchmethod\n    def ask(self, a):\n        return -1\n"
    "    @ask.register\n    def _(self, a: int):\n        return {v}\n"
    "    def hit(self):\n        return self.ask(1)",
    "class {n}:\n    def __getattr__(self, name):\n        if name == 'number':\n"
    "            return {v}\n        raise AttributeError(name)\n"
    "    def hit(self):\n        return self.number",
    "class {n}:\n    def __call__(self, a=1):\n        return {v}\n"
    "    def __init__(self):\n        self.born = {v}\n    hit = __call__",
    "class {n}:\n    def __new__(cls):\n        return super().__new__(cls)\n"
    "    def hit(self, kind={p}):\n        return {v}",
    "class {n}:\n    def __eq__(self, other):\n        return self is other\n"
    "    def __hash__(self):\n        return 1\n" + _BODY,
    "class {n}:\n    class Inner({p}):\n        class Inmost:\n            number = {v}\n"
    "    inner = Inner\n    def hit(self):\n        return self.inner.Inmost.number",
    "class {n}:\n    numbers = [a * {v} for a in (1, 1)]\n    kind = {p}\n"
    "    def hit(self):\n        return self.numbers[0]",
    "{n} = type('{n}', ({p},), {{'hit': lambda self: {v}, '__module__': __name__}})",
)
if sys.version_info >= (3, 12):
    _CLASSES += (
        "class {n}[T]:\n" + _BODY,
        "class {n}[T: {p}]({p}):\n    def hit[S](self, a: T | S | None = None) -> S:\n"
        "        return {v}",
    )
GRAMMAR: dict[str, Grammar] = {
    "function": Grammar(_FUNCTIONS, ask="x(1)"),
    "coroutine": Grammar(
        (
            "async def {n}():\n    return {v}",
            "async def {n}(a=1):\n    async with contextlib.AsyncExitStack():\n        return {v}",
        ),
        ask="run(x())",
    ),
    "generator": Grammar(
        (
            "def {n}():\n    yield {v}",
            "def {n}(a=1):\n    yield from [{v}]",
            "@decorate\ndef {n}():\n    yield {v}",
            "def {n}():\n    return (a for a in ({v},))",
            "def {n}(a=1):\n    number = yield {v}\n    return number",
        ),
        ask="next(x())",
    ),
    "asynchronous generator": Grammar(
        (
            "async def {n}():\n    yield {v}",
            "async def {n}(a=1):\n    async for each in (b async for b in {n}_all()):\n"
            "        yield each\nasync def {n}_all():\n    yield {v}",
            "@decorate\nasync def {n}():\n    try:\n        yield {v}\n    finally:\n        pass",
        ),
        ask="run(x().__anext__())",
    ),
    "context manager": Grammar(
        (
            "@contextlib.contextmanager\ndef {n}():\n    yield {v}",
            "class {n}(contextlib.ContextDecorator):\n    def __enter__(self):\n"
            "        return {v}\n    def __exit__(self, *error):\n        return None",
        ),
        ask="x().__enter__()",
    ),
    "closure": Grammar(
        (
            "def {n}():\n    def inner():\n        return {v}\n    return inner",
            "def {n}():\n    number = 1\n    def inner():\n        return number - 1 + {v}\n"
            "    return inner",
            "def {n}():\n    return lambda: {v}",
            "def {n}():\n    def outer():\n        def inner():\n            return {v}\n"
            "        return inner\n    return outer()",
            "def {n}(a={v}):\n    def inner(b={v}):\n        nonlocal a\n        a = b\n"
            "        return a\n    return inner",
        ),
        ask="x()()",
    ),
    "partial": Grammar(
        (
            "{n} = functools.partial(lambda a: a, {v})",
            "{n} = functools.partial(lambda a, b: a, {v}, b=1)",
        )
    ),
    "class": Grammar(_CLASSES, hold="{n}()", ask="x.hit()", state="state"),
    "slots": Grammar(
        (
            "class {n}:\n    __slots__ = ('a',)\n" + _BODY,
            "class {n}:\n    __slots__ = ('a', 'b')\n" + _BODY,
            "class {n}:\n    __slots__ = ('a', '__dict__')\n" + _BODY,
            "class {n}:\n    __slots__ = ('a',)\n    limit = {v}\n"
            "    def hit(self):\n        return self.limit",
            "class {n}:\n    __slots__ = ('b', '__weakref__', 'a')\n" + _BODY,
            "class {n}(Other):\n    __slots__ = 'a'\n" + _BODY,
        ),
        hold="{n}()",
        ask="x.hit()",
        state="a",
    ),
    "dataclass": Grammar(
        (
            "@dataclasses.dataclass\nclass {n}:\n    a: int = 1\n" + _BODY,
            "@dataclasses.dataclass(order=True)\nclass {n}:\n    a: int = 2\n    b: str = ''\n"
            + _BODY,
            "@dataclasses.dataclass(frozen=True)\nclass {n}(Base):\n    a: int = 1\n" + _BODY,
            "@dataclasses.dataclass(slots=True)\nclass {n}:\n    a: int = 1\n" + _BODY,
            "@dataclasses.dataclass(kw_only=True, slots=True)\nclass {n}:\n    a: int = 1\n"
            "    b: list = dataclasses.field(default_factory=list)\n" + _BODY,
            "@dataclasses.dataclass\nclass {n}({p}):\n    a: int = 1\n"
            "    c: typing.ClassVar[int] = {v}\n    def hit(self):\n        return self.c",
        ),
        hold="{n}()",
        ask="x.hit()",
        state="a",
    ),
    "enum": Grammar(
        (
            "class {n}(enum.Enum):\n    RED = 1\n" + _BODY,
            "class {n}(enum.Enum):\n    RED = 1\n    BLUE = 2\n" + _BODY,
            "class {n}(enum.Enum):\n    GREEN = 3\n    RED = 'red'\n" + _BODY,
            "class {n}(enum.Flag):\n    RED = 1\n    BLUE = 2\n" + _BODY,
            "class {n}(enum.IntEnum):\n    BLUE = enum.auto()\n    RED = enum.auto()\n" + _BODY,
            "class {n}(str, enum.Enum):\n    RED = 'red'\n    CRIMSON = 'red'\n" + _BODY,
            "@enum.unique\nclass {n}(enum.Enum):\n    RED = ({v}, 'red')\n"
            "    def __init__(self, number, text):\n        self.number = number\n"
            "    def hit(self):\n        return self.number",
        ),
        hold="{n}.RED",
        ask="x.hit()",
    ),
    "named tuple": Grammar(
        (
            "class {n}(typing.NamedTuple):\n    a: int = 1\n" + _BODY,
            "class {n}(typing.NamedTuple):\n    a: int = 1\n    b: int = 2\n" + _BODY,
            "class {n}(collections.namedtuple('{n}', 'a', defaults=[1])):\n    __slots__ = ()\n"
            + _BODY,
        ),
        hold="{n}()",
        ask="x.hit()",
    ),
    "exception": Grammar(
        (
            "class {n}(Exception):\n" + _BODY,
            "class {n}(ValueError):\n" + _BODY,
            "class {n}(Base, Exception):\n" + _BODY,
            "class {n}(KeyError, ValueError):\n    def __init__(self, text='{n}'):\n"
            "        super().__init__(text)\n" + _BODY,
        ),
        hold="{n}()",
        ask="x.hit()",
        state="state",
    ),
    "subclass of list": Grammar(
        (
            "class {n}(list):\n" + _BODY,
            "class {n}(dict):\n" + _BODY,
            "class {n}(typing.List[int]):\n" + _BODY,
            "class {n}(Other, list):\n" + _BODY,
        ),
        hold="{n}()",
        ask="x.hit()",
        state="state",
    ),
    "subclass of int": Grammar(
        ("class {n}(int):\n" + _BODY, "class {n}(Other, int):\n" + _BODY),
        hold="{n}(7)",
        ask="x.hit()",
        state="state",
    ),
    "table": Grammar(
        (
            "{n} = {{'hit': lambda: {v}}}",
            "def _hit():\n    return {v}\n{n} = {{'hit': _hit}}\ndel _hit",
        ),
        hold="{n}['hit']",
    ),
}
# Where a definition stands; `{}` is it.
PLACES: dict[str, str] = {
    "top": "{}",
    "if": "if True:\n{}",
    "else": "if not __name__:\n    pass\nelse:\n{}",
    "try": "try:\n{}\nexcept ImportError:\n    raise",
    "with": "with contextlib.suppress(ImportError):\n{}",
}
