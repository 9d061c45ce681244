"""Objectives that mean harm, for the tests of limits. Each would go on for minutes."""

from __future__ import annotations

import faulthandler
import mmap
import os
import signal
import subprocess
import sys
import time

STEP = 2**22
LONG = 300.0


def takes_10_gigabytes(trial):
    """In steps, and without a library that may round them up."""
    held = []
    while len(held) * STEP < 10 * 10**9:
        held.append(b"x" * STEP)
    time.sleep(LONG)


def forks_50_children(trial):
    for _ in range(50):
        if os.fork() == 0:
            time.sleep(LONG)
            os._exit(0)
    time.sleep(LONG)


def forks_children_that_take_memory(trial):
    for _ in range(4):
        if os.fork() == 0:
            takes_10_gigabytes(trial)
    time.sleep(LONG)


def ignores_sigterm(trial):
    for one in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(one, signal.SIG_IGN)
    end = time.monotonic() + LONG
    while time.monotonic() < end:
        time.sleep(1)


def sleeps(trial):
    time.sleep(LONG)


def holds_the_lock(trial):
    """No thread of its process can do anything."""
    import re

    re.match(r"(a+)+$", "a" * 60 + "b")


def writes_5_gigabytes(trial):
    for i in range(1000):
        with open(trial.folder / f"part{i % 7}", "ab") as file:
            file.write(b"x" * 5_000_000)
    time.sleep(LONG)


def starts_a_daemon(trial):
    daemonize(LONG)
    time.sleep(LONG)


def leaves_a_daemon(trial):
    daemonize(LONG)
    return 1.5


def leaves_a_daemon_and_dies(trial):
    daemonize(LONG)
    os.kill(os.getpid(), signal.SIGKILL)


def daemonize(seconds):
    """A process that nobody is the parent of, in a session of its own; returns when it is there."""
    ours, theirs = os.pipe()
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.write(theirs, b"%d" % os.getpid())
            os.closerange(3, 200)
            time.sleep(seconds)
        os._exit(0)
    os.close(theirs)
    os.wait()
    daemon = int(os.read(ours, 20))
    os.close(ours)
    return daemon


def crashes(trial):
    print("about to crash")
    faulthandler._sigsegv()


def prints_a_gigabyte(trial):
    line = "x" * 99_999 + "\n"
    for _ in range(10_000):
        sys.stdout.write(line)
    print("the last line")
    return 2.5


def starts_programs(trial):
    subprocess.Popen(["sleep", "300"], start_new_session=True)
    subprocess.Popen(["sh", "-c", "trap '' TERM; sleep 300"])
    time.sleep(LONG)


def kills_its_keeper(trial):
    daemonize(LONG)
    os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(LONG)


def shares_memory(trial):
    """80 MB, which ten forked children share: counted for each, that is 0.9 GB."""
    with mmap.mmap(-1, 80 * 2**20, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as held:
        for start in range(0, len(held), 4096):
            held[start] = 1
        started = []
        for _ in range(10):
            child = os.fork()
            if child == 0:
                total = sum(held[start] for start in range(0, len(held), 4096))
                time.sleep(0.5)
                os._exit(total == 0)
            started.append(child)
        assert all(os.waitpid(child, 0)[1] == 0 for child in started)
    return 3.5


def peaks(trial):
    """Takes 120 MB for an instant."""
    assert b"x" * 120_000_000
    return 4.5


def listens(trial):
    step = 0
    while not trial.should_stop():
        step += 1
        trial.report(1.0 / step, step)
        time.sleep(0.02)


def works(trial):
    return trial.params["x"]
