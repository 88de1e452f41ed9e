"""Hypothesis strategies: generated modules, the edits that lead on from one, their histories."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from livepatch.testing._generated import Definition, ModuleSource
from livepatch.testing._grammar import GRAMMAR, PLACES

_NAMES = ("alpha", "beta", "gamma", "delta", "epsilon")
_NUMBERS = st.integers(min_value=0, max_value=9)
_WAYS = st.integers(min_value=0, max_value=max(len(each.ways) for each in GRAMMAR.values()) - 1)


def modules(*, size: int = 4) -> st.SearchStrategy[ModuleSource]:
    """Generate modules with up to so many definitions of all kinds; ``str()`` gives the source."""
    names = st.lists(st.sampled_from(_NAMES), min_size=1, max_size=size, unique=True)
    return names.flatmap(lambda chosen: st.tuples(*map(_definitions, chosen))).map(ModuleSource)


@st.composite
def edits(draw: st.DrawFn, module: ModuleSource) -> ModuleSource:  # noqa: C901, PLR0911 - one an edit
    """Generate what one edit can make of a module: the module after it.

    A body, the way a definition is written, its place, its kind or its name changes; one is added,
    removed or moved; lines move; or nothing changes at all.
    """
    edit = draw(st.sampled_from(_EDITS))
    if edit == "nothing":
        return module
    if edit == "lines":
        return replace(module, blank=draw(st.integers(min_value=0, max_value=3)))
    if edit == "add":
        return _with_added(module, draw(_definitions(draw(st.sampled_from(_NAMES)))))
    if not module.definitions:
        return module
    name = draw(st.sampled_from([each.name for each in module.definitions]))
    if edit == "remove":
        return _without(module, name)
    if edit == "order":
        return replace(module, definitions=tuple(draw(st.permutations(module.definitions))))
    if edit == "kind":
        return _replaced(module, draw(_definitions(name)))
    if edit == "name":
        other = draw(st.sampled_from(_NAMES))
        return module if module.find(other) else module.with_changed(name, name=other)
    if edit == "body":
        return module.with_changed(name, number=draw(_NUMBERS))
    if edit == "way":
        return module.with_changed(name, way=draw(_WAYS))
    return module.with_changed(name, place=draw(st.sampled_from(sorted(PLACES))))


@st.composite
def versions(draw: st.DrawFn, *, size: int = 4, length: int = 3) -> tuple[ModuleSource, ...]:
    """Generate histories: a module, and up to so many versions of it, one edit after another."""
    found = [draw(modules(size=size))]
    for _ in range(draw(st.integers(min_value=1, max_value=length))):
        found.append(draw(edits(found[-1])))
    return tuple(found)


_EDITS = (
    *("body", "way", "add", "remove", "order", "lines", "place", "kind", "name", "nothing"),
    *("body", "way", "way"),  # the usual ones oftener
)


def _definitions(name: str) -> st.SearchStrategy[Definition]:
    return st.builds(
        Definition,
        st.sampled_from(sorted(GRAMMAR)),
        st.just(name),
        _WAYS,
        _NUMBERS,
        st.sampled_from(["top", "top", "top", *sorted(PLACES)]),
    )


def _with_added(module: ModuleSource, added: Definition) -> ModuleSource:
    rest = tuple(each for each in module.definitions if each.name != added.name)
    return replace(module, definitions=(*rest, added))


def _without(module: ModuleSource, name: str) -> ModuleSource:
    rest = tuple(each for each in module.definitions if each.name != name)
    return replace(module, definitions=rest)


def _replaced(module: ModuleSource, new: Definition) -> ModuleSource:
    found = tuple(new if each.name == new.name else each for each in module.definitions)
    return replace(module, definitions=found)
