from luthier.samplers.refits import EVERY, GROWTH, last_refit


def test_models_are_fitted_every_time_at_first_and_then_at_5_percent_more():
    sizes = sorted({last_refit(n) for n in range(1, 400)})

    assert sizes[:EVERY] == list(range(1, EVERY + 1))
    assert sizes[EVERY : EVERY + 4] == [63, 66, 69, 72]
    gaps = zip(sizes[EVERY:], sizes[EVERY + 1 :], strict=False)
    assert all(a < b <= GROWTH * (a + 1) for a, b in gaps)


def test_a_model_was_fitted_to_trials_that_are_there_and_never_to_fewer_than_before():
    fitted = [last_refit(n) for n in range(1, 400)]

    assert all(size <= n for n, size in enumerate(fitted, start=1))
    assert fitted == sorted(fitted)
