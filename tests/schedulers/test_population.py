import math

import numpy as np
import pytest

from luthier import Choice, Float, Space, Study
from luthier.errors import StudyError
from luthier.parts import Proposal
from luthier.schedulers import Population
from luthier.schedulers.perturbed import STEP
from luthier.testing import history

SPACE = Space(x=Float(-3, 9), y=Float(2, 5))
FIDELITY = ("epochs", 1, 10)


class Fixed:
    def ask(self, space, history, k, rng):
        return Proposal(np.full((k, len(space)), 0.5), tag=77)


def jobs(losses, states=None, budgets=None, tags=None, k=1, seed=1, **settings):
    """What comes next after trials with these last reports; members of 5, intervals of 2."""
    n = len(losses)
    budgets = [2.0] * n if budgets is None else budgets
    past = history(
        SPACE,
        [{"x": 1.5 + i / 8, "y": 2.5 + i / 8} for i in range(n)],
        [-1.0 if states and states[i] == "DONE" else None for i in range(n)],
        ["STOPPED"] * n if states is None else states,
        reports=[(i, budgets[i], loss) for i, loss in enumerate(losses) if loss is not None],
        tags=list(range(1, n + 1)) if tags is None else tags,
        budgets=budgets,
        fidelity=FIDELITY,
    )
    rule = Population(**({"members": 5, "interval": 2} | settings))
    return past, rule.next(SPACE, past, Fixed(), k, np.random.default_rng(seed))


def test_first_the_population_is_filled_though_others_wait():
    _, made = jobs([-1.0, -2.0, -3.0], k=2)

    assert [(job.tag, job.parent, job.budget) for job in made] == [(4, -1, 2), (5, -1, 2)]


def test_a_member_in_the_middle_goes_on_as_it_is():
    past, (job,) = jobs([-2.0, -1.0, -3.0, -4.0, -5.0])

    assert (job.tag, job.parent, job.budget) == (1, 0, 4)
    np.testing.assert_array_equal(job.x, past.X[0])


def test_who_is_last_goes_on_from_the_first_a_little_changed():
    past, (job,) = jobs([-0.5, -1.0, -3.0, -4.0, -5.0], resample=0)

    assert (job.tag, job.parent, job.budget) == (1, 4, 4)
    np.testing.assert_allclose(np.abs(job.x - past.X[4]), STEP)


def test_a_share_of_the_members_is_copied_and_as_many_are_replaced():
    losses = [-1.0, -2, -3, -4, -5, -6, -7, -8, -9, -10]
    parents = set()
    for seed in range(30):
        _, made = jobs(losses, k=10, members=10, share=0.3, seed=seed)
        parents |= {job.parent for job in made[:3]}
        assert [job.parent for job in made[3:]] == list(range(3, 10))

    assert parents == {7, 8, 9}


def test_who_reports_no_number_is_behind_whoever_else_is():
    _, made = jobs([math.nan, -1.0], k=2, members=2)

    assert [job.parent for job in made] == [1, 1]


def test_those_furthest_behind_go_on_first_and_are_compared_with_their_like():
    # Members 1 and 2 stand at 4, the others at 2, where 1 and 2 are not known any more.
    losses = [-9.0, -8.0, -1.0, -2.0, -3.0]
    _, made = jobs(losses, budgets=[4.0, 4.0, 2.0, 2.0, 2.0], k=5)

    assert [(job.tag, job.parent, job.budget) for job in made] == [
        (3, 2, 4), (4, 3, 4), (5, 4, 4), (1, 0, 6), (2, 1, 6)
    ]  # fmt: skip


def test_a_member_that_failed_becomes_a_copy_and_begins_anew_if_there_is_nobody_to_copy():
    states = ["FAILED", "STOPPED", "STOPPED", "STOPPED", "STOPPED"]
    _, (job,) = jobs([None, -1.0, -2.0, -4.0, -3.0], states)
    assert (job.tag, job.parent, job.budget) == (1, 3, 4)

    _, (job,) = jobs([None, None], ["FAILED", "RUNNING"], members=2)
    assert (job.tag, job.parent, job.budget) == (1, -1, 2)


def test_nobody_waits_while_all_members_run():
    _, made = jobs([None] * 5, ["RUNNING"] * 5, k=2)
    assert [(job.tag, job.parent) for job in made] == [(6, -1), (7, -1)]

    # Of the next population nobody goes on before it is whole, but the first one does.
    states = ["RUNNING"] * 3 + ["STOPPED"] * 3
    _, made = jobs([None, None, None, -1.0, -2.0, -3.0], states, k=3)
    assert [(job.tag, job.parent) for job in made] == [(4, 3), (5, 4), (7, -1)]


def test_after_a_population_comes_the_next():
    states = ["DONE"] * 5
    _, (job,) = jobs([-1.0] * 5, states, budgets=[10.0] * 5)

    assert (job.tag, job.parent, job.budget) == (6, -1, 2)


def train(trial):
    """A weight that should come to 8: a large rate is good at first, a small one in the end."""
    weight, first = 0.0, 1
    if trial.parent_folder is not None:
        told = (trial.parent_folder / "weight").read_text().split()
        weight, first = float(told[0]), int(told[1]) + 1
    rate = trial.params["rate"]
    for epoch in range(first, 21):
        gradient = weight - 8 + 3 * math.sin(5 * epoch)  # noisy
        weight -= rate * gradient
        (trial.folder / "weight").write_text(f"{weight!r} {epoch}")
        trial.report(abs(weight - 8), epoch)
        if trial.should_stop():
            break
    return abs(weight - 8)


@pytest.mark.parametrize("explore", ["perturb", "pb2"])
def test_a_schedule_is_found(explore, tmp_path):
    space = Space(rate=Float(0.003, 0.9, log=True), unit=Choice("a", "b"))
    rule = Population(members=6, interval=4, share=0.34, explore=explore)

    def run(scheduler, folder):
        settings = {"sampler": "random", "fidelity": ("epochs", 1, 20), "seed": 2}
        made = Study(space, scheduler=scheduler, folder=tmp_path / folder, **settings)
        return made.run(train, trials=60)

    made = run(rule, "population")
    history = made.history
    assert history.done.sum() == 12  # two populations
    row, rates = made.best.number, []
    while row >= 0:
        rates.append(made[row].params["rate"])
        row = int(history.parent[row])
    assert len(rates) == 5
    assert len(set(rates)) > 1
    assert set(history.budget) == {4.0, 8.0, 12.0, 16.0, 20.0}


def test_a_finite_space_that_is_smaller_than_the_population_is_tried_wholly(tmp_path):
    space = Space(c=Choice("a", "b", "c"))
    made = Study(
        space, sampler="random", scheduler="population", fidelity=FIDELITY, folder=tmp_path
    )

    made.run(lambda trial: trial.number - 1.0, trials=30)

    assert made.history.ended == 30
    assert made.history.done.sum() == 3


@pytest.mark.parametrize(
    ("word", "wrong"),
    [("members", 1), ("interval", 0), ("share", 0.6), ("resample", 2), ("explore", "bold")],
)
def test_settings_must_make_sense(word, wrong):
    with pytest.raises(StudyError, match=f"Population: {word} must be"):
        Population(**{word: wrong})


@pytest.mark.parametrize("scheduler", ["population", "dehb"])
def test_a_sampler_is_not_shown_the_tags_of_the_scheduler(scheduler):
    shown = []

    class Looking:
        def ask(self, space, history, k, rng):
            shown.extend(history.tag.tolist())
            return Proposal(space.sample(k, rng), tag=77)

    def train(trial):
        for epoch in range(1, int(trial.budget) + 1):
            trial.report(trial.params["x"] ** 2 / epoch, step=epoch)
        return trial.params["x"] ** 2

    Study(SPACE, sampler=Looking(), scheduler=scheduler, fidelity=FIDELITY).run(train, trials=90)

    assert len(shown) > 0
    assert set(shown) == {0}


def test_of_few_members_the_last_one_is_replaced():
    made = jobs([0.25, 0.5, 0.75, 1.5], members=4, k=4)[1]

    assert {job.tag: job.parent for job in made} == {1: 0, 2: 1, 3: 2, 4: 0}
