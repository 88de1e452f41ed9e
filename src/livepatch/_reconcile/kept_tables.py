"""What the load entered in the tables of a decorated object that stays: a group of commands.

Where all of a module ran, ``@group`` made another object, and ``@cli.command()`` entered the
commands there. The live object keeps its tables, for what others have entered, and takes these.
"""

from __future__ import annotations

from typing import Any

from livepatch._match.decorated import plain_path
from livepatch._match.pairs import Matches, Pair
from livepatch._python.own import OwnDict, OwnList
from livepatch._reconcile.result import Reconciliation
from livepatch._registers.records import functions_among, is_container, leaves_of, parts_of
from livepatch._steps.dicts import has_plain_keys
from livepatch._values.registries import KINDS, MAPPINGS


def note_entered_again(result: Reconciliation, pair: Pair, live: Any, made: Any) -> None:
    """Note what of the reload's definitions a table is to have, and what no longer.

    What the program has entered itself stays.

    Args:
        result: takes the tables.
        pair: the object that has the table.
        live: the table, which stays.
        made: the one that the load made in its place.
    """
    whole = pair.module.bodies is None
    if not whole or live is made or type(live) is not type(made) or type(live) not in KINDS:
        return
    matches = result.decisions.matches
    left = _left(result, live, made)
    if left:
        result.left.append((live, left))
    if type(made) in MAPPINGS:
        entered: Any = OwnDict(item for item in made.items() if _is_of_reload(matches, item[1]))
    else:
        entered = OwnList(each for each in made if _is_of_reload(matches, each))
    if entered:
        result.fillings.append((live, entered))
    if type(made) is dict and has_plain_keys(OwnList([*live, *made])):
        others = (key for key in live if key not in made and key not in left)
        result.orders.append((live, OwnList([*made, *others])))


def _left(result: Reconciliation, live: Any, made: Any) -> OwnList[Any]:
    """List what the new source does not enter any more: the keys in a dict, else the entries."""
    matches = result.decisions.matches
    is_dict = type(live) in MAPPINGS
    gone = {id(each) for module in matches.modules for each in module.removed.values()}
    keys: OwnDict[int, list[Any]] = OwnDict()
    for key, value in made.items() if is_dict else zip(made, made):
        for leaf in _leaves(value):
            keys.setdefault(id(leaf), OwnList()).append(key)
    left: OwnList[Any] = OwnList()
    for key, value in live.items() if is_dict else zip(live, live):
        if is_dict and key in made:
            continue
        for leaf in _leaves(value):
            pair = matches.by_old.get(id(leaf))
            again = keys.get(id(pair.new), ()) if pair is not None else ()
            elsewhere = is_dict and again and all(each not in live for each in again)
            if id(leaf) in gone or elsewhere or (pair and not again and _says_else(result, pair)):
                left.append(key)
                break
    return left


def _says_else(result: Reconciliation, pair: Pair) -> bool:
    return result.values.says_the_same(pair, plain_path(pair.path)) is False


def _leaves(value: Any) -> OwnList[Any]:
    return OwnList(leaves_of(value) if is_container(value) else (value,))


def _is_of_reload(matches: Matches, value: Any) -> bool:
    """Whether a value is a definition of the reload, or a record of one."""
    parts = OwnList(
        part for leaf in _leaves(value) for part in (leaf, *functions_among(parts_of(leaf)))
    )
    return any(id(part) in matches.by_new or matches.owner_of(part) is not None for part in parts)
