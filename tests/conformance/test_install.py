"""`livepatch.install()` gives `importlib.reload` the same powers until `livepatch.uninstall()`."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from types import ModuleType

import pytest

import livepatch
from tests.live import LiveModule

ORIGINAL = importlib.reload


@pytest.fixture
def _installed() -> Iterator[None]:
    """Installed for the length of a test."""
    livepatch.install()
    yield
    livepatch.uninstall()
    assert importlib.reload is ORIGINAL


@pytest.mark.usefixtures("_installed")
def test_importlib_reload_repoints(live: LiveModule) -> None:
    module = live.start("class Player:\n    def hit(self): return 1\n")
    held = [module.Player, module.Player()]
    live.write("class Player:\n    def hit(self): return 2\n")
    importlib.reload(module)

    assert held[0] is module.Player is type(held[1])
    assert held[1].hit() == 2


@pytest.mark.usefixtures("_installed")
def test_importlib_reload_returns_the_module(live: LiveModule) -> None:
    module = live.start("A = 1\n")

    assert importlib.reload(module) is module


@pytest.mark.usefixtures("_installed")
def test_importlib_reload_raises_the_users_error(live: LiveModule) -> None:
    module = live.start("A = 1\n")
    live.write("A = 2\n1 / 0\n")
    with pytest.raises(ZeroDivisionError):
        importlib.reload(module)

    assert module.A == 1


@pytest.mark.usefixtures("_installed")
def test_importlib_reload_refuses(live: LiveModule) -> None:
    module = live.start("class Player(int): pass\n")
    players = [module.Player()]
    live.write("class Player(str): pass\n")
    with pytest.raises(livepatch.ReloadRefused):
        importlib.reload(module)

    assert type(players[0]) is module.Player


def test_uninstall_gives_importlib_its_own_function_back(live: LiveModule) -> None:
    module = live.start("def hit(): return 1\n")
    held = [module.hit]
    livepatch.install()
    livepatch.uninstall()
    live.write("def hit(): return 22\n")
    importlib.reload(module)

    assert importlib.reload is ORIGINAL
    assert held[0] is not module.hit


def test_install_twice_needs_one_uninstall() -> None:
    livepatch.install()
    livepatch.install()
    livepatch.uninstall()

    assert importlib.reload is ORIGINAL


def test_uninstall_without_install_is_harmless() -> None:
    livepatch.uninstall()

    assert importlib.reload is ORIGINAL


def test_who_has_wrapped_the_installed_function_has_the_original_once_uninstalled(
    live: LiveModule, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = live.start("class Player: pass\n")
    player = module.Player()
    livepatch.install()
    captured = importlib.reload

    def wrapper(module: ModuleType) -> ModuleType:
        return captured(module)

    monkeypatch.setattr(importlib, "reload", wrapper)
    livepatch.uninstall()

    assert importlib.reload(module) is module
    assert type(player) is not module.Player
    with pytest.raises(TypeError, match="must be a module"):
        importlib.reload(live.name)  # type: ignore[arg-type]
    livepatch.install()
    player = module.Player()
    captured(module)
    assert type(player) is module.Player
    livepatch.uninstall()
