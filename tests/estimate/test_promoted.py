"""What a winner owes to luck with less is what is taken off."""

import numpy as np
import pytest

from luthier.estimate.promoted import carried


def rungs(rng, kept, folds=5, counts=(60, 20, 7), spread=0.05):
    """Candidates that are all worth 3: a third goes on each time, with a share of its luck."""
    amounts, made = (3, 9, 27), {}
    luck = {who: rng.normal(0, spread, folds) for who in range(counts[0])}
    for amount, more in zip(amounts, [*counts[1:], 1], strict=True):
        made[amount] = {who: 3 + one for who, one in luck.items()}
        best = sorted(luck, key=lambda who: -luck[who].mean())[:more]
        fresh = np.sqrt(1 - kept**2) * spread
        luck = {who: kept * luck[who] + rng.normal(0, fresh, folds) for who in best}
    return made, np.mean([one.mean() for one in made[27].values()]) - 3


@pytest.mark.parametrize("kept", [0.3, 0.9])
def test_without_a_signal_it_is_the_luck_of_those_that_came_through(kept):
    """On average, to about a third: luck of an earlier rung is partly counted at the next too."""
    rng = np.random.default_rng(4)
    pairs = []
    for _ in range(150):
        made, luck = rungs(rng, kept)
        pairs.append((carried(made, [3, 9, 27]), luck))

    told, owed = np.transpose(pairs)
    assert owed.mean() > 0.005
    assert told.mean() == pytest.approx(owed.mean(), rel=0.35)


def test_where_candidates_differ_in_truth_nothing_is_luck():
    """Who is best on each fold is best on all of them."""
    worth = np.linspace(-7, -2, 9)
    less = {who: one + np.array([0.1, -0.3, 0.2]) for who, one in enumerate(worth)}
    more = {who: less[who] + 1.5 for who in (6, 7, 8)}

    assert carried({4: less, 12: more}, [4, 12]) == pytest.approx(0)


def test_who_had_the_whole_at_once_owes_nothing():
    made, _ = rungs(np.random.default_rng(1), 0.9)

    assert carried(made, [27]) == 0
    assert carried({a: {w: s[:1] for w, s in one.items()} for a, one in made.items()},
                   [3, 9, 27]) == 0  # fmt: skip
