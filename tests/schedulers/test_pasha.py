import itertools
import math

import numpy as np
import pytest

from luthier import Float, Space, Study
from luthier.errors import StudyError
from luthier.parts import Proposal
from luthier.schedulers import PASHA
from luthier.schedulers.pasha import agree, noise
from luthier.testing import history

SPACE = Space(x=Float(-3, 9))


def curves(*rows):
    """A history of trials with these losses at steps 1, 2, 3, ..."""
    reports = [(i, step, loss) for i, row in enumerate(rows) for step, loss in enumerate(row, 1)]
    states = ["STOPPED"] * len(rows)
    return history(SPACE, [{"x": 1.5}] * len(rows), [], states, reports=reports)


def noise_by_hand(rows):
    """What separates two curves at their end that cross there and back."""
    gaps = []
    for one, other in itertools.combinations(rows, 2):
        sides = [a > b for a, b in zip(one, other, strict=True) if a != b]
        crossings = sum(a != b for a, b in itertools.pairwise(sides))
        if crossings >= 2:
            gaps.append(abs(one[-1] - other[-1]))
    return np.percentile(gaps, 90) if gaps else 0.0


def agree_by_hand(rows, below, allowed):
    """Every trial stands now in a place whose holder before it was no further off than noise."""
    before = sorted(range(len(rows)), key=lambda i: rows[i][below - 1])
    now = sorted(range(len(rows)), key=lambda i: rows[i][-1])
    return all(
        abs(rows[was][below - 1] - rows[is_now][below - 1]) <= allowed
        for was, is_now in zip(before, now, strict=True)
    )


def test_noise_and_order_agree_with_the_paper_done_by_hand():
    found = []
    for seed in range(80):
        rng = np.random.default_rng(seed)
        level = rng.normal(-5, 3, size=(6, 1))
        rows = (level + rng.normal(0, (0.02, 0.5, 2.0)[seed % 3], size=(6, 5))).tolist()
        past = curves(*rows)

        allowed = noise(past, np.arange(6), 5)
        assert allowed == pytest.approx(noise_by_hand(rows))
        found.append(agree(past, 3, 5))
        assert found[-1] == agree_by_hand(rows, 3, allowed)

    assert 15 < sum(found) < 65


def test_without_noise_the_order_must_be_the_same():
    assert agree(curves([-1.0, -2, -3], [-4.0, -5, -6]), 2, 3)
    assert not agree(curves([-1.0, -2, -7], [-4.0, -5, -6]), 2, 3)
    # Those two change places, but they have crossed before: they do not differ.
    crossing = [-4.0, -5, -6.5], [-4.5, -4.9, -6.6]
    assert agree(curves(*crossing, [-1.0, -2, -3]), 2, 3)
    assert not agree(curves([-4.0, -5, -6.5], [-3.0, -4.9, -6.6], [-1.0, -2, -3]), 2, 3)


def train(trial, wobble):
    """The first epoch misleads, if they wobble."""
    x = trial.params["x"]
    first = 1
    if trial.parent_folder is not None:
        first = int((trial.parent_folder / "epoch").read_text()) + 1
    for epoch in range(first, 82):
        (trial.folder / "epoch").write_text(str(epoch))
        loss = (x - 2.5) ** 2 + 5 / epoch + wobble * (x if epoch < 2 else -x)
        trial.report(loss, epoch)
        if trial.should_stop():
            break
    return loss


def run(wobble, trials, scheduler="pasha", **settings):
    made = Study(
        SPACE, sampler="random", scheduler=scheduler, fidelity=("epochs", 1, 81), seed=3, **settings
    )
    return made.run(lambda trial: train(trial, wobble), trials=trials)


def test_where_the_order_does_not_change_nobody_but_leaders_goes_beyond_the_second_rung(tmp_path):
    made = run(0.0, 90, folder=tmp_path / "pasha")
    full = run(0.0, 90, "asha", folder=tmp_path / "asha")

    budgets = made.history.budget
    assert set(budgets) == {1.0, 3.0, 81.0}
    assert (budgets == 81).sum() == 2
    for n, row in enumerate(np.flatnonzero(budgets == 81)):
        # It was the best that had come to the ceiling by then.
        before = (made.history.step == 3) & (made.history.owner < row)
        assert made.history.value[before, 0].min() == made[int(made.history.parent[row])].reached[1]
        assert before.sum() >= 9 * 2**n
    assert len(made.history.step) < len(full.history.step)
    assert made.best.value <= full.best.value


def test_the_ceiling_rises_as_far_as_the_order_changes(tmp_path):
    made = run(7.0, 90, folder=tmp_path)

    assert {1.0, 3.0, 9.0} <= set(made.history.budget) <= {1.0, 3.0, 9.0, 81.0}
    assert (made.history.budget == 9).sum() >= 5


def test_the_ceiling_does_not_fall_again():
    """At 9 somebody was, though the order at 3 is what it was at 1."""
    losses = [-9.0, -8.0, -7.0, -6.0]
    reports = [(i, step, loss - step) for step in (1, 3) for i, loss in enumerate(losses)]
    budgets, states = [3.0] * 4, ["STOPPED"] * 4

    def jobs():
        points, fidelity = [{"x": 1.5 + i} for i in range(4)], ("epochs", 1, 27)
        more = {"reports": reports, "budgets": budgets, "fidelity": fidelity}
        past = history(SPACE, points, [], states, **more)
        return PASHA(eta=3).next(SPACE, past, Fixed(), 1, np.random.default_rng(1))

    assert jobs()[0].budget == 1
    budgets, states = [3.0, 9.0, 3.0, 3.0], ["STOPPED", "FAILED", "STOPPED", "STOPPED"]
    (job,) = jobs()
    assert (job.parent, job.budget) == (0, 9)


class Fixed:
    def ask(self, space, history, k, rng):
        return Proposal(np.full((k, 1), 0.5))


def test_without_a_fidelity_it_says_what_to_give():
    with pytest.raises(StudyError, match=r"PASHA.*fidelity=\('epochs', 1, 81\)"):
        Study(SPACE, scheduler="pasha")


@pytest.mark.parametrize("wrong", [1, 2.5, True, math.nan])
def test_settings_must_make_sense(wrong):
    with pytest.raises(StudyError, match="PASHA: eta must be"):
        PASHA(eta=wrong)
