"""Become another program, but die with the process that asked for it.

Run as `python -I -S leash.py PARENT_PID DEATH_SIGNAL USER PROGRAM ARGUMENT...` with USER `-` for "as I am". It needs
the standard library alone, because it is started once for every part of the stack. It is an exec wrapper and not a
`preexec_fn`: that runs Python between fork and exec in a process with threads, where it may hang.
"""

import ctypes
import os
import pwd
import sys
from pathlib import Path

PR_SET_PDEATHSIG = 1
PR_SET_SECUREBITS = 28
SECBIT_NO_SETUID_FIXUP = 1 << 2
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
CAP_DAC_OVERRIDE = 1 << 1  # as a bit
CAPABILITY_VERSION_3 = 0x20080522


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Data(ctypes.Structure):
    _fields_ = (("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32))


def become(user: str, program: str) -> None:
    """Give up root for `user`. PostgreSQL refuses to run as root.

    A checkout below a directory that only root may enter (/root is one) would then be out of reach, so the right to
    pass file permissions is kept, and only then.
    """
    entry = pwd.getpwnam(user)
    libc = ctypes.CDLL(None, use_errno=True)
    # Without it, access(2) would deny what open(2) allows, and PostgreSQL asks access(2) first.
    libc.prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0)
    os.setgroups([])
    os.setresgid(entry.pw_gid, entry.pw_gid, entry.pw_gid)
    os.setresuid(entry.pw_uid, entry.pw_uid, entry.pw_uid)
    os.environ["HOME"] = "/"
    may_keep = _limit(libc, permitted=CAP_DAC_OVERRIDE, effective=0)
    if os.access(program, os.X_OK) and os.access(Path.cwd(), os.W_OK):
        _limit(libc, permitted=0, effective=0)
    elif not may_keep or not _limit(libc, permitted=CAP_DAC_OVERRIDE, effective=CAP_DAC_OVERRIDE):
        sys.exit(f"user {user} cannot reach {program} and {Path.cwd()}: let others enter the directories above them")


def _limit(libc: ctypes.CDLL, *, permitted: int, effective: int) -> bool:
    """Give up all capabilities but these (bits); hand the effective ones to what is executed. True if that worked."""
    data = (_Data * 2)(_Data(effective, permitted, permitted), _Data(0, 0, 0))
    done: bool = libc.capset(ctypes.byref(_Header(CAPABILITY_VERSION_3, 0)), data) == 0
    if done and effective:
        done = libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, effective.bit_length() - 1, 0, 0) == 0
    return done


def main() -> None:
    parent, death_signal, user = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    program = sys.argv[4:]
    if user != "-":
        become(user, program[0])
    if sys.platform == "linux":  # after the change of user, which clears it
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
    if os.getppid() != parent:  # it died before the line above
        sys.exit("the process that started this one is gone")
    os.execv(program[0], program)  # noqa: S606


if __name__ == "__main__":
    main()
