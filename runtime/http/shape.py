"""What an object must look like: one table of fields for reading it and for describing it in the OpenAPI document."""

from typing import Any, NamedTuple

from runtime.http.faults import Fault, Faults, fault
from runtime.http.json_problems import BAD_SHAPE, MISSING_FIELD, UNKNOWN_FIELD
from runtime.http.value_checks import Check, wrong_type

Schema = dict[str, Any]


class Field(NamedTuple):
    """One field of an object. A field that is not required may also be null."""

    name: str
    check: Check
    schema: Schema
    doc: str
    required: bool = False


class Shape:
    """The fields of an object."""

    def __init__(self, name: str, doc: str, *fields: Field) -> None:
        self.name = name
        self.doc = doc
        self.fields = fields
        self._checks = {each.name: each.check for each in fields}
        self._required = [each.name for each in fields if each.required]

    def read(self, value: Any) -> dict[str, Any]:
        """The fields that are there, checked. Raises Faults, with all that is wrong."""
        found, faults = self.look(value)
        if faults:
            raise Faults(faults)
        return found

    def look(self, value: Any) -> tuple[dict[str, Any], list[Fault]]:
        """The fields that are right, and all that is wrong with others: for who has more to say of the right ones.

        Raises Faults for what is no object.
        """
        if type(value) is not dict:
            raise wrong_type("an object", value)
        found: dict[str, Any] = {}
        faults: list[Fault] = []
        for name, each in value.items():
            check = self._checks.get(name)
            if check is None:
                faults += Faults([Fault(UNKNOWN_FIELD, "there is no such field")]).under(name)
            elif each is not None or name in self._required:
                try:
                    found[name] = check(each)
                except Faults as wrong:
                    faults += wrong.under(name)
        for name in self._required:
            if name not in value:
                faults += Faults([Fault(MISSING_FIELD, "the field is required")]).under(name)
        return found, faults

    def schema(self) -> Schema:
        """As JSON Schema 2020-12, the dialect of OpenAPI 3.1."""
        return {
            "type": "object",
            "description": self.doc,
            "additionalProperties": False,
            "required": self._required,
            "properties": {each.name: _described(each) for each in self.fields},
        }


def _described(field: Field) -> Schema:
    if field.required or "$ref" in field.schema:
        return {**field.schema, "description": field.doc}
    return {**field.schema, "type": [field.schema["type"], "null"], "description": field.doc}


def list_of(shape: Shape, most: int) -> Check:
    """A list of such objects, read into their fields."""

    def check(value: Any) -> list[dict[str, Any]]:
        if type(value) is not list:
            raise wrong_type("an array", value)
        if len(value) > most:
            raise fault(BAD_SHAPE, f"the array has over {most} items")
        found: list[dict[str, Any]] = []
        faults: list[Fault] = []
        for index, each in enumerate(value):
            try:
                found.append(shape.read(each))
            except Faults as wrong:
                faults += wrong.under(index)
        if faults:
            raise Faults(faults)
        return found

    return check
