"""Context variables: their default is fixed when they are made, and contexts keep their values."""

from __future__ import annotations

import gc
from contextvars import Context, ContextVar
from typing import Any

from livepatch._python.among import objects_of
from livepatch._python.constants import is_plain, same_contents


def has_other_default(old: ContextVar[Any], new: ContextVar[Any]) -> bool:
    """Whether two context variables have other texts and numbers for a default, or one has none."""
    # contextvar_tp_traverse visits the name, then the default (Python/context.c).
    before, after = gc.get_referents(old)[1:], gc.get_referents(new)[1:]
    return len(before) != len(after) or (
        is_plain(before) and is_plain(after) and not same_contents(before, after)
    )


def can_stay(old: ContextVar[Any], new: ContextVar[Any]) -> bool:
    """Whether a variable says what its source says, or has values that another one would not."""
    same = old.name == new.name
    return same and (not has_other_default(old, new) or _is_set_anywhere(old))


def _is_set_anywhere(variable: ContextVar[Any]) -> bool:
    return any(variable in context for context in objects_of(Context))
