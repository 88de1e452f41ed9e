"""What reconciling gathers, and what its ways share."""

from __future__ import annotations

import gc
import types
from dataclasses import dataclass, field
from typing import Any

from livepatch._constants import DEEPEST_NESTING, same_value
from livepatch._decisions import Decisions
from livepatch._own import Call, OwnDict, OwnList
from livepatch._pairs import Pair
from livepatch._steps import Steps
from livepatch._values import Values


@dataclass(slots=True, eq=False)
class Reconciliation:
    """The steps of all pairs of a module.

    Attributes:
        steps: what to do.
        changed: ids of the new definitions whose source says something else than the old.
        touched: ids of descriptors initialised anew, which their classes must set again.
        codes: old and new code of each function whose code changed.
        recoded: the old functions that survive and take the new code.
        bases: old classes and the bases they get, base classes first.
        caches: what to empty once all has gone well, with the path of its definition.
        stays: objects that the load made for an attribute whose live value stays, each with that.
    """

    decisions: Decisions
    values: Values
    steps: Steps = field(default_factory=Steps)
    changed: set[int] = field(default_factory=set)
    touched: set[int] = field(default_factory=set)
    codes: OwnList[tuple[types.CodeType, types.CodeType]] = field(default_factory=OwnList)
    recoded: OwnList[types.FunctionType] = field(default_factory=OwnList)
    caches: OwnList[tuple[str, Call]] = field(default_factory=OwnList)
    bases: OwnList[tuple[type, tuple[type, ...]]] = field(default_factory=OwnList)
    cells: OwnDict[int, types.CellType] = field(default_factory=OwnDict)
    stays: OwnList[tuple[Any, Any]] = field(default_factory=OwnList)

    def survivor(self, pair: Pair) -> Any:
        """Return the object that stays."""
        return self.decisions.settle(pair.new)

    def add_cache(self, pair: Pair, call: Call) -> None:
        """Note a cache that is to be emptied once all has gone well."""
        self.caches.append((pair.text, call))

    def let_live_values_stay(self) -> None:
        """Let what else the new code took such an object for (a default, say) refer to that."""
        # What was there before the load is another's, imported and used here.
        young = set(map(id, gc.get_objects(generation=0))) if self.stays else set()
        exchanged: OwnDict[int, Any] = OwnDict()
        for made, live in self.stays:
            if id(made) in young and id(made) not in self.decisions.survivors:
                self.decisions.add_loser(made, live)
                exchanged[id(made)] = live
        self.steps = self.steps.exchanged(exchanged)

    def settle(self, value: Any, depth: int = DEEPEST_NESTING) -> Any:
        """Return a value with the losers in it, as far as tuples go, exchanged for survivors."""
        if type(value) is tuple and depth:
            settled = tuple(self.settle(part, depth - 1) for part in value)
            return value if all(map(lambda a, b: a is b, value, settled)) else settled
        return self.decisions.settle(value)


def same_items(present: dict[str, Any], wanted: dict[str, Any]) -> bool:
    return present.keys() == wanted.keys() and all(
        present[key] is value or same_value(present[key], value) for key, value in wanted.items()
    )
