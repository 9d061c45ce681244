"""What samplers that ask another sampler share."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.random import Generator

from luthier.history import History
from luthier.parameters import Ints
from luthier.parts import Proposal, Sampler
from luthier.space import Space


def inner(given: str | Sampler) -> Sampler:
    """The sampler to ask, by name or as it is."""
    from luthier.samplers import sampler

    return sampler(given)


def many_objectives(sampler: Any) -> bool:
    """Whether it handles several objectives."""
    return bool(getattr(sampler, "many_objectives", True))


def uses_losses(sampler: Any) -> bool:
    """Whether it learns from results."""
    return bool(getattr(sampler, "uses_losses", True))


def uses_cost(sampler: Any) -> bool:
    """Whether it weighs what a point promises against what it costs."""
    return bool(getattr(sampler, "uses_cost", False))


def usual(sampler: Any) -> bool:
    """Whether it begins with what parameters of well-known names usually are."""
    return bool(getattr(sampler, "usual", False))


def ask_within(
    sampler: Sampler, part: Space, space: Space, history: History, k: int, rng: Generator
) -> Proposal:
    """What a sampler proposes when it knows of a part of a space only.

    Parameters
    ----------
    part : Space
        With the names of `space`, and values that `space` has too.
    history : History
        Of the whole space; trials outside the part lie outside [0, 1] for the sampler.
    """
    proposal = sampler.ask(part, history.within(part), k, rng)
    raws = [part.raw(x) for x in proposal.X]
    return Proposal(space.repair(space.rows(raws)) if raws else proposal.X, proposal.tag)


def ask_one(
    sampler: Any, place: int, many: int, space: Space, history: History, k: int, rng: Generator
) -> Proposal:
    """What one of `many` samplers proposes, to which only the tags that it gave itself are shown.

    Parameters
    ----------
    place : int
        Which of them it is, from 0; it is kept in the tags.
    """
    own = (history.tag > 0) & (history.tag % many == place)
    proposal = sampler.ask(space, history.tagged(np.where(own, history.tag // many, 0)), k, rng)
    tags = _tags(proposal)
    return Proposal(proposal.X, np.where(tags > 0, tags * many + place, 0))


def joined(*proposals: Proposal) -> Proposal:
    """All rows of some proposals, in that order."""
    X = np.vstack([p.X for p in proposals])
    return Proposal(X, np.concatenate([_tags(p) for p in proposals]))


def _tags(proposal: Proposal) -> Ints:
    return np.broadcast_to(np.asarray(proposal.tag, dtype=np.int64), (len(proposal.X),))


def explain(sampler: Sampler, space: Space, history: History) -> str:
    """What a sampler does next and why: in its own words, else the first lines of its docs."""
    told = getattr(sampler, "explain", None)
    if told is not None and len(space):
        return str(told(space, history))
    doc = (type(sampler).__doc__ or "").strip().partition("\n\n")[0]
    return f"{sampler!r}: {' '.join(doc.split())}"
