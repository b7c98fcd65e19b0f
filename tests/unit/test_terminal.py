"""What a person sees: every event that is meant for people is told in words."""

from __future__ import annotations

import ast
import functools
import io
import json
import re
from pathlib import Path
from string import Formatter
from typing import Any

import pytest
from rich.console import Console

import podwheel
from podwheel.cli.terminal import _DRAWN, _WORDS, JsonDisplay, TerminalDisplay

ROOT = Path(podwheel.__file__).parent
SILENT = {"run.start", "target.ready", "step.start", "step.waits"}
"""Told by what follows them."""


@functools.cache
def events() -> dict[str, tuple[str, set[str]]]:
    """Event name → its level and the keys of its call, as the code has them."""
    found = {}
    for path in ROOT.rglob("*.py"):
        if "guest" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in ("info", "warning", "error")
                and node.args
                and isinstance(node.args[0], ast.Constant)
                and re.fullmatch(r"[a-z_]+(\.[a-z_]+)+", str(node.args[0].value))
            ):
                keys = {k.arg for k in node.keywords if k.arg}
                found[node.args[0].value] = (node.func.attr, keys)
    return found


def test_every_event_for_people_is_told() -> None:
    told = {*_WORDS, *_DRAWN, *SILENT}
    untold = {
        name for name, (_, keys) in events().items() if name not in told and "message" not in keys
    }
    assert untold == set()


@pytest.mark.parametrize("name", sorted(_WORDS))
def test_sentences_use_keys_that_the_event_has(name: str) -> None:
    _, keys = events()[name]
    used = {field for _, field, _, _ in Formatter().parse(_WORDS[name]) if field}
    assert used <= keys


def shown(*given: dict[str, Any], **options: bool) -> str:
    display = TerminalDisplay(**options)
    out = io.StringIO()
    display.console = Console(file=out, width=120, soft_wrap=True, highlight=False)
    for event in given:
        display.show({"level": "info", **event})
    display.close()
    return out.getvalue()


STEPS: list[dict[str, Any]] = [
    {"event": "step.start", "title": "build a 1.0"},
    {"event": "step.output", "level": "debug", "title": "build a 1.0", "line": "cc a.c"},
    {"event": "step.done", "title": "build a 1.0", "seconds": 1.25},
    {"event": "step.failed", "level": "error", "title": "build b 1.0", "what": "it broke", "seconds": 2.0},
    {"event": "step.reused", "title": "build c 1.0"},
]  # fmt: skip


def test_a_line_a_step() -> None:
    lines = [line.rstrip() for line in shown(*STEPS).splitlines()]
    assert len(lines) == 3
    assert "✓ build a 1.0" in lines[0]
    assert lines[0].endswith("1.2 s")
    assert "✗ build b 1.0" in lines[1]
    assert "it broke" in lines[1]
    assert "from store" in lines[2]


def test_verbose_shows_the_builds_output() -> None:
    assert "build a 1.0 │ cc a.c" in shown(*STEPS, verbose=True)


def test_quiet_shows_only_what_went_wrong() -> None:
    warning = {"event": "x.y", "level": "warning", "message": "careful"}
    said = shown(*STEPS, warning, quiet=True)
    assert "warning: careful" in said
    assert "build a" not in said


def test_an_event_in_words() -> None:
    event = {
        "event": "requirements.unset_variable",
        "level": "warning",
        "variables": ["A", "B"],
        "origin": "r.txt:3",
    }
    assert shown(event) == "warning: r.txt:3: not set, and left as written: A, B\n"


def test_a_build_cannot_draw_with_markup() -> None:
    assert "[red]x[/red]" in shown({**STEPS[1], "line": "[red]x[/red]"}, verbose=True)


def test_json_is_a_line_an_event(capsys: pytest.CaptureFixture[str]) -> None:
    display = JsonDisplay(verbose=False)
    for event in STEPS:
        display.show({"level": "info", **event})
    display.close()
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line["event"] for line in lines] == [
        "step.start",
        "step.done",
        "step.failed",
        "step.reused",
    ]
