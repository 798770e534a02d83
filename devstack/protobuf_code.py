"""`python -m devstack.protobuf_code`: make the Protobuf code anew, with the compiler of grpcio-tools."""

import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
PROTO = PROJECT / "schemas" / "proto"
GENERATED = PROJECT / "ingest" / "grpc_api" / "generated"
SOURCE = "notifications.proto"


def generate(directory: Path, *more: str) -> None:
    """Writes `notifications_pb2.py` and its types. `more` are further arguments of protoc.

    Raises CalledProcessError if the source does not compile.
    """
    argv = [sys.executable, "-m", "grpc_tools.protoc", f"-I{PROTO}", f"--python_out={directory}"]
    subprocess.run([*argv, f"--pyi_out={directory}", *more, SOURCE], check=True, cwd=PROTO, timeout=60)


if __name__ == "__main__":
    generate(GENERATED)
