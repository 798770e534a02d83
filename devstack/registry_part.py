"""The development schema registry as a part of the stack."""

import functools
import sys
from pathlib import Path

from devstack.child import Command
from devstack.part import Part
from devstack.ports import LOOPBACK
from devstack.probes import http_ok
from devstack.site import Site

PROJECT = Path(__file__).resolve().parents[1]


def registry(port: int, site: Site) -> Part:
    """The part "registry" on this loopback port, its schemas kept on disk."""
    data = site.data / "registry"
    data.mkdir(exist_ok=True)
    return Part(
        "registry",
        Command(
            argv=[sys.executable, "-m", "devstack.registry", "--port", str(port), "--data", str(data)], cwd=PROJECT
        ),
        ready=functools.partial(http_ok, f"http://{LOOPBACK}:{port}/subjects"),
        site=site,
        ready_within=30.0,
    )
