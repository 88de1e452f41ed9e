"""What objects hold of the definitions that their methods decorate: routes, commands, tasks.

A definition whose statement has changed or gone is struck off their lists first. Else an
application refuses the second view of a name, or asks the first of two routes; and a route that is
gone answers.
"""

from __future__ import annotations

import gc
import inspect
import sys
from collections.abc import Callable, Collection, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import CodeType, FunctionType, ModuleType
from typing import Any

from livepatch._kinds import class_attributes, dict_of, is_class, kind_of, qualified_name
from livepatch._own import Call, OwnDict, OwnList
from livepatch._steps import MISSING, Steps

_DEEPEST = 4
_MANY = 10_000
_LAYERS = 8


@dataclass(frozen=True, slots=True)
class Made:
    """A definition that a method of a global decorates.

    Attributes:
        name: the global that its statement binds.
        roots: the names of the objects whose methods decorate it.
        codes: its code.
    """

    name: str
    roots: frozenset[str]
    codes: tuple[CodeType, ...]

    @property
    def is_class(self) -> bool:
        """Whether it is a class: those do not keep their code, and go by their names."""
        return not all(code.co_flags & inspect.CO_OPTIMIZED for code in self.codes)


@dataclass(slots=True, eq=False)
class Entry:
    """A place in a list or dict where a definition is, or something that holds it.

    Attributes:
        container: the list or dict.
        key: the key, or the index.
        held: what is there, in a list of livepatch's own.
        made: the definition.
    """

    container: Any
    key: Any
    held: OwnList[Any]
    made: Made

    @property
    def value(self) -> Any:
        """What is there."""
        return self.held[0]

    def strike_off(self) -> Call:
        """Return the call that takes it out of its container."""
        if isinstance(self.container, dict):
            return Call(dict.pop, self.container, self.key, None)
        return Call(_remove, self.container, self.value)

    def put_back(self) -> Call:
        """Return the call that puts it where it was."""
        if isinstance(self.container, dict):
            return Call(dict.setdefault, self.container, self.key, self.value)
        return Call(list.insert, self.container, self.key, self.value)


@dataclass(slots=True, eq=False)
class Enrolled:
    """What was struck off for a run of statements.

    Attributes:
        entries: from where, in the order in which it was done.
        gone: the entries that did not come back.
        came: what came in their place, a path and the old and the new object each.
        steps: what frameworks keep beside such entries, as it was before and as it is without them.
        unfound: names of objects on whose lists a definition was not found.
    """

    entries: list[Entry] = field(default_factory=OwnList)
    gone: list[Entry] = field(default_factory=OwnList)
    came: OwnList[tuple[str, OwnList[Any]]] = field(default_factory=OwnList)
    steps: Steps = field(default_factory=Steps)
    unfound: set[str] = field(default_factory=set)

    def contents(self) -> Iterator[tuple[Any, Any]]:
        """Yield each container once, with a copy of what it holds."""
        for container in {id(each.container): each.container for each in self.entries}.values():
            is_dict = isinstance(container, dict)
            yield container, OwnDict(container) if is_dict else OwnList(container)


def find_entries(namespace: Mapping[str, Any], made: Collection[Made]) -> Enrolled:
    """Find what the objects that decorated some definitions hold of these. Nothing is changed."""
    found = Enrolled()
    wanted = {id(code): each for each in made for code in each.codes}
    for root in sorted({root for each in made for root in each.roots}):
        own = {key: each for key, each in wanted.items() if root in each.roots}
        value = namespace.get(root, MISSING)
        if kind_of(value) is None and not isinstance(value, ModuleType):
            entries = list(_entries_in(value, own))
            found.entries += entries
            if {each.made.name for each in entries} != {each.name for each in own.values()}:
                found.unfound.add(root)
            _see_to_frameworks(value, found)
    return found


def _entries_in(root: Any, wanted: Mapping[int, Made]) -> Iterator[Entry]:
    seen: set[int] = set()
    level: list[Any] = OwnList([root])
    for _ in range(_DEEPEST):
        following: list[Any] = OwnList()
        for value in level:
            if id(value) in seen:
                continue
            seen.add(id(value))
            for key, part in _items_of(value):
                made = _made_inside(part, wanted) if key is not MISSING else None
                if made is not None:
                    yield Entry(value, key, OwnList([part]), made)
                elif kind_of(part) is None and not isinstance(part, ModuleType):
                    following.append(part)
        level = following


def _items_of(value: Any) -> list[tuple[Any, Any]]:
    """List the entries of a container, or the attributes of an object, which are no entries."""
    if isinstance(value, dict):
        return list(dict.items(value)) if len(value) <= _MANY else []
    if type(value) is list:
        return list(enumerate(value)) if len(value) <= _MANY else []
    attributes = dict_of(value)
    return [(MISSING, part) for part in list((attributes or {}).values())]


def _made_inside(value: Any, wanted: Mapping[int, Made]) -> Made | None:
    """Return which of some definitions a value is, or holds in an attribute."""
    parts = _parts_of(value)
    for function in _functions_among(parts):
        if id(function.__code__) in wanted:
            return wanted[id(function.__code__)]
    names = {qualified_name(part) for part in parts if is_class(part)}
    return next((made for made in wanted.values() if made.is_class and made.name in names), None)


def _parts_of(value: Any) -> list[Any]:
    """List a value and, if it is an object that may be a record of a definition, its attributes."""
    parts: list[Any] = OwnList([value])
    if kind_of(value) is None and not isinstance(value, (ModuleType, dict, list, tuple, set)):
        parts += (dict_of(value) or {}).values()
        parts += (each for each in gc.get_referents(value) if type(each) is FunctionType)
        if type(value).__flags__ & _HEAP_TYPE:
            parts += class_attributes(type(value)).values()
    return parts


_HEAP_TYPE = 1 << 9  # Py_TPFLAGS_HEAPTYPE (Include/object.h)


def _functions_among(values: list[Any]) -> Iterator[FunctionType]:
    """Yield the functions among values, behind wrappers too."""
    seen: set[int] = set()
    level = values
    for _ in range(_LAYERS):
        following: list[Any] = OwnList()
        for value in level:
            kind = kind_of(value)
            if kind is None or id(value) in seen or is_class(value):
                continue
            seen.add(id(value))
            if type(value) is FunctionType:
                yield value
            following += (part for _, part in kind.parts(value))
        level = following


def strike_off(enrolled: Enrolled) -> None:
    """Take the entries out of their containers."""
    for call in (*(each.strike_off() for each in reversed(enrolled.entries)), *enrolled.steps.do):
        call()


def see_who_came_back(
    enrolled: Enrolled, made: Mapping[str, Made], namespace: Mapping[str, Any]
) -> None:
    """Put entries back whose definition was made again and that nobody entered again.

    Args:
        enrolled: what was struck off. What has come back stands where it was before.
        made: the definitions that were made again, by name, with their new code.
        namespace: the module's, as it is now.
    """
    for name in made:
        _settle_promise(namespace.get(name))
    for entry in enrolled.entries:
        successor = made.get(entry.made.name)
        if successor is None:
            enrolled.gone.append(entry)
            continue
        container = entry.container
        wanted = dict.fromkeys(map(id, successor.codes), successor)
        came = [
            (key, value)
            for key, value in _items_of(container)
            if value is not entry.value and _made_inside(value, wanted) is not None
        ]
        if not came:
            entry.put_back()()
            continue
        enrolled.came += _what_came(entry, came[0][1], successor)
        if type(container) is list and len(came) == 1 and came[0][0] > entry.key:
            container.insert(entry.key, container.pop(came[0][0]))


def _what_came(entry: Entry, value: Any, made: Made) -> Iterator[tuple[str, OwnList[Any]]]:
    """Yield what an entry was and is now, and the functions inside, unless it is one."""
    pair = OwnList((entry.value, value))
    if any(type(each) is FunctionType for each in pair):
        return
    codes = {id(code) for each in (entry.made, made) for code in each.codes}
    inside = OwnList(
        function
        for each in pair
        for function in _functions_among(_parts_of(each))
        if id(function.__code__) in codes
    )
    if len(inside) == len(pair):
        yield f"{made.name}.<entered>.<wrapped>", inside
        if isinstance(entry.container, dict) and None not in map(dict_of, pair):
            yield f"{made.name}.<entered>", pair


def steps_for_gone(enrolled: Enrolled) -> Steps:
    """Return the steps for what is struck off for good: done already, and to be taken back."""
    steps = Steps()
    for entry in reversed(enrolled.gone):
        steps.add(entry.strike_off(), entry.put_back())
    if enrolled.gone:
        steps.extend(enrolled.steps)
    return steps


def _remove(container: list[Any], value: Any) -> None:
    for index, each in enumerate(container):
        if each is value:
            del container[index]
            return


# --- what frameworks keep beside


@contextmanager
def open_to_more(namespace: Mapping[str, Any]) -> Generator[None, None, None]:
    """Let Flask applications take routes: after its first request one refuses them."""
    kind: Any = getattr(sys.modules.get("flask"), "Flask", None)
    closed: list[Any] = OwnList()
    if is_class(kind):
        applications = (each for each in namespace.values() if issubclass(type(each), kind))
        closed.extend(each for each in applications if getattr(each, _FIRST, False))
    for app in closed:
        setattr(app, _FIRST, False)
    try:
        yield
    finally:
        for app in closed:
            setattr(app, _FIRST, True)


_FIRST = "_got_first_request"


def _see_to_frameworks(root: Any, found: Enrolled) -> None:
    for name, cls, see_to in _FRAMEWORKS:
        kind: Any = getattr(sys.modules.get(name), cls, None)
        if is_class(kind) and isinstance(root, kind):
            see_to(root, found)


def _see_to_flask(app: Any, found: Enrolled) -> None:
    """Flask keeps the rules of its views apart, by their names, in a map that cannot lose one."""
    views = {each.key for each in found.entries if each.container is app.view_functions}
    present = app.url_map
    rules = list(present.iter_rules())
    if not views or all(rule.endpoint not in views for rule in rules):
        return
    successor = type(present)(
        default_subdomain=present.default_subdomain,
        strict_slashes=present.strict_slashes,
        merge_slashes=present.merge_slashes,
        redirect_defaults=present.redirect_defaults,
        converters=present.converters,
        sort_parameters=present.sort_parameters,
        sort_key=present.sort_key,
        host_matching=present.host_matching,
    )
    for rule in rules:
        if rule.endpoint not in views:
            successor.add(rule.empty())
    found.steps.set_attribute(app, "url_map", successor, present)


def _see_to_fastapi(router: Any, found: Enrolled) -> None:
    """FastAPI counts the changes of a router's routes, for those that include it."""
    router = getattr(router, "router", router)
    if any(each.container is router.routes for each in found.entries):
        count: Callable[[], Any] = getattr(router, "_mark_routes_changed", bool)
        found.steps.add(Call(count), Call(count))


def _settle_promise(value: Any) -> None:
    """Have Celery make a task, which it does when one is first used."""
    kind: Any = getattr(sys.modules.get("celery.local"), "PromiseProxy", None)
    if is_class(kind) and type(value) is kind:
        kind.__maybe_evaluate__(value)


_FRAMEWORKS: tuple[tuple[str, str, Callable[[Any, Enrolled], None]], ...] = (
    ("flask", "Flask", _see_to_flask),
    ("fastapi", "FastAPI", _see_to_fastapi),
    ("fastapi", "APIRouter", _see_to_fastapi),
)
