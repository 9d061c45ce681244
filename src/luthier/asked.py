"""What one call such as ``trial.float("lr", 1e-5, 0.1)`` gets where a space is defined by running.

A name has one parameter in the space, which holds the values of all calls for it. Each call gets a
value of its own range.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from luthier.errors import SpaceError
from luthier.parameters import MISSING, Choice, Float, Int, Parameter, Raw
from luthier.parameters.choice import Weights
from luthier.space import Space
from luthier.space import usual as space_usual


def read(
    proposed: Raw | None, joint: Parameter, wanted: Parameter, entropy: tuple[int, ...]
) -> tuple[Raw, Any]:
    """The raw value and the value of one call: as proposed where `wanted` has it, else drawn.

    What is drawn goes by `likely`, where the call says it.
    """
    if isinstance(wanted, Choice):
        assert isinstance(joint, Choice)
        # By label: an objective may make its options anew in every call.
        label = None if proposed is None else joint.label(proposed)
        if label not in wanted.labels:
            drawn = wanted.value(wanted.from_unit(_unit(wanted, entropy)))
            label = wanted.labels[wanted.find(drawn) or 0]
        place = wanted.labels.index(label)
        return joint.ids[joint.labels.index(label)], wanted.options[place]
    if proposed is not None:
        try:
            return proposed, held(wanted, joint).raw(proposed, "proposed")
        except SpaceError:
            pass  # it was proposed for a wider range than this call's
    drawn = wanted.from_unit(_unit(wanted, entropy))
    return drawn, drawn


def usual(name: str, wanted: Parameter, known: Mapping[str, Parameter]) -> Raw | None:
    """What is given to a parameter that is asked for the first time: its default, what those of
    its name usually are, beside the known ones, or the middle of a range.

    None for an option of which nothing is known, and where `likely` says more.
    """
    if wanted.likely is not None:
        return None
    if wanted.default is not None and wanted.default is not MISSING:
        return wanted.raw(wanted.default, name)
    pairs = {**known, name: wanted}
    unit = space_usual.usual(pairs.items()).get(list(pairs).index(name))
    if unit is None:
        return None if isinstance(wanted, Choice) else wanted.from_unit(0.5)
    return wanted.from_unit(unit)


def held(wanted: Parameter, joint: Parameter) -> Parameter:
    """What a call may get: its range, with `extend` as far as the joint one has been widened."""
    if isinstance(wanted, Choice) or type(joint) is not type(wanted) or not wanted.extend:
        return wanted
    least, most = _limits(wanted)
    ends: dict[str, Any] = {
        "low": min(wanted.low, max(joint.low, least)),
        "high": max(wanted.high, min(joint.high, most)),
    }
    made: Parameter = replace(wanted, **ends)
    return made


def join(known: Parameter, wanted: Parameter) -> Parameter:
    """The parameter that holds the values of both: `known` itself where it does, on its scale.

    Of default and `likely` counts what was said last, and of `extend` the wider limits.
    """
    if isinstance(known, Choice):
        assert isinstance(wanted, Choice)
        return _join_choices(known, wanted)
    assert not isinstance(wanted, Choice)
    low, high = min(known.low, wanted.low), max(known.high, wanted.high)
    same = known.step == wanted.step
    limits = [end for p in (known, wanted) if p.extend for end in _limits(p)]
    more: dict[str, Any] = {
        "default": known.default if wanted.default is None else wanted.default,
        "likely": known.likely if wanted.likely is None else wanted.likely,
        "extend": (min(*limits, low), max(*limits, high)) if limits else None,
    }
    kept = all(getattr(known, name) == value for name, value in more.items())
    if kept and same and (low, high) == (known.low, known.high):
        return known
    log = known.log and low > 0
    if isinstance(known, Int):
        return Int(int(low), int(high), log=log, step=known.step if same else 1, **more)
    return Float(low, high, log=log, step=known.step if same else None, **more)


def _join_choices(known: Choice, wanted: Choice) -> Choice:
    named = zip(wanted.labels, wanted.options, strict=True)
    extra = [option for label, option in named if label not in known.labels]
    believed = _believed(known) if wanted.likely is None else _believed(wanted)
    first = _first(known if wanted.default is MISSING else wanted)
    if not extra and believed == _believed(known) and first == _first(known):
        return known
    options = (*known.options, *extra)
    labels = Choice(*options).labels
    default = MISSING if first is None else options[labels.index(first)]
    weights = Weights(tuple(believed.get(label, 0.0) for label in labels)) if believed else None
    wide = Choice(*options, ordered=known.ordered, default=default, likely=weights)
    made = Space({"_": known}).grow({"_": wide})["_"]
    assert isinstance(made, Choice)
    return made


def _first(p: Choice) -> str | None:
    """The label of the default."""
    place = None if p.default is MISSING else p.find(p.default)
    return None if place is None else p.labels[place]


def _believed(p: Choice) -> dict[str, float]:
    """The weights of labels that `likely` names."""
    return {label: w for label, w in zip(p.labels, p.likely or (), strict=False) if w}


def _limits(p: Float | Int) -> tuple[float, float]:
    assert isinstance(p.extend, tuple)  # whatever was given
    return p.extend


def _unit(wanted: Parameter, entropy: tuple[int, ...]) -> float:
    rng = np.random.default_rng(entropy)
    if wanted.likely is None:
        return float(rng.random())
    return float(Space({"_": wanted}).sample(1, rng, likely=True)[0, 0])
