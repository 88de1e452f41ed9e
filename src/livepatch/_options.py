"""What a caller asks of a reload: the options, checked at the door."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from livepatch._match.module import Module
from livepatch._report.errors import InvalidOptionError, OptionTypeError

STRATEGIES = ("auto", "repoint")
RERUNS = ("all", "changed")


@dataclass(frozen=True, slots=True)
class Request:
    """What a caller asks for, and the modules of which everything is to run: dependents."""

    modules: tuple[object, ...]
    keep: frozenset[str]
    strategy: str
    dry_run: bool
    dependents: bool
    rerun: str | frozenset[str]
    started: float
    whole: frozenset[str] = frozenset()


def check_options(
    keep: Iterable[str], strategy: str, rerun: str | Iterable[str]
) -> tuple[frozenset[str], str | frozenset[str]]:
    """Return which globals are kept, and what runs again.

    Raises:
        InvalidOptionError, OptionTypeError: an option is nothing that can be asked for.
    """
    _check_strategy(strategy)
    return _check_keep(keep), _check_rerun(rerun)


def check_flags(**flags: object) -> None:
    """Refuse what is to be True or False and is something else.

    Raises:
        OptionTypeError: one of them is.
    """
    for option, value in flags.items():
        if not isinstance(value, bool):
            raise OptionTypeError("LP110", f"{option}={value!r} is neither True nor False")


def _check_strategy(strategy: str) -> None:
    if not isinstance(strategy, str):
        raise OptionTypeError("LP110", f"strategy={strategy!r} is not one of {STRATEGIES}")
    if strategy not in STRATEGIES:
        raise InvalidOptionError("LP110", f"strategy={strategy!r} is not one of {STRATEGIES}")


def _check_keep(keep: Iterable[str]) -> frozenset[str]:
    if isinstance(keep, str):
        raise OptionTypeError("LP110", f"keep={keep!r} is a string, not several: write ({keep!r},)")
    return _names("keep", keep)


def _check_rerun(rerun: str | Iterable[str]) -> str | frozenset[str]:
    if not isinstance(rerun, str):
        return _names("rerun", rerun)
    if rerun not in RERUNS:
        detail = f"rerun={rerun!r} is not one of {RERUNS}; several names are written ({rerun!r},)"
        raise InvalidOptionError("LP110", detail)
    return rerun


def _names(option: str, value: Iterable[Any]) -> frozenset[str]:
    try:
        names = frozenset(value)
    except TypeError as error:
        raise OptionTypeError("LP110", f"{option}={value!r} does not consist of names") from error
    if not all(isinstance(name, str) for name in names):
        raise OptionTypeError("LP110", f"{option}={value!r} does not consist of names of globals")
    return names


def kept_by_modules(modules: Iterable[Module]) -> frozenset[str]:
    """Return the dotted names of the globals that modules say are to be kept.

    Raises:
        OptionTypeError: what one says is no tuple of names.
    """
    names: set[str] = set()
    for module in modules:
        for namespace in (module.new, module.old):
            said = namespace.get("__livepatch_keep__")
            if said is None and "__livepatch_keep__" not in namespace:
                continue  # nearly every one
            if isinstance(said, str) or not isinstance(said, (tuple, list, set, frozenset)):
                detail = f"__livepatch_keep__ = {said!r} is not a tuple of names"
                raise OptionTypeError("LP110", detail)
            names.update(f"{module.name}.{name}" for name in said if isinstance(name, str))
    return frozenset(names)
