"""One thread for small matrices."""

import scipy.linalg  # noqa: F401 - its library must be loaded to be found
from threadpoolctl import ThreadpoolController, threadpool_limits

from luthier.numerics import threads


def counts():
    return [each["num_threads"] for each in ThreadpoolController().select(user_api="blas").info()]


def test_linear_algebra_has_one_thread_while_it_lasts_and_its_own_again_afterwards():
    with threadpool_limits(2, user_api="blas"):
        before = counts()
        threads._controller.cache_clear()
        with threads.one_thread():
            within = counts()
        after = counts()
    threads._controller.cache_clear()

    assert before == after == [2] * len(before)
    assert within == [1] * len(before)
    assert before
