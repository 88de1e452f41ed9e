"""What a class is called: its ``__name__`` and ``__qualname__``, whatever its metaclass says."""

from __future__ import annotations

from livepatch._python.own import Call
from livepatch._steps.steps import Steps

CLASS_NAMES = ("__name__", "__qualname__")


def name_of_class(cls: type, name: str) -> str:
    """Return one of the names of a class."""
    found: str = _GETTERS[name](cls)
    return found


_GETTERS = {name: type.__dict__[name].__get__ for name in CLASS_NAMES}


def name_class(steps: Steps, cls: type, name: str, new: str, old: str) -> None:
    """Note the step that gives a class another one of its names."""
    setter = type.__dict__[name].__set__
    steps.add(Call(setter, cls, new), Call(setter, cls, old))
