"""Generate the source text of the modules that the benchmarks edit and reload."""

from __future__ import annotations

_HEADER = '''\
"""A generated module: {title}, version {version}."""

from __future__ import annotations

LIMIT = 1_000
NAMES = ("ada", "bob", "cyd")
'''

_FUNCTION = '''\


def function_{index}(amount: int, rate: int = 3) -> int:
    """Return what ``amount`` comes to at ``rate``."""
    total = amount * rate + {version}
{added}    for step in range(2):
        if total > LIMIT:
            total -= step * {index}
        else:
            total += step + {version}
    name = NAMES[total % len(NAMES)]
    return total + len(name)
'''

_CLASS = '''\


class Class{index}:
    """One of many classes."""

    kind = "generated"

    def __init__(self, left: int, right: int) -> None:
        self.left = left
        self.right = right{init_tail}

    def combine(self, factor: int = 2) -> int:
        """Return both sides, weighed by ``factor``."""
        total = self.left * factor + {version}
{added}        for step in range(2):
            if total > self.right:
                total -= self.right
            else:
                total += step + {index}
        return total - factor

    def label(self, prefix: str = "item") -> str:
        """Return a text that names both sides."""
        parts = [prefix, str(self.left), str({version})]
{label_added}        if self.right > LIMIT:
            parts.append("large")
        elif self.right < 0:
            parts.append("negative")
        else:
            parts.append(str(self.right))
        return "-".join(parts)
'''

_HIERARCHY = '''\
"""A generated module: a class that gains and loses a base, version {version}."""


class Mixin:
    def shout(self) -> str:
        return "shout"


class Player{base}:
    def __init__(self, name: int, score: int) -> None:
        self.name = name
        self.score = score

    def total(self) -> int:
        return self.name + self.score + {version}


class Twin:
    def __init__(self, name: int, score: int) -> None:
        self.name = name
        self.score = score

    def total(self) -> int:
        return self.name + self.score


class TwinWithBase(Mixin):
    def __init__(self, name: int, score: int) -> None:
        self.name = name
        self.score = score

    def total(self) -> int:
        return self.name + self.score
'''

_SLOTS = '''\
"""A generated module: a slotted class that gains and loses a slot, version {version}."""


class Player:
    __slots__ = ("name", "level", "score"{slot})

    def __init__(self, name: str, level: int, score: float) -> None:
        self.name = name
        self.level = level
        self.score = score


class Box:
    def __init__(self, player: Player) -> None:
        self.player = player


class Twin:
    __slots__ = ("name", "level", "score")

    def __init__(self, name: str, level: int, score: float) -> None:
        self.name = name
        self.level = level
        self.score = score


class TwinWithSlot:
    __slots__ = ("name", "level", "score", "mana")
'''

_SPEED = '''\
"""A generated module: a few short functions whose speed is measured, version {version}."""


class Point:
    def __init__(self, x: int, y: int) -> None:
        self.x = x
        self.y = y{init_tail}

    def shifted(self, by: int) -> int:
        return self.x {sign} by


def add(left: int, right: int) -> int:
    return left {sign} right
'''


def bodies_source(version: int, *, classes: int, functions: int) -> str:
    """Return a module of ``classes`` classes of three methods, and ``functions`` functions.

    Version 1 differs from version 0 in the body of every function and method: one constant
    changes and one line is added, so the text grows and every later line moves.
    """
    function_added = "" if version == 0 else "    total += rate * 2\n"
    combine_added = "" if version == 0 else "        factor += 1\n"
    label_added = "" if version == 0 else "        prefix = prefix.upper()\n"
    init_tail = "" if version == 0 else "\n        assert self.left is left"
    parts = [_HEADER.format(title=f"{classes} classes, {functions} functions", version=version)]
    parts += [
        _CLASS.format(
            index=index,
            version=version,
            added=combine_added,
            label_added=label_added,
            init_tail=init_tail,
        )
        for index in range(classes)
    ]
    parts += [
        _FUNCTION.format(index=index, version=version, added=function_added)
        for index in range(functions)
    ]
    return "".join(parts)


def hierarchy_source(version: int) -> str:
    """Return a module whose ``Player`` has no base (version 0) or a ``Mixin`` (version 1)."""
    return _HIERARCHY.format(base="(Mixin)" if version else "", version=version)


def slots_source(version: int) -> str:
    """Return a module whose ``Player`` has three slots (version 0) or four (version 1)."""
    return _SLOTS.format(slot=', "mana"' if version else "", version=version)


def speed_source(version: int) -> str:
    """Return a module of one class and one function, all bodies of which depend on ``version``."""
    init_tail = "\n        self.x = x" if version == 0 else ""
    return _SPEED.format(version=version, sign="-" if version == 0 else "+", init_tail=init_tail)
