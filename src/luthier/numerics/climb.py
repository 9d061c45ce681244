"""Climbing a cheap function over mixed cells: many starts, random steps and exchanges."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
from numpy.random import Generator

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Score = Callable[[Array], Array]


def climb(
    score: Score,
    pool: Array,
    grid: Sequence[Array | None],
    rng: Generator,
    *,
    starts: int = 8,
    rounds: int = 5,
    steps: int = 16,
) -> tuple[Array, Array]:
    """Local searches side by side, each from one of the best or luckiest points of a pool.

    In every round each search looks at all single exchanges of its discrete cells and at some
    random steps of the others, which become shorter, and moves to the best.

    Parameters
    ----------
    score : (k, d) -> (k,)
        To be made large; -inf where a point must not be taken.
    pool : (k, d)
        Rows of the unit cube without NaN.
    grid : (d,)
        For each column, the cells to exchange; None for one to take steps along.
    steps : int
        Random steps of each search in each round.

    Returns
    -------
    points : (s, d)
        Ends, the best first.
    values : (s,)
    """
    values = score(pool)
    chosen = lucky(values, starts, rng)
    at, best = pool[chosen], values[chosen]
    free = np.array([j for j, cells in enumerate(grid) if cells is None], dtype=np.int64)
    fixed = [(j, cells) for j, cells in enumerate(grid) if cells is not None and len(cells) > 1]
    for turn in range(rounds):
        trials = [exchanges(at, fixed)] if fixed else []
        if len(free):
            trials.append(wander(at, free, steps, 0.2 * 0.45**turn, rng))
        if not trials:
            break
        near = np.concatenate(trials, axis=1)  # (s, c, d)
        found = score(near.reshape(-1, near.shape[2])).reshape(near.shape[:2])
        top = found.argmax(axis=1)
        there = np.take_along_axis(found, top[:, None], axis=1)[:, 0]
        better = there > best
        at = np.where(better[:, None], near[np.arange(len(at)), top], at)
        best = np.where(better, there, best)
        if not better.any() and not len(free):
            break
    order = np.argsort(-best, kind="stable")
    return at[order], best[order]


def lucky(values: Array, k: int, rng: Generator) -> Ints:
    """The best place, and others drawn with weights exp(z), z being standardised values.

    The Gumbel trick draws them without replacement.
    """
    finite = np.isfinite(values)
    if not finite.any():
        return np.arange(min(k, len(values)))
    sd = values[finite].std()
    z = np.where(finite, (values - values[finite].max()) / (sd if sd > 0 else 1.0), -np.inf)
    noise = -np.log(rng.exponential(size=len(z)))
    keys = np.where(finite, 2 * z + noise, -np.inf)
    keys[np.argmax(z)] = np.inf
    chosen = np.argsort(-keys, kind="stable")[:k]
    return chosen[finite[chosen]]


def exchanges(at: Array, fixed: Sequence[tuple[int, Array]]) -> Array:
    """Each row with one discrete cell exchanged, in all ways. Shape (s, c, d)."""
    made = np.repeat(at[:, None, :], sum(len(cells) for _, cells in fixed), axis=1)
    start = 0
    for j, cells in fixed:
        made[:, start : start + len(cells), j] = cells
        start += len(cells)
    return made


def wander(at: Array, free: Ints, steps: int, width: float, rng: Generator) -> Array:
    """Each row with some of its free cells moved a little. Shape (s, steps, d)."""
    made = np.repeat(at[:, None, :], steps, axis=1)
    shape = (len(at), steps, len(free))
    share = max(0.3, min(1.0, 2 / len(free)))
    moved = rng.random(shape) < share
    moved[..., 0] |= ~moved.any(axis=2)
    sizes = width * rng.choice([0.3, 1.0], size=(*shape[:2], 1))
    made[:, :, free] += np.where(moved, sizes * rng.standard_normal(shape), 0.0)
    return np.clip(made, 0.0, 1.0)


def polish(rise: Callable[[Array], tuple[float, Array]], u: Array) -> Array:
    """The end of a quasi-Newton climb over continuous cells, from u (p,), inside [0, 1].

    Parameters
    ----------
    rise : (p,) -> float, (p,)
        A function to be made large, and its gradient.
    """
    from scipy.optimize import minimize

    def fall(u: Array) -> tuple[float, Array]:
        value, gradient = rise(u)
        return -value, -gradient

    made = minimize(
        fall,
        u,
        jac=True,
        method="L-BFGS-B",
        bounds=[(0.0, 1.0)] * len(u),
        options={"maxiter": 10, "ftol": 1e-4},
    )
    return np.asarray(made.x)
