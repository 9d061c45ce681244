"""The contract over every sampler that luthier has."""

import pytest

from luthier.samplers import QMC, Auto, Grid, Random
from luthier.testing import SamplerContract


class TestRandom(SamplerContract):
    sampler = Random()


class TestQMC(SamplerContract):
    sampler = QMC()


@pytest.mark.slow  # it fits a model, 2,400 times where it is compared with random search
class TestAuto(SamplerContract):
    sampler = Auto()


class TestGrid(SamplerContract):
    sampler = Grid(points=4)
