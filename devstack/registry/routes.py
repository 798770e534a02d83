"""The routes that Confluent's clients use, over one registry."""

import json
from typing import Any

from aiohttp import web

from backbone.memory_registry import MemoryRegistry, RegisteredVersion
from backbone.registry import SchemaRefused
from devstack.registry import errors
from devstack.registry.errors import Refusal

MEDIA_TYPE = "application/vnd.schemaregistry.v1+json"


def make_app(registry: MemoryRegistry) -> web.Application:
    """The registry as an HTTP application."""
    app = web.Application(middlewares=[errors.answer_refusals])
    routes = Routes(registry)
    version = "/subjects/{subject}/versions/{version}"
    app.add_routes(
        [
            web.get("/subjects", routes.subjects),
            web.post("/subjects/{subject}", routes.find),
            web.get("/subjects/{subject}/versions", routes.versions),
            web.post("/subjects/{subject}/versions", routes.register),
            web.get(version, routes.version),
            web.get(f"{version}/schema", routes.version_schema),
            web.get("/schemas/types", routes.types),
            web.get("/schemas/ids/{id}", routes.schema),
            web.get("/schemas/ids/{id}/schema", routes.schema_alone),
            web.get("/schemas/ids/{id}/versions", routes.schema_versions),
            web.get("/schemas/ids/{id}/subjects", routes.schema_subjects),
            web.post("/compatibility/subjects/{subject}/versions", routes.check),
            web.post("/compatibility/subjects/{subject}/versions/{version}", routes.check),
            web.get("/config", routes.default_level),
            web.put("/config", routes.set_default_level),
            web.get("/config/{subject}", routes.level),
            web.put("/config/{subject}", routes.set_level),
            web.get("/mode", routes.mode),
            web.get("/mode/{subject}", routes.mode),
        ]
    )
    return app


class Routes:
    """One method for each route; none waits, so each sees and changes the registry as a whole."""

    def __init__(self, registry: MemoryRegistry) -> None:
        self._registry = registry

    async def subjects(self, request: web.Request) -> web.Response:
        prefix = request.query.get("subjectPrefix", "")
        return _reply([subject for subject in self._registry.subjects() if subject.startswith(prefix)])

    async def find(self, request: web.Request) -> web.Response:
        subject, schema = request.match_info["subject"], await _schema_of(request)
        self._of_subject(subject)
        try:
            found = self._registry.found(subject, schema)
        except SchemaRefused as refused:
            raise Refusal(errors.INVALID_SCHEMA, str(refused)) from refused
        if found is None:
            raise Refusal(errors.SCHEMA_NOT_FOUND, f"Schema not found under subject {subject}")
        return _reply(_version_body(found))

    async def versions(self, request: web.Request) -> web.Response:
        return _reply([each.version for each in self._of_subject(request.match_info["subject"])])

    async def register(self, request: web.Request) -> web.Response:
        subject, schema = request.match_info["subject"], await _schema_of(request)
        self._faults(subject, schema, [])
        try:
            return _reply({"id": self._registry.registered(subject, schema).id})
        except SchemaRefused as refused:
            raise Refusal(errors.INCOMPATIBLE, f"Schema is incompatible with an earlier schema: {refused}") from refused

    async def version(self, request: web.Request) -> web.Response:
        return _reply(_version_body(self._version(request)))

    async def version_schema(self, request: web.Request) -> web.Response:
        return _reply(json.loads(self._version(request).text))

    async def types(self, request: web.Request) -> web.Response:  # noqa: ARG002  a handler takes the request
        return _reply(["AVRO"])

    async def schema(self, request: web.Request) -> web.Response:
        return _reply({"schema": self._text(request)})

    async def schema_alone(self, request: web.Request) -> web.Response:
        return _reply(json.loads(self._text(request)))

    async def schema_versions(self, request: web.Request) -> web.Response:
        self._text(request)
        where = self._registry.where(int(request.match_info["id"]))
        return _reply([{"subject": each.subject, "version": each.version} for each in where])

    async def schema_subjects(self, request: web.Request) -> web.Response:
        self._text(request)
        return _reply(sorted({each.subject for each in self._registry.where(int(request.match_info["id"]))}))

    async def check(self, request: web.Request) -> web.Response:
        """Against one version, or, without one, against all that the subject's level asks for."""
        subject, schema = request.match_info["subject"], await _schema_of(request)
        against = [self._version(request)] if "version" in request.match_info else self._registry.all_versions(subject)
        faults = self._faults(subject, schema, against)
        return _reply({"is_compatible": not faults, "messages": faults})

    async def default_level(self, request: web.Request) -> web.Response:  # noqa: ARG002
        return _reply({"compatibilityLevel": self._registry.default_level})

    async def set_default_level(self, request: web.Request) -> web.Response:
        return await self._set(request, None)

    async def level(self, request: web.Request) -> web.Response:
        subject = request.match_info["subject"]
        level = self._registry.compatibility(subject)
        if level is None and request.query.get("defaultToGlobal", "").lower() == "true":
            level = self._registry.default_level
        if level is None:
            message = f"Subject '{subject}' does not have subject-level compatibility configured"
            raise Refusal(errors.NO_LEVEL_OF_ITS_OWN, message)
        return _reply({"compatibilityLevel": level})

    async def set_level(self, request: web.Request) -> web.Response:
        return await self._set(request, request.match_info["subject"])

    async def mode(self, request: web.Request) -> web.Response:  # noqa: ARG002
        return _reply({"mode": "READWRITE"})

    async def _set(self, request: web.Request, subject: str | None) -> web.Response:
        level = (await _object_of(request)).get("compatibility")
        try:
            if subject is None:
                self._registry.set_default_compatibility(str(level))
            else:
                self._registry.set_compatibility(subject, str(level))
        except SchemaRefused as refused:
            raise Refusal(errors.INVALID_LEVEL, str(refused)) from refused
        return _reply({"compatibility": level})

    def _of_subject(self, subject: str) -> list[RegisteredVersion]:
        versions = self._registry.all_versions(subject)
        if not versions:
            raise Refusal(errors.SUBJECT_NOT_FOUND, f"Subject '{subject}' not found")
        return versions

    def _version(self, request: web.Request) -> RegisteredVersion:
        versions, wanted = self._of_subject(request.match_info["subject"]), request.match_info["version"]
        if wanted in ("latest", "-1"):
            return versions[-1]
        if not _is_number(wanted):
            raise Refusal(
                errors.INVALID_VERSION, f"The specified version '{wanted}' is not a number from 1, nor latest"
            )
        if int(wanted) > len(versions):
            raise Refusal(errors.VERSION_NOT_FOUND, f"Version {wanted} not found")
        return versions[int(wanted) - 1]

    def _text(self, request: web.Request) -> str:
        wanted = request.match_info["id"]
        text = self._registry.schema(int(wanted)) if _is_number(wanted) else None
        if text is None:
            raise Refusal(errors.SCHEMA_NOT_FOUND, f"Schema {wanted} not found")
        return text

    def _faults(self, subject: str, schema: str, against: list[RegisteredVersion]) -> list[str]:
        try:
            return self._registry.faults(subject, schema, against)
        except SchemaRefused as refused:
            raise Refusal(errors.INVALID_SCHEMA, str(refused)) from refused


def _reply(body: Any) -> web.Response:
    return web.json_response(body, content_type=MEDIA_TYPE)


def _version_body(version: RegisteredVersion) -> dict[str, Any]:
    return {"subject": version.subject, "version": version.version, "id": version.id, "schema": version.text}


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and 0 < int(text[:11]) < 2**31


async def _object_of(request: web.Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.text())
    except ValueError as error:
        raise Refusal(400, f"the body is not JSON: {error}") from error
    if not isinstance(body, dict):
        raise Refusal(400, "the body is not a JSON object")
    return body


async def _schema_of(request: web.Request) -> str:
    body = await _object_of(request)
    if body.get("schemaType") not in (None, "AVRO"):
        raise Refusal(errors.INVALID_SCHEMA, "this registry keeps AVRO schemas only")
    if body.get("references"):
        raise Refusal(errors.INVALID_SCHEMA, "this registry does not resolve references: put the types into the schema")
    if not isinstance(body.get("schema"), str):
        raise Refusal(errors.INVALID_SCHEMA, "the body has no schema")
    return str(body["schema"])
