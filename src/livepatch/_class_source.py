"""Whether the source says the same of a class, and of all that the class is made from."""

from __future__ import annotations

import re
import types
from collections.abc import Iterator
from typing import Any

from livepatch._decisions import Decisions
from livepatch._kinds import CLASS, FUNCTION, class_attributes, is_class, mro_of
from livepatch._module import Module
from livepatch._pairs import Matches, Pair
from livepatch._reshaped import code_changed
from livepatch._scope import ANNOTATIONS, Shell

_IDENTIFIER = re.compile(r"[^\W\d]\w*")
# Where the annotations of a class are among its shells: one statement each, or a function (3.14).
_ANNOTATING = (ANNOTATIONS, "__annotate_func__", "__annotate__")
# What runs when a class is made, and may put attributes into it.
_CLASS_MAKERS = ("__new__", "__init__", "__prepare__", "__call__", "__init_subclass__")


def class_source_is_same(matches: Matches, pair: Pair) -> bool | None:
    """Whether the source says the same of a class but for its functions; None when unknown."""
    new, old = pair.module.outline, pair.before.origin
    header = new.same_shell(old, pair.path)
    if header and _generator_changed(matches, pair):
        return False
    if pair.path not in new.scopes:
        return header  # made by a call: Point = namedtuple("Point", "x y")
    body = new.same_body(old, pair.path)
    return None if header is None or body is None else header and body


def is_made_from_changed(decisions: Decisions, pair: Pair) -> bool:
    """Whether a class derives from one whose source changed, or annotates something with it.

    Dataclasses, typed dicts, attrs and pydantic make from them what the class's own source does not
    say: its ``__init__`` has the fields of its bases.
    """
    matches = decisions.matches
    if decisions.changed_classes is None:
        decisions.changed_classes = {
            id(each.new)
            for each in matches.pairs
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


def _generator_changed(matches: Matches, pair: Pair) -> bool:
    """Whether a decorator, metaclass or base of a class makes it in another way than before."""
    module = pair.module
    scope = module.outline.scopes.get(pair.path[:-1])
    shells = scope.shells.get(pair.path[-1], ()) if scope is not None else ()
    for name in {name for shell in shells for name in shell.loads}:
        used = matches.by_new.get(id(module.new.get(name)))
        if used is None:
            if _body_changed(module, name):
                return True
            continue
        if used.kind is FUNCTION and code_changed(used.old, used.new):
            return True
        if used.kind is CLASS and is_class(used.old) and _maker_changed(used.old, used.new):
            return True
    return False


def _body_changed(module: Module, name: str) -> bool:
    """Whether a function or maker that was not made again has a new body."""
    definitions = module.followed.definitions
    paths = ((name,), *((name, maker) for maker in _CLASS_MAKERS))
    return any(definitions.get(path, ("", False))[1] for path in paths)


def makes_otherwise(old: type, new: type) -> bool:
    """Whether two versions of a class initialise their instances by other code."""
    before, after = class_attributes(old), class_attributes(new)
    return any(code_changed(before.get(name), after.get(name)) for name in ("__new__", "__init__"))


def _maker_changed(old: type, new: type) -> bool:
    before, after = class_attributes(old), class_attributes(new)
    names = _CLASS_MAKERS if issubclass(new, type) else ("__init_subclass__",)
    return any(code_changed(before.get(name), after.get(name)) for name in names)
