"""SNS against moto's, every row of its table of errors against a server that says it, and the signature."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from typing import Any
from urllib.parse import parse_qsl

import boto3
import pytest
from aiohttp import web
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st
from moto.server import ThreadedMotoServer
from mypy_boto3_sns import SNSClient

from devstack.ports import LOOPBACK, free_port
from domain.installation import ApnsEnvironment, Platform
from push_service.senders.aws_signature import FORM, AwsKey, Signer
from push_service.senders.sender import (
    Accepted,
    Ambiguous,
    Misconfigured,
    OurFault,
    Outcome,
    Scope,
    Sender,
    Temporary,
    Throttled,
    TokenMoved,
    TooLarge,
    Unregistered,
)
from push_service.senders.sns import open_sns
from push_service.senders.sns_wire import form
from push_service.sns.settings import SnsSettings
from runtime.settings import SettingsError, load_sections
from tests.senders.pushes import content, push

REGION = "eu-central-1"
KEY = {"access_key_id": "AKIAEXAMPLE", "secret_access_key": "s" * 40}
TOKEN = "f" * 40
DEVICE = "ab" * 32
ENDPOINT = f"arn:aws:sns:{REGION}:123456789012:endpoint/GCM/app/5e3e9847-3183-3f18-a7e8-671c3a57d4b3"


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address=LOOPBACK, port=free_port(), verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def sns(moto: str) -> SNSClient:
    return boto3.client(
        "sns",
        region_name=REGION,
        endpoint_url=moto,
        aws_access_key_id=KEY["access_key_id"],
        aws_secret_access_key=KEY["secret_access_key"],
    )


@pytest.fixture
def applications(sns: SNSClient) -> dict[str, str]:
    return {
        platform: sns.create_platform_application(Name="driver", Platform=platform, Attributes={})[
            "PlatformApplicationArn"
        ]
        for platform in ("GCM", "APNS", "APNS_SANDBOX")
    }


@pytest.fixture
async def resources() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as resources:
        yield resources


def settings(url: str, **changes: object) -> SnsSettings:
    return SnsSettings.model_validate({"region": REGION, "url": url, **KEY, **changes})


@pytest.fixture
async def sender(moto: str, applications: dict[str, str], resources: AsyncExitStack) -> Sender:
    return await open_sns(settings(moto, applications=list(applications.values())), resources)


def endpoint(sns: SNSClient, application: str, token: str = TOKEN, **attributes: str) -> str:
    return sns.create_platform_endpoint(PlatformApplicationArn=application, Token=token, Attributes=attributes)[
        "EndpointArn"
    ]


async def test_a_push_is_taken_for_its_endpoint(sns: SNSClient, applications: dict[str, str], sender: Sender) -> None:
    outcome = await sender.send(push("sns", push_token=endpoint(sns, applications["GCM"])))

    assert isinstance(outcome, Accepted)
    assert outcome.provider_id


async def test_a_disabled_endpoint_is_no_use(sns: SNSClient, applications: dict[str, str], sender: Sender) -> None:
    disabled = endpoint(sns, applications["GCM"], "d" * 40)
    sns.set_endpoint_attributes(EndpointArn=disabled, Attributes={"Enabled": "false"})

    outcome = await sender.send(push("sns", push_token=disabled))

    assert outcome == Unregistered("EndpointDisabled", doubtful=True)


async def test_an_endpoint_that_was_deleted_is_no_use(
    sns: SNSClient, applications: dict[str, str], sender: Sender
) -> None:
    gone = endpoint(sns, applications["GCM"], "e" * 40)
    sns.delete_endpoint(EndpointArn=gone)

    assert await sender.send(push("sns", push_token=gone)) == Unregistered("NotFound", doubtful=True)


@pytest.mark.parametrize(
    ("platform", "environment", "token", "application"),
    [
        (Platform.ANDROID, None, "a" * 40, "GCM"),
        (Platform.IOS, ApnsEnvironment.PRODUCTION, DEVICE, "APNS"),
        (Platform.IOS, ApnsEnvironment.SANDBOX, "cd" * 32, "APNS_SANDBOX"),
    ],
)
async def test_an_endpoint_is_made_for_a_raw_token_once(
    sns: SNSClient,
    applications: dict[str, str],
    sender: Sender,
    platform: str,
    environment: str | None,
    token: str,
    application: str,
) -> None:
    request = push("sns", platform=platform, environment=environment, push_token=token)

    first, second = await sender.send(request), await sender.send(request)

    assert isinstance(first, TokenMoved)
    assert first.push_token.split(":endpoint/")[1].startswith(f"{application}/driver/")
    assert isinstance(second, TokenMoved)
    assert second.push_token == first.push_token
    assert isinstance(await sender.send(push("sns", platform=platform, push_token=first.push_token)), Accepted)


async def test_an_endpoint_that_was_disabled_is_enabled_when_its_token_is_registered_again(
    sns: SNSClient, applications: dict[str, str], sender: Sender
) -> None:
    known = endpoint(sns, applications["GCM"], "b" * 40)
    sns.set_endpoint_attributes(EndpointArn=known, Attributes={"Enabled": "false"})

    outcome = await sender.send(push("sns", push_token="b" * 40))

    assert isinstance(outcome, TokenMoved)
    assert outcome.push_token == known
    assert sns.get_endpoint_attributes(EndpointArn=known)["Attributes"]["Enabled"].lower() == "true"


async def test_without_an_application_raw_tokens_wait(moto: str, resources: AsyncExitStack) -> None:
    sender = await open_sns(settings(moto), resources)

    outcome = await sender.send(push("sns", push_token="c" * 40))

    assert isinstance(outcome, Misconfigured)
    assert (outcome.reason, outcome.stops) == ("no-application", False)


# A server that says what it is told to


class Saying:
    """Keeps what it was asked."""

    def __init__(self) -> None:
        self.status, self.text = 200, ""
        self.headers: dict[str, str] = {}
        self.breaks = False
        self.asked: list[dict[str, str]] = []

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append({name: str(value) for name, value in (await request.post()).items()})
        if self.breaks:
            assert request.transport is not None
            request.transport.abort()
        return web.Response(status=self.status, text=self.text, headers=self.headers, content_type="text/xml")

    def error(self, status: int, code: str, message: str = "no") -> None:
        self.status = status
        self.text = (
            '<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><Error><Type>Sender</Type>'
            f"<Code>{code}</Code><Message>{message}</Message></Error><RequestId>r</RequestId></ErrorResponse>"
        )

    def accept(self) -> None:
        self.status = 200
        self.text = (
            '<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishResult><MessageId>m-1'
            "</MessageId></PublishResult></PublishResponse>"
        )


@pytest.fixture
async def saying(resources: AsyncExitStack) -> tuple[Saying, Sender]:
    saying = Saying()
    app = web.Application()
    app.router.add_post("/", saying.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    resources.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, LOOPBACK, 0).start()
    return saying, await open_sns(settings(f"http://{LOOPBACK}:{runner.addresses[0][1]}"), resources)


NO_ENDPOINT = "Invalid parameter: TargetArn Reason: No endpoint found for the target arn specified"
ROWS: list[tuple[int, str, str, Outcome | type[Outcome]]] = [
    (400, "EndpointDisabled", "Endpoint is disabled", Unregistered("EndpointDisabled", doubtful=True)),
    (404, "NotFound", "Endpoint does not exist", Unregistered("NotFound", doubtful=True)),
    (400, "InvalidParameter", NO_ENDPOINT, Unregistered("NotFound", doubtful=True)),
    (400, "InvalidParameter", "Invalid parameter: Message too long", TooLarge),
    (400, "InvalidParameter", "Invalid parameter: Message Structure - JSON message body failed to parse", OurFault),
    (400, "ParameterValueInvalid", "", OurFault),
    (400, "PlatformApplicationDisabled", "", Misconfigured),
    (403, "AuthorizationError", "not authorized to perform: SNS:Publish", Misconfigured),
    (403, "InvalidClientTokenId", "", Misconfigured),
    (403, "SignatureDoesNotMatch", "", Misconfigured),
    (403, "ExpiredToken", "", Misconfigured),
    (400, "RequestExpired", "", Misconfigured),
    (400, "KMSAccessDenied", "", Misconfigured),
    (400, "KMSDisabled", "", Misconfigured),
    (400, "KMSThrottling", "", Throttled("KMSThrottling", 5.0, Scope.PROJECT)),
    (400, "Throttling", "Rate exceeded", Throttled("Throttling", 5.0, Scope.PROJECT)),
    (429, "Throttled", "", Throttled("Throttled", 5.0, Scope.PROJECT)),
    (500, "InternalError", "", Temporary("InternalError")),
    (503, "ServiceUnavailable", "", Temporary("ServiceUnavailable")),
]


@pytest.mark.parametrize(("status", "code", "message", "expected"), ROWS, ids=[f"{each[1]}-{each[0]}" for each in ROWS])
async def test_each_error_is_the_outcome_of_its_row(
    saying: tuple[Saying, Sender], status: int, code: str, message: str, expected: Outcome | type[Outcome]
) -> None:
    server, sender = saying
    server.error(status, code, message)

    outcome = await sender.send(push("sns", push_token=ENDPOINT))

    if isinstance(expected, type):
        assert isinstance(outcome, expected)
    else:
        assert outcome == expected
    assert not isinstance(outcome, Misconfigured) or outcome.stops is (code != "PlatformApplicationDisabled")


@pytest.mark.parametrize(("status", "expected"), [(200, Misconfigured), (403, Misconfigured), (404, Misconfigured)])
@pytest.mark.parametrize("text", ["<html>Proxy</html>", "<!doctype html><title>Proxy", "", "{}"])
async def test_a_page_of_a_proxy_is_no_word_about_an_endpoint(
    saying: tuple[Saying, Sender], status: int, expected: type[Outcome], text: str
) -> None:
    server, sender = saying
    server.status, server.text = status, text

    assert isinstance(await sender.send(push("sns", push_token=ENDPOINT)), expected)


async def test_a_connection_that_breaks_leaves_ambiguity_and_none_does_not(
    saying: tuple[Saying, Sender], resources: AsyncExitStack
) -> None:
    server, sender = saying
    server.breaks = True
    away = await open_sns(settings(f"http://{LOOPBACK}:{free_port()}"), resources)

    assert isinstance(await sender.send(push("sns", push_token=ENDPOINT)), Ambiguous)
    assert await away.send(push("sns", push_token=ENDPOINT)) == Temporary("cannot-connect")


async def test_android_is_handed_the_message_of_fcm(saying: tuple[Saying, Sender]) -> None:
    server, sender = saying
    server.accept()

    assert await sender.send(push("sns", push_token=ENDPOINT, id="n-1")) == Accepted("m-1")

    (asked,) = server.asked
    assert (asked["Action"], asked["TargetArn"], asked["MessageStructure"]) == ("Publish", ENDPOINT, "json")
    message: dict[str, Any] = json.loads(json.loads(asked["Message"])["GCM"])["fcmV1Message"]["message"]
    assert message["data"]["id"] == "n-1"
    assert message["android"]["notification"]["tag"] == "n-1"
    assert "token" not in message


async def test_ios_is_handed_the_payload_and_the_headers_of_apns(saying: tuple[Saying, Sender]) -> None:
    server, sender = saying
    server.accept()
    arn = ENDPOINT.replace("/GCM/", "/APNS_SANDBOX/")

    await sender.send(push("sns", push_token=arn, id="n-1", platform="ios"))

    (asked,) = server.asked
    assert json.loads(json.loads(asked["Message"])["APNS_SANDBOX"])["aps"]["alert"]["title"] == "Order A-1001"
    attributes = {
        asked[f"MessageAttributes.entry.{number}.Name"]: asked[f"MessageAttributes.entry.{number}.Value.StringValue"]
        for number in range(1, 5)
    }
    assert attributes.pop("AWS.SNS.MOBILE.APNS_SANDBOX.TTL").isdigit()
    assert attributes == {
        "AWS.SNS.MOBILE.APNS.COLLAPSE_ID": "n-1",
        "AWS.SNS.MOBILE.APNS.PRIORITY": "10",
        "AWS.SNS.MOBILE.APNS.PUSH_TYPE": "alert",
    }


async def test_what_cannot_be_sent_is_not_sent(saying: tuple[Saying, Sender]) -> None:
    server, sender = saying

    assert isinstance(await sender.send(push("sns", push_token=ENDPOINT, told=content(about="x" * 5_000))), TooLarge)
    assert isinstance(await sender.send(push("sns", push_token=ENDPOINT.replace("GCM", "BAIDU"))), OurFault)
    assert not server.asked


@given(st.dictionaries(st.text(min_size=1), st.text()))
def test_a_form_says_what_was_given(parameters: dict[str, str]) -> None:
    assert dict(parse_qsl(form(parameters).decode("ascii"), keep_blank_values=True)) == parameters


@pytest.mark.parametrize("token", [None, "lent"])
@pytest.mark.parametrize("url", ["https://sns.eu-central-1.amazonaws.com/", "http://127.0.0.1:4566/"])
def test_the_signature_is_botocores(url: str, token: str | None) -> None:
    body = b"Action=Publish&Version=2010-03-31&Message=%7B%7D"
    signer = Signer(url, REGION, "sns")

    for secret in ("one", "other"):
        ours = signer.headers(AwsKey("AKIAEXAMPLE", secret, token), body)
        request = AWSRequest("POST", url, data=body, headers={"Content-Type": FORM})
        auth = SigV4Auth(Credentials("AKIAEXAMPLE", secret, token), "sns", REGION)
        request.headers["X-Amz-Date"] = ours["X-Amz-Date"]
        if token is not None:
            request.headers["X-Amz-Security-Token"] = token
        request.context["timestamp"] = ours["X-Amz-Date"]
        signature = auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request)
        assert ours["Authorization"].endswith(f"Signature={signature}")
        assert f"Credential={auth.scope(request)}," in ours["Authorization"]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"FLEETCAST_SNS_REGION": "nowhere"}, "REGION"),
        ({"FLEETCAST_SNS_ACCESS_KEY_ID": "AKIA"}, "give both or neither"),
        ({"FLEETCAST_SNS_APPLICATIONS": ENDPOINT}, "applications: each"),
        (
            {"FLEETCAST_SNS_APPLICATIONS": ",".join(f"arn:aws:sns:{REGION}:123456789012:app/GCM/{x}" for x in "ab")},
            "one for each platform",
        ),
    ],
)
def test_wrong_settings_are_told_at_start(changes: dict[str, str], problem: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_sections(SnsSettings, environ={"FLEETCAST_SNS_REGION": REGION} | changes)

    assert problem in str(caught.value.problems)
