import os
import subprocess
import sys
import time

import psutil
import pytest

from luthier import owners

NOW = 1_789_000_000.0


def test_this_process_is_alive():
    assert owners.alive(owners.me(), 0.0, NOW)  # however long ago its last sign was


def test_an_owner_names_neither_the_host_nor_its_user():
    told = owners.me()

    assert len(told.split(":")) == 3
    assert os.uname().nodename not in told


def test_a_process_that_has_ended_is_gone():
    code = "from luthier import owners; print(owners.me())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    owner = done.stdout.strip()

    assert owner.partition(":")[0] == owners.me().partition(":")[0]
    assert not owners.alive(owner, NOW, NOW)


def test_another_process_with_the_same_number_is_not_the_owner():
    host, pid, started = owners.me().split(":")

    assert not owners.alive(f"{host}:{pid}:{float(started) - 60:.2f}", NOW, NOW)


def test_a_dead_process_that_nobody_collected_is_gone():
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    process = psutil.Process(child.pid)
    host = owners.me().partition(":")[0]
    owner = f"{host}:{child.pid}:{process.create_time():.2f}"
    end = time.monotonic() + 30
    while process.status() != psutil.STATUS_ZOMBIE and time.monotonic() < end:
        pass

    assert not owners.alive(owner, NOW, NOW)
    child.wait()


@pytest.mark.parametrize(("ago", "alive"), [(owners.LEASE - 1, True), (owners.LEASE + 1, False)])
def test_an_owner_elsewhere_is_alive_as_long_as_it_gives_signs(ago, alive):
    assert owners.alive("elsewhere:17:1.00", NOW - ago, NOW) is alive


def test_an_owner_that_cannot_be_read_is_gone():
    host = owners.me().partition(":")[0]

    assert not owners.alive(f"{host}:x:y", NOW, NOW)
    assert not owners.alive(host, NOW, NOW)


def test_a_process_that_may_not_be_looked_at_is_left_alone(monkeypatch):
    def refuse(pid):
        raise psutil.AccessDenied(pid)

    host = owners.me().partition(":")[0]
    monkeypatch.setattr(psutil, "Process", refuse)

    assert owners.alive(f"{host}:1:1.00", 0.0, NOW)


def test_a_process_that_was_forked_is_an_owner_of_its_own():
    first = owners.me()
    read, write = os.pipe()
    pid = os.fork()
    if not pid:
        os.write(write, owners.me().encode())
        os._exit(0)
    os.waitpid(pid, 0)

    assert os.read(read, 200).decode() != first
    os.close(read)
    os.close(write)
