"""The OpenAPI document is valid, is served, and says the same as the routes by which control_api works."""

from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from control_api.problems import ALL_PROBLEMS, CONTROL_PROBLEMS
from control_api.settings import ControlSettings
from devstack.reference.control_page import control_document
from ingest.problems import ALL_PROBLEMS as INGEST_PROBLEMS
from runtime.settings import SettingsError, load_sections
from tests.control_api.rig import Control

DOCUMENT = control_document()


async def test_it_is_valid_and_served(control: Control) -> None:
    served = (await control.get("/v1/openapi.json", bearer="")).document
    OpenAPIV31SpecValidator(served).validate()
    assert served == DOCUMENT


def test_every_problem_of_ours_is_named_under_its_status_somewhere() -> None:
    told: dict[str, set[str]] = {}
    for path in DOCUMENT["paths"].values():
        for operation in path.values():
            _collect(operation["responses"], told)
    for each in CONTROL_PROBLEMS:
        assert told[each.uri] == {str(each.status)}, each.slug


def _collect(responses: dict[str, Any], told: dict[str, set[str]]) -> None:
    for status, response in responses.items():
        for each in ALL_PROBLEMS:
            if f"`{each.uri}`" in response["description"]:
                told.setdefault(each.uri, set()).add(status)


def test_a_problem_of_both_apis_is_declared_once() -> None:
    declared: dict[str, object] = {}
    for each in (*INGEST_PROBLEMS, *ALL_PROBLEMS):
        assert declared.setdefault(each.slug, each) is each, each.slug


def test_a_problem_has_one_slug_and_a_full_sentence() -> None:
    slugs = [each.slug for each in ALL_PROBLEMS]
    assert len(slugs) == len(set(slugs))
    for each in CONTROL_PROBLEMS:
        assert each.description.endswith("."), each.slug


async def test_every_route_says_no_to_strangers(control: Control) -> None:
    for path, item in DOCUMENT["paths"].items():
        for method, operation in item.items():
            if operation["security"]:
                filled = path.replace("{id}", "x").replace("{user}", "x").replace("{interest}", "x")
                reply = await control.send(method.upper(), filled.replace("{notification}", "x"), bearer="")
                assert (reply.status, path) == (401, path)


def test_settings_are_checked() -> None:
    with pytest.raises(SettingsError) as wrong:
        load_sections(
            ControlSettings, environ={"FLEETCAST_CONTROL_ALLOWED_ORIGINS": "x", "FLEETCAST_CONTROL_PORT": "-1"}
        )
    assert len(wrong.value.problems) == 2
