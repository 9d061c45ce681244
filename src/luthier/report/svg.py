"""Drawings as SVG: axes, dots and lines, coloured by the page that they stand on."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from html import escape

import numpy as np
import numpy.typing as npt

from luthier.report.scale import Array, Scale
from luthier.report.words import clean

CHARACTER = 6.3  # pixels that a character of an 11 pixel label takes, on average

# For a drawing outside a report, such as in a notebook; the page has its own, with the same names.
STYLE = (
    "svg.plot{font:11px system-ui,sans-serif;color:#57534b;max-width:100%;height:auto;"
    "--p:#fff;--a:#a8481a;--b:#1c6c78;--m:#8a857b;--g:#d9d4c8;--s:#211e1a}"
    "@media (prefers-color-scheme:dark){svg.plot{color:#b0a99c;--p:#171512;--a:#f2a065;--b:#68c3cb;"
    "--m:#8b857a;--g:#3b3832;--s:#efeae0}}"
    ".plot text{fill:currentColor}.plot .strong{fill:var(--s);font-weight:600}"
    ".plot .grid{stroke:var(--g);fill:none}.plot .zero{stroke:var(--m);stroke-dasharray:3 3}"
    ".plot .dots{fill:none;stroke-linecap:round;stroke-width:5}"
    ".plot .muted{stroke:var(--m);opacity:.55}.plot .a{stroke:var(--a)}.plot .b{stroke:var(--b)}"
    ".plot .line{fill:none;stroke-width:2;stroke-linejoin:round}"
    ".plot .thin{fill:none;stroke-width:1.1}.plot .big{stroke-width:10}"
    ".plot .m{stroke:var(--m)}.plot .hole{stroke:var(--p)}.plot .small{stroke-width:4.2;opacity:.6}"
    ".plot .ring{fill:none;stroke:var(--a);stroke-width:2}"
)


@dataclass(frozen=True)
class Drawing:
    """A figure at two widths, for a desk and for a phone.

    Attributes
    ----------
    name : str
        Its key, also part of the ids inside.
    title, description : str
        What it shows and what can be read from it, for who cannot see it.
    wide, narrow : str
        ``<svg>`` elements; `narrow` is empty where one width does for both.
    """

    name: str
    title: str
    description: str
    wide: str = field(repr=False)
    narrow: str = field(repr=False, default="")

    @property
    def svg(self) -> str:
        """The drawing with its own colours, to be shown or stored by itself."""
        head, _, rest = self.wide.partition(">")
        return f"{head}><style>{STYLE}</style>{rest}"

    def _repr_html_(self) -> str:
        return self.svg


class Canvas:
    """Collects the parts of one drawing of a fixed size."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self._parts: list[str] = []

    def text(
        self, x: float, y: float, words: str, *, anchor: str = "start", look: str = ""
    ) -> None:
        """Words at a point; `anchor` is "start", "middle" or "end"."""
        at = f'x="{_n(x)}" y="{_n(y)}"'
        at += f' text-anchor="{anchor}"' if anchor != "start" else ""
        at += f' class="{look}"' if look else ""
        self._parts.append(f"<text {at}>{escape(clean(words))}</text>")

    def line(self, x1: float, y1: float, x2: float, y2: float, look: str) -> None:
        """A straight line."""
        self._parts.append(f'<path class="{look}" d="M{_n(x1)} {_n(y1)}L{_n(x2)} {_n(y2)}"/>')

    def path(self, x: Array, y: Array, look: str, *, stairs: bool = False) -> None:
        """A line through points; as `stairs`, level from each point to the next."""
        if not len(x):
            return
        made = [f"M{_n(x[0])} {_n(y[0])}"]
        for i in range(1, len(x)):
            made.append(f"H{_n(x[i])}V{_n(y[i])}" if stairs else f"L{_n(x[i])} {_n(y[i])}")
        self._parts.append(f'<path class="{look}" d="{"".join(made)}"/>')

    def dots(self, x: Array, y: Array, look: str) -> None:
        """A dot at each point; points that fall on the same pixels are drawn once."""
        seen = dict.fromkeys(zip(np.round(x, 1).tolist(), np.round(y, 1).tolist(), strict=True))
        if seen:
            made = "".join(f"M{_n(a)} {_n(b)}h0" for a, b in seen)
            self._parts.append(f'<path class="dots {look}" d="{made}"/>')

    def legend(self, items: Sequence[tuple[str, str, bool]]) -> None:
        """What dots mean, at the top right: look, words, and whether the dot is hollow."""
        x = self.width - 8.0
        for look, words, hollow in reversed(items):
            self.text(x, 12, words, anchor="end")
            x -= CHARACTER * len(words) + 10
            at = np.array([x]), np.array([8.0])
            self.dots(*at, look)
            if hollow:
                self.dots(*at, "hole")
            x -= 16

    def ring(self, x: float, y: float) -> None:
        """Singles out a point."""
        self._parts.append(f'<circle class="ring" cx="{_n(x)}" cy="{_n(y)}" r="6"/>')

    def svg(self, name: str, title: str, description: str) -> str:
        """The element, with a title and a description that screen readers say."""
        key = f"{name}-{self.width}"
        return (
            f'<svg class="plot" role="img" viewBox="0 0 {self.width} {self.height}" '
            f'width="{self.width}" height="{self.height}" xmlns="http://www.w3.org/2000/svg" '
            f'aria-labelledby="{key}-t {key}-d"><title id="{key}-t">{escape(clean(title))}</title>'
            f'<desc id="{key}-d">{escape(clean(description))}</desc>{"".join(self._parts)}</svg>'
        )


class Frame(Canvas):
    """A canvas with a horizontal and a vertical axis.

    Parameters
    ----------
    x, y : (low, high)
        What the axes cover.
    x_name, y_name : str
        Written at the right end below and at the top left.
    log_x, log_y : bool
        Logarithmic scales.
    labels : sequence of str, optional
        Names along the horizontal axis, at 0, 1, ..., in place of numbers.
    """

    def __init__(
        self,
        width: int,
        height: int,
        x: tuple[float, float],
        y: tuple[float, float],
        *,
        x_name: str = "",
        y_name: str = "",
        log_x: bool = False,
        log_y: bool = False,
        labels: Sequence[str] = (),
        whole_x: bool = False,
    ) -> None:
        super().__init__(width, height)
        top, bottom = (24 if y_name else 8), height - (36 if x_name else 20)
        self.y = Scale(y[0], y[1], bottom, top, log_y)
        y_ticks = self.y.ticks(max(3, (bottom - top) // 32))
        left = 12 + CHARACTER * max((len(text) for _, text in y_ticks), default=1)
        self.x = Scale(x[0], x[1], left + 4, width - 10, log_x)
        for at, text in y_ticks:
            pixel = self.y(at)
            self.line(left, pixel, width - 6, pixel, "grid")
            self.text(left - 6, pixel + 4, text, anchor="end")
        if labels:
            self._name_columns(labels, bottom, (width - 10 - left) / len(labels))
        else:
            self._number_columns(bottom, width, whole_x)
        if y_name:
            self.text(2, 12, y_name, look="strong")
        if x_name:
            self.text(width - 10, height - 4, x_name, anchor="end")
        self.left, self.top, self.bottom = left, top, bottom

    def _number_columns(self, bottom: float, width: int, whole: bool) -> None:
        ticks = self.x.ticks(max(3, width // 72), whole)
        free = -math.inf
        for at, text in ticks:
            pixel, half = self.x(at), CHARACTER * len(text) / 2
            middle = min(pixel, width - 2 - half)
            if middle - half > free:
                self.line(pixel, bottom, pixel, bottom + 4, "grid")
                self.text(middle, bottom + 16, text, anchor="middle")
                free = middle + half + 4

    def _name_columns(self, labels: Sequence[str], bottom: float, room: float) -> None:
        if room < 15:  # there are too many to write; the first and the last say what they are
            shown = {0: labels[0], len(labels) - 1: labels[-1]}
            room = 80
        else:
            shown = dict(enumerate(labels))
        for at, text in shown.items():
            fits = max(1, int(room / CHARACTER))
            text = text if len(text) <= fits else text[: max(1, fits - 1)] + "…"
            anchor = "middle"
            if len(shown) < len(labels):
                anchor = "start" if at == 0 else "end"
            self.text(self.x(at), bottom + 16, text, anchor=anchor)


def thinned(n: int, most: int = 1500, keep: Iterable[int] = ()) -> npt.NDArray[np.intp]:
    """Which of n points to draw: all while there are few, else an even share of them.

    Parameters
    ----------
    keep
        Points that are drawn in any case.
    """
    if n <= most:
        return np.arange(n)
    even = np.linspace(0, n - 1, most).astype(np.intp)
    return np.unique(np.concatenate([even, np.fromiter(keep, dtype=np.intp)]))


def _n(value: float) -> str:
    """A pixel with one decimal at most."""
    text = f"{value:.1f}"
    return text[:-2] if text.endswith(".0") else text
