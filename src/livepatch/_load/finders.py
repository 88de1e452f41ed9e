"""What a module installs among the finders of the import system, when it is run once more.

``sys.meta_path.append(Finder())`` puts another finder there each time, and everything would be
found twice. The new one takes the place of the one that the same class had put there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from livepatch._python.kinds import class_attributes, is_class, qualified_name
from livepatch._python.own import OwnList


def renewed_finders(before: OwnList[Any], after: OwnList[Any]) -> Iterator[OwnList[Any]]:
    """Yield the finders that have a new one of the same class, made again, each with that.

    Args:
        before: what was in ``sys.meta_path``.
        after: what is there now.
    """
    known = set(map(id, before))
    waiting = OwnList(each for each in before if not is_class(each))
    for finder in after:
        if id(finder) in known or is_class(finder):
            continue
        place = next((at for at, each in enumerate(waiting) if _is_made_again(each, finder)), None)
        if place is not None:
            yield OwnList((waiting.pop(place), finder))


def _is_made_again(old: Any, new: Any) -> bool:
    return type(old) is not type(new) and _place_of(type(old)) == _place_of(type(new))


def _place_of(cls: type) -> tuple[str, str | None]:
    return str(class_attributes(cls).get("__module__")), qualified_name(cls)
