"""Stage 4: find the functions whose body changed and that are not made again. Nothing is changed.

Their code says which they are: it is the old code object, behind whatever decorator, in whatever
class. Those that a path leads to are found here, all others by their code during the search.
"""

from __future__ import annotations

import _abc  # type: ignore[import-not-found]  # pyright: ignore[reportMissingImports]
import ast
import functools
from collections.abc import Iterator, Mapping
from itertools import compress
from operator import itemgetter, not_
from types import CellType, FunctionType
from typing import Any

from livepatch._match.module import Followed, Module, Path
from livepatch._match.pairs import Matches, Pair
from livepatch._match.put_over import is_put_instead
from livepatch._needs.marks import is_remnant
from livepatch._python.class_tree import abstract_bases_of
from livepatch._python.code import can_take
from livepatch._python.kinds import (
    CACHED_FUNCTION,
    CLASS,
    DATA_BY_ID,
    FUNCTION,
    Kind,
    class_attributes,
    is_class,
    is_empty,
    kind_of,
    qualified_name,
)
from livepatch._python.layers import CONTAINERS, leads_on
from livepatch._python.own import Call, OwnDict, OwnList
from livepatch._select.docstring import docstring_of
from livepatch._source.bodies import Bodies, Body
from livepatch._source.outline import Outline
from livepatch._steps.recode import with_code

_DEEPEST = 8
# The steps of a path at most: no source has more than 100 levels of indentation (CPython's
# tokenizer). What lies deeper in attributes of classes is found by its code.
_LONGEST = 100
_MANY = 10_000
_NAMED = (str, int, bytes, bool, type(None), FunctionType)
# A property has the docstring of its getter.
_OF_NO_DOCSTRING = ("<fset>", "<fdel>")
_DOCUMENTED = (FunctionType, staticmethod, classmethod, functools.cached_property)


def follow_bodies(matches: Matches) -> None:
    """Note in each module which functions are to take new code, and what belongs to that.

    A function whose new code has other free variables, or is of another kind, cannot take it; a
    new function is made for it and joins the pairs.
    """
    for module in matches.modules:
        if module.bodies is not None:
            _Walk(matches, module, module.bodies).run()


class _Walk:
    """A walk through the definitions of a module that were not made again."""

    def __init__(self, matches: Matches, module: Module, bodies: Bodies) -> None:
        self.matches = matches
        self.module = module
        self.found: Followed = module.followed
        self.successors = {
            id(body.old): body for body in bodies.functions if body.old is not body.new
        }
        self.classes = {body.path: body for body in bodies.classes}
        self.seen: set[int] = set()
        # What has changed itself, or leads to what has, in whatever way that was met first.
        self.altered: set[int] = set()
        # By the ids of types; what has them stays alive, and so do they.
        self.kinds: dict[int, Kind | None] = {id(FunctionType): FUNCTION}
        self.data = set(DATA_BY_ID)
        self.documented: OwnDict[int, tuple[str | None, str | None]] = OwnDict()

    def run(self) -> None:
        self.found.codes += ((body.old, body.new) for body in self.successors.values())
        for name, value in self.module.old.items():
            # What has gone from the source is noted as that.
            stays = self.module.new.get(name, self) is value and not is_remnant(name)
            if stays and name not in self.module.unbound:
                self.visit((name,), value, None, 0)
        if not self.found.definitions.keys() >= {
            body.path for body in self.successors.values() if body.changed
        }:
            self.visit_tables()
        self.found.replaced += (
            ".".join(body.path)
            for body in self.successors.values()
            if body.changed
            and body.path not in self.found.definitions
            and is_put_instead(self.module, body.path, self.at(body.path))
        )

    def visit_tables(self) -> None:
        """Go through the containers among the globals: what has no name may be in a table."""
        level: list[tuple[Path, Any]] = OwnList(
            ((name,), value)
            for name, value in self.module.old.items()
            if type(value) in CONTAINERS and self.module.new.get(name, self) is value
        )
        for depth in range(1, _DEEPEST):
            following: list[tuple[Path, Any]] = OwnList()
            for path, table in level:
                for key, part in items_of(table) if len(table) <= _MANY else ():
                    inside = (*path, f"[{qualified_name(key) or repr(key)}]")
                    if type(part) in CONTAINERS:
                        following.append((inside, part))
                    elif leads_on(part):
                        self.visit(inside, part, None, depth)
            level = following

    def at(self, path: Path) -> Any:
        """Return what a path leads to, if it is still what it was."""
        value: Any = self.module.old.get(path[0])
        if value is not self.module.new.get(path[0]):
            return None
        for name in path[1:]:
            cls: Any = value
            value = class_attributes(cls).get(name) if is_class(cls) else None
        return value

    def visit(self, path: Path, value: Any, owner: Any, depth: int) -> bool | None:
        """Go through a value; say whether code in it changed, and None if there is none of ours."""
        key, seen, of_type = id(value), self.seen, id(type(value))
        kind = self.kinds[of_type] if of_type in self.kinds else self.kind_of(value)
        if kind is None or key in seen or key in self.matches.by_old:
            return None
        if depth > _DEEPEST or len(path) > _LONGEST:
            return None
        seen.add(key)
        changed: bool | None = None
        if kind is CLASS:
            cls: Any = value
            changed = self.visit_class(path, cls)
        elif kind is FUNCTION:
            if id(value.__code__) not in self.successors and self.is_as_it_was(path, value):
                self.found.definitions[path] = (FUNCTION.name, False)
                return False  # nearly every one
            changed = self.visit_function(path, value, owner)
        if kind is not CLASS and (kind is not FUNCTION or value.__closure__ or value.__dict__):
            inside = self.visit_parts(path, kind, value, owner, depth)
            changed = changed if inside is None else inside or changed or False
        if changed is not None and not path[-1].startswith(("<", "__annotate_")):
            self.found.definitions[self.home(path, value)] = (kind.name, changed)
        return changed

    def kind_of(self, value: Any) -> Kind | None:
        """Return the kind of a value, and note it: it is the same for all that is of its type."""
        kind = self.kinds[id(type(value))] = kind_of(value)
        if kind is None:
            self.data.add(id(type(value)))
        return kind

    def is_as_it_was(self, path: Path, function: FunctionType) -> bool:
        """Whether nothing else is to be asked of a function that keeps its code."""
        return (
            function.__globals__ is self.module.live
            and function.__qualname__ == ".".join(path)
            and path not in self.found.definitions
            and not (function.__closure__ or function.__dict__)
        )

    def home(self, path: Path, value: Any) -> Path:
        name = qualified_name(value)
        if name == ".".join(path):
            return path  # nearly every one
        if name is None or "<" in name or not self.module.owns(value):
            return path
        home = tuple(name.split("."))
        return path if home in self.found.definitions else home

    def visit_function(self, path: Path, function: FunctionType, owner: Any) -> bool | None:
        body = self.successors.get(id(function.__code__))
        if body is None:
            return False if self.module.owns(function) else None
        if can_take(body.old, body.new):
            self.found.functions.append(function)
            self.found.new_codes.append(body.new)
            if body.changed:
                self.altered.add(id(function))
                self.take_docstring(function, body)
        else:
            self.replace(path, function, body, owner)
        return body.changed

    def take_docstring(self, function: FunctionType, body: Body) -> None:
        old, new = docstring_of(body.old), docstring_of(body.new)
        if old != new and function.__doc__ == old:
            self.documented[id(function)] = (old, new)
            self.found.docstrings.append((function, new, old))

    def replace(self, path: Path, function: FunctionType, body: Body, owner: Any) -> None:
        cells = dict(zip(body.old.co_freevars, function.__closure__ or ()))
        if is_class(owner):
            cells.setdefault("__class__", CellType(owner))
        if any(name not in cells for name in body.new.co_freevars):
            self.found.unfit.append(".".join(path))
            return
        successor = self.module.successors.get(id(function))
        if successor is None:
            successor = with_code(function, body.new, cells)
        if function.__doc__ == docstring_of(body.old):
            successor.__doc__ = docstring_of(body.new)
        pair = Pair(path, FUNCTION, function, successor, self.module, self.module)
        self.matches.pairs.append(pair)
        self.matches.by_old[id(function)] = self.matches.by_new[id(successor)] = pair

    def visit_parts(
        self, path: Path, kind: Kind, value: Any, owner: Any, depth: int
    ) -> bool | None:
        changed: bool | None = None
        for step, part in list(kind.parts(value)):
            key = id(part)
            inside = self.visit((*path, step), part, owner, depth + 1)
            if inside is not None:
                changed = inside or changed or False
            if inside or key in self.altered:
                self.altered.add(id(value))
            if key in self.documented and step not in _OF_NO_DOCSTRING:
                self.pass_docstring_on(value, owner, path[-1], *self.documented[key])
        if kind is CACHED_FUNCTION and (changed or id(value) in self.altered):
            self.found.caches.append((self.module.path_text(path), Call(value.cache_clear)))
        return changed

    def pass_docstring_on(
        self, wrapper: Any, owner: Any, name: str, old: str | None, new: str | None
    ) -> None:
        """Give a wrapper the docstring that it has taken from what it wraps."""
        if type(wrapper) is property and is_class(owner) and wrapper.__doc__ == old:
            self.found.properties.append((wrapper, owner, name, new, old))
        elif (type(wrapper) in _DOCUMENTED or kind_of(wrapper) is CACHED_FUNCTION) and (
            wrapper.__doc__ == old
        ):
            self.documented[id(wrapper)] = (old, new)
            self.found.docstrings.append((wrapper, new, old))

    def visit_class(self, path: Path, cls: type) -> bool | None:
        if not self.module.owns(cls) and not self.is_of_source(path, cls):
            return None
        for name, value in self.take_simple(path, cls):
            if self.visit((*path, name), value, cls, 1) and name == "__subclasshook__":
                forgets = (Call(_abc._reset_caches, each) for each in abstract_bases_of(cls))  # noqa: SLF001 - as abc does
                self.found.caches += ((self.module.path_text(path), each) for each in forgets)
        if "__firstlineno__" not in class_attributes(cls):
            return False
        # Another class's attribute may lead to it before its own name does.
        home = self.home(path, cls)
        body = self.classes.get(home if self.at(home) is cls else path)
        if body is not None:
            said = _said_by_compiler(self.module.outline, body.path)
            said["__firstlineno__"] = body.new.co_firstlineno
            attributes = class_attributes(cls)
            for name, value in said.items():
                if name in attributes and attributes[name] != value:
                    self.found.class_lines.append((cls, name, value))
        return False

    def take_simple(self, path: Path, cls: type) -> Iterator[tuple[str, Any]]:
        """Take the functions of a class of which nothing else is to be asked; yield the others.

        They are nearly all: those that keep their code, and those that have but moved. This is
        what `visit`, `visit_function` and `is_as_it_was` come to for them, without a call.
        """
        definitions, live, said = self.found.definitions, self.module.live, ".".join(path)
        seen, paired, successors = self.seen, self.matches.by_old, self.successors
        unchanged = (FUNCTION.name, False)
        for name, value in self.without_data(class_attributes(cls)):
            if type(value) is not FunctionType:
                yield name, value
                continue
            key, here = id(value), (*path, name)
            body = successors.get(id(value.__code__))
            if (
                (body is not None and body.changed)
                or value.__globals__ is not live
                or value.__qualname__ != f"{said}.{name}"
                or here in definitions
                or key in seen
                or key in paired
                or value.__dict__
                or (value.__closure__ and self.leads_on(value.__closure__))
            ):
                yield name, value
                continue
            seen.add(key)
            definitions[here] = unchanged
            if body is not None:
                self.found.functions.append(value)
                self.found.new_codes.append(body.new)

    def without_data(self, attributes: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        """Return the attributes of a class that may be definitions: in C, for nearly none are."""
        items = list(attributes.items())
        of_data = map(self.data.__contains__, map(id, map(type, map(_value_of, items))))
        return compress(items, map(not_, of_data))

    def leads_on(self, closure: tuple[CellType, ...]) -> bool:
        """Whether a closure has more than the types and values that a library made it of."""
        parts = OwnList(cell.cell_contents for cell in closure if not is_empty(cell))
        return any(
            self.module.owns(part) if is_class(part) else kind_of(part) is not None
            for part in parts
        )

    def is_of_source(self, path: Path, cls: type) -> bool:
        """Whether a class that says it belongs to another module is the one that a path means."""
        return path in self.classes and qualified_name(cls) == ".".join(path)


_value_of = itemgetter(1)


def items_of(table: Any) -> list[tuple[Any, Any]]:
    """List the items of a dict whose keys can be named, or those of a list or tuple."""
    if type(table) is not dict:
        return list(enumerate(table))
    return [(key, part) for key, part in table.items() if type(key) in _NAMED or is_class(key)]


def _said_by_compiler(outline: Outline, path: Path) -> dict[str, Any]:
    scope = outline.scopes.get(path)
    shells = scope.shells.get("__static_attributes__") if scope is not None else None
    constant = shells[-1].constant if shells else None
    return {} if constant is None else {"__static_attributes__": ast.literal_eval(constant)}
