"""What processes cost: CPU time and memory, with those of their children."""

from collections.abc import Mapping

import msgspec
import psutil


class Usage(msgspec.Struct, frozen=True):
    """CPU seconds (user and system) since the process began, and resident memory now in MiB."""

    cpu: float
    memory: float


def usages(pids: Mapping[str, int]) -> dict[str, Usage]:
    """By name. A process that is gone is left out."""
    return {name: usage for name, pid in pids.items() if (usage := _usage(pid)) is not None}


def _usage(pid: int) -> Usage | None:
    try:
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return None
    cpu = memory = 0.0
    for each in family:
        try:
            times, resident = each.cpu_times(), each.memory_info().rss
        except psutil.NoSuchProcess:
            continue
        # A child that was waited for counts with its parent.
        cpu += times.user + times.system + times.children_user + times.children_system
        memory += resident / 2**20
    return Usage(cpu, memory)
