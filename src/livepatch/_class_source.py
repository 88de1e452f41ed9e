"""Whether the source says the same of a class, and of all that the class is made from."""

from __future__ import annotations

import re
import types
from collections.abc import Iterable, Iterator
from typing import Any

from livepatch._code import nested_codes
from livepatch._constants import is_plain, same_contents
from livepatch._decisions import Decisions
from livepatch._kinds import CLASS, FUNCTION, class_attributes, is_class, mro_of, qualified_name
from livepatch._module import Module, Path
from livepatch._pairs import Matches, Pair
from livepatch._reshaped import code_changed
from livepatch._scope import ANNOTATIONS, Shell

_IDENTIFIER = re.compile(r"[^\W\d]\w*")
# Where the annotations of a class are among its shells: one statement each, or a function (3.14).
_ANNOTATING = (ANNOTATIONS, "__annotate_func__", "__annotate__")
# What runs when a class is made, and may put attributes into it.
_CLASS_MAKERS = ("__new__", "__init__", "__prepare__", "__call__", "__init_subclass__")
_FROM_BASES = ("__init_subclass__",)
# What runs when an instance is made, and when a class has it for an attribute.
_INITIALISERS = ("__new__", "__init__", "__set_name__")


def class_source_is_same(matches: Matches, pair: Pair) -> bool | None:
    """Whether the source says the same of a class but for its functions; None when unknown."""
    new, old = pair.module.outline, pair.before.origin
    # Of a base that a call makes, as of that of Point(namedtuple("Point", "x y")), it says this.
    is_base = pair.path[-1].startswith("<base ")
    path = pair.path[:-1] if is_base else pair.path
    header = new.same_shell(old, path)
    if header and _generator_changed(matches, pair, path):
        return False
    if is_base or path not in new.scopes:
        # Made by a call: Point = namedtuple("Point", FIELDS)
        return header and not _is_given_otherwise(pair, path)
    body = new.same_body(old, pair.path)
    return None if header is None or body is None else header and body


def _is_given_otherwise(pair: Pair, path: Path) -> bool:
    """Whether a call that makes a class is given other texts, numbers and tables of these."""
    scope = pair.module.outline.scopes.get(path[:-1])
    shells = scope.shells.get(path[-1], ()) if scope is not None else ()
    for name in {name for shell in shells for name in shell.loads}:
        before, after = pair.before.old.get(name), pair.module.new.get(name)
        if is_plain(before) and is_plain(after) and not same_contents(before, after):
            return True
    return False


def is_made_from_changed(decisions: Decisions, pair: Pair) -> bool:
    """Whether a class derives from one whose source changed, or annotates something with it.

    Dataclasses, typed dicts, attrs and pydantic make from them what the class's own source does not
    say: its ``__init__`` has the fields of its bases.
    """
    matches = decisions.matches
    if decisions.changed_classes is None:
        decisions.changed_classes = {
            id(each.new)
            for each in matches.beyond_functions()
            if each.kind is CLASS and class_source_is_same(matches, each) is not True
        }
    if not decisions.changed_classes:
        return False
    reached = {id(pair.new)}
    waiting = [pair]
    while waiting:
        for each in _made_from(matches, waiting.pop()):
            if id(each.new) in reached:
                continue
            if id(each.new) in decisions.changed_classes:
                return True
            reached.add(id(each.new))
            waiting.append(each)
    return False


def _made_from(matches: Matches, pair: Pair) -> Iterator[Pair]:
    for value in (*mro_of(pair.new)[1:], *_named_by(pair)):
        each = matches.by_new.get(id(value))
        if each is not None and each.kind is CLASS:
            yield each


def _named_by(pair: Pair) -> Iterator[Any]:
    """Yield what a class statement and the annotations in its body name.

    A typed dict does not have those that it derives from among its bases.
    """
    scopes, path = pair.module.outline.scopes, pair.path
    shells: list[Shell] = []
    for place, said_in in ((path[:-1], path[-1:]), (path, _ANNOTATING)):
        scope = scopes.get(place)
        shells += (each for name in said_in if scope for each in scope.shells.get(name, ()))
    names = {name for shell in shells for name in shell.loads}
    for shell in shells:
        for text in _texts_in(shell.fingerprint):
            names.update(_IDENTIFIER.findall(text))
    for name in names:
        value = pair.module.new.get(name)
        if type(value) is types.ModuleType:
            yield from map(value.__dict__.get, names)
        yield value


def _texts_in(said: tuple[Any, ...]) -> Iterator[str]:
    """Yield the texts in a statement: forward references are among them."""
    for part in said:
        if type(part) is tuple and part[:1] == ("text",):
            yield part[1]
        elif type(part) is tuple:
            yield from _texts_in(part)


def _generator_changed(matches: Matches, pair: Pair, path: Path) -> bool:
    """Whether a decorator, metaclass or base of a class makes it in another way than before."""
    module = pair.module
    scope = module.outline.scopes.get(path[:-1])
    shells = scope.shells.get(path[-1], ()) if scope is not None else ()
    for name in {name for shell in shells for name in shell.loads}:
        used = matches.by_new.get(id(module.new.get(name)))
        if used is None and module.followed.definitions.get((name,), ("", False))[1]:
            return True  # the body of a function that was not made again
        if used is not None and used.kind is FUNCTION and code_changed(used.old, used.new):
            return True
    if not is_class(pair.new):
        return False
    # The class statement need not name them: a base has a metaclass, and bases of its own.
    bases, metaclasses = mro_of(pair.new)[1:], mro_of(type(pair.new))
    return any(_runs_otherwise(matches, each, _FROM_BASES) for each in bases) or any(
        _runs_otherwise(matches, each, _CLASS_MAKERS) for each in metaclasses
    )


def makers_call_changed(matches: Matches, pair: Pair) -> bool:
    """Whether what runs as a class is made calls a function whose code has changed.

    Its decorators, ``__init_subclass__`` of its bases, its metaclass; through other functions too.
    """
    path = pair.path
    scope = pair.module.outline.scopes.get(path[:-1])
    shells = scope.shells.get(path[-1], ()) if scope is not None else ()
    names = {name for shell in shells for name in shell.loads}
    makers = [(pair.module, pair.module.new.get(name)) for name in names]
    for classes, methods in (
        (mro_of(pair.new)[1:], _FROM_BASES),
        (mro_of(type(pair.new)), _CLASS_MAKERS),
    ):
        for cls in classes:
            made = matches.by_new.get(id(cls)) or matches.by_old.get(id(cls))
            if made is not None and is_class(made.new):
                attributes = class_attributes(made.new)
                makers += ((made.module, attributes.get(name)) for name in methods)
    return any(_calls_changed(matches, module, each) for module, each in makers)


def _calls_changed(matches: Matches, module: Module, function: Any) -> bool:
    """Whether a function of a module calls one that has other code, through others as well."""
    reached: set[int] = set()
    waiting = [(module, function)]
    while waiting:
        module, function = waiting.pop()
        function = getattr(function, "__func__", function)
        if type(function) is not types.FunctionType:
            continue
        code = function.__code__
        for name in {name for each in (code, *nested_codes(code)) for name in each.co_names}:
            used = matches.by_new.get(id(module.new.get(name)))
            if used is None or used.kind is not FUNCTION or id(used) in reached:
                continue
            if code_changed(used.old, used.new):
                return True
            reached.add(id(used))
            waiting.append((used.module, used.new))
    return False


def makes_otherwise(old: type, new: type) -> bool:
    """Whether two versions of a class initialise their instances by other code."""
    return _differ(old, new, _INITIALISERS)


def _differ(old: type, new: type, names: Iterable[str]) -> bool:
    before, after = class_attributes(old), class_attributes(new)
    return any(code_changed(before.get(name), after.get(name)) for name in names)


def instances_are_made_otherwise(matches: Matches, cls: type) -> bool:
    """Whether a class is part of a reload, and initialises its instances by other code now.

    Where only what changed runs, its functions may have taken that code; there is no other class.
    """
    return _runs_otherwise(matches, cls, _INITIALISERS)


def _runs_otherwise(matches: Matches, cls: type, names: Iterable[str]) -> bool:
    """Whether some methods of a class, old or new, do something else in the new source."""
    if cls is object or cls is type:
        return False  # nearly every one
    pair = matches.by_old.get(id(cls)) or matches.by_new.get(id(cls))
    if pair is not None:
        return is_class(pair.old) and is_class(pair.new) and _differ(pair.old, pair.new, names)
    module, name = matches.owner_of(cls), qualified_name(cls)
    if module is None or name is None:
        return False
    paths = ((*name.split("."), method) for method in names)
    return any(module.followed.definitions.get(path, ("", False))[1] for path in paths)
