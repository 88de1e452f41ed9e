"""The grammar of definitions: for each kind, the ways to write it, to hold it and to ask it.

In a way of writing, ``{n}`` is the name of the definition and ``{v}`` the number that asking it
gives. All ways of one kind can be asked alike, so that an object that was made by one way has an
answer after an edit to any other.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from textwrap import indent

PRELUDE = """\
import abc
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
"""


@dataclass(frozen=True, slots=True)
class Grammar:
    """One kind of definition.

    Attributes:
        ways: the ways to write it.
        hold: what to hold of it, as an expression.
        ask: how to ask what is held, ``x``, for its number.
    """

    ways: tuple[str, ...]
    hold: str = "{n}"
    ask: str = "x()"


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
        ),
        ask="next(x())",
    ),
    "context manager": Grammar(
        ("@contextlib.contextmanager\ndef {n}():\n    yield {v}",), ask="x().__enter__()"
    ),
    "closure": Grammar(
        (
            "def {n}():\n    def inner():\n        return {v}\n    return inner",
            "def {n}():\n    number = 1\n    def inner():\n        return number - 1 + {v}\n"
            "    return inner",
            "def {n}():\n    return lambda: {v}",
        ),
        ask="x()()",
    ),
    "partial": Grammar(
        (
            "{n} = functools.partial(lambda a: a, {v})",
            "{n} = functools.partial(lambda a, b: a, {v}, b=1)",
        )
    ),
    "class": Grammar(_CLASSES, hold="{n}()", ask="x.hit()"),
    "slots": Grammar(
        (
            "class {n}:\n    __slots__ = ('a',)\n" + _BODY,
            "class {n}:\n    __slots__ = ('a', 'b')\n" + _BODY,
            "class {n}:\n    __slots__ = ('a', '__dict__')\n" + _BODY,
            "class {n}:\n    __slots__ = ('a',)\n    limit = {v}\n"
            "    def hit(self):\n        return self.limit",
        ),
        hold="{n}()",
        ask="x.hit()",
    ),
    "dataclass": Grammar(
        (
            "@dataclasses.dataclass\nclass {n}:\n    a: int = 1\n" + _BODY,
            "@dataclasses.dataclass(order=True)\nclass {n}:\n    a: int = 2\n    b: str = ''\n"
            + _BODY,
            "@dataclasses.dataclass(frozen=True)\nclass {n}(Base):\n    a: int = 1\n" + _BODY,
        ),
        hold="{n}()",
        ask="x.hit()",
    ),
    "enum": Grammar(
        (
            "class {n}(enum.Enum):\n    RED = 1\n" + _BODY,
            "class {n}(enum.Enum):\n    RED = 1\n    BLUE = 2\n" + _BODY,
            "class {n}(enum.Enum):\n    GREEN = 3\n    RED = 'red'\n" + _BODY,
            "class {n}(enum.Flag):\n    RED = 1\n    BLUE = 2\n" + _BODY,
        ),
        hold="{n}.RED",
        ask="x.hit()",
    ),
    "named tuple": Grammar(
        (
            "class {n}(typing.NamedTuple):\n    a: int = 1\n" + _BODY,
            "class {n}(typing.NamedTuple):\n    a: int = 1\n    b: int = 2\n" + _BODY,
        ),
        hold="{n}()",
        ask="x.hit()",
    ),
    "exception": Grammar(
        (
            "class {n}(Exception):\n" + _BODY,
            "class {n}(ValueError):\n" + _BODY,
            "class {n}(Base, Exception):\n" + _BODY,
        ),
        hold="{n}()",
        ask="x.hit()",
    ),
    "subclass of list": Grammar(
        ("class {n}(list):\n" + _BODY, "class {n}(dict):\n" + _BODY),
        hold="{n}()",
        ask="x.hit()",
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


@dataclass(frozen=True, slots=True)
class Definition:
    """A definition of a generated module.

    Attributes:
        kind: a key of the grammar.
        name: what it is bound to.
        way: which of the kind's ways it is written in.
        number: what asking it gives.
        place: where it stands, a key of `PLACES`.
    """

    kind: str
    name: str
    way: int
    number: int
    place: str = "top"

    @property
    def source(self) -> str:
        """The statements that make it."""
        ways = GRAMMAR[self.kind].ways
        text = ways[self.way % len(ways)].format(n=self.name, v=self.number)
        place = PLACES[self.place]
        return text if place == "{}" else place.format(indent(text, "    "))


@dataclass(frozen=True, slots=True)
class ModuleSource:
    """A generated module; ``source`` is its text.

    Attributes:
        definitions: in the order in which they stand there.
        blank: how many empty lines stand before the first: an edit that only moves lines.
    """

    definitions: tuple[Definition, ...]
    blank: int = 0

    @property
    def source(self) -> str:
        """The text of the module."""
        parts = [each.source for each in self.definitions]
        names = [each.name for each in self.definitions]
        return "\n\n\n".join([PRELUDE + "\n" * self.blank, *parts, f"__all__ = {names}\n"])

    def __str__(self) -> str:
        return self.source

    def find(self, name: str) -> Definition | None:
        """Return the definition of a name; None if there is none."""
        return next((each for each in self.definitions if each.name == name), None)

    def with_changed(self, name: str, /, **changes: str | int) -> ModuleSource:
        """Return the module with some fields of one definition changed."""
        found = tuple(
            replace(each, **changes) if each.name == name else each  # type: ignore[arg-type]
            for each in self.definitions
        )
        return replace(self, definitions=found)
