"""``assert_current``: nothing in the process reaches an older version of a module's definitions."""

from __future__ import annotations

import collections
import dis
import gc
import sys
import typing
from collections.abc import Iterator
from types import (
    AsyncGeneratorType,
    CellType,
    CodeType,
    CoroutineType,
    FrameType,
    FunctionType,
    GeneratorType,
    GenericAlias,
    GetSetDescriptorType,
    MemberDescriptorType,
    ModuleType,
)
from typing import Any

from livepatch._heap.heap import holders_of, running_frames
from livepatch._heap.retained import retained
from livepatch._python.among import objects_of, objects_whose_type
from livepatch._python.code import same_code
from livepatch._python.constants import CONSTANTS, same_value
from livepatch._python.kinds import class_attributes, is_class, is_empty, kind_of
from livepatch._python.opcodes import JUMPS
from livepatch._python.own import OwnDict, OwnList
from livepatch._source.origin import loaded_code
from livepatch._source.source import find_module, namespace_of
from livepatch.testing._graph import class_name, describe, edges_of, is_boundary
from livepatch.testing._unchanged import listing

_LEVELS = 3
_OPTIMIZED = 0x1  # CO_OPTIMIZED: a function's code; a module's or class's keeps names in a dict
_GENERIC = "<generic parameters of "


def assert_current(module: ModuleType | str) -> None:
    """Fail if something in the process reaches an older version of a module's definitions.

    Older is a function or class of the module that has a successor in the module as it is now, or
    a function (a closure made at run time, say) whose code is not that of the present source. What
    livepatch's own reports keep for an undo does not count, nor does a definition that is no longer
    in the source, nor a call that began before. Of what a loop defines there are several of a name,
    of which none is the successor of another: only their code is compared.

    Args:
        module: a loaded module, or its name.

    Raises:
        AssertionError: with a line for each older definition and the path to it.
    """
    found = list(stale_references(find_module(module)))
    if found:
        raise AssertionError(listing(f"{len(found)} older definitions are still held", found))


def stale_references(module: ModuleType) -> Iterator[str]:
    """Yield a line for each older definition that can be reached, with the path to it."""
    gc.collect()
    # Not by a loop: its variable would hold the last of them.
    older: OwnDict[int, tuple[Any, str]] = OwnDict(
        (id(found[0]), found) for found in _older_definitions(module)
    )
    if not older:
        return
    kept = _kept_by_reports()
    if not _is_held_elsewhere(older, kept):
        return
    paths = _paths_to(older)
    # Where no path leads, what a report reaches through anything is the report's.
    kept |= _kept_by_calls() | _kept_by_reports(through=_CONTAINERS)
    for key, (definition, why) in older.items():
        if key in paths:
            yield f"{paths[key]} is {describe(definition)}, {why}"
        elif key not in kept:
            yield f"{describe(definition)}, {why}, is held where no path from a module leads"


def _is_held_elsewhere(older: OwnDict[int, tuple[Any, str]], kept: set[int]) -> bool:
    """Whether anything but reports holds one of some definitions: the quick answer."""
    if not older.keys() <= kept:
        return True
    found: OwnList[Any] = OwnList(definition for definition, _ in older.values())
    hidden = {*kept, *map(id, older.values())}
    # A report keeps a sentinel, say, and that its class.
    for _ in range(_LEVELS):
        sought = set(map(id, found))
        for _, frame in running_frames():
            if any(id(value) in sought for _, value in _locals_of(frame)):
                return True
        hidden |= sought
        holders = holders_of(found, hidden)
        every = (holders.others, *holders.instances.values())
        found = OwnList(each for group in every for each in group if id(each) not in hidden)
        del holders, every
        if not found:
            return False
    return True


def _older_definitions(module: ModuleType) -> Iterator[tuple[Any, str]]:
    namespace = namespace_of(module)
    name = namespace["__name__"]
    present = OwnDict((id(each), each) for each in _present_definitions(module))
    by_name: OwnDict[str, OwnList[Any]] = OwnDict()
    for each in present.values():
        by_name.setdefault(_name_of(each), OwnList()).append(each)
    codes = _codes_by_name(loaded_code(module))
    looped = set(_made_in_loops(loaded_code(module)))
    for each in objects_whose_type(lambda kind: kind is FunctionType or issubclass(kind, type)):
        if id(each) in present:
            if type(each) is FunctionType and not _has_current_code(each, codes):
                yield each, "which does not run the code of the present source"
        elif type(each) is FunctionType:
            why = _why_older(each, by_name, codes) if each.__globals__ is namespace else None
            if why == _RUNS_OLDER or (why and each.__qualname__ not in looped):
                yield each, why
        elif _home_of(each) == name:
            successors = by_name.get(_name_of(each), ()) if _name_of(each) not in looped else ()
            if any(is_class(successor) for successor in successors):
                yield each, "which has a successor"


_RUNS_OLDER = "which runs code of an older source"


def _why_older(
    function: FunctionType, by_name: dict[str, OwnList[Any]], codes: dict[str, list[CodeType]]
) -> str | None:
    name = function.__qualname__
    if not _has_current_code(function, codes):
        return _RUNS_OLDER
    for successor in by_name.get(name, ()):
        if (
            type(successor) is FunctionType
            and _captures_alike(function, successor)
            and (
                len(codes.get(name, ())) < 2  # noqa: PLR2004 - several definitions of one name
                or same_code(successor.__code__, function.__code__)
            )
        ):
            return "which has a successor"
    return None


def _captures_alike(one: FunctionType, other: FunctionType) -> bool:
    """Whether two closures may be one before and after, and not two that one factory has made."""
    if "<locals>" not in one.__qualname__:
        return True
    cells = ({}, {}) if one is other else (_captured(one), _captured(other))
    return all(
        type(value) is not type(cells[1].get(name))
        or type(value) not in CONSTANTS
        or same_value(value, cells[1][name])
        for name, value in cells[0].items()
    )


def _captured(function: FunctionType) -> OwnDict[str, Any]:
    cells = zip(function.__code__.co_freevars, function.__closure__ or ())
    return OwnDict((name, cell.cell_contents) for name, cell in cells if not is_empty(cell))


def _has_current_code(function: FunctionType, codes: dict[str, list[CodeType]]) -> bool:
    known = codes.get(function.__qualname__)
    if known is None:
        return True  # of a name that the source does not know: generated, renamed or removed
    own = function.__code__
    if own.co_name != known[0].co_name:
        return True  # a wrapper that bears the name of what it wraps
    return any(own.co_firstlineno == code.co_firstlineno and same_code(own, code) for code in known)


def _present_definitions(module: ModuleType) -> Iterator[Any]:
    """Yield the functions and classes that the module's names lead to and that it made."""
    namespace = namespace_of(module)
    seen: OwnDict[int, Any] = OwnDict()
    waiting: OwnList[Any] = OwnList(namespace.values())
    while waiting:
        each: Any = waiting.pop()
        kind = kind_of(each)
        if kind is None or id(each) in seen:
            continue
        seen[id(each)] = each
        if type(each) is FunctionType and each.__globals__ is namespace:
            yield each
        elif is_class(each):
            if _home_of(each) != namespace["__name__"]:
                continue
            yield each
        waiting += (part for _, part in kind.parts(each))


def _codes_by_name(code: CodeType | None) -> dict[str, list[CodeType]]:
    """List the code objects of a source by the qualified names of what they are the code of."""
    found: dict[str, list[CodeType]] = {}
    waiting = [("", code)] if code is not None else []
    while waiting:
        prefix, outer = waiting.pop()
        for inner in outer.co_consts:
            if type(inner) is not CodeType:
                continue
            if inner.co_name.startswith(_GENERIC):
                waiting.append((prefix, inner))
                continue
            name = prefix + inner.co_name
            found.setdefault(name, []).append(inner)
            tail = ".<locals>." if inner.co_flags & _OPTIMIZED else "."
            waiting.append((name + tail, inner))
    return found


def _made_in_loops(
    code: CodeType | None, prefix: str = "", *, in_loop: bool = False
) -> Iterator[str]:
    """Yield the qualified names of definitions in loops, of each of which there are several."""
    if code is None:
        return
    steps = list(dis.get_instructions(code))
    back = [(each.argval, each.offset) for each in steps if each.opcode in JUMPS]
    for each in steps:
        inner = each.argval
        if type(inner) is not CodeType:
            continue
        looped = in_loop or any(start <= each.offset < stop for start, stop in back)
        if looped:
            yield prefix + inner.co_name
        if not inner.co_flags & _OPTIMIZED:
            yield from _made_in_loops(inner, f"{prefix}{inner.co_name}.", in_loop=looped)


def _home_of(cls: Any) -> Any:
    return class_attributes(cls).get("__module__")


def _name_of(definition: Any) -> str:
    if type(definition) is FunctionType:
        return definition.__qualname__
    return class_name(definition)


def _paths_to(targets: OwnDict[int, Any]) -> dict[int, str]:
    """Find a shortest path to each target from the modules and the running frames."""
    found: dict[int, str] = {}
    namespaces: set[int] = set()
    level: OwnList[tuple[str, Any]] = OwnList()
    for name, module in list(sys.modules.items()):
        if isinstance(module, ModuleType):
            namespaces.add(id(namespace_of(module)))
            level += ((f"{name}.{key}", value) for key, value in _items(namespace_of(module)))
    for _, frame in running_frames():
        level += _locals_of(frame)
    seen: set[int] = namespaces
    while level and len(found) < len(targets):
        following: OwnList[tuple[str, Any]] = OwnList()
        for path, value in level:
            key = id(value)
            if key in targets:
                found.setdefault(key, path)
            if key in seen or (is_boundary(value) and key not in targets):
                continue
            seen.add(key)
            following += ((path + text, part) for text, part in _parts(value))
        level = following
    return found


def _items(namespace: dict[str, Any]) -> list[tuple[str, Any]]:
    return list(namespace.items())


def _parts(value: Any) -> Iterator[tuple[str, Any]]:
    told: set[int] = set()
    # A weak reference does not hold, and a base's list of subclasses is one of those.
    for text, part in edges_of(value) if type(value) not in _OPAQUE else ():
        if not text.startswith(("'s subclass", "'s referent")):
            told.add(id(part))
            yield text, part
    if type(value) is FunctionType:
        return  # the rest are its globals
    told |= _function_of_call(value)
    for part in gc.get_referents(value):
        if id(part) not in told:
            yield f" -> {type(part).__name__}", part


def _function_of_call(value: Any) -> set[int]:
    """Return the id of the function that a call that began before runs to its end."""
    if type(value) not in _CALLS:
        return set()
    name = value.__qualname__
    functions = (part for part in gc.get_referents(value) if type(part) is FunctionType)
    return {id(part) for part in functions if part.__qualname__ == name}


def _kept_by_calls() -> set[int]:
    return {key for each in objects_of(*_CALLS) for key in _function_of_call(each)}


_OPAQUE = (FrameType,)
_CALLS = (GeneratorType, CoroutineType, AsyncGeneratorType)


def _locals_of(frame: FrameType) -> Iterator[tuple[str, Any]]:
    if frame.f_globals.get("__name__", "").startswith("livepatch."):
        return
    if not frame.f_code.co_flags & _OPTIMIZED:
        return  # a namespace that is a holder itself
    held = list(frame.f_locals.items())
    if sys.version_info < (3, 13):
        # The copy stays with the frame and would keep all its locals alive.
        frame.f_locals.clear()
    where = f"{frame.f_code.co_name} at {frame.f_code.co_filename}:{frame.f_lineno}"
    for name, value in held:
        yield f"local variable {name} of {where}", value


def _kept_by_reports(through: tuple[type, ...] = ()) -> set[int]:
    """Return the ids of all that livepatch's reports keep for an undo, as far as it is theirs.

    The way goes through livepatch's own containers and through definitions; a container of the
    program's may be in use, unless it is known that it is not.
    """
    # What is listed there is livepatch's own, tuples of arguments included.
    waiting: OwnList[Any] = OwnList(part for each in retained() for part in gc.get_referents(each))
    seen: set[int] = set(map(id, retained()))
    while waiting:
        value: Any = waiting.pop()
        definition = kind_of(value) is not None
        if id(value) in seen or not (definition or _is_own(value) or _is_of(value, through)):
            continue
        seen.add(id(value))
        parts = OwnList(gc.get_referents(value))
        waiting += parts
        if definition:
            # Of dicts alone: what is in a tuple is not to be asked for its `==`.
            inside = [
                part
                for part in parts
                if _is_of(part, _INSIDE) and not (type(part) is dict and "__builtins__" in part)
            ]
            seen.update(map(id, inside))
            waiting += (part for each in inside for part in gc.get_referents(each))
    return seen


def _is_of(value: Any, kinds: tuple[type, ...]) -> bool:
    """Whether a value is of one of some types, which a metaclass is not asked."""
    return any(type(value) is kind for kind in kinds)


_INSIDE = (dict, tuple)
_CONTAINERS = (
    *(dict, list, tuple, set, frozenset),
    *(collections.defaultdict, collections.OrderedDict, collections.deque),
    GenericAlias,
)
if sys.version_info >= (3, 12):
    # It holds the function that computes its value.
    _CONTAINERS = (*_CONTAINERS, typing.TypeAliasType)
# What belongs to one closure or class and to nothing else.
_PARTS = (CellType, GetSetDescriptorType, MemberDescriptorType)


def _is_own(value: Any) -> bool:
    cls = type(value)
    home = class_attributes(cls).get("__module__")
    return cls in _PARTS or (isinstance(home, str) and home.startswith("livepatch._"))
