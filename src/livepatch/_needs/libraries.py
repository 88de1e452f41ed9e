"""What the code of other modules asks for of the objects that it is given: ``self.formatter``.

Which of a user's methods a library calls is said in its own code, where that is Python: it is read
as far as the live values lead there. The names of its globals are no names of the module's.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import CodeType, FunctionType
from typing import Any

from livepatch._python.code import codes_in
from livepatch._python.kinds import class_attributes, mro_of
from livepatch._source.by_text import ASKS_BY_TEXT
from livepatch._source.scope import RUN_AT_ONCE

_MOST = 200
_WRAPPERS = (staticmethod, classmethod)


class Libraries:
    """What has been read of the code of other modules, and the names in it.

    Attributes:
        own: the name of the module itself, whose code is told otherwise.
        said: the names that the code says.
        asked: these, and those that the module's code says of what is no global.
    """

    def __init__(self, own: Any) -> None:
        self.own = own
        self.said = set[str]()
        self.asked = set[str]()
        # Alive, as long as their ids are asked for.
        self._codes: dict[int, CodeType] = {}

    def read(self, function: FunctionType) -> None:
        """Read the code of a function, if it is another module's."""
        code = function.__code__
        if id(code) in self._codes or len(self._codes) >= _MOST or _home_of(function) == self.own:
            return
        self._codes[id(code)] = code
        for each in _run_at_once(code):
            self.said.update(each.co_names)
            if not ASKS_BY_TEXT.isdisjoint(each.co_names):
                texts = (text for text in each.co_consts if type(text) is str)
                self.said.update(filter(str.isidentifier, texts))

    def read_methods(self, cls: type) -> None:
        """Read those methods of a class that are asked for."""
        for base in mro_of(cls):
            attributes = class_attributes(base)
            if base is object or attributes.get("__module__") == self.own:
                continue
            for name in sorted(self.asked & attributes.keys()):
                value: Any = attributes[name]
                value = value.__func__ if type(value) in _WRAPPERS else value
                value = value.fget if type(value) is property else value
                if type(value) is FunctionType:
                    self.read(value)


def _home_of(function: FunctionType) -> Any:
    return function.__globals__.get("__name__")


def _run_at_once(code: CodeType) -> Iterator[CodeType]:
    """Yield a code and those of the comprehensions in it: inner functions run later, if at all."""
    yield code
    for each in codes_in(code):
        if each.co_name in RUN_AT_ONCE:
            yield from _run_at_once(each)
