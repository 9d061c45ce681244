"""The contract over every scheduler that luthier has."""

from luthier.schedulers import ASHA, Full, Median, Patience, Percentile, Threshold
from luthier.testing import SchedulerContract


class TestFull(SchedulerContract):
    scheduler = Full()


class TestMedian(SchedulerContract):
    scheduler = Median(startup=2, warmup=1)


class TestPercentile(SchedulerContract):
    scheduler = Percentile(percentile=40, startup=2, warmup=1)


class TestPatience(SchedulerContract):
    scheduler = Patience(steps=3, least_gain=0.2)


class TestThreshold(SchedulerContract):
    scheduler = Threshold(worst=7.0)


class TestASHA(SchedulerContract):
    scheduler = ASHA()
