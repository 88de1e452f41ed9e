"""Stage 2: where code has not changed, let it be the very code object that live functions have.

What was read from a bytecode cache is equal to what the live functions have, and what has just been
compiled is where nothing changed; here they become the same objects.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cached_property
from types import CodeType, FunctionType
from typing import Any

from livepatch._python.among import objects_of
from livepatch._python.code import Placed, codes_in, graft, linked, nested_codes, placed
from livepatch._python.live import live_codes, reachable_functions
from livepatch._python.own import OwnDict, OwnList
from livepatch._snapshot.snapshot import Snapshot
from livepatch._source.bodies import is_function_code
from livepatch._source.outline import outline
from livepatch._source.scope import RUN_AT_ONCE, is_type_scope
from livepatch._source.source import namespace_of


def with_known_codes(snapshots: list[Snapshot]) -> list[Snapshot]:
    """Return snapshots in which code that has not changed is the very code that functions have."""
    functions = _Functions(namespace_of(each.source.module) for each in snapshots)
    return [_with_known_codes(each, functions) for each in snapshots]


class _Functions:
    """The live functions of modules: the heap may hold millions of objects, and is searched once.

    Attributes:
        of: by the ids of namespaces, the functions whose globals these are.
    """

    def __init__(self, namespaces: Iterable[dict[str, Any]]) -> None:
        self._namespaces = OwnDict((id(each), each) for each in namespaces)

    @cached_property
    def of(self) -> OwnDict[int, OwnList[FunctionType]]:
        found: OwnDict[int, OwnList[FunctionType]] = OwnDict(
            (key, OwnList()) for key in self._namespaces
        )
        for each in objects_of(FunctionType):
            if id(each.__globals__) in found:
                found[id(each.__globals__)].append(each)
        return found


def _with_known_codes(snapshot: Snapshot, functions: _Functions) -> Snapshot:
    source, origin = snapshot.source, snapshot.origin
    if origin is None or source.spec is None:
        return snapshot
    code = origin.scopes[()].code
    namespace = namespace_of(source.module)
    known = {id(code), *map(id, nested_codes(code))}
    live = live_codes(namespace, source.name, code.co_filename)
    # What is behind decorators alone is not among them.
    is_hidden = not live and next(_functions_said(code), None) is not None
    if is_hidden or not known.issuperset(map(id, live)):
        origin = outline(linked(code, _codes_of_functions(code, namespace, functions)))
        code = origin.scopes[()].code
    if code.co_filename == source.code.co_filename:
        source = replace(source, code=graft(code, source.code))
    return replace(snapshot, source=source, origin=origin)


def _codes_of_functions(
    code: CodeType, namespace: dict[str, Any], functions: _Functions
) -> dict[Placed, CodeType]:
    """Return the codes that live functions of a module have, and those inside them.

    Most are found from the module's names. The others are sought where something that the module
    has defined is not among these.
    """
    found = _codes_inside(reachable_functions(namespace))
    if all(placed(each) in found for each in _functions_said(code)):
        return found
    return found | _codes_inside(functions.of[id(namespace)])


def _codes_inside(functions: Iterable[FunctionType]) -> dict[Placed, CodeType]:
    found: dict[Placed, CodeType] = {}
    for each in functions:
        # One that forwards has its survivor in a list among its constants, and so no hash.
        if list not in map(type, each.__code__.co_consts):
            for code in (each.__code__, *nested_codes(each.__code__)):
                found.setdefault(placed(code), code)
    return found


def _functions_said(code: CodeType) -> Iterator[CodeType]:
    """Yield the codes of the functions that a module's statements make, or its classes'."""
    for inner in codes_in(code):
        if is_type_scope(inner) or not is_function_code(inner):
            yield from _functions_said(inner)
        elif inner.co_name not in RUN_AT_ONCE:
            yield inner
