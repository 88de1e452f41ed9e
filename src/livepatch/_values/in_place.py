"""Stage 5: what statements have entered into containers that they found there.

Where only what changed runs it is in them already; this is for who takes the reload back.
"""

from __future__ import annotations

import operator
from collections import Counter, deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

from livepatch._python.constants import same_value
from livepatch._python.own import MISSING, Call, OwnDict, OwnList
from livepatch._steps.dicts import (
    has_plain_keys,
    identity_of,
    kind_of_dict,
    known_by,
    restore_places,
)
from livepatch._steps.items import (
    Items,
    append_items,
    rearrange,
    remove_items,
    repeat_item,
    unrepeat_item,
)
from livepatch._steps.steps import Steps
from livepatch._values.registries import took_the_place


def entered_in_place(
    settle: Callable[[Any], Any], live: Any, before: Any, order: Collection[Any]
) -> tuple[Steps, Steps]:
    """Return the steps for what statements have entered into a container that they found there.

    It is in the container already. The steps say so for who takes the reload back; what others did
    to the container since stays then.

    Args:
        settle: returns what will stand for an object.
        live: the container.
        before: what it held: a dict, or a list of its items.
        order: the keys or the items as they were, with what is known to have gone or to have been
            replaced.

    Returns:
        The steps of what was entered, and those that give a subclass its place back that a class
        took which was made again. No steps where items have gone or changed their places.
    """
    place = _InPlace(settle)
    # Of a class of the program's own, past what it has put over the methods.
    if isinstance(live, dict):
        place.see_items(live, before)
        place.see_order(live, before, order)
    elif isinstance(live, (list, deque)):
        place.see_list(live, before, order)
    elif isinstance(live, set):
        place.see_set(live, before)
    return place.entered, place.give_back


@dataclass(slots=True, eq=False)
class _InPlace:
    settle: Callable[[Any], Any]
    entered: Steps = field(default_factory=Steps)
    give_back: Steps = field(default_factory=Steps)

    def settle_key(self, key: Any) -> Any:
        """Return what will stand for a key, or for what is in one that is a tuple."""
        if type(key) is not tuple:
            return self.settle(key)
        parts = tuple(map(self.settle_key, key))
        return key if all(map(operator.is_, parts, key)) else parts

    def see_items(self, live: dict[Any, Any], before: dict[Any, Any]) -> None:
        there = OwnDict((known_by(key), value) for key, value in before.items())
        if not there.keys() <= set(map(known_by, live)):
            return
        kind = kind_of_dict(live)
        known = {identity_of(self.settle_key(key)) for key in before}
        for key, value in list(live.items()):
            old, settled = there.get(known_by(key), MISSING), self.settle_key(key)
            if old is not MISSING:
                if value is not old:
                    self.see_item(kind, live, key, (old, self.settle(value)))
            elif identity_of(settled) not in known:  # else a class made again: it is repointed
                do = Call(kind.__setitem__, live, settled, self.settle(value))
                self.entered.add(do, Call(kind.pop, live, settled, None))

    def see_order(
        self, live: dict[Any, Any], before: dict[Any, Any], order: Collection[Any]
    ) -> None:
        """See whether what was there follows one another as it did."""
        there = dict.fromkeys(map(known_by, before))
        now = [known for known in map(known_by, live) if known in there]
        if len(now) == len(there) and now != list(there) and has_plain_keys(live):
            orders = (Call(restore_places, live, OwnList(each), ()) for each in (live, order))
            self.entered.add(*orders)

    def see_item(self, kind: Any, live: dict[Any, Any], key: Any, values: tuple[Any, Any]) -> None:
        before, new = values
        old = self.settle(before)
        if old is new or same_value(old, new):
            return
        key = self.settle_key(key)
        puts_new, puts_old = (Call(kind.__setitem__, live, key, each) for each in (new, old))
        if took_the_place(self.settle, before, new):  # by the bases that it had
            self.give_back.add(puts_old, puts_new)
        else:
            self.entered.add(puts_new, puts_old)

    def see_list(self, live: Items, before: list[Any], order: Collection[Any]) -> None:
        # What was struck off and has come again, made anew, settles to the same.
        settled, was = (OwnList(map(self.settle, each)) for each in (live, before))
        in_order, there = _begins_with(settled, was), set(map(id, was))
        if not in_order and not there <= set(map(id, settled)):
            return
        # One that is there twice now, made anew, is seen to where the list is repointed.
        rest = settled[len(was) :] if in_order else settled
        more = OwnList(each for each in rest if id(each) not in there)
        if more:
            self.entered.add(Call(append_items, live, more), Call(remove_items, live, more))
        if not in_order:
            orders = (settled, OwnList(map(self.settle, order)))
            self.entered.add(*(Call(rearrange, live, each) for each in orders))
        self._see_repeats(live, was)

    def _see_repeats(self, live: Items, was: list[Any]) -> None:
        """See what is there more often than it was: two decorators enter it now."""
        before, seen = Counter(map(id, was)), Counter[int]()
        for place, item in enumerate(live):
            settled, times = self.settle(item), seen[id(item)]
            seen[id(item)] += 1
            if 0 < before[id(settled)] <= times:
                self.entered.add(
                    Call(repeat_item, live, place, settled, times + 1),
                    Call(unrepeat_item, live, settled, times),
                )

    def see_set(self, live: set[Any], before: list[Any]) -> None:
        known, settled = set(map(id, map(self.settle, before))), OwnList(map(self.settle, live))
        news = OwnList(each for each in settled if id(each) not in known)
        if news and known <= set(map(id, settled)):
            self.entered.add(Call(set.update, live, news), Call(set.difference_update, live, news))


def _begins_with(items: list[Any], before: Collection[Any]) -> bool:
    """Whether items are those of before, and perhaps more behind them."""
    # What has its place again has it under a text of the new source.
    return len(items) >= len(before) and all(map(same_value, items, before))
