"""Files: plain data read from TOML or JSON, and written as JSON."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from luthier.errors import SpaceError


def read(path: Path) -> dict[str, Any]:
    """The plain data in a TOML or JSON file.

    Raises
    ------
    SpaceError
        If there is no such file, or it is not well formed.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")  # Windows editors put a mark first
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise SpaceError(
            f"The space file {str(path)!r} cannot be read: {reason}. Check the path."
        ) from error
    try:
        data = json.loads(text) if path.suffix.lower() == ".json" else tomllib.loads(text)
    except ValueError as error:
        kind = "JSON" if path.suffix.lower() == ".json" else "TOML"
        raise SpaceError(f"The space file {str(path)!r} is not valid {kind}: {error}.") from error
    if not isinstance(data, dict) or not data:
        raise SpaceError(f"The space file {str(path)!r} describes no parameter. Add one.")
    return data


def write(path: Path, data: Mapping[str, Any]) -> None:
    """Put plain data into a JSON file; an earlier file stays whole if that fails.

    Raises
    ------
    SpaceError
        If the file cannot be written, or its name does not end in ``.json``.
    """
    if path.suffix.lower() != ".json":
        raise SpaceError(
            f"A space is saved as JSON, got the path {str(path)!r}. Let its name end in .json."
        )
    partial = path.with_name(path.name + ".partial")
    try:
        partial.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise SpaceError(
            f"The space file {str(path)!r} cannot be written: {error.strerror}. "
            "Choose another folder, or make room."
        ) from error
