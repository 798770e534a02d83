"""Calls of SNS over its Query protocol: a signed form goes, XML comes back."""

import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from urllib.parse import urlencode

import aiohttp
import msgspec

from push_service.senders.answer_body import beginning
from push_service.senders.aws_credentials import AwsCredentials
from push_service.senders.aws_signature import Signer

VERSION = "2010-03-31"
LONGEST_ANSWER = 256 * 1024
"""Bytes: a page of a hundred subscriptions has about 60,000."""


class SnsAnswer(msgspec.Struct, frozen=True):
    """What came back."""

    status: int
    retry_after: str | None
    root: ET.Element | None
    """None: it is not XML, so not SNS."""

    @property
    def ok(self) -> bool:
        """Whether SNS did it."""
        return self.status == 200 and self.root is not None and local(self.root).endswith("Response")

    def text(self, name: str) -> str | None:
        """The first element of that name."""
        return None if self.root is None else text_of(self.root, name)


class SnsWire:
    """One account's SNS."""

    def __init__(self, session: aiohttp.ClientSession, url: str, signer: Signer, credentials: AwsCredentials) -> None:
        self._session = session
        self._url = url
        self._signer = signer
        self._credentials = credentials

    async def call(self, action: str, parameters: Mapping[str, str]) -> SnsAnswer:
        """One call. Raises NoCredentials, and what aiohttp raises."""
        body = urlencode({"Action": action, "Version": VERSION, **parameters}).encode()
        headers = self._signer.headers(await self._credentials.key(), body)
        async with self._session.post(self._url, data=body, headers=headers, allow_redirects=False) as answer:
            said = await beginning(answer, LONGEST_ANSWER)
            return SnsAnswer(answer.status, answer.headers.get("Retry-After"), _parsed(said))

    async def close(self) -> None:
        """Close its connections."""
        await self._session.close()


def local(element: ET.Element) -> str:
    """The name without its namespace."""
    return element.tag.rpartition("}")[2]


def named(element: ET.Element, name: str) -> Iterator[ET.Element]:
    """The elements of that name below this one."""
    return (each for each in element.iter() if local(each) == name)


def text_of(element: ET.Element, name: str) -> str | None:
    """The text of the first element of that name below this one."""
    found = next(named(element, name), None)
    return None if found is None else found.text


def _parsed(said: bytes) -> ET.Element | None:
    if b"<!" in said:  # no document type, so no entities: SNS never has one
        return None
    try:
        return ET.fromstring(said)  # noqa: S314 bounded, and without entities
    except ET.ParseError:
        return None
