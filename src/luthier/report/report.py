"""Report: a history as a page to read. Nothing in it is stored, and it changes nothing."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path
from typing import Any

from luthier.errors import StudyError
from luthier.history import History
from luthier.report.document import Document, Figure
from luthier.report.svg import Drawing


class Report:
    """What a study found, in words, tables and figures.

    Parameters
    ----------
    history : History
        The log; read when it is asked for something, and never changed.
    name : str
        The title, unless the study noted one as ``title``.

    Examples
    --------
    >>> report = Report(study.history, name="svm")           # doctest: +SKIP
    >>> report.save("report.html")                           # doctest: +SKIP
    PosixPath('report.html')
    """

    def __init__(self, history: History, name: str = "study") -> None:
        self.history, self.name = history, str(history.notes.get("title", name))

    @cached_property
    def document(self) -> Document:
        """The parts of the report, from which both forms are printed."""
        from luthier.report.sections import document

        return document(self.history, self.name)

    def html(self) -> str:
        """One page that holds everything it shows and opens without a network."""
        from luthier.report.html import page

        return page(self.document)

    def markdown(self) -> str:
        """The same in Markdown; readable as it is."""
        from luthier.report.markdown import text

        return text(self.document)

    def figures(self) -> dict[str, Drawing]:
        """The drawings by name; a notebook shows each, and `Drawing.svg` is its file."""
        return {
            drawing.name: drawing
            for section in self.document.sections
            for block in section.blocks
            if isinstance(block, Figure)
            for drawing in block.drawings
        }

    def table(self) -> dict[str, list[Any]]:
        """Every trial, best first, as columns of plain values; None where there is none."""
        from luthier.report.trials import columns

        return columns(self.history)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the report; an earlier file stays whole if that fails.

        Parameters
        ----------
        path : str or path
            Its ending says which form: ``.html`` or ``.md``.

        Raises
        ------
        StudyError
            If the ending is another one, or the file cannot be written.
        """
        try:
            path = Path(path)
        except TypeError:
            raise StudyError(
                f"report: expected a path that ends in .html or .md, got {path!r}."
            ) from None
        forms = {".html": self.html, ".htm": self.html, ".md": self.markdown}
        made = forms.get(path.suffix.lower())
        if made is None:
            raise StudyError(
                f"report: {str(path)!r} says neither of the two forms. Let its name end in .html "
                "for a page, or in .md for Markdown."
            )
        data = made().encode("utf-8", "replace")
        partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
        try:
            with partial.open("wb") as file:
                file.write(data)
            os.replace(partial, path)
        except OSError as error:
            with _quietly():
                partial.unlink(missing_ok=True)
            raise StudyError(
                f"report: {str(path)!r} cannot be written: {error.strerror or error}. "
                "Choose a folder that exists and that you may write to, or make room."
            ) from error
        return path


def _quietly() -> Any:
    from contextlib import suppress

    return suppress(OSError)  # the first error is the one to tell
