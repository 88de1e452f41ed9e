"""Stage 2b: decide which statements of the new sources run. Nothing is run and nothing is changed."""

from __future__ import annotations

import gc
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import CodeType, FunctionType

from livepatch._bodies import Bodies, codes_in, pair_bodies
from livepatch._code import graft, linked, nested_codes
from livepatch._origin import live_codes
from livepatch._outline import Outline, outline
from livepatch._snapshot import Snapshot
from livepatch._source import namespace_of

_ = FunctionType


@dataclass(slots=True, eq=False)
class Selection:
    """What of a module runs.

    Attributes:
        bodies: the functions and classes that are not made again; None where everything runs.
        code: what runs; None for nothing.
        reason: why everything runs.
    """

    bodies: Bodies | None = None
    code: CodeType | None = None
    reason: str | None = None


def with_known_codes(snapshot: Snapshot) -> Snapshot:
    """Return a snapshot in which code that has not changed is the very code that functions have.

    What was read from a bytecode cache is equal to what the live functions have, and what has just
    been compiled is where nothing changed; here they become the same objects.
    """
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


def _codes_of_functions(namespace: dict[str, object]) -> dict[CodeType, CodeType]:
    found: dict[CodeType, CodeType] = {}
    for each in gc.get_objects():
        if type(each) is FunctionType and each.__globals__ is namespace:
            for code in (each.__code__, *nested_codes(each.__code__)):
                found.setdefault(code, code)
    return found


def select(
    snapshots: list[Snapshot], outlines: Mapping[str, Outline]
) -> dict[str, Selection]:
    """Decide for each module what of it runs."""
    return {
        each.source.name: _select(each, outlines[each.source.name])
        for each in snapshots
        if each.source.spec is not None
    }


def _select(snapshot: Snapshot, new: Outline) -> Selection:
    old = snapshot.origin
    if old is None:
        return Selection(reason="its earlier source is not known")
    before, after = old.scopes[()], new.scopes[()]
    if before.shells is after.shells:
        bodies = pair_bodies(codes_in(before.code), codes_in(after.code), (), (old, new))
        if bodies is not None:
            return Selection(bodies)
    return Selection(reason="XXX")
