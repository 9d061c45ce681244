"""The Markdown twin of a report, readable as it is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from luthier.report.document import (
    Block,
    Code,
    Document,
    Facts,
    Figure,
    Group,
    Listing,
    Stats,
    Strong,
    Table,
    Text,
    Trials,
)
from luthier.report.words import clean

ROWS = 30  # of the table of trials
_SPECIAL = re.compile(r"([\\`*\[\]<>|~$])")
_UNDERSCORE = re.compile(r"(?<!\w)_|_(?!\w)")  # inside a word it means nothing
_LINE_START = re.compile(r"^(\s*)([#+\-=>]|\d+[.)])(?=\s)")


def text(document: Document) -> str:
    """The whole report."""
    lines = [f"# {_plain(document.title)}", "", f"*{_plain(document.question)}*", ""]
    for section in document.sections:
        lines += [f"## {_plain(section.title)}", ""]
        for block in section.blocks:
            lines += _block(block)
    lines += ["---", "", _plain(document.foot)]
    return "\n".join(lines) + "\n"


def _block(block: Block) -> list[str]:
    """The lines of a block, with an empty one at the end."""
    if isinstance(block, Text):
        words = "".join(map(_run, block.runs)).strip()
        return [f"> {words}" if block.kind in ("caution", "warning") else words, ""]
    if isinstance(block, Stats):
        return _table(("", "", ""), [(i.label, i.value, i.hint) for i in block.items], (1,))
    if isinstance(block, Facts):
        return _table(("", ""), block.rows) if block.rows else []
    if isinstance(block, Table):
        made = _table(block.head, block.rows, block.numeric, block.code)
        return [f"{_plain(block.caption)}:", "", *made] if block.caption else made
    if isinstance(block, Figure):
        return [line for stand_in in block.text for line in _block(stand_in)]
    if isinstance(block, Listing):
        return _listing(block)
    if isinstance(block, Trials):
        return _trials(block)
    assert isinstance(block, Group)
    lines = [f"### {_plain(block.title)}", ""]
    for inner in block.blocks:
        lines += _block(inner)
    return lines


def _trials(block: Trials) -> list[str]:
    shown = min(ROWS, len(block))
    head = [column.name for column in block.columns]
    rows = [[column.cells[i] for column in block.columns] for i in range(shown)]
    numeric = [j for j, column in enumerate(block.columns) if column.numeric]
    lines = _table(head, rows, numeric)
    if shown < block.total:
        lines += [f"The first {shown} of {block.total:,} trials.", ""]
    return lines


def _listing(block: Listing) -> list[str]:
    body = clean(block.text)
    fence = "`" * max(3, 1 + max((len(m) for m in re.findall(r"`+", body)), default=0))
    lines = [f"{_plain(block.label)}:", ""] if block.label else []
    return [*lines, f"{fence}{block.language}", body, fence, ""]


def _run(run: str | Strong | Code) -> str:
    if isinstance(run, Strong):
        return f"**{_plain(run.text)}**"
    return _code(run.text) if isinstance(run, Code) else _plain(run)


def _plain(words: str) -> str:
    """Words in which nothing is taken for markup, on one line."""
    made = _SPECIAL.sub(r"\\\1", " ".join(clean(words).split()) if "\n" in words else clean(words))
    made = _UNDERSCORE.sub(r"\\_", made)
    made = made.replace("&", "&amp;") if re.search(r"&#?\w+;", made) else made
    return _LINE_START.sub(r"\1\\\2", made)


def _code(words: str, in_table: bool = False) -> str:
    words = " ".join(clean(words).split())
    if not words:
        return ""
    ticks = "`" * (1 + max((len(m) for m in re.findall(r"`+", words)), default=0))
    gap = " " if words.startswith("`") or words.endswith("`") else ""
    words = words.replace("|", r"\|") if in_table else words
    return f"{ticks}{gap}{words}{gap}{ticks}"


def _table(
    head: Sequence[str],
    rows: Iterable[Sequence[str]],
    numeric: Sequence[int] = (),
    code: Sequence[int] = (),
) -> list[str]:
    """A pipe table, its columns padded so that it reads well as text."""
    cells = [[_plain(cell) for cell in head]]
    for row in rows:
        cells.append(
            [_code(cell, True) if j in code else _plain(cell) for j, cell in enumerate(row)]
        )
    cells = [[cell.replace("\n", " ") for cell in row] for row in cells]
    widths = [max(3, min(40, max(len(row[j]) for row in cells))) for j in range(len(head))]

    def line(row: Sequence[str]) -> str:
        padded = (
            cell.rjust(width) if j in numeric else cell.ljust(width)
            for j, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        return f"| {' | '.join(padded)} |"

    rule = [
        "-" * (width - 1) + ":" if j in numeric else "-" * width for j, width in enumerate(widths)
    ]
    return [line(cells[0]), line(rule), *map(line, cells[1:]), ""]
