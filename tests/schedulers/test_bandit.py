import numpy as np

from luthier import Choice, Float, Space
from luthier.schedulers.bandit import KNOWN, chosen
from luthier.testing import history

SPACE = Space(x=Float(-3, 9), kind=Choice("a", "b", "c"))
FIDELITY = ("epochs", 1, 30)


def intervals(n, gain, *, seed=0, running=()):
    """Pairs of trials: one up to 10, and one that went on from it up to 20 and gained something."""
    rng = np.random.default_rng(seed)
    params, states, reports, parents, budgets = [], [], [], [], []
    for _ in range(n):
        level = float(rng.normal(-4, 2))
        point = {"x": float(rng.uniform(-3, 9)), "kind": "abc"[rng.integers(3)]}
        params += [{"x": 1.5, "kind": "a"}, point]
        parents += [-1, len(params) - 2]
        budgets += [10.0, 20.0]
        states += ["STOPPED", "STOPPED"]
        reports += [(len(params) - 2, 10, level), (len(params) - 1, 20, level - gain(**point))]
    for point in running:
        params.append(point)
        parents.append(0)
        budgets.append(20.0)
        states.append("RUNNING")
    return history(SPACE, params, [], states, reports=reports, parents=parents, budgets=budgets,
                   fidelity=FIDELITY)  # fmt: skip


def helpful(x, kind):
    return 3 * np.exp(-0.5 * ((x - 6) / 1.5) ** 2) + (1.0 if kind == "b" else 0.0)


def test_it_takes_what_has_helped_most():
    past = intervals(40, helpful)

    made = np.array([chosen(SPACE, past, 0, np.random.default_rng(seed)) for seed in range(8)])

    x, kind = 12 * made[:, 0] - 3, np.floor(3 * made[:, 1])
    assert (np.abs(x - 6) < 1.5).all()
    assert (kind == 1).all()


def test_levels_of_the_loss_do_not_matter_but_gains_do():
    """The best losses belong to points that gained nothing."""
    past = intervals(40, lambda x, kind: helpful(x, kind), seed=1)
    shifted = intervals(40, lambda x, kind: 7 * helpful(x, kind) + 100, seed=1)

    once, again = (chosen(SPACE, each, 0, np.random.default_rng(1)) for each in (past, shifted))

    np.testing.assert_allclose(once, again)


def test_copies_that_are_made_at_once_differ():
    rng = np.random.default_rng(3)
    first = chosen(SPACE, intervals(6, helpful), 0, rng)
    told = SPACE.decode(first[None])[0]

    second = chosen(SPACE, intervals(6, helpful, running=[told] * 3), 0, np.random.default_rng(3))

    assert not np.array_equal(first, second)


def test_before_enough_is_known_it_moves_the_donor():
    past = intervals(KNOWN - 1, helpful)

    made = [chosen(SPACE, past, 0, np.random.default_rng(seed)) for seed in range(60)]

    assert np.mean([abs(abs(x[0] - past.X[0, 0]) - 0.1) < 1e-9 for x in made]) > 0.7
