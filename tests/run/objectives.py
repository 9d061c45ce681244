"""Objectives that behave, and some that do not, for the tests of this folder."""

from __future__ import annotations

import ctypes
import faulthandler
import os
import sys
import threading
import time

from luthier.history import Objective
from luthier.space import Choice, Float, Space
from luthier.trial import Task

SPACE = Space(x=Float(-3, 9), kind=Choice("a", len, [1, 2]))


def task(number=0, *, objectives=("loss",), dynamic=False, **raw):
    raw = {"x": 2.5, "kind": 1} | raw
    made = tuple(Objective(name) for name in objectives)
    space = Space() if dynamic else SPACE
    return Task(number, number, {} if dynamic else raw, space, made, dynamic=dynamic)


class Recorder:
    """A line that keeps what was said, and wants a trial to stop once its report reaches 40."""

    def __init__(self):
        self.reports, self.notes = [], []

    def report(self, number, step, loss, metrics):
        self.reports.append((number, step, loss, metrics))
        return loss[0] >= 40

    def should_stop(self, number):
        return bool(self.reports) and self.reports[-1][2][0] >= 40

    def note(self, number, facts):
        if "refuse" in facts:
            raise OSError("the store is full")
        self.notes.append((number, facts))


def behaves(trial):
    assert trial.params["kind"] is len
    return {"loss": -trial.params["x"], "size": 7}


def process_id(trial):
    return os.getpid()


def talks(trial):
    trial.note(colour="blue")
    for step in range(1, 9):
        trial.report(10.0 * step, step)
        if trial.should_stop():
            return
    raise AssertionError("was not stopped")


def raises(trial):
    raise ValueError("too cold")


class Cursed(Exception):
    """Neither pickled, nor printed."""

    def __init__(self):
        self.lock = threading.Lock()

    def __reduce__(self):
        raise RuntimeError("no")

    def __str__(self):
        raise RuntimeError("no")


def raises_cursed(trial):
    raise Cursed


def exits(trial):
    sys.exit("enough")


def returns_lambda(trial):
    return lambda: 3


def returns_huge_metric(trial):
    return {"loss": 1.5, "digits": 10**5000}


def shouts(trial):
    print("x" * 200_000, end="")
    sys.stderr.write("y")
    return 4.5


def reads_stdin(trial):
    return 5.5 + len(sys.stdin.read())


def leaves_a_thread(trial):
    threading.Thread(target=time.sleep, args=[600]).start()
    return 6.5


def leaves_a_talker(trial):
    def talk():
        try:
            while True:
                trial.report(1.5, 1)
                heard.set()
        except Exception as error:
            ended.append(str(error))

    ended: list[str] = []
    heard = threading.Event()
    thread = threading.Thread(target=talk)
    thread.start()
    behaves.thread = thread, ended
    heard.wait(60)
    return 7.5


def joins_the_talker(trial):
    thread, ended = behaves.thread
    thread.join(60)
    raise ValueError(ended[0])


def closes_everything(trial):
    os.closerange(3, 200)
    time.sleep(600)


def dies_by_signal(trial):
    os.kill(os.getpid(), 9)


def dies_by_exit(trial):
    os._exit(3)


def dies_by_exit_in_thread(trial):
    threading.Thread(target=os._exit, args=[4]).start()
    time.sleep(600)


def dies_by_segfault(trial):
    faulthandler._sigsegv()


def dies_by_abort(trial):
    ctypes.CDLL(None).abort()


def dies_and_leaves_a_fork(trial):
    if os.fork() == 0:  # holds all that the child holds, the socket to the driver too
        time.sleep(600)
    os._exit(5)


def hangs(trial):
    trial.note(process=os.getpid())
    time.sleep(600)


def dies_if_odd(trial):
    if trial.number % 2:
        os.kill(os.getpid(), 9)
    time.sleep(0.2)
    return 1.5


class Holder:
    """Its method is an objective; with a lock it cannot be pickled."""

    def __init__(self, **held):
        self.held = held

    def objective(self, trial):
        return 9.5
