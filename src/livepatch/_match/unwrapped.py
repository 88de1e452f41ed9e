"""Wrappers whose decorator goes: what is in each, so that it can wrap again what it wrapped."""

from __future__ import annotations

import functools
import gc
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from types import CellType, FunctionType, MemberDescriptorType, MethodType
from typing import Any

from livepatch._python.kinds import (
    DISPATCH_METHOD,
    PROXY_TYPE,
    class_attributes,
    dict_of,
    is_class,
    kind_of,
    mro_of,
)
from livepatch._python.layout import slot_value
from livepatch._python.own import MISSING, Call, OwnDict, OwnList
from livepatch._steps.steps import Steps


@dataclass(slots=True, eq=False)
class Layer:
    """A wrapper whose decorator goes, and how it held what it wrapped.

    Attributes:
        path: where it was, as the report renders it.
        wrapper: the object that the decorator had made.
        wrapped: the function or class in it that the source defines.
        function: what takes the place of both.
        put_there: whether the program has put it over a function, and no decorator of the source.
        parts: the wrapper, and what in it leads to what it wraps.
        kept: parts of other wrappers of the same, which nothing but earlier records keep.
        inside: those of the parts that a reload changes, each with what it contains.
        shared: others than the wrapper hold what it wraps; or, where it wraps nothing and was
            another definition of its own, hold it. They cannot be told apart afterwards.
    """

    path: str
    wrapper: Any
    wrapped: Any
    function: Any
    put_there: bool = False
    parts: OwnList[Any] = field(default_factory=OwnList)
    kept: OwnList[Any] = field(default_factory=OwnList)
    inside: OwnList[tuple[Any, Any]] = field(default_factory=OwnList)
    shared: bool = False

    def __post_init__(self) -> None:
        self.parts += _parts_between(self.wrapper, self.wrapped)
        self._note_contents(self.parts)

    def _note_contents(self, parts: Iterable[Any]) -> None:
        for part in parts:
            contents = _contents_of(part)
            if contents is not None:
                self.inside.append((part, contents[0](part)))

    def keep(self, parts: Iterable[Any]) -> None:
        """Note which parts of wrappers that had gone before wrap the same: they are to do so again.

        Whoever has what takes the place of both comes to the wrapper on the way back.
        """
        self.kept += (part for part in parts if any(each is self.wrapped for each in _held(part)))
        self._note_contents(self.kept)

    @property
    def is_around(self) -> bool:
        """Whether it wraps what takes its place, rather than being another definition."""
        return self.wrapped is not None and self.wrapped is not self.wrapper

    def references(self) -> Iterator[Any]:
        """Yield what refers to the wrapped function on behalf of the wrapper or of this record."""
        yield from (self, self.parts, *self.parts, self.inside, *self.inside)
        yield from (self.kept, *self.kept)
        yield from (then for _, then in self.inside)
        for part in self.parts:
            yield from _remembered_by(part)

    def restore(self, steps: Steps) -> None:
        """Note the steps after which the wrapper wraps what it wrapped."""
        for part, then in self.inside:
            contents = _contents_of(part)
            if contents is not None:
                contents[1](steps, part, then)

    def caches(self) -> Iterator[Call]:
        """Yield what empties the caches inside that remember a function by a class."""
        for part in self.parts:
            clear = part.__dict__.get("_clear_cache") if type(part) is FunctionType else None
            if clear is not None:  # functools.singledispatch
                yield Call(clear)


def _held(part: Any) -> Iterable[Any]:
    own = None if type(part) in _BUILT_IN else dict_of(part)
    return gc.get_referents(part) if own is None else gc.get_referents(part, own)


def _remembered_by(part: Any) -> Iterator[dict[Any, Any]]:
    """Yield the dicts in which functools remembers a function that it dispatches to."""
    if type(part) is FunctionType and "_clear_cache" in part.__dict__:
        clear: Any = part.__dict__["_clear_cache"]
        yield clear.__self__.data
    if kind_of(part) is DISPATCH_METHOD:
        # 3.13 keeps the method that it makes for an instance, which names what it wraps.
        methods: Any = part.__dict__.get("_method_cache")
        yield from (method.__dict__ for method in list((methods or {}).values()))


def _parts_between(wrapper: Any, wrapped: Any) -> OwnList[Any]:
    """List a wrapper and all in it by way of which it holds what it wraps."""
    parts = OwnList([wrapper])
    holders: OwnDict[int, OwnList[Any]] = OwnDict()
    for part in parts:  # which grows
        for inner in _inside(part):
            if inner is not wrapped and id(inner) not in holders and inner is not wrapper:
                parts.append(inner)
            holders.setdefault(id(inner), OwnList()).append(part)
    found: OwnDict[int, Any] = OwnDict()
    waiting = OwnList([wrapped])
    while waiting:
        for holder in holders.get(id(waiting.pop()), ()):
            if id(holder) not in found:
                found[id(holder)] = holder
                waiting.append(holder)
    return OwnList(found.values())


def _inside(part: Any) -> Iterator[Any]:
    """Yield what a wrapper can hold a function in, or the function itself."""
    own = None if type(part) in _BUILT_IN else dict_of(part)
    if own is not None:
        yield own
    for inner in _referents(part):
        if inner is not own and (type(inner) in _BUILT_IN or kind_of(inner) is not None):
            yield inner


def _referents(part: Any) -> Iterable[Any]:
    if type(part) is FunctionType:
        return (part.__closure__,)  # neither its globals nor its defaults
    if issubclass(type(part), dict):
        return list(dict.values(part))  # 3.13 shows the collector those of the instance itself
    return () if is_class(part) else gc.get_referents(part)


_BUILT_IN = (tuple, list, dict, CellType, MethodType)


def _restore_cell(steps: Steps, cell: CellType, then: Any) -> None:
    present = _cell_contents(cell)
    if present is not then:
        steps.set_cell(cell, then, present)


def _cell_contents(cell: CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        return MISSING


def _restore_dict(steps: Steps, items: dict[Any, Any], then: dict[Any, Any]) -> None:
    for key, value in then.items():
        if items.get(key, MISSING) is not value and _is_definition(value):
            steps.set_item(items, key, value)


def _restore_list(steps: Steps, items: list[Any], then: list[Any]) -> None:
    wanted = OwnList(
        before if _is_definition(before) else present for present, before in zip(items, then)
    )
    wanted += items[len(then) :]
    if any(map(lambda a, b: a is not b, items, wanted)):
        steps.replace_items(items, wanted, OwnList(items))


def _state_of_partial(partial: functools.partial[Any]) -> Any:
    state: Any = partial.__reduce__()[2]
    return state


def _restore_partial(steps: Steps, partial: functools.partial[Any], then: Any) -> None:
    setter = functools.partial.__setstate__  # type: ignore[attr-defined]
    steps.add(Call(setter, partial, then), Call(setter, partial, _state_of_partial(partial)))


def _wrapped_by(proxy: Any) -> Any:
    return proxy.__wrapped__


def _restore_proxy(steps: Steps, proxy: Any, then: Any) -> None:
    if proxy.__wrapped__ is not then:
        steps.set_attribute(proxy, "__wrapped__", then, proxy.__wrapped__)


def _slots_of(instance: Any) -> OwnDict[MemberDescriptorType, Any]:
    found: OwnDict[MemberDescriptorType, Any] = OwnDict()
    for cls in mro_of(type(instance)):
        for member in list(class_attributes(cls).values()):
            if type(member) is MemberDescriptorType:
                value = slot_value(member, instance)
                if value is not MISSING and _is_definition(value):
                    found[member] = value
    return found


def _restore_slots(steps: Steps, instance: Any, then: OwnDict[MemberDescriptorType, Any]) -> None:
    for slot, value in then.items():
        present = slot_value(slot, instance)
        if present is not value and present is not MISSING:
            steps.add(Call(slot.__set__, instance, value), Call(slot.__set__, instance, present))


def _is_definition(value: Any) -> bool:
    """Whether a value may hold a function; any other is state, and stays."""
    return kind_of(value) is not None or type(value) in (tuple, MethodType)


# How the contents of a part are read, and how they are put back. What is not here is either never
# changed by a reload once nothing needs it (descriptors) or cannot be changed at all (caches).
_Contents = tuple[Callable[[Any], Any], Callable[[Steps, Any, Any], None]]
_CONTENTS: dict[Any, _Contents] = {
    CellType: (_cell_contents, _restore_cell),
    dict: (OwnDict, _restore_dict),
    list: (OwnList, _restore_list),
    functools.partial: (_state_of_partial, _restore_partial),
    PROXY_TYPE: (_wrapped_by, _restore_proxy),
}


def _contents_of(part: Any) -> _Contents | None:
    for base in mro_of(type(part)):
        if base in _CONTENTS:
            return _CONTENTS[base]
    return None if kind_of(part) is not None else (_slots_of, _restore_slots)
