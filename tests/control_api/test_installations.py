"""Installations over HTTP: registered, refreshed, moved, removed; push tokens by their provider."""

import base64
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.control_api.rig import Control, running_control, token

FCM = "c1Xk_v9QSkq:APA91bH-abc_DEF"
APNS = "ab" * 32
ARN = "arn:aws:sns:eu-west-1:123456789012:endpoint/GCM/driver/5e3e9847-3183-3f18-a7e8-671c3a57d4b3"
POINT = ec.generate_private_key(ec.SECP256R1()).public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def android(**fields: Any) -> dict[str, Any]:
    return {"provider": "fcm", "platform": "android", "push_token": FCM, **fields}


def iphone(**fields: Any) -> dict[str, Any]:
    return {"provider": "apns", "platform": "ios", "push_token": APNS, **fields}


def browser(endpoint: str = "https://fcm.googleapis.com/fcm/send/abc", **keys: Any) -> dict[str, Any]:
    told = {"p256dh": b64(POINT), "auth": b64(b"a" * 16), **keys}
    subscription = {"endpoint": endpoint, "expirationTime": None, "keys": told}
    return {"provider": "webpush", "platform": "web", "subscription": subscription}


async def test_an_installation_is_registered_refreshed_shown_and_removed(control: Control) -> None:
    told = android(app="com.acme.driver", model="Pixel 9", os_version="16", app_version="3.1", locale="de-DE")
    made = await control.put("/v1/installations/phone-1", told)
    assert made.status == 201
    assert {name: made.document[name] for name in told if name != "push_token"} == {
        name: value for name, value in told.items() if name != "push_token"
    }
    assert FCM not in made.body.decode(), "push tokens are never shown"

    again = await control.put("/v1/installations/phone-1", {**told, "app_version": "3.2"})
    assert (again.status, again.document["app_version"]) == (200, "3.2")
    assert (await control.get("/v1/installations/phone-1")).document == again.document
    assert (await control.get("/v1/installations")).document == {"items": [again.document]}

    assert (await control.delete("/v1/installations/phone-1")).status == 204
    assert (await control.delete("/v1/installations/phone-1")).status == 204
    (await control.get("/v1/installations/phone-1")).problem(404, "no-such-installation")


@pytest.mark.parametrize(
    "told",
    [
        iphone(environment="sandbox"),
        iphone(push_token="AB" * 80),
        android(platform="web"),
        {"provider": "sns", "platform": "android", "push_token": ARN},
        {"provider": "sns", "platform": "ios", "push_token": "ab" * 32},
        browser(),
        browser("https://web.push.apple.com/xyz"),
    ],
)
async def test_push_tokens_of_every_provider(control: Control, told: dict[str, Any]) -> None:
    assert (await control.put("/v1/installations/i1", told)).status == 201


@pytest.mark.parametrize(
    ("told", "slug", "pointer"),
    [
        ({}, "missing-field", "/platform"),
        (android(provider="carrier-pigeon"), "out-of-range", "/provider"),
        (android(platform="palm"), "out-of-range", "/platform"),
        (android(push_token="short"), "bad-push-token", "/push_token"),
        (android(push_token="with spaces in it, and more"), "bad-push-token", "/push_token"),
        (android(push_token="x" * 5_000), "bad-text", "/push_token"),
        (android(push_token="x" * 20 + "\0"), "bad-text", "/push_token"),
        (android(push_token=None), "bad-shape", "/push_token"),
        (android(subscription=browser()["subscription"]), "bad-shape", "/subscription"),
        (android(environment="sandbox"), "bad-shape", "/environment"),
        (android(model=""), "bad-text", "/model"),
        (android(colour="red"), "unknown-field", "/colour"),
        (iphone(platform="android"), "bad-shape", "/platform"),
        (iphone(push_token="ab" * 31), "bad-push-token", "/push_token"),
        (iphone(push_token="zz" * 32), "bad-push-token", "/push_token"),
        (iphone(environment="test"), "out-of-range", "/environment"),
        (
            {"provider": "sns", "platform": "ios", "push_token": "arn:aws:sns:eu:1:topic"},
            "bad-push-token",
            "/push_token",
        ),
        (browser("http://fcm.googleapis.com/fcm/send/abc"), "bad-push-token", "/subscription/endpoint"),
        (browser("https://169.254.169.254/latest"), "bad-push-token", "/subscription/endpoint"),
        (browser("https://fcm.googleapis.com.evil.example/x"), "bad-push-token", "/subscription/endpoint"),
        (browser("https://user@fcm.googleapis.com/x"), "bad-push-token", "/subscription/endpoint"),
        (browser("https://evil.example\\@fcm.googleapis.com/x"), "bad-push-token", "/subscription/endpoint"),
        (browser("https://fcm.googleapis.com:22/x"), "bad-push-token", "/subscription/endpoint"),
        (browser("https://[::1"), "bad-push-token", "/subscription/endpoint"),
        (browser("https://127.0.0.1/x"), "bad-push-token", "/subscription/endpoint"),
        (browser(p256dh=b64(POINT[:64])), "bad-push-token", "/subscription/keys/p256dh"),
        (browser(p256dh=b64(b"\x04" + b"\x01" * 64)), "bad-push-token", "/subscription/keys/p256dh"),
        (browser(p256dh="***"), "bad-push-token", "/subscription/keys/p256dh"),
        (browser(auth=b64(b"a" * 15)), "bad-push-token", "/subscription/keys/auth"),
        (browser(auth=7), "wrong-type", "/subscription/keys/auth"),
        ([], "wrong-type", ""),
    ],
)
async def test_bad_registrations_are_told_where(control: Control, told: Any, slug: str, pointer: str) -> None:
    reply = await control.put("/v1/installations/i1", told)
    assert reply.status == 400
    assert (pointer, f"/problems/{slug}") in [(each["pointer"], each["type"]) for each in reply.document["errors"]]
    (await control.get("/v1/installations/i1")).problem(404, "no-such-installation")


async def test_bad_ids(control: Control) -> None:
    for bad in ("a%2Fb", "a%20b", "x" * 129, "%00"):
        (await control.put(f"/v1/installations/{bad}", android())).problem(400, "bad-parameter")


async def test_a_user_has_so_many_and_others_have_their_own(tables_url: str) -> None:
    async with running_control(tables_url, installations=2) as control:
        for number in range(2):
            told = android(push_token=f"{FCM}{number}")
            assert (await control.put(f"/v1/installations/p{number}", told)).status == 201
        (await control.put("/v1/installations/p9", android(push_token=f"{FCM}9"))).problem(
            409, "too-many-installations"
        )
        other = await control.put("/v1/installations/p9", android(push_token=f"{FCM}9"), bearer=token("bob"))
        assert other.status == 201


async def test_the_device_goes_to_another_user_with_its_push_token_only(control: Control) -> None:
    bob = token("bob")
    await control.put("/v1/installations/phone-1", android())
    stolen = await control.put("/v1/installations/phone-1", android(push_token=f"{FCM}-mine"), bearer=bob)
    stolen.problem(409, "installation-taken")
    assert (await control.get("/v1/installations/phone-1")).status == 200

    assert (await control.put("/v1/installations/phone-1", android(), bearer=bob)).status == 200
    (await control.get("/v1/installations/phone-1")).problem(404, "no-such-installation")


async def test_it_is_told_why_nothing_arrives(control: Control) -> None:
    await control.put("/v1/installations/old", android())
    await control.put("/v1/installations/new", android())
    old = (await control.get("/v1/installations/old")).document
    assert (old["disabled_reason"], old["disabled_at"] is None) == ("token-moved", False)
    assert [each["id"] for each in (await control.get("/v1/installations")).document["items"]] == ["new"]


async def test_nobody_sees_or_removes_anothers(control: Control) -> None:
    await control.put("/v1/installations/phone-1", android())
    for other in (token("bob"), token("ann", tenant="other", fleets=[])):
        (await control.get("/v1/installations/phone-1", bearer=other)).problem(404, "no-such-installation")
        assert (await control.delete("/v1/installations/phone-1", bearer=other)).status == 204
    assert (await control.get("/v1/installations/phone-1")).status == 200


async def test_a_local_push_service_may_be_named_for_development(tables_url: str) -> None:
    async with running_control(tables_url, webpush_hosts=["127.0.0.1"]) as control:
        assert (await control.put("/v1/installations/b1", browser("http://127.0.0.1:9000/push/1"))).status == 201
