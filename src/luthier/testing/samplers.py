"""What every sampler must keep to."""

from __future__ import annotations

import copy
import math
import pickle
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from luthier.history import Event, History
from luthier.parameters import Array
from luthier.parts import Sampler
from luthier.space import Choice, Float, Int, Space
from luthier.study import Study
from luthier.testing.histories import fingerprint, history
from luthier.testing.problems import CONDITIONAL, FORBIDDEN, MIXED, PROBLEMS, Problem

SPACES = {
    "flat": PROBLEMS["bowl"].space,
    "mixed": MIXED,
    "conditional": CONDITIONAL,
    "forbidden": FORBIDDEN,
    "one column": Space(x=Float(-3, 9)),
    "with constants": Space(x=Float(-3, 9), c=7, d=Int(4, 4), e="fixed"),
    "believed": Space(
        x=Float(-3, 9, likely=(4, 6), extend=True),
        a=Choice("u", "v", likely="v"),
        n=Int(2, 20, log=True, likely=(3, 5), when={"a": "v"}),
    ),
    "ruled": Space(x=Float(-3, 9), n=Int(2, 6)).forbid(apart=lambda p: p["x"] > p["n"]),
}


class SamplerContract:
    """Tests of a sampler; set `sampler`, and perhaps the numbers below.

    Attributes
    ----------
    sampler : Sampler
        Never used itself: every test takes a copy.
    budget, seeds : int
        In comparison with random search: trials of a study, and how many studies.
    """

    sampler: ClassVar[Any]
    budget: ClassVar[int] = 40
    seeds: ClassVar[int] = 20

    # -- proposals --------------------------------------------------------------------------------

    def test_points_are_valid_in_every_space(self) -> None:
        for space in SPACES.values():
            for past in (history(space), _past(space), _past(space, 23)):
                for k in (1, 7):
                    self._ask(space, past, k)

    def test_the_history_is_untouched(self) -> None:
        for space in SPACES.values():
            past = _past(space)
            before = fingerprint(past)

            self._ask(space, past, 3)

            assert fingerprint(past) == before

    def test_the_same_generator_gives_the_same_points(self) -> None:
        for space in SPACES.values():
            past = _past(space)
            sampler = self._fresh()

            first, second = self._ask(space, past, 5, sampler), self._ask(space, past, 5, sampler)

            np.testing.assert_array_equal(first, second)

    def test_a_fresh_sampler_agrees_with_a_used_one(self) -> None:
        for space in SPACES.values():
            used = self._fresh()
            for n in (0, 3, 8, 12):
                past = _past(space, n)
                from_used, from_fresh = self._ask(space, past, 2, used), self._ask(space, past, 2)
                np.testing.assert_array_equal(from_used, from_fresh)

    def test_what_a_sampler_remembers_is_not_part_of_it(self) -> None:
        used = self._fresh()
        told = repr(used), len(pickle.dumps(used))
        for n in (3, 12):
            self._ask(MIXED, _past(MIXED, n), 2, used)

        assert (repr(used), len(pickle.dumps(used))) == told
        again = pickle.loads(pickle.dumps(used))
        past = _past(MIXED, 12)
        np.testing.assert_array_equal(self._ask(MIXED, past, 2, again), self._ask(MIXED, past, 2))

    # -- odd histories ----------------------------------------------------------------------------

    def test_failed_and_lost_trials_alone_are_survived(self) -> None:
        for space in SPACES.values():
            params = _params(space, 6)
            for state in ("FAILED", "STOPPED", "RUNNING"):
                self._ask(space, history(space, params, states=[state] * len(params)), 2)
            lost = history(space, params, states=["LOST"] * len(params))
            self._ask(space, lost.seen(), 2)

    def test_odd_losses_are_survived(self) -> None:
        for space in SPACES.values():
            params = _params(space, 9)
            for losses in (
                [-3.25] * 9,
                [math.inf, 2.0, -1.0] * 3,
                [1e308, -1e308, 3.0] * 3,
                [5e-324, -0.0, 1e-300] * 3,
            ):
                self._ask(space, history(space, params, losses[: len(params)]), 2)

    def test_pending_trials_are_survived(self) -> None:
        for space in SPACES.values():
            params = _params(space, 9)
            losses = [None if i % 3 else -1.5 * i for i in range(len(params))]
            self._ask(space, history(space, params, losses), 3)

    def test_a_space_that_grew_is_survived(self) -> None:
        space = Space(x=Float(-3, 9), a=Choice("u", "v"))
        grown = space.grow(
            x=Float(-30, 9),
            a=Choice("u", "v", "w"),
            y=Float(2, 5, default=3),
            z=Int(1, 9, when={"a": "w"}),
        )
        self._redressed(space, grown)

    def test_a_space_that_became_narrower_is_survived(self) -> None:
        space = Space(x=Float(-3, 9), n=Int(2, 20, log=True), a=Choice("u", "v", "w"))
        past = self._redressed(space, space.grow(x=Float(-1, 1), n=Int(5, 9), a=Choice("w", "u")))

        outside = (past.X < 0) | (past.X > 1)
        assert outside.any(axis=0).all(), "the contract itself should show rows outside"

    def test_cells_that_no_trial_asked_for_are_survived(self) -> None:
        """As where a space is defined by running: NaN without any condition that says so."""
        space = Space(x=Float(-3, 9), y=Float(2, 5), a=Choice("u", "v"))
        past = history(space)
        for i, raw in enumerate([{"x": 1.0}, {"y": 3.0}, {"a": 1}, {}, {"x": 4.0, "a": 0}]):
            past.apply(Event("created", i, 1.0, {"draw": i, "params": raw}))
            past.apply(Event("finished", i, 2.0, {"state": "DONE", "loss": [-2.0 * i]}))
        self._ask(space, past, 2)

    # -- inside a study ---------------------------------------------------------------------------

    def test_a_study_reopened_after_every_trial_is_the_same(self, tmp_path: Path) -> None:
        for name in ("mixed", "conditional", "forbidden"):
            problem, trials = PROBLEMS[name], 12
            whole = self._study(problem)
            whole.run(problem, trials=trials)
            for n in range(1, trials + 1):
                part = self._study(problem, store=tmp_path / f"{name}.db")
                part.run(problem, trials=n)
                part.close()

            assert _rows(part) == _rows(whole)

    def test_k_trials_at_once_are_valid_and_differ(self) -> None:
        for name in ("bowl", "mixed", "conditional", "forbidden"):
            study = self._study(PROBLEMS[name])
            for k in (1, 7, 3):
                for trial in study.ask(k):
                    study.tell(trial, PROBLEMS[name].loss(trial.params))

            tried = [repr(result.params) for result in study.results]
            assert len(set(tried)) == len(tried) == 11

    def test_a_finite_space_is_tried_once_and_then_the_study_ends(self) -> None:
        study = self._study(PROBLEMS["forbidden"])
        size = study.space.size
        assert size == 37

        study.run(PROBLEMS["forbidden"])

        tried = [tuple(result.params.values()) for result in study.results]
        assert len(set(tried)) == len(tried) == size
        assert study.best.value == PROBLEMS["forbidden"].best
        assert "nothing is left to try" in study.ended
        assert study.ask() == []

    def test_forbidden_combinations_are_never_tried(self) -> None:
        space = SPACES["ruled"]
        study = Study(space, sampler=self._fresh(), seed=3).run(
            lambda trial: float(trial.params["x"]), trials=30
        )

        assert not any(r.params["x"] > r.params["n"] for r in study.results)

    def test_losses_are_put_to_use(self) -> None:
        """The sampler's best loss beats that of random search in a sign test over seeds."""
        if not getattr(self.sampler, "uses_losses", True):
            return
        for name in ("bowl", "mixed", "conditional"):
            problem, wins = PROBLEMS[name], 0
            for seed in range(self.seeds):
                values = []
                for sampler in (self._fresh(), "random"):
                    study = Study(problem.space, sampler=sampler, seed=seed)
                    study.run(problem, trials=self.budget)
                    values.append(study.best.value or 0.0)
                wins += values[0] < values[1]
            # By chance so many wins come up less than once in 20 times.
            tail = [math.comb(self.seeds, w) / 2**self.seeds for w in range(wins, self.seeds + 1)]
            assert sum(tail) < 0.05, f"{name}: {wins} wins of {self.seeds}"

    # -- parts of the tests -----------------------------------------------------------------------

    def _fresh(self) -> Sampler:
        made: Sampler = copy.deepcopy(self.sampler)
        return made

    def _study(self, problem: Problem, **settings: Any) -> Study:
        return Study(problem.space, sampler=self._fresh(), seed=5, **settings)

    def _ask(self, space: Space, past: History, k: int, sampler: Sampler | None = None) -> Array:
        """Ask, and see that what comes is rows of the space."""
        chosen = self._fresh() if sampler is None else sampler
        proposal = chosen.ask(space, past, k, np.random.default_rng((7, len(past))))
        X = proposal.X
        assert X.ndim == 2
        assert X.shape[1] == len(space)
        if space.size == math.inf or len(past) + k < space.size / 2:
            # Only a grid may run out of points before its space does.
            assert len(X) == k or hasattr(chosen, "size"), f"{len(X)} points came for k={k}"
        assert len(X) <= k
        live = ~np.isnan(X)
        assert ((X[live] >= 0) & (X[live] <= 1)).all(), f"outside the unit cube: {X}"
        np.testing.assert_array_equal(live, space.active(X), "NaN is for what is inactive")
        assert space.allowed(X).all(), f"forbidden: {space.decode(X)}"
        tags = np.broadcast_to(np.asarray(proposal.tag), (len(X),))
        assert np.issubdtype(tags.dtype, np.integer)
        return X

    def _redressed(self, before: Space, after: Space) -> History:
        """Ask in a space that has changed since its trials were made."""
        params = _params(before, 12)
        past = history(before, params, [-1.5 * i for i in range(12)])
        past.dress(after)
        self._ask(after, past, 3)
        return past


def _params(space: Space, n: int) -> list[dict[str, Any]]:
    return space.decode(space.sample(n, np.random.default_rng(11)))


def _past(space: Space, n: int = 8) -> History:
    """Trials in every state, with lopsided losses."""
    states = ["DONE", "DONE", "FAILED", "DONE", "RUNNING", "STOPPED", "DONE"]
    return history(
        space,
        _params(space, n),
        [(-2.5) ** (i % 5) for i in range(n)],
        [states[i % 7] for i in range(n)],
        reports=[(i, step, 3.5 - i - step) for i in range(n) for step in (1, 3)],
        seed=5,
    )


def _rows(study: Study) -> list[Any]:
    return [(r.number, r.state, r.params, r.values, r.parent) for r in study.results]
