"""``assert_unchanged``: the objects reachable from some roots are the same before and after."""

from __future__ import annotations

import gc
from collections import deque
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import zip_longest
from types import ModuleType
from typing import Any

from livepatch._python.kinds import class_attributes, is_class
from livepatch._python.own import OwnDict
from livepatch._source.source import namespace_of
from livepatch.testing._graph import describe, edges_of, is_boundary, module_namespaces

_MOST_LINES = 20
_SUBCLASS = "'s subclass "  # as `edges_of` has it


@dataclass(frozen=True, slots=True)
class Node:
    """One object of a fingerprint.

    Attributes:
        path: how it was first reached.
        type_id: the id of its class.
        edges: what it refers to: by which way, the id, and a description.
    """

    path: str
    type_id: int
    edges: tuple[tuple[str, int, str], ...]


Fingerprint = dict[int, Node]
"""The objects reachable from some roots by id. No reference to them is kept."""


@contextmanager
def assert_unchanged(*roots: object) -> Generator[None, None, None]:
    """Fail if anything reachable from some objects differs after the block.

    Compared are identities, types, attributes, items and their order, bases, code, closures: all
    that a reload could touch. The walk ends at modules that are not among the roots. Objects are
    told apart by their ids, and nothing is kept alive.

    Args:
        roots: modules, instances, containers: where to begin.

    Raises:
        AssertionError: with one line for each difference, and the path to it. An exception that
            leaves the block passes through instead.
    """
    starts: list[object] = list(roots)
    before = fingerprint(*starts)
    yield
    differences = list(differing(before, fingerprint(*starts)))
    if differences:
        raise AssertionError(
            listing(f"{len(differences)} differences after the block", differences)
        )


def fingerprint(*roots: object) -> Fingerprint:
    """Describe every object that can be reached from some roots."""
    gc.collect()
    foreign = module_namespaces()
    # livepatch's own: a table that goes by ids follows instances that are made anew.
    found: Fingerprint = OwnDict()
    # In breadth: the path that is told is a shortest one.
    waiting = deque[tuple[str, Any]]((_root_text(root), root) for root in roots)
    starts = {id(root) for root in roots}
    homes = set(map(_home_of, roots))
    while waiting:
        path, holder = waiting.popleft()
        key = id(holder)
        if key in found or (is_boundary(holder) and key not in starts) or key in foreign:
            continue
        edges = list(edges_of(holder))
        found[key] = Node(
            path,
            id(type(holder)),
            tuple((text, id(value), describe(value)) for text, value in edges),
        )
        # What derives from typing.Generic, say, is half the process: listed, and not gone into.
        foreign_class = is_class(holder) and class_attributes(holder).get("__module__") not in homes
        waiting += (
            (path + text, value)
            for text, value in edges
            if not (foreign_class and text.startswith(_SUBCLASS))
        )
    return found


def _home_of(root: Any) -> Any:
    """Return the name of the module that a root is or comes from."""
    if isinstance(root, ModuleType):
        return namespace_of(root).get("__name__")
    return class_attributes(root if is_class(root) else type(root)).get("__module__")


def differing(before: Fingerprint, after: Fingerprint) -> Iterator[str]:
    """Yield a line for each difference; what hangs on a lost object is not told again."""
    for key, was in before.items():
        now = after.get(key)
        if now is None:
            continue  # told where it was referred to
        if was.type_id != now.type_id:
            yield f"{was.path} is of another class"
        if [edge[:2] for edge in was.edges] != [edge[:2] for edge in now.edges]:
            yield from _differing_edges(was, now)


def _differing_edges(was: Node, now: Node) -> Iterator[str]:
    before = {text: (key, told) for text, key, told in was.edges}
    after = {text: (key, told) for text, key, told in now.edges}
    found = 0
    for text in {**before, **after}:
        old, new = before.get(text), after.get(text)
        if old is None and new is not None:
            found += 1
            yield f"{was.path}{text} is new: {new[1]}"
        elif new is None and old is not None:
            found += 1
            yield f"{was.path}{text} is gone: it was {old[1]}"
        elif old is not None and new is not None and old[0] != new[0]:
            found += 1
            yield f"{was.path}{text} is {new[1]}; it was {old[1]}"
    if not found:
        for old_edge, new_edge in zip_longest(was.edges, now.edges):
            if old_edge is None or new_edge is None or old_edge[:2] != new_edge[:2]:
                first = old_edge or new_edge or ("",)
                yield f"{was.path} has another order or number of parts, from {first[0]} on"
                return


def listing(head: str, lines: list[str]) -> str:
    """Put a message together; what is beyond a screen is counted."""
    shown = [f"  {line}" for line in lines[:_MOST_LINES]]
    if len(lines) > _MOST_LINES:
        shown.append(f"  ... and {len(lines) - _MOST_LINES} more")
    return "\n".join([f"{head}:", *shown])


def _root_text(root: Any) -> str:
    name = getattr(root, "__name__", None) if type(root) is type(gc) else None
    return name or f"<{type(root).__name__}>"
