"""What a source says around a bound name, as it can be told from the code of the statement."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, NamedTuple

from livepatch._python.opcodes import IMPORTS, OP

# What stands before the name is bound; behind a decorator, and behind a class, that is a call.
_MAKES_FUNCTION = {OP[name] for name in ("MAKE_FUNCTION", "SET_FUNCTION_ATTRIBUTE") if name in OP}
_ACCESSORS = ("setter", "getter", "deleter")
_TEXTS = ("text", "constant")
_CALLS = {
    OP[name]
    for name in (
        *("CALL", "CALL_KW", "CALL_FUNCTION_EX", "CALL_FUNCTION", "CALL_FUNCTION_KW"),
        "CALL_METHOD",
    )
    if name in OP
}
_LOAD_NAME, _LOAD_ATTRIBUTE, _POP_TOP = OP["LOAD_NAME"], OP["LOAD_ATTR"], OP["POP_TOP"]


class Shell(NamedTuple):
    """What the source says around a bound name: all of its statement but function bodies.

    Attributes:
        fingerprint: equal for two statements that say the same.
        loads: the names that the statement reads.
    """

    fingerprint: tuple[Any, ...]
    loads: frozenset[str]

    @property
    def kinds(self) -> list[Any]:
        """The kinds of the instructions that say it."""
        return [part[0] if isinstance(part, tuple) else part for part in self.fingerprint]

    @property
    def is_definition(self) -> bool:
        """Whether this is the statement of a function or class."""
        return any(isinstance(part, tuple) and part[0] == "code" for part in self.fingerprint)

    @property
    def is_plain_function(self) -> bool:
        """Whether this is a `def` without decorators."""
        last = self.fingerprint[-2] if len(self.fingerprint) > 1 else None
        return self.is_definition and isinstance(last, tuple) and last[0] in _MAKES_FUNCTION

    def binds_itself(self, name: str) -> bool:
        """Whether the statement binds a name to what has that name already: ``X = X``."""
        last = self.fingerprint[-2] if len(self.fingerprint) > 1 else None
        return isinstance(last, tuple) and last[1] == name

    @property
    def is_import(self) -> bool:
        """Whether this is a statement that imports."""
        return any(isinstance(part, tuple) and part[0] in IMPORTS for part in self.fingerprint)

    @property
    def is_alias(self) -> bool:
        """Whether the statement gives another name to what a name leads to: ``get = cell.get``."""
        kinds = self.kinds
        while len(kinds) > 1 and kinds[-2] == _LOAD_ATTRIBUTE:
            del kinds[-2]
        # What stands before, and binds nothing, ends with this.
        return kinds[-2:-1] == [_LOAD_NAME] and kinds[-3:-2] in ([], [_POP_TOP])

    def is_made_with(self, name: str, *, alone: bool = False) -> bool:
        """Whether a definition is made with what a name says: a decorator, or a default.

        What an annotation says stands behind the text of a parameter's name, and a base behind the
        class's own code.

        Args:
            name: the name.
            alone: leave out the statements that stand before the definition and bind nothing.
        """
        before: Any = None
        found = False
        for part in self.fingerprint:
            kind, said = (part[0], part[-1]) if isinstance(part, tuple) else (None, None)
            if kind == "code":
                return found
            if kind == _POP_TOP and alone:
                found = False
            elif said == name and kind not in _TEXTS and before not in _TEXTS:
                found = True
            before = kind
        return found

    @property
    def calls(self) -> int:
        """How many calls the statement makes, those of its decorators among them."""
        return sum(kind in _CALLS for kind in self.kinds)

    def may_call(self, name: str) -> bool:
        """Whether the statement may call what it reads by a name, itself or by what it gives it to.

        It does not where it only binds it to another name, or makes a property of it.
        """
        return any(
            isinstance(said, tuple)
            and said[-1] == name
            and isinstance(then, tuple)
            and then[-1] not in _ACCESSORS
            for said, then in pairwise(self.fingerprint)
        )

    @property
    def constant(self) -> str | None:
        """The repr of the constant that is all this statement binds, if it is that simple."""
        first = self.fingerprint[0] if len(self.fingerprint) == 2 else None  # noqa: PLR2004
        if not isinstance(first, tuple) or first[0] not in _TEXTS:
            return None
        return repr(first[1]) if first[0] == "text" else str(first[1])
