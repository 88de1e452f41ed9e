"""What `functools.lru_cache` has in C memory for ever: its function, ``maxsize``, ``typed``."""

from __future__ import annotations

from typing import Any

from livepatch._decide.decisions import Decisions
from livepatch._match.decorated import plain_path
from livepatch._match.pairs import Pair
from livepatch._python.among import young_objects_of
from livepatch._python.code import same_code
from livepatch._python.kinds import CACHE_TYPE, FUNCTION, cached_by
from livepatch._python.own import OwnDict


def same_parameters(old: Any, new: Any) -> bool:
    """Whether two caches are of one size, and tell arguments apart in one way."""
    return bool(old.cache_parameters() == new.cache_parameters())


def is_cache_to_keep(decisions: Decisions, pair: Pair) -> bool:
    """Whether a cache says the same: it cannot be carried over, and is emptied for other code only.

    Then its function stays as well, which is noted.
    """
    inner_old, inner_new = cached_by(pair.old), cached_by(pair.new)
    function = decisions.matches.by_new.get(id(inner_new))
    if function is None or function.old is not inner_old or function.kind is not FUNCTION:
        return False
    same = same_code(inner_old.__code__, inner_new.__code__) and same_parameters(pair.old, pair.new)
    decisions.kept.setdefault(id(inner_new), same)
    return same


def is_in_another_cache(decisions: Decisions, pair: Pair) -> bool:
    """Whether the load put a function into a cache that has no old one to keep: in C memory."""
    if decisions.caches is None and plain_path(pair.path) is not pair.path:
        young = young_objects_of(CACHE_TYPE)
        decisions.caches = OwnDict((id(cached_by(each)), each) for each in young)
    if not decisions.caches or plain_path(pair.path) is pair.path:
        return False  # nothing is around it
    cache = decisions.caches.get(id(pair.new))
    if cache is None or cached_by(cache) is not pair.new:
        return False
    around = decisions.matches.by_new.get(id(cache))
    old: Any = around.old if around is not None else None
    return (
        type(old) is not CACHE_TYPE
        or cached_by(old) is not pair.old
        or not same_parameters(old, cache)
    )
