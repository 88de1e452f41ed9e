"""A class whose instances are made anew when it gains a slot."""

from __future__ import annotations

from typing import Any

SLOTS = """
    class Player:
        __slots__ = ("name", "level", "__weakref__")
        def hit(self): return self.name
"""
GAINED = ('("name", "level",', '("name", "level", "mana",')


def player_of(module: Any, name: str = "ada", level: int = 3) -> Any:
    player = module.Player()
    player.name, player.level = name, level
    return player
