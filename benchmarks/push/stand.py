"""The fakes in processes of their own, and the settings of senders that send to them."""

import contextlib
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from devstack.fakes.keys import KeyFiles
from devstack.fakes.serving import Ports, sender_settings
from devstack.ports import LOOPBACK, free_port

START_SECONDS = 30.0


@contextlib.contextmanager
def fakes() -> Iterator[Mapping[str, str]]:
    """The environment of senders, while the fakes serve. `ANSWERS` in it is the address of `answers.py`."""
    with tempfile.TemporaryDirectory(prefix="fleetcast-push-") as directory, contextlib.ExitStack() as stack:
        ports, keys = Ports(*(free_port() for _ in range(4))), KeyFiles(Path(directory))
        keys.make(f"http://{LOOPBACK}:{ports.fcm}/token")
        given = {"page": ports.page, "fcm": ports.fcm, "apns": ports.apns, "sandbox": ports.apns_sandbox}
        options = [f"--{name}={port}" for name, port in given.items()]
        stack.enter_context(_process("devstack.fakes", f"--directory={directory}", *options))
        answers = stack.enter_context(_process("benchmarks.push.answers"))
        assert answers.stdout is not None
        url = f"http://{LOOPBACK}:{int(answers.stdout.readline())}"
        for port in given.values():
            _wait_for(port)
        yield {
            **sender_settings(ports, keys),
            "FLEETCAST_SNS_REGION": "eu-central-1",
            "FLEETCAST_SNS_URL": url,
            "FLEETCAST_SNS_ACCESS_KEY_ID": "AKIAEXAMPLE",
            "FLEETCAST_SNS_SECRET_ACCESS_KEY": "secret",
            "FLEETCAST_WEBPUSH_KEY": _vapid_key(),
            "FLEETCAST_WEBPUSH_SUBJECT": "mailto:bench@example.com",
            "FLEETCAST_WEBPUSH_LOOPBACK": "true",
            "ANSWERS": url,
        }


@contextlib.contextmanager
def _process(module: str, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-m", module, *options], stdout=subprocess.PIPE)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(10)
        if process.stdout is not None:
            process.stdout.close()


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            socket.create_connection((LOOPBACK, port), 1).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


def _vapid_key() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
