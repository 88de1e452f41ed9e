"""The one place where the tests know LP numbers: a prefix until a number is final."""

from __future__ import annotations

import livepatch

CODES = {
    "refused": "LP1",
    "layout changed": "LP12",
    "not moved": "LP2",
    "old data held": "LP3",
    "monkeypatch": "LP3",
    "stale frame": "LP3",
    "removed": "LP3",
    "bad input": "LP1",
}

UNEXPECTED = "LP125"
"""The number of an error nobody planned for; no refusal that a test expects may have it."""


def is_layout_refusal(refusals: tuple[livepatch.Notice, ...], name: str) -> bool:
    """Whether all refusals are planned ones about a layout, and one of them names the class."""
    planned = all(
        line.code.startswith(CODES["layout changed"]) and line.code != UNEXPECTED
        for line in refusals
    )
    return planned and any(name in line.path for line in refusals)


def named(
    notices: tuple[livepatch.Notice, ...], situation: str, name: str
) -> list[livepatch.Notice]:
    """The notices of a situation whose path or message has the name."""
    return [
        notice
        for notice in notices
        if notice.code.startswith(CODES[situation]) and name in f"{notice.path} {notice.message}"
    ]
