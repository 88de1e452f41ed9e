"""Classes that a load has derived from what they take the place of.

``class Log(logging.getLoggerClass())`` and ``logging.setLoggerClass(Log)``: run once more, the
statement finds the class that it made before. A fresh one would have found that one's base.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from livepatch._python.kinds import bases_of, class_attributes, is_class, qualified_name
from livepatch._python.own import OwnDict

_set_bases = type.__dict__["__bases__"].__set__


def put_bases_of_predecessors(old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    """Let each class that derives from the one that had its name derive from that one's bases.

    Args:
        old: the globals before the load.
        new: those after it.
    """
    for name, cls in list(new.items()):
        before = old.get(name)
        if cls is before or not is_class(cls) or not is_class(before):
            continue
        if not (_is_at(old, name, before) and _is_at(old, name, cls)):
            continue  # one of them is another module's, and has what it has
        bases = bases_of(cls)
        # A metaclass may have an order of its own, and that is code of the user's.
        if any(base is before for base in bases) and type(cls).mro is type.mro:
            each = (part for base in bases for part in _in_place_of(base, before))
            wanted = tuple(OwnDict((id(part), part) for part in each).values())
            with suppress(TypeError):  # its layout may forbid it: planning refuses such bases
                _set_bases(cls, wanted)


def _is_at(namespace: Mapping[str, Any], name: str, cls: type) -> bool:
    """Whether a class says that it was made under a name of a module."""
    home = class_attributes(cls).get("__module__")
    return type(home) is str and home == namespace.get("__name__") and qualified_name(cls) == name


def _in_place_of(base: type, before: type) -> tuple[type, ...]:
    return bases_of(before) if base is before else (base,)
