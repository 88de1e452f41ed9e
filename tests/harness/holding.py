"""What the state machine holds of a generated definition, and what a fresh run of it says."""

from __future__ import annotations

import functools
import types
import weakref
from contextlib import suppress
from typing import Any

from livepatch.testing import Definition, LiveModule
from livepatch.testing._grammar import GRAMMAR
from livepatch.testing._portrait import portrait_of

STATE = 77
"""What the attribute is set to that must stay."""

# Of these the hash is by identity, whatever the way they are written in.
_HASHED = frozenset({"function", "coroutine", "generator", "closure", "enum", "exception"})


def fresh_portrait(name: str, path: str, source: str) -> dict[str, str]:
    """What a fresh import of a source looks like, made aside in this process."""
    module = types.ModuleType(name)
    module.__file__ = path
    exec(compile(source, path, "exec", dont_inherit=True), vars(module))
    portrait = portrait_of(module)
    vars(module).clear()
    return {path: text for path, text in portrait.items() if not path.startswith("__")}


class Held:
    """One definition, or an instance of it, in every kind of holder there is."""

    def __init__(self, name: str, ask: str, value: Any, state: str = "") -> None:
        self.name = name
        self.ask = ask
        self.state = state
        self.value = value
        self.items = [value]
        self.pair = (value, (value,))
        self.table = {"a": value, "b": [value]}
        self.cell = lambda: value
        self.partial = functools.partial(print, value)
        self.ids = {id(self): value}
        self.keyed: dict[Any, int] = {"before": 0}
        self.members: frozenset[Any] = frozenset()
        self.weak: Any = None

    def hash_it(self) -> None:
        """Hold it by its hash, too."""
        self.keyed = {"before": 0, self.value: 1, "behind": 2}
        self.members = frozenset({self.value})

    def refer_to_it(self) -> None:
        """Hold it weakly, too, if it can be."""
        with suppress(TypeError):
            self.weak = weakref.ref(self.value)

    def places(self) -> list[Any]:
        """What each of the holders holds now."""
        found = [
            self.value,
            self.items[0],
            self.pair[0],
            self.pair[1][0],
            self.table["a"],
            self.table["b"][0],
            self.cell(),
            self.partial.args[0],
            self.ids[id(self)],
        ]
        if self.members:
            found += [list(self.keyed)[1], *self.members]
        if self.weak is not None and type(self.value).__weakrefoffset__:
            found.append(self.weak())
        elif self.weak is not None:
            self.weak = None  # its layout has lost the room for one
        return found

    def check(self, live: LiveModule, definition: Definition) -> None:
        """Check that it is one object in all its holders, and answers as its definition says."""
        places = self.places()
        assert all(place is places[0] for place in places), self.name
        if self.members:
            assert self.keyed[places[0]] == 1, self.name
            assert places[0] in self.members, self.name
            assert [*self.keyed.values()] == [0, 1, 2], self.name
        if self.ask:
            scope = {**vars(live.module), "x": places[0]}
            assert eval(self.ask, scope) == definition.number, definition
        else:
            assert places[0] is getattr(live.module, self.name), self.name
        if self.state:
            assert getattr(places[0], self.state) == STATE, definition
            assert type(places[0]) is getattr(live.module, self.name), definition


def held_of(live: LiveModule, definition: Definition) -> list[Held]:
    """Hold what the grammar says of a definition, and the definition itself."""
    grammar, scope = GRAMMAR[definition.kind], vars(live.module)
    value = eval(grammar.hold.format(n=definition.name), scope)
    if grammar.state:
        object.__setattr__(value, grammar.state, STATE)
    found = [Held(definition.name, grammar.ask, value, grammar.state)]
    found[0].refer_to_it()
    if grammar.hold != "{n}" and definition.kind != "table":
        found.append(Held(definition.name, "", scope[definition.name]))
        found[1].hash_it()
    if definition.kind in _HASHED:
        found[0].hash_it()
    return found
