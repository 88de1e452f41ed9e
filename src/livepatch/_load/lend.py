"""Stage 3: let what is not made again run its new code while statements run.

A decorator whose body changed decorates by its new body. Afterwards all have their old code again,
for what comes of the reload is decided later.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import CellType, CodeType, FunctionType
from typing import Any

from livepatch._load.lent_caches import empty_caches, put_caches_back
from livepatch._python.code import can_take, match_nested, same_code
from livepatch._python.constants import same_contents, same_value
from livepatch._python.kinds import (
    IS_HEAP_TYPE,
    class_attributes,
    flags_of,
    found_at,
    is_class,
    is_enum,
    is_place,
    is_special,
    kind_of,
    mro_of,
    qualified_name,
)
from livepatch._python.own import MISSING, Call, OwnDict, OwnList
from livepatch._select.docstring import DOCSTRING
from livepatch._select.selection import Selection
from livepatch._snapshot.snapshot import Snapshot
from livepatch._source.bodies import Body
from livepatch._source.source import namespace_of
from livepatch._steps.class_attributes import find_attribute, set_on_class, setting
from livepatch._steps.recode import with_code
from livepatch._steps.rows import recode

_DEEPEST = 8
_IMMUTABLE = 1 << 8  # Py_TPFLAGS_IMMUTABLETYPE (Include/object.h)


@contextmanager
def new_bodies(
    selections: Iterable[Selection],
    snapshots: Iterable[Snapshot],
    successors: OwnDict[int, FunctionType],
    stand_ins: OwnList[OwnList[Any]],
) -> Generator[None, None, None]:
    """Let functions that are not made again run their new code while statements run.

    Args:
        selections: which functions these are.
        snapshots: of the modules.
        successors: takes what stands for functions that cannot take their new code, by the id of
            each: a method that begins to use ``super()`` gains a free variable.
        stand_ins: takes what stands for caches that remember what the old code gave, with these.
    """
    functions: list[FunctionType] = OwnList()
    codes: list[CodeType] = OwnList()
    lent: list[tuple[Any, str, Any, Any]] = OwnList()
    chosen = [each for each in selections if each.bodies is not None]
    snapshots = list(snapshots)
    some_run_whole = len(chosen) < len(snapshots)
    # A docstring calls nothing.
    if some_run_whole or any(each.code and each.names != DOCSTRING for each in chosen):
        news = {id(old): new for each in chosen for old, new in _new_codes(each)}
        unfit = {id(body.old): body for each in chosen for body in _unfit(each)}
        for snapshot in snapshots if news or unfit else ():  # where all run whole there is nothing
            for function in _functions_in(snapshot.namespace.values()):
                new = news.get(id(function.__code__))
                if new is not None and can_take(function.__code__, new):
                    functions.append(function)
                    codes.append(new)
            lent += _to_lend(snapshot, unfit, successors)
            lent += empty_caches(snapshot, news.keys() | unfit.keys(), stand_ins)
    present: list[CodeType] = OwnList(function.__code__ for function in functions)
    recode(functions, codes)
    for owner, name, _, instead in lent:
        _put(owner, name, instead)
    try:
        yield
    finally:
        for owner, name, value, instead in lent:
            if _at(owner, name) is instead:
                _put(owner, name, value)
        recode(functions, present)


def put_back_names(
    snapshots: Iterable[Snapshot],
    namespaces: Mapping[str, dict[str, Any]],
    successors: Mapping[int, FunctionType],
    caches: OwnList[OwnList[Any]],
) -> Iterator[tuple[Any, Any]]:
    """Give names what they had, for which something stood that a statement has taken meanwhile.

    Of functions those elsewhere, which an import that ran again has bound.

    Yields what stood there, with that: others may have been given it as well.

    Args:
        snapshots: of the modules.
        namespaces: what the modules have after the load, by name.
        successors: what stood for functions, by the id of each.
        caches: what stood for caches, with these.
    """
    yield from put_caches_back(caches, namespaces)
    stood = {id(each): key for key, each in successors.items()}
    for snapshot in snapshots if stood else ():
        namespace, own = namespaces[snapshot.source.name], namespace_of(snapshot.source.module)
        for name, value in namespace.items():
            had = snapshot.namespace.get(name)
            if id(value) in stood and stood[id(value)] == id(had) and value.__globals__ is not own:
                namespace[name] = had
                yield value, had


def _new_codes(selection: Selection) -> Iterator[tuple[CodeType, CodeType]]:
    for body in selection.bodies.functions if selection.bodies is not None else ():
        # One that has but moved makes closures, and these are to say where they stand now.
        if body.old is not body.new:
            yield body.old, body.new
            for old, new in match_nested(body.old, body.new):
                if new is not None and new is not old:
                    yield old, new


def _unfit(selection: Selection) -> Iterator[Body]:
    for body in selection.bodies.functions if selection.bodies is not None else ():
        if body.changed and not can_take(body.old, body.new):
            yield body


def _to_lend(
    snapshot: Snapshot, unfit: dict[int, Body], successors: OwnDict[int, FunctionType]
) -> Iterator[tuple[Any, str, Any, Any]]:
    """Yield where functions are that cannot take their new code, and what is to be there."""
    for body in unfit.values():
        *home, name = body.path
        owner = _owner(snapshot, home)
        value = _at(owner, name) if owner is not None else None
        instead = _renewed(value, body, owner, successors)
        if instead is not value:
            yield owner, name, value, instead


def _owner(snapshot: Snapshot, home: list[str]) -> Any:
    """Return the namespace or the class of a module that has a definition; None if none has."""
    if not home:
        return namespace_of(snapshot.source.module)
    found = found_at(snapshot.namespace, ".".join(home))
    return found if is_class(found) else None


def _renewed(value: Any, body: Body, owner: Any, successors: OwnDict[int, FunctionType]) -> Any:
    """Return what stands for a function, or for what is directly around it, with the new code."""

    def renewed(function: FunctionType) -> FunctionType:
        if function.__code__ is not body.old:
            return function
        if id(function) in successors:
            return successors[id(function)]  # another module has it by the same name
        cells = dict(zip(body.old.co_freevars, function.__closure__ or ()))
        if is_class(owner):
            cells.setdefault("__class__", CellType(owner))
        if any(name not in cells for name in body.new.co_freevars):
            return function
        successor = successors[id(function)] = with_code(function, body.new, cells)
        return successor

    return _around(value, renewed)


def _around(value: Any, renewed: Callable[[FunctionType], FunctionType]) -> Any:
    """Return a function, or what is directly around functions, with others in their place."""
    if type(value) in (staticmethod, classmethod):
        inside = _around(value.__func__, renewed)
        return value if inside is value.__func__ else type(value)(inside)
    if type(value) is property:
        parts = (value.fget, value.fset, value.fdel)
        fget, fset, fdel = (_around(each, renewed) for each in parts)
        is_same = fget is parts[0] and fset is parts[1] and fdel is parts[2]
        return value if is_same else property(fget, fset, fdel, value.__doc__)
    return renewed(value) if type(value) is FunctionType else value


@dataclass(slots=True)
class Lender:
    """Lends a class what the one has that has just been made in its place, while statements run.

    The instances there are stay, and statements behind that of the class use them: in
    ``@registry.connect`` the method may be as new as the line.

    Attributes:
        before: the globals before the load.
        namespace: the live ones.
        taking_back: takes the calls that take back what has been lent, the last one first.
    """

    before: Mapping[str, Any]
    namespace: Mapping[str, Any]
    taking_back: list[Call]

    def close(self) -> None:
        """Let go of everything: attrs makes functions that have a copy of the globals for ever."""
        self.before, self.namespace, self.taking_back = {}, {}, []

    def __call__(self, name: str) -> None:
        """Lend the class of that name, if there is one and it has been made anew."""
        old, new = self.before.get(name), self.namespace.get(name)
        if is_class(old) and is_class(new) and new is not old:
            self.lend(old, new)

    def lend(self, old: type, new: type) -> None:
        """Lend one class what another one has besides or instead, that of classes inside too."""
        if is_enum(old) or is_enum(new):
            return  # no member sees what it does not have
        if not flags_of(old) & IS_HEAP_TYPE or flags_of(old) & _IMMUTABLE:
            return  # it is made in C, and another one has its name now

        def renewed(function: FunctionType) -> FunctionType:
            cells = dict(zip(function.__code__.co_freevars, function.__closure__ or ()))
            if "__class__" not in cells:
                return function
            cells["__class__"] = CellType(old)  # of which the instances are: `super()`
            return with_code(function, function.__code__, cells)

        for name, value in _besides_or_instead(old, new):
            present = class_attributes(old).get(name, MISSING)
            # Another class may have been named there before: `kind = str`.
            are_classes = is_class(present) and is_class(value)
            if are_classes and _is_inside(present, old) and _is_inside(value, new):
                self.lend(present, value)
                continue
            # First, for an interrupt: what it takes back may not have been lent.
            self.taking_back.append(setting(old, name, present))
            if present is MISSING:
                self.taking_back.append(setting(old, name, None))
            set_on_class(old, name, _around(value, renewed))


def _is_inside(cls: type, outer: type) -> bool:
    """Whether a class is defined in the body of another one."""
    home = class_attributes(cls).get("__module__") == class_attributes(outer).get("__module__")
    return home and (qualified_name(cls) or "").startswith(f"{qualified_name(outer)}.")


def _besides_or_instead(old: type, new: type) -> Iterator[tuple[str, Any]]:
    """Yield what a class has that another one lacks, and the definitions that say otherwise."""
    known = set(map(id, mro_of(old)))
    # Where an operator has come and gone, CPython goes on with other slots than before.
    in_c = any(not flags_of(base) & IS_HEAP_TYPE for base in mro_of(old)[:-1])
    theirs: OwnDict[str, Any] = OwnDict()
    for base in reversed(mro_of(new)):
        if id(base) not in known:
            theirs.update(class_attributes(base))
    for name, value in theirs.items():
        kind = kind_of(value)
        if name in _NOT_LENT or is_place(value):
            continue
        if is_special(name) and (in_c or kind is None):
            continue
        present = find_attribute(old, name)
        if present is None or (kind is not None and not _says_the_same(present, value)):
            yield name, value


def _says_the_same(present: Any, value: Any) -> bool:
    kind = kind_of(value)
    if kind is None or kind_of(present) is not kind:
        return kind is None
    if is_class(value):
        return False
    if type(value) is FunctionType:
        return (
            same_code(present.__code__, value.__code__)
            and same_value(present.__defaults__, value.__defaults__)
            and same_contents(present.__kwdefaults__, value.__kwdefaults__)
        )
    parts = zip(kind.parts(present), kind.parts(value))
    return all(_says_the_same(one, other) for (_, one), (_, other) in parts)


# By these a class, and its instances in tables, are known to others; or they say how it is made.
_NOT_LENT = frozenset(
    ("__eq__", "__hash__", "__new__", "__del__", "__init_subclass__", "__set_name__", "__class__")
)


def _at(owner: Any, name: str) -> Any:
    attributes = class_attributes(owner) if is_class(owner) else owner
    return attributes.get(name)


def _put(owner: Any, name: str, value: Any) -> None:
    if is_class(owner):
        set_on_class(owner, name, value)
    else:
        owner[name] = value


def _functions_in(values: Iterable[Any]) -> Iterator[FunctionType]:
    """Yield the functions among some values and inside them: methods, wrapped ones, closures."""
    seen: set[int] = set()
    level: list[Any] = OwnList(values)
    for _ in range(_DEEPEST):
        following: list[Any] = OwnList()
        for value in level:
            kind = kind_of(value)
            if kind is not None and id(value) not in seen:
                seen.add(id(value))
                if type(value) is FunctionType:
                    yield value
                following += (part for _, part in kind.parts(value))
        if not following:
            return
        level = following
