"""`python -m devstack.registry --port P --data DIR`: serve until SIGTERM or SIGINT."""

import argparse
import contextlib
import sys
from pathlib import Path

from aiohttp import web

from devstack.registry.kept_registry import KeptRegistry, KeptRegistryError
from devstack.registry.routes import make_app

SHUTDOWN_SECONDS = 1.0


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m devstack.registry", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--data", type=Path, required=True, help="folder that keeps the schemas")
    arguments = parser.parse_args()
    try:
        registry = KeptRegistry(arguments.data)
    except (KeptRegistryError, OSError) as error:
        sys.exit(f"schema registry: {error}")
    with contextlib.closing(registry):
        web.run_app(
            make_app(registry),
            host=arguments.host,
            port=arguments.port,
            shutdown_timeout=SHUTDOWN_SECONDS,
            access_log=None,
            print=None,
        )


if __name__ == "__main__":
    main()
