"""The registry's content on disk: one file, one line of JSON for each change, read again at start."""

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

from backbone.memory_registry import MemoryRegistry, RegisteredVersion

FILE_NAME = "registry.jsonl"


class KeptRegistryError(Exception):
    """The file is not what this registry writes. The message names the line."""


class KeptRegistry(MemoryRegistry):
    """The registry in memory, with every change on disk before it is answered. One process for each folder."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / FILE_NAME
        self._replay(path)
        self._file = path.open("ab")

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def add(self, version: RegisteredVersion) -> None:
        self._write({"version": asdict(version)})
        super().add(version)

    def set_compatibility(self, subject: str, level: str) -> None:
        super().set_compatibility(subject, level)
        self._write({"subject": subject, "level": level})

    def set_default_compatibility(self, level: str) -> None:
        super().set_default_compatibility(level)
        self._write({"subject": None, "level": level})

    def _replay(self, path: Path) -> None:
        if not path.exists():
            return
        content = path.read_bytes()
        # A change whose line has no end was never answered: the process died while it wrote.
        whole = content[: content.rfind(b"\n") + 1]
        for number, line in enumerate(whole.splitlines(), start=1):
            try:
                self._apply(json.loads(line))
            except (ValueError, KeyError, TypeError) as error:
                raise KeptRegistryError(f"{path}, line {number}: {error!r}") from error
        if len(whole) < len(content):
            os.truncate(path, len(whole))

    def _apply(self, change: dict[str, Any]) -> None:
        if "version" in change:
            super().add(RegisteredVersion(**change["version"]))
        elif change["subject"] is None:
            super().set_default_compatibility(change["level"])
        else:
            super().set_compatibility(change["subject"], change["level"])

    def _write(self, change: dict[str, Any]) -> None:
        self._file.write(json.dumps(change, ensure_ascii=False).encode() + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())
