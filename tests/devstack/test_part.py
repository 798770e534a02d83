"""A part is started until it is ready, told apart from one that never will be, and always ended."""

import os
import pwd
import signal
import threading
from pathlib import Path

import psutil
import pytest

from devstack.child import Command
from devstack.one_shot import run_to_end
from devstack.part import Part, PartError, StartInterruptedError
from tests.devstack.programs import FOREVER, STUBBORN, part, program, site_in, wait_until


def test_part_runs_until_it_is_stopped(tmp_path: Path) -> None:
    with site_in(tmp_path) as site:
        one = part(site)
        one.start()
        pid = one.pid
        assert pid is not None
        assert psutil.Process(pid).is_running()
        assert one.died() is None
        assert one.stop()
        assert not psutil.pid_exists(pid)
        assert one.pid is None


def test_part_that_ends_before_it_is_ready_tells_what_it_wrote(tmp_path: Path) -> None:
    with site_in(tmp_path) as site:
        one = part(site, "raise SystemExit('no such file: settings')")
        with pytest.raises(PartError, match=r"part ended before it was ready \(exit code 1\)[\s\S]*no such file"):
            one.start()


def test_part_that_is_not_ready_in_time_is_ended_and_says_what_it_lacked(tmp_path: Path) -> None:
    with site_in(tmp_path) as site:
        one = Part("slow", program(FOREVER), ready=lambda: "the table is empty", site=site, ready_within=0.3)
        with pytest.raises(PartError, match=r"slow was not ready within 0 s \(the table is empty\)"):
            one.start()
        assert not one.running


def test_start_is_given_up_when_the_stack_is_being_ended(tmp_path: Path) -> None:
    with site_in(tmp_path) as site:
        one = Part("slow", program(FOREVER), ready=lambda: "not yet", site=site, ready_within=30.0)
        threading.Timer(0.2, site.stopping.set).start()
        with pytest.raises(StartInterruptedError):
            one.start()
        one.stop()


def test_death_that_nobody_asked_for_is_noticed(tmp_path: Path) -> None:
    with site_in(tmp_path) as site:
        one = part(site)
        one.start()
        pid = one.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not one.running)
        died = one.died()
        assert died is not None
        assert "killed by SIGKILL" in str(died)


def test_part_that_was_killed_on_purpose_is_not_called_dead_and_starts_again(tmp_path: Path) -> None:
    with site_in(tmp_path) as site:
        one = part(site)
        one.start()
        first = one.pid
        one.kill()
        assert one.died() is None
        one.start()
        assert one.pid not in {None, first}
        one.stop()


def test_part_that_does_not_end_in_time_is_killed(tmp_path: Path) -> None:
    with site_in(tmp_path) as site:
        one = part(site, STUBBORN, stop_within=0.3)
        one.start()
        assert one.stop() is False
        assert not one.running


def test_paused_part_can_be_stopped(tmp_path: Path) -> None:
    with site_in(tmp_path) as site:
        one = part(site)
        one.start()
        one.pause()
        assert one.stop()


def test_parts_do_not_outlive_whoever_started_them(tmp_path: Path) -> None:
    with site_in(tmp_path) as site:
        one = part(site)
        one.start()
        process = psutil.Process(one.pid)
    process.wait(5)  # the spawner is closed: its thread, which the kernel takes for the parent, has ended
    one.stop()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_program_of_another_user_works_in_a_directory_that_only_root_may_enter(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    with site_in(closed) as site:
        closed.chmod(0o700)
        nobody = pwd.getpwnam("nobody")
        own = site.data / "own"
        own.mkdir(mode=0o700)
        os.chown(own, nobody.pw_uid, nobody.pw_gid)
        command = Command(
            argv=["/bin/sh", "-c", f"echo up $(id -u) > {own}/made && test -r {own}/made"], user="nobody", cwd=own
        )
        run_to_end(site, command, site.log("other"), within=10.0)
        assert (own / "made").read_text() == f"up {nobody.pw_uid}\n"
