"""Stage 2: where code has not changed, let it be the very code object that live functions have.

What was read from a bytecode cache is equal to what the live functions have, and what has just been
compiled is where nothing changed; here they become the same objects.
"""

from __future__ import annotations

import gc
from dataclasses import replace
from types import CodeType, FunctionType
from typing import Any

from livepatch._code import graft, linked, nested_codes
from livepatch._origin import live_codes
from livepatch._outline import outline
from livepatch._snapshot import Snapshot
from livepatch._source import namespace_of


def with_known_codes(snapshots: list[Snapshot]) -> list[Snapshot]:
    """Return snapshots in which code that has not changed is the very code that functions have."""
    return [_with_known_codes(each) for each in snapshots]


def _with_known_codes(snapshot: Snapshot) -> Snapshot:
    source, origin = snapshot.source, snapshot.origin
    if origin is None or source.spec is None:
        return snapshot
    code = origin.scopes[()].code
    namespace = namespace_of(source.module)
    known = {id(code), *map(id, nested_codes(code))}
    live = live_codes(namespace, source.name, code.co_filename)
    if not known.issuperset(map(id, live)):
        origin = outline(linked(code, _codes_of_functions(namespace)))
        code = origin.scopes[()].code
    source = replace(source, code=graft(code, source.code))
    return replace(snapshot, source=source, origin=origin)


def _codes_of_functions(namespace: dict[str, Any]) -> dict[CodeType, CodeType]:
    found: dict[CodeType, CodeType] = {}
    for each in gc.get_objects():
        if type(each) is FunctionType and each.__globals__ is namespace:
            for code in (each.__code__, *nested_codes(each.__code__)):
                found.setdefault(code, code)
    return found
