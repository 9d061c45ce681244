import numpy as np

from luthier.numerics.unfinished import ahead

BELIEF = 0.5, 2  # an agreement, as of so many points


def halved(rng, follows, n=45, levels=3):
    """True losses at levels of which each follows the one before, and those of who came there."""
    truth = np.empty((n, levels))
    truth[:, 0] = rng.standard_normal(n) - 7
    for i in range(1, levels):
        noise = rng.standard_normal(n)
        truth[:, i] = follows * (truth[:, i - 1] + 7) + np.sqrt(1 - follows**2) * noise - 7
    seen, here = truth.copy(), np.arange(n)
    for i in range(1, levels):
        here = here[np.argsort(truth[here, i - 1])][: len(here) // 3]
        gone = np.ones(n, dtype=bool)
        gone[here] = False
        seen[gone, i:] = np.nan
    return truth, seen


def test_the_chance_is_as_often_true_as_it_says():
    rng, said, happened = np.random.default_rng(3), [], []
    for _ in range(400):
        truth, seen = halved(rng, rng.uniform(0.3, 0.97))
        said.append(ahead(seen, *BELIEF, rng))
        came = ~np.isnan(seen[:, -1])
        happened.append(truth[~came, -1].min() < truth[came, -1].min())

    assert abs(np.mean(said) - np.mean(happened)) < 4 * np.sqrt(0.25 / 400)


def test_the_better_levels_agree_the_less_is_missed():
    rng = np.random.default_rng(7)

    told = [
        np.mean([ahead(halved(rng, follows, 150)[1], *BELIEF, rng) for _ in range(20)])
        for follows in (0.3, 0.7, 0.97)
    ]

    assert told[0] > told[1] > told[2]


def test_it_depends_on_ranks_alone():
    _, seen = halved(np.random.default_rng(5), 0.8)

    first, second = (
        ahead(losses, *BELIEF, np.random.default_rng(9)) for losses in (seen, np.exp(seen) - 40)
    )

    assert first == second


def test_who_came_to_the_end_at_once_tells_of_all_levels():
    """With points that were chosen by nobody's beginning the same order is believed sooner."""
    rng = np.random.default_rng(8)
    _, seen = halved(rng, 0.97, n=27)
    probes = np.repeat(np.linspace(-9, -5, 12)[:, None], 3, axis=1)
    probes += 0.1 * rng.standard_normal(probes.shape)
    probes[:, -1] = np.maximum(probes[:, -1], np.nanmin(seen[:, -1]) + 0.01)

    few = ahead(seen, *BELIEF, np.random.default_rng(1))
    more = ahead(np.concatenate([seen, probes]), *BELIEF, np.random.default_rng(1))

    assert more < few


def test_nobody_is_ahead_where_nobody_left():
    losses = np.array([[-3.0, 2.5], [4.0, -1.5]])

    assert ahead(losses, *BELIEF, np.random.default_rng(2)) == 0


def test_levels_that_nobody_came_to_both_of_leave_the_belief():
    losses = np.full((9, 3), np.nan)
    losses[:8, 0] = np.arange(8) + 2.5
    losses[8, 2] = 4.0  # it told its end alone

    assert 0 < ahead(losses, *BELIEF, np.random.default_rng(4)) < 1


def test_what_broke_stands_last():
    _, seen = halved(np.random.default_rng(6), 0.8)
    broken = np.where(seen == np.nanmax(seen, axis=0), np.inf, seen)

    first, second = (ahead(x, *BELIEF, np.random.default_rng(9)) for x in (seen, broken))

    assert first == second
