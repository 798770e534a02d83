"""Apache Kafka's jars: which ones, by hash, and where they are on this machine.

`kafka_jars.lock` names every jar and its SHA-256, so that each machine runs the same bytes. jgo fetches them from Maven
Central. `python -m devstack.kafka_jars` makes the lock anew, from KAFKA and what it depends on.
"""

import contextlib
import fcntl
import hashlib
import os
import shutil
import ssl
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

KAFKA = "org.apache.kafka:kafka_2.13:4.3.1"
LOGGER = "org.apache.logging.log4j:log4j-slf4j-impl:2.25.4"  # without it Kafka logs nothing at all
LOCK = Path(__file__).with_name("kafka_jars.lock")
ATTEMPTS = 3
CONNECTIONS = 6


class JarsError(Exception):
    """A jar cannot be had, or is not the one that the lock names."""


@dataclass(frozen=True)
class Jar:
    """One line of the lock: Maven coordinates and the SHA-256 of the file in hexadecimal."""

    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def path(self) -> Path:
        """Where it lies in a Maven repository."""
        return Path(*self.group.split("."), self.artifact, self.version, f"{self.artifact}-{self.version}.jar")


def locked_jars() -> list[Jar]:
    jars = []
    for line in LOCK.read_text().splitlines():
        coordinates, sha256 = line.split()
        group, artifact, version = coordinates.split(":")
        jars.append(Jar(group, artifact, version, sha256))
    return jars


def cache_directory() -> Path:
    """In the user's cache, so that all checkouts share it."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "fleetcast"


def class_path(say: Callable[[str], None], cache: Path | None = None) -> str:
    """The Java class path of all jars, fetched when they are not there yet.

    Raises:
        JarsError: names the jar and the trouble.
    """
    repository = (cache or cache_directory()) / "maven"
    jars = locked_jars()
    if not all((repository / jar.path).exists() for jar in jars):
        repository.mkdir(parents=True, exist_ok=True)
        with _only_one(repository / ".lock"):
            _fetch_missing(jars, repository, say)
    return ":".join(str(repository / jar.path) for jar in jars)


@contextlib.contextmanager
def _only_one(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _fetch_missing(jars: list[Jar], repository: Path, say: Callable[[str], None]) -> None:
    missing = [jar for jar in jars if not (repository / jar.path).exists()]
    system = ssl.get_default_verify_paths().cafile
    if system is not None:  # trust whom the system trusts: jgo's HTTP client brings its own list
        os.environ.setdefault("REQUESTS_CA_BUNDLE", system)
    with (
        tempfile.TemporaryDirectory(prefix=".partial-", dir=repository) as partial,
        ThreadPoolExecutor(CONNECTIONS) as pool,
    ):
        fetches = [pool.submit(_fetch, jar, Path(partial), repository) for jar in missing]
        try:
            for count, fetch in enumerate(as_completed(fetches), 1):
                fetch.result()
                if count % 5 == 0 or count == len(missing):
                    say(f"downloading Kafka: {count} of {len(missing)} jars")
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _fetch(jar: Jar, partial: Path, repository: Path) -> None:
    """Fetch one jar aside, check it, and only then put it in its place: a download that was cut off is never used."""
    trouble: object = None
    for attempt in range(ATTEMPTS):
        try:
            fetched = _download(jar, partial / str(attempt))
        except Exception as error:  # noqa: BLE001  jgo raises whatever its HTTP client does; it is told below
            trouble = error
            continue
        if hashlib.sha256(fetched.read_bytes()).hexdigest() != jar.sha256:
            trouble = "its SHA-256 is not the one in devstack/kafka_jars.lock"
            continue
        target = repository / jar.path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(fetched, target)
        return
    raise JarsError(f"{jar.artifact}-{jar.version}.jar cannot be downloaded from Maven Central: {trouble}")


def _download(jar: Jar, into: Path) -> Path:
    from jgo.constants import MAVEN_CENTRAL_URL  # noqa: PLC0415  costs half a second, and is needed only to download
    from jgo.maven import MavenContext  # noqa: PLC0415

    maven = MavenContext(repo_cache=into, remote_repos={"central": MAVEN_CENTRAL_URL}, timeout=60)
    path: Path = maven.project(jar.group, jar.artifact).at_version(jar.version).artifact().resolve()
    return path


def write_lock() -> None:
    """Resolve Kafka's dependencies and write the lock."""
    from jgo import resolve  # noqa: PLC0415
    from jgo.constants import MAVEN_CENTRAL_URL  # noqa: PLC0415
    from jgo.maven import MavenContext  # noqa: PLC0415

    wanted = {
        (a.groupId, a.artifactId): a for endpoint in (LOGGER, KAFKA) for a in resolve(endpoint)
    }  # Kafka has its way
    lines = []
    with tempfile.TemporaryDirectory() as directory:
        maven = MavenContext(repo_cache=Path(directory), remote_repos={"central": MAVEN_CENTRAL_URL}, timeout=60)
        for artifact in wanted.values():
            coordinates = f"{artifact.groupId}:{artifact.artifactId}:{artifact.version}"
            jar = maven.project(artifact.groupId, artifact.artifactId).at_version(artifact.version).artifact().resolve()
            lines.append(f"{coordinates} {hashlib.sha256(jar.read_bytes()).hexdigest()}\n")
            print(coordinates)
    LOCK.write_text("".join(sorted(lines)))


if __name__ == "__main__":
    write_lock()
