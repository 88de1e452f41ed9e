"""What may hold a definition: a way to hold it and a way to read it back, one entry a kind."""

from __future__ import annotations

import asyncio
import collections
import contextvars
import functools
import itertools
import queue
import threading
import types
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, Optional, Union

Hold = Callable[[Any], Any]
Read = Callable[[Any], Any]


@dataclass(frozen=True)
class Holder:
    """One kind of holder."""

    name: str
    hold: Hold
    read: Read


class Slotted:
    """An object whose only attribute is in a slot."""

    __slots__ = ("content",)

    def __init__(self, content: Any) -> None:
        self.content = content


class Plain:
    """An object whose attributes are in its dict."""

    def __init__(self, content: Any) -> None:
        self.content = content


class Touched(Plain):
    """An object whose dict was asked for, and so exists as an object."""

    def __init__(self, content: Any) -> None:
        super().__init__(content)
        self.__dict__  # noqa: B018 - asking for it is the point


class ListOfOwn(list[Any]):
    """A subclass of list."""


class DictOfOwn(dict[Any, Any]):
    """A subclass of dict."""


class TupleOfOwn(tuple[Any, ...]):
    """A subclass of tuple."""

    __slots__ = ()


class PairOfOwn(NamedTuple):
    """A named tuple."""

    first: Any
    second: Any


def _cell(obj: Any) -> Callable[[], Any]:
    return lambda: obj


def _default(obj: Any) -> Callable[..., Any]:
    def function(content: Any = obj) -> Any:
        return content

    return function


def _keyword_default(obj: Any) -> Callable[..., Any]:
    def function(*, content: Any = obj) -> Any:
        return content

    return function


def _function_attribute(obj: Any) -> Callable[..., Any]:
    def function() -> None: ...

    function.content = obj  # type: ignore[attr-defined]
    return function


def _annotation(obj: Any) -> Callable[..., Any]:
    def function() -> None: ...

    function.__annotations__["content"] = obj
    return function


def _class_attribute(obj: Any) -> type:
    return type("Owner", (), {"content": staticmethod(obj)})


def _class_list(obj: Any) -> type:
    return type("Owner", (), {"content": [obj]})


def _generator(obj: Any) -> Any:
    def generate() -> Any:
        content = obj
        yield None
        yield content

    suspended = generate()
    next(suspended)
    return suspended


async def _wait_and_return(content: Any, gate: Any) -> Any:
    await gate
    return content


class _Gate:
    def __await__(self) -> Any:
        yield None


def _coroutine(obj: Any) -> Any:
    suspended = _wait_and_return(obj, _Gate())
    suspended.send(None)
    return suspended


def _read_coroutine(suspended: Any) -> Any:
    try:
        suspended.send(None)
    except StopIteration as stop:
        return stop.value
    message = "the coroutine did not end"
    raise AssertionError(message)


async def _async_numbers(content: Any) -> Any:
    yield None
    yield content


def _async_step(generator: Any) -> Any:
    try:
        generator.__anext__().send(None)
    except StopIteration as stop:
        return stop.value
    message = "the generator did not yield"
    raise AssertionError(message)


def _async_generator(obj: Any) -> Any:
    suspended = _async_numbers(obj)
    _async_step(suspended)
    return suspended


def _context_variable(obj: Any) -> contextvars.ContextVar[Any]:
    variable: contextvars.ContextVar[Any] = contextvars.ContextVar("content")
    variable.set(obj)
    return variable


def _copied_context(obj: Any) -> tuple[contextvars.Context, contextvars.ContextVar[Any]]:
    variable: contextvars.ContextVar[Any] = contextvars.ContextVar("content")
    context = contextvars.Context()
    context.run(variable.set, obj)
    return context, variable


def _future(obj: Any) -> Any:
    loop = asyncio.new_event_loop()
    loop.close()
    future = loop.create_future()
    future.add_done_callback(obj)
    return future


def _handle(obj: Any) -> asyncio.Handle:
    loop = asyncio.new_event_loop()
    loop.close()
    return asyncio.Handle(obj, (), loop)


def _exception(obj: Any) -> Exception:
    return Exception("text", obj)


def _self_holding_list(obj: Any) -> list[Any]:
    holder: list[Any] = [obj]
    holder.append(holder)
    return holder


def _deep_tuple(obj: Any) -> list[Any]:
    return [(0, (1, (2, frozenset({obj}))))]


def _two_tuples_sharing(obj: Any) -> list[Any]:
    shared = (obj,)
    return [shared, {"shared": shared}]


def _queue(obj: Any) -> queue.Queue[Any]:
    holder: queue.Queue[Any] = queue.Queue()
    holder.put(obj)
    return holder


def _module(obj: Any) -> types.ModuleType:
    module = types.ModuleType("a_module_out_of_sys_modules")
    vars(module)["content"] = obj
    return module


def _only(items: Any) -> Any:
    (item,) = items
    return item


def _the_same(items: Any) -> Any:
    return _only({id(item): item for item in items}.values())


def _both_in_one(pair: Any) -> Any:
    first, second = pair
    return first[0] if first is second["shared"] else None


def _partial_of_a_partial(obj: Any) -> Any:
    return functools.partial(functools.partial(obj), 1)


MUTABLE = [
    Holder("list", lambda obj: [0, obj], lambda holder: holder[1]),
    Holder("list_twice", lambda obj: [obj, obj], _the_same),
    Holder("list_in_itself", _self_holding_list, lambda holder: holder[0]),
    Holder("dict_value", lambda obj: {"content": obj}, lambda holder: holder["content"]),
    Holder("dict_key", lambda obj: {0: 0, obj: 1, 2: 2}, lambda holder: list(holder)[1]),
    Holder("dict_key_and_value", lambda obj: {obj: obj}, lambda holder: holder[_only(holder)]),
    Holder("set", lambda obj: {obj}, _only),
    Holder("deque", lambda obj: collections.deque([0, obj], maxlen=5), lambda holder: holder[1]),
    Holder(
        "defaultdict_factory",
        collections.defaultdict,
        lambda holder: holder.default_factory,
    ),
    Holder(
        "defaultdict_value",
        lambda obj: collections.defaultdict(list, content=[obj]),
        lambda holder: holder["content"][0],
    ),
    Holder(
        "ordered_dict_value",
        lambda obj: collections.OrderedDict(a=0, content=obj, z=0),
        lambda holder: holder["content"],
    ),
    Holder(
        "ordered_dict_key",
        lambda obj: collections.OrderedDict([(0, 0), (obj, 1), (2, 2)]),
        lambda holder: list(holder)[1],
    ),
    Holder("counter_key", lambda obj: collections.Counter([obj]), _only),
    Holder(
        "chain_map",
        lambda obj: collections.ChainMap({}, {"content": obj}),
        lambda holder: holder["content"],
    ),
    Holder("user_dict", lambda obj: collections.UserDict(a=obj), lambda holder: holder["a"]),
    Holder("user_list", lambda obj: collections.UserList([obj]), lambda holder: holder[0]),
    Holder("list_subclass", lambda obj: ListOfOwn([obj]), lambda holder: holder[0]),
    Holder("dict_subclass", lambda obj: DictOfOwn(a=obj), lambda holder: holder["a"]),
    Holder("namespace", lambda obj: types.SimpleNamespace(a=obj), lambda holder: holder.a),
    Holder("module_namespace", _module, lambda holder: holder.content),
    Holder("instance_attribute", Plain, lambda holder: holder.content),
    Holder("instance_attribute_in_a_dict", Touched, lambda holder: holder.__dict__["content"]),
    Holder("slot", Slotted, lambda holder: holder.content),
    Holder("class_attribute", _class_attribute, lambda holder: holder.content),
    Holder("list_in_a_class_attribute", _class_list, lambda holder: holder.content[0]),
    Holder("cell", _cell, lambda holder: holder()),
    Holder("default", _default, lambda holder: holder()),
    Holder("keyword_default", _keyword_default, lambda holder: holder()),
    Holder("function_attribute", _function_attribute, lambda holder: holder.content),
    Holder("annotation", _annotation, lambda holder: holder.__annotations__["content"]),
    Holder("partial_function", functools.partial, lambda holder: holder.func),
    Holder("partial_argument", lambda obj: functools.partial(print, obj), lambda h: h.args[0]),
    Holder(
        "partial_keyword", lambda obj: functools.partial(print, a=obj), lambda h: h.keywords["a"]
    ),
    Holder("partial_of_a_partial", _partial_of_a_partial, lambda holder: holder.func),
    Holder("property_getter", lambda obj: property(obj, None, None, "doc"), lambda h: h.fget),
    Holder("property_setter", lambda obj: property(None, obj), lambda h: h.fset),
    Holder("static_method", staticmethod, lambda holder: holder.__func__),
    Holder("class_method", classmethod, lambda holder: holder.__func__),
    Holder("cached_property", functools.cached_property, lambda holder: holder.func),
    Holder("partialmethod", functools.partialmethod, lambda holder: holder.func),
    Holder("exception_argument", _exception, lambda holder: holder.args[1]),
    Holder("queue", _queue, lambda holder: holder.get_nowait()),
    Holder("thread_target", lambda obj: threading.Thread(target=obj), lambda h: h._target),
    Holder("timer_function", lambda obj: threading.Timer(60, obj), lambda holder: holder.function),
    Holder("asyncio_handle", _handle, lambda holder: holder._callback),
    Holder("future_callback", _future, lambda holder: holder._callbacks[0][0]),
    Holder("generator_local", _generator, next),
    Holder("coroutine_local", _coroutine, _read_coroutine),
    Holder("async_generator_local", _async_generator, _async_step),
    Holder("context_variable", _context_variable, lambda holder: holder.get()),
    Holder("variable_of_another_context", _copied_context, lambda h: h[0][h[1]]),
    Holder("list_iterator", lambda obj: iter([obj]), next),
    Holder("chain", lambda obj: itertools.chain([obj]), next),
]
"""Holders that keep their own identity."""

IMMUTABLE = [
    Holder("tuple", lambda obj: [(0, obj)], lambda holder: holder[0][1]),
    Holder("tuple_of_tuples", _deep_tuple, lambda holder: _only(holder[0][1][1][1])),
    Holder("shared_tuple", _two_tuples_sharing, _both_in_one),
    Holder("tuple_as_a_key", lambda obj: {(obj, 1): 2}, lambda holder: _only(holder)[0]),
    Holder("tuple_in_a_set", lambda obj: {(obj, 1)}, lambda holder: _only(holder)[0]),
    Holder("frozenset", lambda obj: [frozenset({obj, 1})], lambda h: _only(h[0] - {1})),
    Holder("tuple_subclass", lambda obj: [TupleOfOwn((obj,))], lambda holder: holder[0][0]),
    Holder("named_tuple", lambda obj: [PairOfOwn(0, obj)], lambda holder: holder[0].second),
    Holder("bound_method", lambda obj: [types.MethodType(obj, 1)], lambda h: h[0].__func__),
    Holder("tuple_default", lambda obj: _default((obj,)), lambda holder: holder()[0]),
    Holder("tuple_in_a_cell", lambda obj: _cell((obj,)), lambda holder: holder()[0]),
    Holder("tuple_in_a_slot", lambda obj: Slotted((obj,)), lambda holder: holder.content[0]),
    Holder("mapping_proxy", lambda o: types.MappingProxyType({"a": o}), lambda h: h["a"]),
]
"""Holders that must be rebuilt, with the holder of the holder."""

TYPING = [
    Holder("list_alias", lambda obj: [list[obj]], lambda holder: holder[0].__args__[0]),
    Holder(
        "dict_alias", lambda obj: [dict[str, list[obj]]], lambda h: h[0].__args__[1].__args__[0]
    ),
    Holder("union", lambda obj: [obj | int], lambda holder: holder[0].__args__[0]),
    Holder("typing_union", lambda obj: [Union[obj, int]], lambda h: h[0].__args__[0]),  # noqa: UP007
    Holder("optional", lambda obj: [Optional[obj]], lambda h: h[0].__args__[0]),  # noqa: UP045
    Holder("callable_alias", lambda o: [Callable[[o], int]], lambda h: h[0].__args__[0]),
    Holder("bound_method_of_the_class", lambda o: [o().hit], lambda h: type(h[0].__self__)),
    Holder("base_of_a_class", lambda obj: types.new_class("Sub", (obj,)), lambda h: h.__bases__[0]),
    Holder("class_of_an_instance", lambda obj: [obj()], lambda holder: type(holder[0])),
    Holder("super_object", lambda obj: [super(obj, obj())], lambda h: h[0].__thisclass__),
]
"""Holders that hold classes only."""

WEAK = [
    Holder("weak_reference", lambda obj: [weakref.ref(obj)], lambda holder: holder[0]()),
    Holder("weak_set", lambda obj: weakref.WeakSet([obj]), _only),
    Holder("weak_key", lambda o: weakref.WeakKeyDictionary({o: 1}), _only),
    Holder("weak_value", lambda o: weakref.WeakValueDictionary({"a": o}), lambda h: h["a"]),
    Holder("weak_proxy", lambda obj: [weakref.proxy(obj)], lambda h: h[0].__call__.__self__),
]
"""Holders that no garbage collector call names."""
