"""The HTML page of a report: one file, which asks no server for anything."""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from functools import lru_cache
from importlib.resources import files
from typing import Any

from luthier.report.document import Document, Trials
from luthier.report.words import clean

PAGE = 20  # rows of the table of trials that are shown at once


def page(document: Document) -> str:
    """The page as text."""
    from markupsafe import Markup

    style, script = _asset("style.css"), _asset("table.js")
    made: str = _template().render(
        document=document,
        style=Markup(style),
        script=Markup(script),
        policy=_policy(style, script),
        kind=_kind,
        data=lambda trials: Markup(_data(trials)),
        svg=Markup,
        head=PAGE,
        states=_states,
        scripted=any(isinstance(b, Trials) for s in document.sections for b in s.blocks),
    )
    return made


@lru_cache(maxsize=1)
def _template() -> Any:
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    def finalize(value: Any) -> Any:
        return clean(value) if isinstance(value, str) and not isinstance(value, Markup) else value

    environment = Environment(
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        finalize=finalize,
    )
    return environment.from_string(_asset("page.html"))


@lru_cache
def _asset(name: str) -> str:
    return files("luthier.report").joinpath(name).read_text(encoding="utf-8")


def _policy(style: str, script: str) -> str:
    """What the page may do: draw with its own style and run its own script, nothing else."""

    def digest(text: str) -> str:
        return f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

    return (
        f"default-src 'none'; style-src {digest(style)}; script-src {digest(script)}; "
        "base-uri 'none'; form-action 'none'"
    )


def _kind(block: Any) -> str:
    return type(block).__name__


def _states(trials: Trials) -> list[tuple[str, int]]:
    """The states that there are, with how many trials, in the order of the table."""
    cells = trials.columns[1].cells
    return [(state, cells.count(state)) for state in dict.fromkeys(cells)]


def _data(trials: Trials) -> str:
    """The cells of the table for its script: text columns as indices into their words."""
    made: list[dict[str, list[Any]]] = []
    for column in trials.columns:
        if column.numeric:
            made.append({"cells": list(column.cells)})
        else:
            place = {word: i for i, word in enumerate(dict.fromkeys(column.cells))}
            words = [clean(word) for word in place]
            made.append({"words": words, "cells": [place[cell] for cell in column.cells]})
    text = json.dumps({"page": PAGE, "columns": made}, ensure_ascii=False, separators=(",", ":"))
    # Inside a script element nothing is unescaped, so what could end it must not occur.
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
