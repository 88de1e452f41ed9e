"""Names that a source declares by statements which have not run, and that it binds by other means.

``if TYPE_CHECKING: def bold(text): ...`` stands for what a loop binds by ``globals()[name] = ...``.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from types import FunctionType
from typing import Any

from livepatch._python.constants import repr_of_constant
from livepatch._python.kinds import is_module, kind_of, qualified_name
from livepatch._python.own import MISSING
from livepatch._snapshot.nested import absolute_name
from livepatch._source.outline import Outline
from livepatch._source.shell import Shell


def only_declared(old: Outline, new: Outline, namespace: Mapping[str, Any]) -> frozenset[str]:
    """Return the names that statements bound which have gone, and had not bound what is there.

    Where a source has no other means to bind a name than statements, there are none.

    Args:
        old: of the source that the module was made from.
        new: of the present one.
        namespace: what the old source had made.
    """
    if not (old.has_other_means and new.has_other_means):
        return frozenset()  # nearly every module
    shells = old.scopes[()].shells
    gone = shells.keys() - new.scopes[()].shells.keys()
    return frozenset(
        name
        for name in gone & namespace.keys()
        if not any(_may_have_bound(old, namespace, name, shell) for shell in shells[name])
    )


def _may_have_bound(old: Outline, namespace: Mapping[str, Any], name: str, shell: Shell) -> bool:
    value: Any = namespace[name]
    if shell.is_plain_function:
        return type(value) is FunctionType and qualified_name(value) == name
    if shell.is_import:
        return any(
            _may_have_given(absolute_name(each.module, namespace), each.name, value)
            for each in old.scopes[()].imports
            if each.bound == name
        )
    if shell.constant is not None:
        return kind_of(value) is None and repr_of_constant(value) == shell.constant
    return True


def _may_have_given(home: str, name: str | None, value: Any) -> bool:
    """Whether an import gave what is there; who said it then may say something else by now."""
    if name is None:
        return is_module(value)
    if home not in sys.modules:
        return False
    is_from_there = getattr(value, "__module__", None) == home
    return is_from_there or vars(sys.modules[home]).get(name, MISSING) is value
