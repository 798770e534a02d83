"""Calls of SNS over its Query protocol: a signed form goes, XML comes back."""

import html
import re
from collections.abc import Mapping

import aiohttp
import msgspec
from yarl import URL

from push_service.senders.aws_credentials import AwsCredentials
from push_service.senders.aws_signature import Signer
from push_service.senders.posting import post

VERSION = "2010-03-31"
_DONE = re.compile(r"<[A-Za-z]+Response xmlns=\"http://sns\.amazonaws\.com/doc/")
LONGEST_ANSWER = 256 * 1024
"""Bytes: a page of a hundred subscriptions has about 60,000."""


class SnsAnswer(msgspec.Struct, frozen=True):
    """What came back. Of the XML only single elements are looked for, so it is not parsed."""

    status: int
    retry_after: str | None
    said: str

    @property
    def ok(self) -> bool:
        """Whether SNS did it."""
        return self.status == 200 and _DONE.search(self.said) is not None

    def text(self, name: str) -> str | None:
        """The text of the first element of that name."""
        start = self.said.find(f"<{name}>")
        end = self.said.find(f"</{name}>", start)
        return None if start < 0 or end < 0 else html.unescape(self.said[start + len(name) + 2 : end])


class SnsWire:
    """One account's SNS."""

    def __init__(self, session: aiohttp.ClientSession, url: str, signer: Signer, credentials: AwsCredentials) -> None:
        self._session = session
        self._url = URL(url)
        self._signer = signer
        self._credentials = credentials

    async def call(self, action: str, parameters: Mapping[str, str]) -> SnsAnswer:
        """One call. Raises NoCredentials, and what aiohttp raises."""
        body = f"Action={action}&Version={VERSION}&".encode() + form(parameters)
        headers = self._signer.headers(await self._credentials.key(), body)
        answer, said = await post(self._session, self._url, body, headers, LONGEST_ANSWER)
        return SnsAnswer(answer.status, answer.headers.get("Retry-After"), said.decode(errors="replace"))

    async def close(self) -> None:
        """Close its connections."""
        await self._session.close()


def form(parameters: Mapping[str, str]) -> bytes:
    """As a browser sends a form. By yarl, for urllib takes six times as long."""
    return URL.build(query=parameters).raw_query_string.encode()
