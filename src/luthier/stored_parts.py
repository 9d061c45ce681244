"""Samplers and schedulers as a log keeps them: plain data, from which they are made again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from importlib import import_module
from typing import Any

from luthier.errors import StudyError
from luthier.objectives import Fidelity


def described(part: Any) -> Any:
    """A sampler or a scheduler as plain data, by which a later run is compared with this one.

    Returns
    -------
    dict, or another plain value
        A part is ``{"part": "module:Class", ...}`` with the settings that its ``repr`` shows, of
        which some may be parts; what is no dataclass is its class alone.
    """
    if is_dataclass(part) and not isinstance(part, type):
        name = f"{type(part).__module__}:{type(part).__qualname__}"
        shown = {f.name: described(getattr(part, f.name)) for f in fields(part) if f.repr}
        return {"part": name, **shown}
    if isinstance(part, list | tuple):
        return [described(item) for item in part]
    if part is None or isinstance(part, bool | int | float | str):
        return part
    return f"{type(part).__module__}:{type(part).__qualname__}"


def in_words(stored: Any) -> str:
    """A sampler's stored settings, objectives, or any other value, in one readable piece."""
    if isinstance(stored, tuple):
        return ", ".join(map(str, stored)) or "none"
    if isinstance(stored, Fidelity):
        return str(stored)
    if isinstance(stored, dict) and "part" in stored:
        settings = ", ".join(f"{k}={_short(v)}" for k, v in stored.items() if k != "part")
        return f"{stored['part'].rpartition(':')[2]}({settings})"
    return repr(stored)


def _short(stored: Any) -> str:
    """A setting, which may be another part; long lists are cut off."""
    if isinstance(stored, list):
        return f"[{', '.join(map(_short, stored[:3]))}{', ...' if len(stored) > 3 else ''}]"
    return in_words(stored)


def made_again(stored: Any, names: Mapping[str, str], kind: str) -> Any:
    """The part that `described` gave; only luthier's own parts are made from a log.

    Parameters
    ----------
    names : mapping
        From the names of luthier's own to "module:Class".
    kind : str
        For messages: "sampler", "scheduler".

    Raises
    ------
    StudyError
        If it is not one of luthier's own.
    """
    where = stored.get("part") if isinstance(stored, dict) else stored
    own = {path.partition(":")[0] for path in names.values()}
    if not isinstance(where, str) or where.partition(":")[0] not in own:
        raise StudyError(
            f"{kind}: the study was made with {in_words(stored)}, which is not luthier's own. "
            f"Give it again with {kind}=."
        )
    module, _, name = where.partition(":")
    settings = {k: _setting(v, names, kind) for k, v in stored.items() if k != "part"}
    return getattr(import_module(module), name)(**settings)


def _setting(stored: Any, names: Mapping[str, str], kind: str) -> Any:
    """A setting, which may itself be a part, or hold some."""
    if isinstance(stored, dict) and "part" in stored:
        return made_again(stored, names, kind)
    if isinstance(stored, list):
        return tuple(_setting(item, names, kind) for item in stored)
    return stored
