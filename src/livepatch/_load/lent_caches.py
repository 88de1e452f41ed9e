"""Stage 3: statements that run are not given what a cache remembers of code that has changed.

``LIMITS = load()["limits"]`` is new, and so is the body of ``load``, around which a cache is.
That is emptied once the reload is certain; until then an empty one stands for it.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Container, Iterator, Mapping
from typing import Any

from livepatch._python.kinds import CACHE_TYPE, cached_by
from livepatch._python.layers import layers_of
from livepatch._python.own import OwnDict, OwnList
from livepatch._registers.records import functions_among
from livepatch._snapshot.snapshot import Snapshot
from livepatch._source.source import namespace_of

_METHODS = (staticmethod, classmethod)
# The pair, and the argument of the function that counts.
_OWN_REFERENCES = 2


def empty_caches(
    snapshot: Snapshot, changed: Container[int], stand_ins: OwnList[OwnList[Any]]
) -> Iterator[tuple[Any, str, Any, Any]]:
    """Yield where caches are that remember something, and what is to be there meanwhile.

    Args:
        snapshot: of the module.
        changed: the ids of the code that has changed.
        stand_ins: takes the empty caches, each with the one that it stands for.
    """
    owners = [(namespace_of(snapshot.source.module), snapshot.namespace), *snapshot.classes]
    for owner, attributes in owners:
        for name, value in attributes.items():
            cache = value.__func__ if type(value) in _METHODS else value
            if type(cache) is not CACHE_TYPE or not cache.cache_info().currsize:
                continue
            if any(id(each.__code__) in changed for each in functions_among([*layers_of(cache)])):
                instead = functools.lru_cache(**cache.cache_parameters())(cached_by(cache))
                instead.__dict__.update(cache.__dict__)
                stand_ins.append(OwnList((instead, cache)))
                yield owner, name, value, instead if value is cache else type(value)(instead)


def put_caches_back(
    stand_ins: OwnList[OwnList[Any]], namespaces: Mapping[str, dict[str, Any]]
) -> Iterator[Any]:
    """Give names the caches for which empty ones stood; yield those that somebody holds."""
    caches: OwnDict[int, Any] = OwnDict((id(instead), cache) for instead, cache in stand_ins)
    for namespace in namespaces.values() if caches else ():
        for name, value in namespace.items():
            if id(value) in caches:
                namespace[name] = caches[id(value)]
    for pair in stand_ins:
        if sys.getrefcount(pair[0]) > _OWN_REFERENCES:
            yield pair
