"""The contract over every scheduler that luthier has."""

from luthier.schedulers import ASHA, Auto, Full, Median
from luthier.testing import SchedulerContract


class TestFull(SchedulerContract):
    scheduler = Full()


class TestMedian(SchedulerContract):
    scheduler = Median(startup=2, warmup=1)


class TestASHA(SchedulerContract):
    scheduler = ASHA()


class TestAuto(SchedulerContract):
    scheduler = Auto()
