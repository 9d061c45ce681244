"""The parts that a report is made of; the HTML page and its Markdown twin print the same ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from luthier.report.svg import Drawing


@dataclass(frozen=True)
class Strong:
    """Words that carry the sentence."""

    text: str


@dataclass(frozen=True)
class Code:
    """A name or a value as one would type it."""

    text: str


Run = str | Strong | Code
Tone = Literal["plain", "good", "bad"]


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    runs: tuple[Run, ...]
    kind: Literal["plain", "lead", "caution", "warning"] = "plain"


@dataclass(frozen=True)
class Stat:
    """One number to see first."""

    label: str
    value: str
    hint: str = ""
    tone: Tone = "plain"


@dataclass(frozen=True)
class Stats:
    """The numbers to see first, side by side."""

    items: tuple[Stat, ...]


@dataclass(frozen=True)
class Facts:
    """Names and what they are."""

    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Table:
    """A small table; `numeric` says which columns hold numbers, `code` which hold names."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: tuple[int, ...] = ()
    code: tuple[int, ...] = ()
    caption: str = ""


@dataclass(frozen=True)
class Figure:
    """One drawing, or several small ones in a grid; `text` stands in for it in Markdown."""

    drawings: tuple[Drawing, ...]
    caption: str
    text: tuple[Table | Listing, ...] = ()
    small: bool = False


@dataclass(frozen=True)
class Listing:
    """Lines to read or to type as they are."""

    text: str
    label: str = ""
    language: str = "text"


@dataclass(frozen=True)
class Column:
    """One column of the table of trials: what is shown of each, best first."""

    name: str
    cells: tuple[str, ...]
    numeric: bool
    code: bool = False


@dataclass(frozen=True)
class Trials:
    """The table of trials, best first; the second column is the state."""

    columns: tuple[Column, ...]
    total: int  # trials there are, of which the columns may hold fewer

    def __len__(self) -> int:
        return len(self.columns[0].cells)


@dataclass(frozen=True)
class Group:
    """Blocks under a heading of their own, inside a section."""

    title: str
    blocks: tuple[Text | Facts | Table | Listing, ...]


Block = Text | Stats | Facts | Table | Figure | Listing | Trials | Group


@dataclass(frozen=True)
class Section:
    """A heading and what stands under it; `key` is its address within the page."""

    key: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Document:
    """A whole report."""

    title: str
    question: str
    sections: tuple[Section, ...]
    foot: str
