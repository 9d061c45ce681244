"""The log of a search: a study with a trial per candidate and a report per fold.

A fold is a step of its trial. What a report does not hold, the estimator's predictions on the
fold's test rows, is kept as an array in the trial's folder.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from itertools import dropwhile
from typing import Any

import numpy as np

from luthier.history import State
from luthier.outcome import fault
from luthier.parameters import same
from luthier.sklearn.evaluate import Outcome
from luthier.sklearn.fingerprints import key
from luthier.space import Choice, Space
from luthier.study import Study
from luthier.trial import Trial

SCORE = "score"
NOT_SET = "(not set)"  # stands for a parameter that a candidate leaves alone
TIMES = ("fit_time", "score_time", "n_test_samples")
FOUND = "iterations"
FOLD, BUDGET = "fold", "budget"  # a noted fold, and what the candidate was given
TRACE = "Traceback (most recent call last):\n"
NAMED = re.compile(r"(?:[\w<>]+\.)*([^\W\d]\w*)(?:: (.*))?$", re.M)  # an error, after its module
KINDS = (("test_scores", "test"), ("train_scores", "train"))


class Journal:
    """Writes outcomes into a study, and reads those that are there.

    Parameters
    ----------
    study : Study
        It maximises ``score``.
    metric : str or None
        Which score counts where there are several; None for the only one.
    files : bool
        Keep predictions in the trials' folders.
    """

    def __init__(self, study: Study, metric: str | None, *, files: bool) -> None:
        self.study, self.metric, self.files = study, metric, files

    # -- writing

    def fold(self, trial: Trial, fold: int, outcome: Outcome, budget: int | None = None) -> None:
        """Note the outcome of one fold; with a budget, steps are budgets and not folds."""
        told: dict[str, Any] = {name: outcome.get(name) for name in TIMES}
        for kind, short in KINDS:
            if kind in outcome:
                told |= _flat(outcome[kind], short)
        if outcome.get(FOUND) is not None:
            told[FOUND] = outcome[FOUND]
        if outcome["fit_error"] is not None:
            told["fit_error"] = outcome["fit_error"][-2000:]
        told[SCORE] = score(outcome, self.metric)
        made = outcome.get("predictions")
        if self.files and made:
            saved = {name: _plain(value) for name, value in made.items()}
            if all(value is not None for value in saved.values()):
                np.savez(trial.folder / f"fold{fold}.npz", **saved)
        if budget is None:
            trial.report(told, step=fold)
        else:
            trial.note(**{f"{FOLD}{fold}": told | {BUDGET: budget}})
        self.study.flush()

    def end(self, trial: Trial, outcomes: Sequence[Outcome | None]) -> None:
        """Note that a candidate has run on all folds, or was dropped.

        One that was dropped because a fold failed has failed: it shall be avoided.
        """
        ran = [outcome for outcome in outcomes if outcome is not None]
        scores = [score(outcome, self.metric) for outcome in ran]
        if not np.isfinite(scores).all():
            why = next((o["fit_error"] for o in ran if o["fit_error"]), None)
            error = cause(why or "a fold's score is not a number")
            self.study.driver.finish(trial.number, {"state": "FAILED", "error": error})
            self.study.flush()
        elif len(ran) < len(outcomes):
            trial.told = True  # nobody asked it to stop but the race between candidates
            self.study.tell(trial)
        else:
            self.study.tell(trial, float(np.mean(scores)))

    # -- reading

    def known(self, number: int, folds: int, budget: int | None = None) -> list[Outcome | None]:
        """The outcomes of a trial's folds, and of the lost trials that it goes on from.

        With a budget, those of the folds that were run with it.
        """
        made: list[Outcome | None] = [None] * folds
        history = self.study.history
        while number >= 0:
            for fold, told in self._told(number, budget).items():
                if fold < folds and made[fold] is None:
                    made[fold] = self._outcome(number, fold, told)
            parent = int(history.parent[number])
            number = parent if parent >= 0 and history.state[parent] == State.LOST else -1
        return made

    def budget(self, number: int) -> int:
        """With how much a trial was judged last; 0 if with nothing."""
        told = self.study.history.facts(number).items()
        return max((int(v[BUDGET]) for name, v in told if name.startswith(FOLD)), default=0)

    def _told(self, number: int, budget: int | None) -> dict[int, Mapping[str, Any]]:
        """What a trial told of each fold."""
        history = self.study.history
        if budget is None:
            steps, metrics = history.curve(number)[0], history.reported(number)
            return {step: metrics[step] for step in steps.tolist() if step in metrics}
        told = history.facts(number).items()
        folds = {int(k[len(FOLD) :]): v for k, v in told if k.startswith(FOLD)}
        return {fold: v for fold, v in folds.items() if v[BUDGET] == budget}

    def _outcome(self, number: int, fold: int, told: Mapping[str, Any]) -> Outcome:
        made: Outcome = {name: _number(told.get(name)) for name in TIMES}
        made["fit_error"] = told.get("fit_error")
        if FOUND in told:
            made[FOUND] = told[FOUND]
        for kind, short in KINDS:
            scores = {
                name[len(short) + 1 :]: _number(value)
                for name, value in told.items()
                if name.startswith(short + "_")
            }
            if scores:
                made[kind] = scores[""] if set(scores) == {""} else scores
        path = self.study.folder_of(number) / f"fold{fold}.npz" if self.files else None
        made["predictions"] = None
        if path is not None and path.exists():
            with np.load(path, allow_pickle=False) as saved:
                made["predictions"] = dict(saved)
        return made


class Listed:
    """Candidates that are known beforehand, each found again by its key.

    Parameters
    ----------
    journal : Journal
    candidate : callable
        From a row to the candidate.
    """

    def __init__(self, journal: Journal, candidate: Callable[[int], Mapping[str, Any]]) -> None:
        self.journal, self.candidate = journal, candidate
        study = journal.study
        self._stored: dict[str, list[int]] = {}
        self._trials: dict[int, Trial] = {}
        for _ in study.history.retries():
            trial = study.ask()[0]  # a lost one, again
            told = study.history.facts(trial.parent)
            trial.note(**told)
            self._trials[-1 - trial.number] = trial
        history = study.history
        for number in range(len(history)):
            named = history.facts(number).get("key")
            if named is not None and history.state[number] != State.LOST:
                self._stored.setdefault(named, []).append(number)

    def stored(self, row: int, folds: int) -> list[Outcome | None]:
        """What the store knows of a candidate's folds."""
        numbers = self._stored.get(key(self.candidate(row)))
        if not numbers:
            return [None] * folds
        number = numbers.pop(0)
        if self.journal.study.history.state[number] == State.RUNNING:
            self._trials[row] = self._trials.pop(-1 - number)
        return self.journal.known(number, folds)

    def fold(self, row: int, fold: int, outcome: Outcome) -> None:
        """Note the outcome of a fold; the first one makes the candidate's trial."""
        trial = self._trials.get(row)
        if trial is None:
            study, candidate = self.journal.study, self.candidate(row)
            study.enqueue(
                {name: candidate.get(name, NOT_SET) for name in study.space.names}, again=True
            )
            trial = self._trials[row] = study.ask()[0]
            trial.note(key=key(candidate))
        self.journal.fold(trial, fold, outcome)

    def end(self, row: int, outcomes: Sequence[Outcome | None]) -> None:
        """Note that a candidate has run on all folds, or was dropped."""
        trial = self._trials.pop(row, None)
        if trial is not None:
            self.journal.end(trial, outcomes)

    def close(self) -> None:
        """Give up what did not finish; it goes on when the search does."""
        for trial in self._trials.values():
            self.journal.study.driver.lose(
                trial.number, "Interrupted", "the search ended before it"
            )
        self._trials.clear()
        self.journal.study.flush()


def study_of(search: Any) -> Study:
    """A study in memory that holds what a fitted search found."""
    results = search.cv_results_
    candidates, folds = results["params"], search.n_splits_
    scores = [name[len("mean_test_") :] for name in results if name.startswith("mean_test_")]
    metric = search.refit if search.refit in scores else scores[0]
    kinds = [("test_scores", "test")]
    if f"split0_train_{metric}" in results:
        kinds.append(("train_scores", "train"))
    study = Study(space_of(candidates), maximize=SCORE, sampler="random")
    log = Listed(Journal(study, metric, files=False), lambda row: candidates[row])
    counts = results.get("n_folds", [folds] * len(candidates))
    rows = np.arange(len(candidates))
    if getattr(search, "fidelity", None) is not None:  # others were judged with less
        rows = rows[results["n_resources"] == results["n_resources"].max()]
    for row in rows.tolist():
        outcomes: list[Outcome | None] = [None] * folds
        for fold in range(folds):
            made: Outcome = {"fit_error": None}
            for kind, short in kinds:
                made[kind] = {name: results[f"split{fold}_{short}_{name}"][row] for name in scores}
            if np.isnan(made["test_scores"][metric]) and counts[row] < folds:
                continue
            for name in ("fit_time", "score_time"):
                made[name] = float(results[f"mean_{name}"][row])
            outcomes[fold] = made
            log.fold(row, fold, made)
        log.end(row, outcomes)
    return study


def space_of(candidates: Sequence[Mapping[str, Any]]) -> Space:
    """A space that holds some candidates: a choice among the values of each parameter."""
    names = dict.fromkeys(name for candidate in candidates for name in candidate)
    made: dict[str, Choice] = {}
    for name in names or ("nothing",):  # GridSearchCV(estimator, {}) is one candidate
        values = [candidate.get(name, NOT_SET) for candidate in candidates]
        options: list[Any] = []
        known: set[Any] = set()
        for value in values:
            value = value.item() if isinstance(value, np.generic) else value
            if isinstance(value, bool | int | float | str | None):
                if (type(value), value) in known:
                    continue
                known.add((type(value), value))
            elif any(value is other or same(value, other) for other in options):
                continue
            options.append(value)
        numbers = all(isinstance(v, int | float) and not isinstance(v, bool) for v in options)
        options = sorted(options) if numbers else options
        ordered, ids = numbers and len(options) > 2, tuple(range(len(options)))
        made[name] = Choice(*options, ordered=ordered, _ids=ids)
    return Space(made)


def score(outcome: Outcome, metric: str | None) -> float:
    """The score of a fold that counts."""
    scores = outcome["test_scores"]
    if isinstance(scores, dict):
        scores = scores[metric if metric in scores else next(iter(scores))]
    return float(scores)


def cause(text: str) -> dict[str, str]:
    """Kind, message and traceback of what is known of a fold's error, as the log keeps them.

    Parameters
    ----------
    text : str
        A traceback; or kind and message in its first line, and more below it.
    """
    told = NAMED.match(text)
    if told:
        return {
            "kind": told[1],
            "message": told[2] or "",
            "traceback": text[told.end() :].lstrip("\n"),
        }
    lines = dropwhile(lambda line: line[:1] == " ", text.split(TRACE)[-1].split("\n"))
    told = NAMED.match("\n".join(lines))  # below the places in the code, which are indented
    if TRACE not in text or not told:
        return fault("Error", text)
    return {"kind": told[1], "message": told[2] or "", "traceback": text}


def _flat(scores: Any, short: str) -> dict[str, Any]:
    if isinstance(scores, dict):
        return {f"{short}_{name}": float(value) for name, value in scores.items()}
    return {f"{short}_": float(scores)}


def _number(told: Any) -> Any:
    return math.nan if told is None else told


def _plain(value: Any) -> Any:
    """An array that can be stored without pickle, or None."""
    made = np.asarray(value)
    if not made.dtype.hasobject:
        return made
    return made.astype(str) if all(isinstance(v, str) for v in made.ravel()) else None
