"""Listing: candidates that are all known beforehand, as scikit-learn's searches hand them over."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sklearn.base import clone

from luthier.sklearn import simplicity
from luthier.sklearn.fingerprints import check, fingerprint
from luthier.sklearn.fitting import Candidate, Fitting, Split, complete
from luthier.sklearn.journal import SCORE, Journal, Listed, space_of
from luthier.sklearn.racing import race
from luthier.sklearn.results import complain, table
from luthier.study import Study


class Enough(Exception):
    """The search ends here, with what it has."""


class Listing:
    """Evaluates candidates that are given in batches, each of which is known before it runs.

    Parameters
    ----------
    fitting : Fitting
    """

    def __init__(self, fitting: Fitting) -> None:
        self.fitting = fitting

    def evaluate_candidates(
        self,
        candidate_params: Iterable[Candidate],
        cv: Any = None,
        more_results: Mapping[str, Sequence[Any]] | None = None,
        callback_ctx: Any = None,
    ) -> dict[str, Any]:
        """Evaluate candidates on every fold; what scikit-learn's searches call.

        Returns
        -------
        dict
            The results so far, in the form of ``cv_results_``.
        """
        fitting = self.fitting
        search, fitting.listed, last = fitting.search, True, ""
        cv = cv or search._checked_cv_orig
        candidates = [dict(candidate) for candidate in candidate_params]
        splits = fitting.split(cv)
        if search.verbose > 0:
            print(
                f"Fitting {len(splits)} folds for each of {len(candidates)} candidates, "
                f"totalling {len(candidates) * len(splits)} fits"
            )
        if not candidates or not splits:
            raise ValueError(
                "No fits were performed. Was the CV iterator empty? Were there no candidates?"
            )
        if search.trials is not None and len(fitting.candidates) + len(candidates) > search.trials:
            candidates = candidates[: search.trials - len(fitting.candidates)]
            last = f"all {search.trials} trials were run"
        if search.refit == "one_se":
            simplicity.ordered(name for candidate in candidates for name in candidate)
        known = fitting.base.get_params(deep=True)
        for one in {tuple(candidate): candidate for candidate in candidates}.values():
            if not known.keys() >= one.keys():  # it is wrong, or of a step that it brings along
                clone(fitting.base).set_params(**clone(one, safe=False))
        rows = fitting.add(candidates, len(splits))
        fitting.total = len(fitting.candidates)
        for name, values in (more_results or {}).items():
            fitting.more[name].extend(values[: len(rows)])
        if search.store is not None:
            self._recall(rows, splits)
        contexts = fitting.calls.tasks(callback_ctx, len(rows) * len(splits))
        every = [(row, fold) for row in rows for fold in range(len(splits))]
        try:
            race(fitting, rows, splits, dict(zip(every, contexts, strict=True)))
        finally:
            if any(outcome for row in rows for outcome in fitting.outcomes[row]):
                complain(fitting, rows)
        fitting.ended = fitting.ended or last
        fitting.results = table(fitting)
        if fitting.ended:
            raise Enough
        return fitting.results

    def _recall(self, rows: Sequence[int], splits: Sequence[Split]) -> None:
        """Fill in what the store knows of some candidates."""
        fitting, search = self.fitting, self.fitting.search
        if fitting.log is None:
            study = Study(
                space_of(fitting.candidates),
                maximize=SCORE,
                sampler="random",
                store=search.store,
                name=search.study,
            )
            check(study, fingerprint(search, fitting.X, fitting.y, splits))
            search.study_ = study
            journal = Journal(study, fitting.metric, files=search.honest)
            fitting.log = Listed(journal, self._marked)
        assert isinstance(fitting.log, Listed)
        for row in rows:
            fitting.outcomes[row] = fitting.log.stored(row, len(splits))
            if complete(fitting.outcomes[row]):
                fitting.close(row)

    def _marked(self, row: int) -> dict[str, Any]:
        """A candidate with what else tells it from others: the resources that it is given."""
        more = {name: values[row] for name, values in self.fitting.more.items()}
        return self.fitting.candidates[row] | more
