"""A file of data as a pandas frame: CSV, TSV or Parquet, compressed or not, separator found out.

What cannot be read ends in one `DataError` that names the file and the remedy.
"""

from __future__ import annotations

import bz2
import csv
import gzip
import hashlib
import io
import lzma
import re
import zipfile
from pathlib import Path
from typing import Any

from luthier.errors import DataError, need

SEPARATORS = (",", "\t", ";", "|")
SUFFIXES = (".csv", ".tsv", ".txt", ".data", ".tab", ".parquet", ".pq")
MISSING = ["?"]  # beside what pandas itself takes for missing: "", NA, NaN, null, None, ...
SAMPLE = 200  # lines looked at to find out the separator


def read_frame(path: str | Path) -> tuple[Any, str]:
    """The frame that a file holds and the SHA-256 of its content, in hexadecimal.

    Raises
    ------
    DataError
        If the file is not there, is empty, is no table, or has two columns of one name.
    MissingExtra
        If pandas (or, for Parquet, pyarrow) is not installed.
    """
    pandas = need("pandas", "data", "Reading a table")
    path = Path(path)
    content = _bytes(path)
    digest = hashlib.sha256(content).hexdigest()
    if content[:4] == b"PAR1":
        need("pyarrow", "data", "Reading a Parquet file")
        frame = _parquet(path, content)
    else:
        frame = _delimited(path, _unpacked(path, content), pandas)
    frame.columns = [str(name) for name in frame.columns]
    _no_twins(path, list(frame.columns))
    if not len(frame):
        raise DataError(f"{path}: the table has a header but no rows. Give a file with data.")
    return frame.reset_index(drop=True), digest


def _bytes(path: Path) -> bytes:
    if path.is_dir():
        inside = sorted(p.name for p in path.iterdir() if _known(p))[:3]
        hint = f" It holds {', '.join(inside)}; name one of them." if inside else " Name a file."
        raise DataError(f"{path}: this is a directory, not a file of data.{hint}")
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise DataError(f"{path}: there is no such file.{_beside(path)}") from None
    except OSError as error:
        reason = error.strerror or str(error)
        raise DataError(
            f"{path}: the file cannot be read: {reason}. Check its permissions."
        ) from error
    if not content.strip():
        raise DataError(f"{path}: the file is empty. Give a CSV or Parquet file with a header.")
    return content


def _known(path: Path) -> bool:
    suffixes = [suffix.lower() for suffix in path.suffixes[-2:]]
    return any(suffix in SUFFIXES for suffix in suffixes)


def _beside(path: Path) -> str:
    from luthier.errors import nearest

    try:
        names = [p.name for p in path.parent.iterdir() if p.is_file()]
    except OSError:
        return f" Its directory {path.parent} is not there either; check the path."
    return nearest(path.name, names) or " Check the path."


def _parquet(path: Path, content: bytes) -> Any:
    import pandas

    try:
        frame = pandas.read_parquet(io.BytesIO(content))
    except Exception as error:  # pyarrow raises many kinds for a broken file
        raise DataError(
            f"{path}: not a readable Parquet file: {_first_line(error)}. Write it again."
        ) from error
    if not isinstance(frame.index, pandas.RangeIndex):
        frame = frame.reset_index()
    return frame


def _unpacked(path: Path, content: bytes) -> bytes:
    """The content without its compression, which the first bytes tell, not the name."""
    try:
        if content[:2] == b"\x1f\x8b":
            return gzip.decompress(content)
        if content[:3] == b"BZh":
            return bz2.decompress(content)
        if content[:6] == b"\xfd7zXZ\x00":
            return lzma.decompress(content)
        if content[:4] == b"PK\x03\x04":
            return _unzipped(path, content)
        if content[:4] == b"\x28\xb5\x2f\xfd":
            return _unzstd(content)
    except (OSError, EOFError, lzma.LZMAError, zipfile.BadZipFile) as error:
        raise DataError(
            f"{path}: the compressed file is damaged: {_first_line(error)}. Copy it again."
        ) from error
    return content


def _unzipped(path: Path, content: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = [
            item.filename
            for item in archive.infolist()
            if not item.is_dir() and not item.filename.startswith("__MACOSX/")
        ]
        if any(name.endswith((".xml", ".rels")) for name in names):
            raise DataError(
                f"{path}: this is an office document, not a table in text. "
                "Save the sheet as CSV and give that file."
            )
        if len(names) != 1:
            raise DataError(
                f"{path}: the archive holds {len(names)} files, and only one can be the table. "
                "Unpack it and give one of them."
            )
        return archive.read(names[0])


def _unzstd(content: bytes) -> bytes:
    zstandard = need("zstandard", "data", "Reading a .zst file")
    with zstandard.ZstdDecompressor().stream_reader(io.BytesIO(content)) as stream:
        made: bytes = stream.read()
    return made


def _delimited(path: Path, content: bytes, pandas: Any) -> Any:
    text = _decoded(path, content)
    separator, header, rows = _sniffed(text)
    if "\x00" in text[:100_000]:
        raise DataError(f"{path}: the file is binary, not a table. Give CSV, TSV or Parquet.")
    if len(header) < 2:
        raise DataError(
            f"{path}: found a single column, {header[0][:60]!r}; a table needs a target and "
            f"something to predict it from. Separate columns by comma, tab, semicolon or bar."
        )
    _no_twins(path, header)
    if "\r" in text and "\n" in text:
        text = re.sub(r"\r(?!\n)", " ", text)  # inside a quoted text; pandas gives up on it
    numbers = [cell for row in rows for cell in row]
    comma = separator == ";" and any(re.fullmatch(r"-?\d+,\d+", cell.strip()) for cell in numbers)
    try:
        frame = pandas.read_csv(
            io.StringIO(text),
            sep=separator,
            na_values=MISSING,
            decimal="," if comma else ".",
            skipinitialspace=True,
            low_memory=False,
        )
    except (pandas.errors.ParserError, ValueError) as error:
        raise DataError(
            f"{path}: the rows do not form a table: {_first_line(error)}. "
            "Check the quotes and separators of that line."
        ) from error
    if not isinstance(frame.index, pandas.RangeIndex):
        raise DataError(
            f"{path}: the rows have more cells than the header's {len(header)} names. "
            "Give each column a name."
        )
    return frame


def _decoded(path: Path, content: bytes) -> str:
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encoding = "utf-16"
    else:
        encoding = "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"{path}: not UTF-8 text: byte 0x{content[error.start]:02x} on line {line}, which "
            "looks like Windows-1252 or Latin-1. Convert it first: "
            f"iconv -f WINDOWS-1252 -t UTF-8 {path.name} > utf8-{path.name}"
        ) from None


def _sniffed(text: str) -> tuple[str, list[str], list[list[str]]]:
    """The separator that cuts the first lines into most columns, equally many on each."""
    lines = text[: 1 << 18].splitlines()[: SAMPLE + 1]
    best: tuple[float, int] = (-1.0, -1)
    found: tuple[str, list[str], list[list[str]]] = (",", [""], [])
    for separator in SEPARATORS:
        try:
            cut = list(csv.reader(lines, delimiter=separator, skipinitialspace=True))
        except csv.Error:
            continue
        cut = [row for row in cut if row]
        width = len(cut[0]) if cut else 1
        # The last row may be cut off in the middle, so it has no say.
        same = [len(row) == width for row in cut[:-1]] or [True]
        score = (sum(same) / len(same) if width > 1 else 0.0, width)
        if score > best:
            best, found = score, (separator, cut[0] if cut else [""], cut[1:-1])
    return found


def _no_twins(path: Path, names: list[str]) -> None:
    named = [name for name in names if name]
    twins = sorted({name for name in named if named.count(name) > 1})
    if twins:
        raise DataError(
            f"{path}: the column name {twins[0]!r} stands {named.count(twins[0])} times. "
            "Give every column its own name."
        )


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__
