"""The names that live values lead to, as data."""

from __future__ import annotations

from typing import Any, NamedTuple


class Leads(NamedTuple):
    """The names that live values lead to, of definitions and of methods.

    Attributes:
        called: of what a call of the values runs.
        others: of those whose methods may run, by their names.
    """

    called: set[str]
    others: set[str]


class Content(NamedTuple):
    """What the items of a table lead to, that lead to something.

    Nearly all are functions and classes that lead to their names alone, whoever asks: a register
    of a thousand is asked for by a thousand statements.

    Attributes:
        table: whose; it is alive as long as this is known by its id.
        functions: what a call of its plain functions leads to.
        classes: the names of its classes without members that lead on.
        called: what else has to be called.
        others: other classes and tables; of other objects one of each class.
    """

    table: Any
    functions: Leads
    classes: set[str]
    called: list[Any]
    others: list[Any]
