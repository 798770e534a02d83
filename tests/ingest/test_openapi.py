"""The OpenAPI document is valid, is served, and says the same as the tables by which ingest works."""

import json
from typing import Any

from openapi_spec_validator import OpenAPIV31SpecValidator

from ingest.openapi import openapi_document
from ingest.problems import ALL_PROBLEMS
from ingest.settings import IngestSettings
from tests.ingest.rig import Ingest

DOCUMENT = openapi_document(IngestSettings())


def test_it_is_valid() -> None:
    OpenAPIV31SpecValidator(json.loads(json.dumps(DOCUMENT))).validate()


async def test_it_is_served_and_names_every_route(ingest: Ingest) -> None:
    reply = await ingest.send("GET", "/v1/openapi.json")
    assert reply.status == 200
    assert reply.document == json.loads(json.dumps(DOCUMENT))


def test_every_problem_that_is_named_exists_and_every_one_that_exists_is_named() -> None:
    uris = {each.uri for each in ALL_PROBLEMS}
    assert set(DOCUMENT["components"]["schemas"]["Problem"]["properties"]["type"]["enum"]) == uris
    told = "\n".join(
        response["description"]
        for path in DOCUMENT["paths"].values()
        for operation in path.values()
        if isinstance(operation, dict)
        for response in operation["responses"].values()
    )
    elsewhere = {"/problems/not-found", "/problems/method-not-allowed"}
    assert {uri for uri in uris if f"`{uri}`" not in told} == elsewhere


def test_a_problem_has_one_slug_and_a_full_sentence() -> None:
    slugs = [each.slug for each in ALL_PROBLEMS]
    assert len(slugs) == len(set(slugs))
    for each in ALL_PROBLEMS:
        assert each.description.endswith("."), each.slug


def test_problems_stand_under_their_status() -> None:
    for path in DOCUMENT["paths"].values():
        for operation in path.values():
            if isinstance(operation, dict):
                _check(operation["responses"])


def _check(responses: dict[str, Any]) -> None:
    for status, response in responses.items():
        for each in ALL_PROBLEMS:
            if f"`{each.uri}`" in response["description"]:
                assert str(each.status) == status
