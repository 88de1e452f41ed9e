"""A game goes on while its source is edited: all that is held follows; a broken edit does nothing.

Run it: ``python examples/game.py``. It writes ``game.py`` into a temporary folder, imports it and
edits it three times; the second edit has a mistake.
"""
# ruff: noqa: E402, I001 - the game is written before it is imported

import atexit
import re
import shutil
import sys
import tempfile
from pathlib import Path

SOURCE = """\
class Character:
    def __init__(self, name):
        self.name = name
        self.health = 100

    def status(self):
        return f"{self.name} has {self.health}"


class Player(Character):
    pass


def hit(character):
    character.health -= 10
"""

FOLDER = Path(tempfile.mkdtemp())
atexit.register(shutil.rmtree, FOLDER)
sys.path.insert(0, str(FOLDER))
(FOLDER / "game.py").write_text(SOURCE)


def edit(old: str, new: str) -> None:
    """Replace a text in the game's source and save it, as an editor would."""
    source = (FOLDER / "game.py").read_text()
    assert old in source, old
    (FOLDER / "game.py").write_text(source.replace(old, new))


def show(report: object) -> None:
    """Print a report without its time, which is another one in every run."""
    print(re.sub(r"; [\d.]+ ms", "", str(report)))


# ---- README: from here
import livepatch
import game


class Mage(game.Player):
    """A subclass elsewhere."""


players = [game.Player("ada"), Mage("bob")]  # instances
on_hit = game.hit  # a callback
status = players[0].status  # a bound method
icons = {game.Player: "@", Mage: "*"}  # a registry keyed by class


def play_a_round() -> None:
    for player in players:
        on_hit(player)
    print(status())


play_a_round()

# Players get armour from a new base class, a hit reckons with it, and the text is another one.
edit("class Player(", "class Armoured:\n    armour = 7\n\n\nclass Player(Armoured, ")
edit("health -= 10", "health -= 10 - character.armour")
edit("{self.name} has {self.health}", "{self.name} has {self.health} of 100")
show(livepatch.reload(game))

play_a_round()

assert type(players[0]) is game.Player
assert isinstance(players[1], game.Armoured)
assert on_hit is game.hit
assert icons[game.Player] == "@"
# ---- README: to here

print()
print("An edit whose top level fails half way:")
edit("10 - character.armour", "12 - character.armour")
edit("def hit(", "SPEED = 100 / 0\n\n\ndef hit(")
before = {name: id(value) for name, value in vars(game).items()}
try:
    livepatch.reload(game)
except ZeroDivisionError as error:
    print(f"ZeroDivisionError: {error}")
assert before == {name: id(value) for name, value in vars(game).items()}
play_a_round()

print()
print("The fix:")
edit("100 / 0", "100 / 50")
show(livepatch.reload(game))
play_a_round()
assert on_hit is game.hit
assert type(players[0]) is game.Player
assert game.SPEED == 2
