"""Which processes a stack has started, so that the next start can end what a crash left behind."""

import contextlib
import json
from dataclasses import dataclass
from pathlib import Path

import psutil

START_TIME_TOLERANCE = 2.0  # seconds; the start time is counted from the boot, and the clock may have been set since
KILL_WITHIN = 10.0


def runs(pid: int) -> bool:
    """Whether a process with this id runs. One that has ended, and that nobody has asked about yet, does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@dataclass(frozen=True)
class PidFile:
    """The process id and start time of one process. Together they name a process for certain; an id alone is reused."""

    path: Path

    def write(self, pid: int) -> None:
        with contextlib.suppress(psutil.NoSuchProcess):  # it ended at once; whoever waits for it says so
            self.path.write_text(json.dumps({"pid": pid, "started": psutil.Process(pid).create_time()}))

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)

    def process(self) -> psutil.Process | None:
        """The process, if it still runs."""
        try:
            noted = json.loads(self.path.read_text())
            process = psutil.Process(int(noted["pid"]))
            same = abs(process.create_time() - float(noted["started"])) < START_TIME_TOLERANCE
        except (OSError, ValueError, KeyError, TypeError, psutil.Error):
            return None
        return process if same and process.is_running() and process.status() != psutil.STATUS_ZOMBIE else None


def kill_leftovers(directory: Path) -> list[str]:
    """Kill every process that a pid file in the directory still names. Returns their names."""
    killed = []
    for path in sorted(directory.glob("*.pid")):
        pid_file = PidFile(path)
        process = pid_file.process()
        if process is not None:
            with contextlib.suppress(psutil.Error):
                process.kill()
                process.wait(KILL_WITHIN)
            killed.append(path.stem)
        pid_file.remove()
    return killed
