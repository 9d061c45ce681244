import numpy as np
import pytest

from luthier import Choice, Float, Space, Study
from luthier.errors import StudyError
from luthier.parts import Proposal
from luthier.schedulers import DEHB
from luthier.schedulers.dehb import _Crew
from luthier.testing import history
from luthier.testing.problems import CONDITIONAL

SPACE = Space(x=Float(-3, 9), y=Float(2, 5), z=Float(-11, -4))
FIDELITY = ("epochs", 1, 9)


class Fixed:
    def ask(self, space, history, k, rng):
        return Proposal(np.full((k, len(space)), 0.5), tag=77)


def past(losses, budgets, tags=None, parents=None):
    """Trials that reported these losses at their budgets; those of 9 are DONE."""
    n = len(losses)
    params = SPACE.decode(SPACE.sample(n, np.random.default_rng(2)))
    for child, parent in enumerate(parents or []):
        if parent >= 0:
            params[child] = params[parent]
    return history(
        SPACE,
        params,
        [loss if b == 9 else None for loss, b in zip(losses, budgets, strict=True)],
        ["DONE" if b == 9 else "STOPPED" for b in budgets],
        reports=[(i, b, losses[i]) for i, b in enumerate(budgets)],
        tags=tags or [0] * n,
        parents=parents or [],
        budgets=[float(b) for b in budgets],
        fidelity=FIDELITY,
    )


def test_a_child_takes_the_seat_of_its_member_if_it_is_better():
    losses = [-1.0, -2.0, -3.0, -4.0, -5.0, -2.5, -2.7, -1.5, -9.0]
    tags = [0, 0, 0, 0, 0, 2, 2, 3, 5]  # the last child's seat does not exist: four are members
    crew = _Crew(DEHB(population=4), SPACE, past(losses, [1] * 9, tags))

    assert crew.members(0).tolist() == [0, 6, 2, 3]
    assert crew.parents(0, 2).tolist() == [0, 6, 3]


def test_who_went_on_keeps_its_seat_where_it_began():
    losses = [-1.0, -2.0, -3.0, -4.0, -6.0, -7.0]
    crew = _Crew(
        DEHB(population=4),
        SPACE,
        past(losses, [1, 1, 1, 1, 1, 3], [0, 0, 0, 0, 2, 2], [-1] * 5 + [4]),
    )

    # The merged trial is the child of seat 2 that then came to 3 epochs.
    assert crew.seen.number[crew.members(0)].tolist() == [0, 5, 2, 3]
    assert crew.seen.number[crew.members(1)].tolist() == [5]


def test_parents_are_the_best_of_the_rung_below():
    losses = [-1.0, -9.0, -3.0, -7.0, -5.0, -8.0]
    crew = _Crew(DEHB(population=4), SPACE, past(losses, [1] * 6))

    assert crew.parents(1, 0).tolist() == [1, 5, 3, 4]


def test_a_child_has_genes_of_its_member_and_of_a_mutant():
    """With a weight of nearly 0 the mutant is one of the parents."""
    losses = [-1.0, -2.0, -3.0, -4.0]
    given = past(losses, [1] * 4)
    own = other = 0
    for seed in range(200):
        rule = DEHB(population=4, weight=1e-9, crossover=0.4)
        (job,) = rule.next(SPACE, given, Fixed(), 1, np.random.default_rng(seed))
        assert job.parent == -1
        assert job.budget == 1
        same = np.isclose(given.X, job.x[None], atol=1e-6)
        assert same.any(axis=0).all()
        own += same[job.tag - 1].sum()
        other += 3 - same[job.tag - 1].sum()

    # One of three genes is the mutant's for sure, the others with a probability of 0.4.
    share = (1 + 2 * 0.4) / 3
    assert abs(other / (own + other) - share) < 5 * np.sqrt(share * (1 - share) / 600)


def learn(trial):
    p = trial.params
    level = (p["x"] - 2.5) ** 2 + 3 * (p["y"] - 4.2) ** 2 + (p["z"] + 5) ** 2
    for epoch in range(1, int(trial.budget) + 1):
        trial.report(level + 2 / epoch, epoch)
        if trial.should_stop():
            break
    return level


def run(scheduler, trials, seed=0):
    settings = {"fidelity": FIDELITY, "sampler": "random", "seed": seed}
    return Study(SPACE, scheduler=scheduler, **settings).run(learn, trials=trials)


def test_rungs_are_filled_by_those_who_go_on_and_then_by_children():
    made = run(DEHB(population=9), 300)

    budgets, parents, tags = made.history.budget, made.history.parent, made.history.tag
    assert set(budgets) == {1.0, 3.0, 9.0}
    first = np.flatnonzero(budgets == 1)
    assert (tags[first[:9]] == 0).all()
    assert (tags[first[9:]] > 0).all()
    for level, size in ((3, 4), (9, 4)):
        first = np.flatnonzero(budgets == level)
        assert (parents[first[:size]] >= 0).all()
        assert (parents[first[size:]] == -1).all()
        assert (tags[first[size:]] > 0).all()
    # Hyperband with 9, 5 and 3 new trials at 1, 3 and 9 has 9, 8 and 5.67 of each.
    share = (budgets == 9).mean()
    assert abs(share - 5.67 / 22.67) < 5 * np.sqrt(0.25 * 0.75 / 300)


@pytest.mark.slow
def test_it_finds_better_points_than_hyperband_with_random_search():
    def median(scheduler):
        return np.median([run(scheduler, 150, seed).best.value for seed in range(5)])

    assert median("dehb") < 0.5 * median("hyperband")


def test_children_are_points_of_conditional_spaces():
    made = Study(CONDITIONAL, scheduler=DEHB(population=5), sampler="random", fidelity=FIDELITY)
    made.run(lambda trial: len(trial.params) - trial.number / 50, trials=60)

    assert made.history.ended == 60
    assert (made.history.tag > 0).sum() > 20


def test_a_space_of_one_choice_ends_when_all_was_tried():
    made = Study(Space(c=Choice("a", "b", "c")), scheduler="dehb", fidelity=FIDELITY)

    made.run(lambda trial: trial.number - 1.0, trials=30)

    assert {params["c"] for params in (told.params for told in made.results)} == {"a", "b", "c"}
    assert "nothing is left" in made.ended


@pytest.mark.parametrize(
    ("word", "wrong"), [("eta", 1), ("population", 3), ("weight", 0), ("crossover", 1.5)]
)
def test_settings_must_make_sense(word, wrong):
    with pytest.raises(StudyError, match=f"DEHB: {word} must be"):
        DEHB(**{word: wrong})
