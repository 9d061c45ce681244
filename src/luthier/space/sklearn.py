"""scikit-learn's ``param_grid`` and ``param_distributions`` as luthier parameters."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

from luthier.errors import SpaceError
from luthier.parameters import NUMPY, Choice, Float, Int, Parameter, same, short

TAIL = 1e-3  # share of a distribution that may be cut off at each side that has no end


def parameters_of(
    grid: Mapping[str, Any] | Sequence[Mapping[str, Any]],
) -> tuple[dict[str, Parameter], list[dict[str, Any]]]:
    """Parameters and forbidden combinations that stand for a grid.

    Raises
    ------
    SpaceError
        If the grid is not a dict or a list of dicts, or a value is neither a list nor a
        distribution.
    """
    branches = [grid] if isinstance(grid, Mapping) else grid
    if (
        isinstance(branches, str)
        or not isinstance(branches, Sequence)
        or not branches
        or not all(isinstance(branch, Mapping) for branch in branches)
    ):
        raise SpaceError(
            f"from_sklearn: expected a dict, or a list of dicts, got {grid!r}. "
            'Write for example {"C": [1, 10], "kernel": ["linear", "rbf"]}.'
        )
    made = [{name: _parameter(name, v) for name, v in branch.items()} for branch in branches]
    return (made[0], []) if len(made) == 1 else _branches(made)


def _parameter(name: str, given: Any) -> Parameter:
    if isinstance(given, Float | Int | Choice):
        return given
    if hasattr(given, "rvs"):
        return _distribution(name, given)
    if isinstance(given, str | Mapping | set | frozenset) or not hasattr(given, "__iter__"):
        raise SpaceError(
            f"{name}: expected a list of values or a SciPy distribution, got {short(given)}. "
            "Put a single value into a list."
        )
    if isinstance(given, tuple):
        _mind_ranges(name, given)
    # NumPy scalars become Python's, as everything that an objective gets.
    values = [v.item() if isinstance(v, NUMPY) else v for v in given]
    if not values:
        raise SpaceError(f"{name}: the list of values is empty. Give at least one.")
    kept: list[Any] = []
    for value in values:
        if not any(value is other or same(value, other) for other in kept):
            kept.append(value)
    return _choice(kept)


def _mind_ranges(name: str, given: tuple[Any, ...]) -> None:
    """Speak up at what other libraries take for a range, and scikit-learn for values.

    Raises
    ------
    SpaceError
        If it can be no values: two numbers and how to draw between them.
    """
    ends = given[:2]
    if len(given) not in (2, 3) or not {type(end) for end in ends} <= {int, float}:
        return
    log = ", log=True" if given[2:] == ("log-uniform",) else ""
    between = f"{'Float' if float in map(type, ends) else 'Int'}({ends[0]!r}, {ends[1]!r}{log})"
    if given[2:] in (("uniform",), ("log-uniform",)):
        raise SpaceError(f"{name}: {given!r} is no list of values. Write {between}, from luthier.")
    if len(given) == 2:
        warnings.warn(
            f"{name}: {given!r} is taken for two values, as in scikit-learn. Write {between} for "
            f"what lies between, or {list(given)!r} for the two.",
            UserWarning,
            stacklevel=2,
        )


def _choice(options: Sequence[Any], when: Mapping[str, Any] | None = None) -> Choice:
    """A choice among options that were given as a list; numbers that ascend are ordered."""
    numbers = all(isinstance(v, int | float) and not isinstance(v, bool) for v in options)
    ordered = numbers and len(options) > 2 and list(options) == sorted(options)
    # ids, because the constructor takes a lone list for a mistake when they are not given
    return Choice(*options, ordered=ordered, when=when, _ids=tuple(range(len(options))))


def _distribution(name: str, given: Any) -> Parameter:
    """A range with the scale of a frozen SciPy distribution.

    ``uniform``, ``loguniform`` and ``randint`` are kept as they are. Any other is cut at its
    0.1 % quantiles where it has no end, and is searched on a logarithmic scale when it is
    positive and spans more than a factor of 1,000: the range is right, the density is not kept.
    """
    kind = getattr(getattr(given, "dist", None), "name", None)
    if kind is None or not hasattr(given, "support"):
        raise SpaceError(
            f"{name}: {short(given)} can be drawn from, but does not say its range. "
            "Use a frozen SciPy distribution, or Float and Int."
        )
    low, high = (float(end) for end in given.support())
    if kind == "uniform":
        return Float(low, high)
    if kind in ("loguniform", "reciprocal"):
        return Float(low, high, log=True)
    if kind == "randint":
        return Int(int(low), int(high))
    if math.isinf(low) or (low == 0 and float(given.ppf(1 - TAIL)) > 1000 * float(given.ppf(TAIL))):
        low = float(given.ppf(TAIL))
    high = float(given.ppf(1 - TAIL)) if math.isinf(high) else high
    if hasattr(given, "pmf"):
        return Int(int(low), int(high))
    return Float(low, high, log=low > 0 and high > 1000 * low)


def _branches(
    branches: list[dict[str, Parameter]],
) -> tuple[dict[str, Parameter], list[dict[str, Any]]]:
    """One space for several dicts: what not all of them have is conditional on the branch."""
    root = _root(branches)
    taken = set().union(*branches)
    name = root or next(n for n in _branch_names() if n not in taken)
    if root:
        options = [option for branch in branches for option in _options(branch[root])]
        keys = [list(_options(branch[root])) for branch in branches]
    else:
        options = list(range(len(branches)))
        keys = [[i] for i in options]
    made: dict[str, Parameter] = {name: _choice(options) if root else Choice(*options)}
    forbid: list[dict[str, Any]] = []
    for other in dict.fromkeys(n for branch in branches for n in branch if n != root):
        having = [i for i, branch in enumerate(branches) if other in branch]
        parts = [branches[i][other] for i in having]
        joint = _union(other, parts)
        if len(having) < len(branches):
            joint = joint.under({name: [key for i in having for key in keys[i]]})
        made[other] = joint
        for i, part in zip(having, parts, strict=True):
            if isinstance(joint, Choice):
                absent = [x for x in joint.options if part.find(x) is None]  # type: ignore[union-attr]
                if absent:
                    forbid.append({name: keys[i], other: absent})
    return made, forbid


def _branch_names() -> Any:
    yield "branch"
    yield from (f"branch_{i}" for i in range(1000))


def _options(p: Parameter) -> tuple[Any, ...]:
    return p.options if isinstance(p, Choice) else ()


def _root(branches: list[dict[str, Parameter]]) -> str | None:
    """A parameter that every branch has, whose options belong to one branch each."""
    words = [n for n, p in branches[0].items() if any(isinstance(x, str) for x in _options(p))]
    for name in dict.fromkeys([*words, *branches[0]]):  # kernel="rbf" says more than C=10
        if all(isinstance(branch.get(name), Choice) for branch in branches):
            options = [x for branch in branches for x in _options(branch[name])]
            alone = all(
                not (x is y or same(x, y)) for i, x in enumerate(options) for y in options[:i]
            )
            if alone:
                return name
    return None


def _union(name: str, parts: list[Parameter]) -> Parameter:
    first = parts[0]
    if all(isinstance(p, Choice) for p in parts):
        kept: list[Any] = []
        for p in parts:
            for x in _options(p):
                if not any(x is y or same(x, y) for y in kept):
                    kept.append(x)
        return first if len(kept) == first.cells else _choice(kept)
    if all(p == first for p in parts):
        return first
    raise SpaceError(
        f"{name}: has different ranges in different dicts of the list. Use the same range in all, "
        "or build a Space with conditions and two names."
    )
