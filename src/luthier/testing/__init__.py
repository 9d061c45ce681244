"""For authors of plug-ins: contracts that every part must keep, and problems to try it on.

A contract is a class of tests for pytest::

    class TestClimb(SamplerContract):
        sampler = Climb()

To see the values in a failed assertion, put
``pytest.register_assert_rewrite("luthier.testing")`` into ``conftest.py``.
"""

from __future__ import annotations

from luthier.testing.histories import history
from luthier.testing.problems import PROBLEMS, Problem
from luthier.testing.samplers import SamplerContract
from luthier.testing.schedulers import SchedulerContract
from luthier.testing.stores import StoreContract

__all__ = [
    "PROBLEMS",
    "Problem",
    "SamplerContract",
    "SchedulerContract",
    "StoreContract",
    "history",
]
