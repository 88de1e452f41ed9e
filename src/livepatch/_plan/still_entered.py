"""Stage 5: what statements that have gone have entered somewhere, and what is there still.

``KM = unit("km", 1000)`` whose function notes the unit, ``lib.add(hit)``, a decorator that enters
no more than what it is given, ``lib.TABLE["a"] = 1``. Nobody can tell such an entry from what the
program has entered itself, so it stays, and is named; not where what stays was made anew besides.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any

from livepatch._match.module import Module, Part
from livepatch._plan.plan import Plan
from livepatch._python.kinds import (
    class_attributes,
    dict_of,
    is_class,
    is_module,
    is_plain_data,
    qualified_name,
)
from livepatch._python.opcodes import OP
from livepatch._python.own import MISSING, OwnDict, OwnList
from livepatch._registers.filled import CHANGERS, FILLED
from livepatch._registers.made import constants_in
from livepatch._registers.records import leaves_of, parts_of
from livepatch._registers.registers import Filled, lead_to, places_filled, places_filled_below
from livepatch._report.report import Notice
from livepatch._select.stale import EFFECT_STAYS
from livepatch._source.by_text import Statement, statements_in
from livepatch._source.outline import Outline
from livepatch._source.scope import constant_shell
from livepatch._source.source import namespace_of

_LOADS = frozenset(OP[name] for name in ("LOAD_NAME", "LOAD_GLOBAL"))
_ATTRIBUTES = frozenset(OP[name] for name in ("LOAD_ATTR", "LOAD_METHOD") if name in OP)
_SETS = frozenset(OP[name] for name in ("STORE_SUBSCR", "STORE_ATTR"))
_MANY = 10_000
_Path = tuple[str, ...]


@dataclass(slots=True)
class _Said:
    """What statements say that use something by one path.

    Attributes:
        constants: as `constant_shell` has them.
        names: the names that they read or bind.
        sets: whether one sets an item or attribute.
    """

    constants: set[Any] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    sets: bool = False


def notice_still_entered(plan: Plan) -> None:
    """Name the containers that hold what statements have entered which are not in the new source.

    Args:
        plan: with the namespaces as they will be; takes notices, and what they are about.
    """
    known = {each.path for each in plan.notices if each.code == "LP314"}
    namespaces = OwnDict((each.name, each.old) for each in plan.matches.modules)
    contents: OwnDict[int, frozenset[Any]] = OwnDict()
    places = _Places()
    for module in plan.matches.modules:
        origin = module.at or module.origin
        if module.part is not Part.RELOADED or origin is None:
            continue
        led = OwnDict(
            (path, lead_to(module.old, path, namespaces))
            for path in _paths_that_differ(origin, module.outline)
        )
        filling = {path for path, each in led.items() if places.of(each, sets=True)}
        if not filling:
            continue  # nearly always, and what the statements say need not be gone through
        said = _by_path(chain.from_iterable(_gone(origin, module.outline)), filling)
        now = _by_path(_all_statements(module.outline), said.keys())
        for path, before in said.items():
            constants, objects = _wanted(plan, module, path, before, now.get(path, _Said()))
            wanted = constants.union(map(_by_identity, objects))
            for each in places.of(led[path], sets=before.sets):
                place, container = _place_of(each, module, path), each.container
                if not wanted or place in known or not _stays(plan, each, module, path):
                    continue
                if id(container) not in contents:
                    contents[id(container)] = _said_inside(container)
                if not wanted.isdisjoint(contents[id(container)]):
                    known.add(place)
                    notice = Notice("LP314", place, EFFECT_STAYS)
                    plan.notices.append(notice)
                    settled = map(_by_identity, map(plan.decisions.settle, objects))
                    then = constants.union(settled)
                    plan.remains.append(OwnList((notice, module, path, each, then)))


class _Places:
    """The containers that something fills: hundreds of modules use the same decorator."""

    def __init__(self) -> None:
        self._known: OwnDict[tuple[int, _Path, bool], OwnList[Filled]] = OwnDict()
        self._asked: OwnList[Any] = OwnList()  # alive as long as they are known by their ids

    def of(self, led: tuple[Any, _Path], *, sets: bool) -> OwnList[Filled]:
        """Return them for what `lead_to` has found, see `_filled`."""
        value, rest = led
        key = id(value), rest, sets
        if key not in self._known:
            self._known[key] = OwnList(_filled(led, sets=sets))
            self._asked.append(value)
        return self._known[key]


def forget_what_went(plan: Plan) -> None:
    """Take the notices out again whose entries have gone with the change, by whatever way.

    And those of what other statements have entered again: ``bus.once("start")`` instead of
    ``bus.on("start")``.
    """
    came: dict[str, OwnDict[Any, set[Any]]] = {}
    went = set[int]()
    for notice, module, path, filled, wanted in plan.remains:
        if module.name not in came:
            came[module.name] = _entered_by_what_came(module)
        again = (came[module.name].get(key, ()) for key in (id(filled.container), path[0]))
        left = wanted.difference(*again)
        if not _is_there(filled, module, path) or left.isdisjoint(_said_inside(filled.container)):
            went.add(id(notice))
    if went:
        plan.notices[:] = (each for each in plan.notices if id(each) not in went)


def _entered_by_what_came(module: Module) -> OwnDict[Any, set[Any]]:
    """Return what tells the entries of statements that came, by the ids of the containers.

    And by the names of objects of which they call methods: these may call others of their own.
    """
    found: OwnDict[Any, set[Any]] = OwnDict()
    origin = module.at or module.origin
    statements = _gone(module.outline, origin) if origin is not None else ()
    gone = OwnList(chain.from_iterable(statements))
    paths = {path for each in gone for path in _paths_in(_with_comprehensions(each))}
    for path, said in _by_path(gone, paths).items():
        objects = (module.live[name] for name in said.names & module.live.keys())
        entered = said.constants.union(map(_by_identity, objects))
        keys = {id(each.container) for each in _filled(lead_to(module.live, path), sets=said.sets)}
        is_of_object = path[1:] and not is_module(module.live.get(path[0]))
        for key in (*keys, *path[: bool(is_of_object)]):
            found.setdefault(key, set()).update(entered)
    return found


def _gone(old: Outline, new: Outline) -> Iterator[Iterable[Statement]]:
    for home in old.scopes:
        differ = set(_names_that_differ(old, new, home))
        if differ:
            before, now = (
                Counter(_statements(home, each, differ.intersection(_names_in(each, home))))
                for each in (old, new)
            )
            yield before - now


def _all_statements(source: Outline) -> Iterator[Statement]:
    return chain.from_iterable(
        _statements(home, source, _names_in(source, home)) for home in source.scopes
    )


def _names_in(source: Outline, home: _Path) -> Collection[str]:
    return source.scopes[home].shells if home in source.scopes else ()


def _paths_that_differ(old: Outline, new: Outline) -> set[_Path]:
    """Return the paths that statements use which may have gone."""
    return {
        path
        for home, scope in old.scopes.items()
        for name in _names_that_differ(old, new, home)
        for shell in scope.shells[name]
        for path in _paths_in(_with_comprehensions(shell.fingerprint))
    }


def _names_that_differ(old: Outline, new: Outline, home: _Path) -> Iterator[str]:
    """Yield the names of which the statements differ; of a class with what is in that."""
    same = old.same_names(new, home) or ()
    for name in old.scopes[home].shells:
        inside = (*home, name)
        if name not in same or (inside in old.scopes and old.same_body(new, inside) is False):
            yield name


def _statements(home: _Path, source: Outline, names: Iterable[str]) -> Iterator[Statement]:
    for name in names:
        for shell in source.scopes[home].shells[name]:
            *others, last = statements_in(shell.fingerprint)
            yield from others
            yield (*last, *_said_in_body(source, (*home, name)), ("bound", name))


def _said_in_body(source: Outline, path: _Path) -> Iterator[Any]:
    """Yield the constants in the body of a class: a base may enter it by them."""
    scope = source.scopes.get(path)
    shells = chain.from_iterable(scope.shells.values()) if scope is not None else ()
    plain = (each for each in shells if not each.is_plain_function)
    yield from (part for each in plain for part in constants_in(each.fingerprint))


def _by_path(statements: Iterable[Statement], paths: AbstractSet[_Path]) -> dict[_Path, _Said]:
    """Return what statements say that use something by one of some paths, by these."""
    found: dict[_Path, _Said] = {}
    for whole in statements:
        statement = tuple(_with_comprehensions(whole))
        used = paths & set(_paths_in(statement))
        if not used:
            continue  # nearly every one
        constants = set(constants_in(statement))
        names = {part[1] for part in statement if type(part) is tuple and part[0] in _NAMING}
        kinds = {part[0] if type(part) is tuple else part for part in statement}
        for path in used:
            said = found.setdefault(path, _Said())
            said.constants |= constants
            said.names |= names
            said.sets |= not _SETS.isdisjoint(kinds)
    return found


_NAMING = frozenset((*_LOADS, "bound"))


def _with_comprehensions(statement: Statement) -> Iterator[Any]:
    """Yield what a statement says, and what a function in it does that runs at once."""
    for part in statement:
        if type(part) is tuple and part[0] == "type parameters":
            yield from part[1:]
        else:
            yield part


def _paths_in(statement: Iterable[Any]) -> Iterator[_Path]:
    path: _Path = ()
    for part in (*statement, ()):
        kind, said = (part[0], part[1:2]) if type(part) is tuple and part else (None, ())
        if path and kind in _ATTRIBUTES:
            path += said
            continue
        if path:
            yield path
        path = said if kind in _LOADS else ()


def _wanted(
    plan: Plan, module: Module, path: _Path, before: _Said, now: _Said
) -> tuple[set[Any], OwnList[Any]]:
    """Return what tells the entries of gone statements: constants and objects said no more."""
    gone = {each for each in before.constants - now.constants if each[1] not in _SAY_NOTHING}
    texts = {each for each in gone if each[0] == "text"}
    constants = texts or {each for each in gone if each[1][:1] not in "(["}
    objects: OwnList[Any] = OwnList()
    here = {id(module.new.get(name)) for name in now.names}
    for name in before.names - now.names - {path[0]}:
        value = module.old.get(name, MISSING)
        pair = plan.matches.by_old.get(id(value))
        # It has another name now, say.
        goes_on = pair is not None and id(pair.new) in here
        if value is not MISSING and not goes_on and not is_module(value):
            objects.append(value)
    return constants, objects


def _by_identity(value: Any) -> tuple[str, int]:
    return "object", id(value)


_SAY_NOTHING = frozenset(("None", "True", "False", "Ellipsis", "", "()"))


def _filled(led: tuple[Any, _Path], *, sets: bool) -> Iterator[Filled]:
    """Yield the containers that something puts something into when it is called, or that it is."""
    value, rest = led
    home: Any = None
    name = ""
    while rest and not issubclass(type(value), FILLED):
        inner = (dict_of(value) or {}).get(rest[0], MISSING)
        if inner is MISSING and is_class(value):
            inner = class_attributes(value).get(rest[0], MISSING)
        if not issubclass(type(inner), FILLED):
            break
        home, name, value, rest = value, rest[0], inner, rest[1:]
    if issubclass(type(value), FILLED):
        if (sets and not rest) or (rest[:1] and rest[0] in CHANGERS):
            yield Filled(home if is_class(home) else None, name, value)
        return
    yield from places_filled(value, rest)
    if not rest:
        yield from places_filled_below(value)


def _place_of(filled: Filled, module: Module, path: _Path) -> str:
    """Return what the report calls a container, or the object that has it."""
    if is_class(filled.home):
        cls = filled.home
        home = f"{class_attributes(cls).get('__module__')}.{qualified_name(cls)}"
    elif filled.home is not None:
        home = str(filled.home.get("__name__"))
    else:
        home, name, _ = _named(module.old, module, path)
        return f"{home}.{name}"
    return f"{home}.{filled.name}"


def _named(namespace: Mapping[str, Any], module: Module, path: _Path) -> tuple[Any, str, Any]:
    """Return the module to which a path leads, its name for what is there, and that."""
    home, name = module.name, path[0]
    value: Any = namespace.get(name)
    for step in path[1:]:
        if not is_module(value):
            break
        names = namespace_of(value)
        home, name, value = str(names.get("__name__")), step, names.get(step)
    return home, name, value


def _stays(plan: Plan, filled: Filled, module: Module, path: _Path) -> bool:
    """Whether what has a container is not made anew."""
    if is_class(filled.home):
        name = class_attributes(filled.home).get("__module__")
        own = next((each for each in plan.matches.modules if each.name == name), None)
        inside = (*str(qualified_name(filled.home)).split("."), filled.name)
        return own is None or own.outline.same_shell(own.origin, inside) is not False
    if filled.home is None:
        home, name, value = _named(module.old, module, path)
    else:
        home, name, value = filled.home.get("__name__"), filled.name, filled.container
    return home not in plan.finals or plan.finals[home].get(name) is value


def _is_there(filled: Filled, module: Module, path: _Path) -> bool:
    """Whether what has a container has it still, once the change has been made."""
    if is_class(filled.home):
        return class_attributes(filled.home).get(filled.name) is filled.container
    if filled.home is not None:
        return filled.home.get(filled.name) is filled.container
    before, now = _named(module.old, module, path), _named(module.live, module, path)
    return before[2] is now[2]


def _said_inside(container: Any) -> frozenset[Any]:
    """Return the constants in a container, and the objects: in tables and records in it too."""
    # Past what its class itself has put over these.
    base = next(base for base in FILLED if issubclass(type(container), base))
    items = OwnList(islice(base.__iter__(container), _MANY))
    if issubclass(type(container), dict):
        items += OwnList(islice(dict.values(container), _MANY))
    parts = OwnList(part for leaf in leaves_of(items) for part in parts_of(leaf))
    return frozenset(
        constant_shell(each, set()) if is_plain_data(each) else _by_identity(each)
        for each in leaves_of(parts)
    )
