"""Settings from the environment: `FLEETCAST_<SECTION>_<NAME>`, or `<NAME>_FILE` for the path of a file with the value.

Each room declares the sections it uses. They are read once, at start, and every problem is told at the same time.
No message ever holds a value that may be secret.
"""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, ClassVar, Literal, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError
from pydantic.fields import FieldInfo

PREFIX = "FLEETCAST_"
FILE_SUFFIX = "_FILE"
MAX_FILE_BYTES = 65_536
SHORTEST_SECRET = 6  # characters; a pass-through value shorter than that is looked upon as a plain option
_SECTION_NAME = re.compile(r"[A-Z][A-Z0-9]*")


class SettingsError(Exception):
    """Settings are missing or wrong. `problems` has one line for each, beginning with the variable's name."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = list(problems)


@dataclass(frozen=True)
class PassThrough:
    """Marks a dict field that takes every variable `<NAME>_<X>_<Y>`, under the key `x<separator>y`."""

    name: str
    separator: str = "."


Properties = Annotated[dict[str, SecretStr], PassThrough("PROPERTY")]
"""Options handed to another library unseen: `<SECTION>_PROPERTY_SASL_PASSWORD` becomes `sasl.password`."""


class Section(BaseModel):
    """One group of settings, `class KafkaSettings(Section, section="KAFKA")`, with a described field for each.

    Give defaults as `Field(default=...)`, which type checkers understand. A SecretStr field is secret. A list or tuple
    field is given comma-separated; only for those may a value be empty.
    Constructed directly (in tests) it takes the arguments and never looks at the environment.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", validate_default=True, allow_inf_nan=False, hide_input_in_errors=True
    )
    section_name: ClassVar[str]

    def __init_subclass__(cls, *, section: str | None = None, **options: Any) -> None:
        super().__init_subclass__(**options)
        if section is None:
            return
        # No "_" inside: so that one section's variables can never be mistaken for another's.
        if not _SECTION_NAME.fullmatch(section):
            raise TypeError(f"section name {section!r} must be one word in capitals")
        cls.section_name = section

    @classmethod
    def variable(cls, field_name: str) -> str:
        """The environment variable of a field; of a pass-through field, with `<X>` for what may follow."""
        marker = _pass_through(cls.model_fields[field_name])
        name = f"{marker.name}_<X>" if marker else field_name.upper()
        return f"{PREFIX}{cls.section_name}_{name}"


SectionT = TypeVar("SectionT", bound=Section)


class Loaded:
    """The sections that were loaded, by their class."""

    def __init__(self, sections: Mapping[type[Section], Section]) -> None:
        self._sections = dict(sections)

    def __getitem__(self, section: type[SectionT]) -> SectionT:
        """The loaded instance. Raises KeyError if the section was not among those asked for."""
        found = self._sections[section]
        assert isinstance(found, section)
        return found


def load_sections(*sections: type[Section], environ: Mapping[str, str] | None = None) -> Loaded:
    """Read the sections from `environ` (by default the process's). Raises SettingsError with all that is wrong."""
    environ = os.environ if environ is None else environ
    loaded: dict[type[Section], Section] = {}
    problems: list[str] = []
    for section in dict.fromkeys(sections):
        reading = _Reading(section, environ)
        instance = reading.instance()
        problems += reading.problems
        if instance is not None:
            loaded[section] = instance
    if problems:
        raise SettingsError(problems)
    return Loaded(loaded)


@dataclass(frozen=True)
class SettingDoc:
    """One setting, as `docs/settings.md` shows it. `default` is None if the setting is required."""

    name: str
    type: str
    default: str | None
    description: str
    secret: bool


def describe(section: type[Section]) -> list[SettingDoc]:
    """What may be set in a section, in the order of declaration."""
    return [
        SettingDoc(
            name=section.variable(name),
            type=_type_name(field.annotation),
            default=_default_text(field),
            description=field.description or "",
            secret=_is_secret(field),
        )
        for name, field in section.model_fields.items()
    ]


class _Reading:
    """Reads one section out of an environment, and collects what is wrong with it."""

    def __init__(self, section: type[Section], environ: Mapping[str, str]) -> None:
        self.problems: list[str] = []
        self._section = section
        self._prefix = f"{PREFIX}{section.section_name}_"
        self._given = {name: value for name, value in environ.items() if name.startswith(self._prefix)}
        self._raw_secrets: list[str] = []

    def instance(self) -> Section | None:
        """The section, or None if there are problems."""
        values: dict[str, Any] = {}
        for name, field in self._section.model_fields.items():
            marker = _pass_through(field)
            if marker is not None:
                values[name] = self._take_properties(marker)
                continue
            raw = self._take(self._section.variable(name), may_be_empty=_is_list(field))
            if raw is not None:
                values[name] = self._parsed(field, raw)
        self.problems += [f"{name}: is not a setting of {self._section.section_name}" for name in sorted(self._given)]
        try:
            section = self._section.model_validate(values)
        except ValidationError as error:
            self._explain(error)
            return None
        return None if self.problems else section

    def _take(self, variable: str, *, may_be_empty: bool = False) -> str | None:
        """The raw value of a variable, or of the file that its `_FILE` names; taken out of what is left to explain."""
        direct = self._given.pop(variable, None)
        path = self._given.pop(variable + FILE_SUFFIX, None)
        if direct is not None and path is not None:
            self.problems.append(f"{variable}: is given twice, also as {variable}{FILE_SUFFIX}")
            return None
        if path is not None:
            direct = self._content(variable + FILE_SUFFIX, path)
        if direct is not None and not direct.strip() and not may_be_empty:
            self.problems.append(f"{variable if path is None else variable + FILE_SUFFIX}: is empty")
            return None
        return direct

    def _content(self, variable: str, path: str) -> str | None:
        try:
            with Path(path).open("rb") as file:
                content = file.read(MAX_FILE_BYTES + 1)
            if len(content) <= MAX_FILE_BYTES:
                return content.decode().removesuffix("\n").removesuffix("\r")
            self.problems.append(f"{variable}: the file is over {MAX_FILE_BYTES} bytes")
        except UnicodeDecodeError:
            self.problems.append(f"{variable}: the file is not UTF-8 text")
        except OSError as error:
            self.problems.append(f"{variable}: the file cannot be read ({error.strerror})")
        return None

    def _take_properties(self, marker: PassThrough) -> dict[str, str]:
        start = f"{self._prefix}{marker.name}_"
        variables = {name.removesuffix(FILE_SUFFIX) for name in self._given if name.startswith(start)}
        found: dict[str, str] = {}
        for variable in sorted(variables - {start}):
            value = self._take(variable)
            if value is not None:
                # Not each is a secret: a message that holds the digit of some `..._RETRIES=1` is still to be shown.
                if len(value) >= SHORTEST_SECRET:
                    self._raw_secrets.append(value)
                found[variable.removeprefix(start).lower().replace("_", marker.separator)] = value
        return found

    def _parsed(self, field: FieldInfo, raw: str) -> str | list[str]:
        if _is_secret(field):
            self._raw_secrets.append(raw)
        if _is_list(field):
            return [item for item in (part.strip() for part in raw.split(",")) if item]
        return raw

    def _explain(self, error: ValidationError) -> None:
        already_told = {problem.partition(":")[0].removesuffix(FILE_SUFFIX) for problem in self.problems}
        for each in error.errors(include_url=False, include_input=False, include_context=False):
            if not each["loc"]:
                self.problems.append(f"{self._prefix}*: {self._without_secrets(each['msg'])}")
                continue
            field_name = str(each["loc"][0])
            variable = self._section.variable(field_name)
            if variable in already_told:
                continue
            if each["type"] == "missing":
                self.problems.append(f"{variable}: is required. {self._section.model_fields[field_name].description}")
            else:
                self.problems.append(f"{variable}: {self._without_secrets(each['msg'])}")

    def _without_secrets(self, message: str) -> str:
        """Validators may quote what they refuse; a message that quotes a secret is withheld whole."""
        if any(secret and secret in message for secret in self._raw_secrets):
            return "is not valid"
        return message.removeprefix("Value error, ")


def _pass_through(field: FieldInfo) -> PassThrough | None:
    return next((marker for marker in field.metadata if isinstance(marker, PassThrough)), None)


def _options(annotation: Any) -> list[Any]:
    """The members of a union other than None; the annotation itself if it is no union."""
    members = get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)
    return [member for member in members if member is not NoneType]


def _is_list(field: FieldInfo) -> bool:
    return any(get_origin(each) in (list, tuple, frozenset) for each in _options(field.annotation))


def _is_secret(field: FieldInfo) -> bool:
    return any(each is SecretStr or SecretStr in get_args(each) for each in _options(field.annotation))


_TYPE_NAMES = {str: "text", SecretStr: "text", int: "whole number", float: "number", bool: "true or false"}


def _type_name(annotation: Any) -> str:
    (first, *_) = _options(annotation)
    origin, arguments = get_origin(first), get_args(first)
    if origin is Literal:
        return " or ".join(str(argument) for argument in arguments)
    if origin in (list, tuple, frozenset):
        return f"{_type_name(arguments[0])}, comma-separated"
    if origin is dict:
        return _type_name(arguments[1])
    return _TYPE_NAMES.get(first, getattr(first, "__name__", str(first)))


def _default_text(field: FieldInfo) -> str | None:
    if field.is_required():
        return None
    default = field.get_default(call_default_factory=True, validated_data={})
    if default is None or default == {}:
        return ""
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, (list, tuple, frozenset)):
        return ",".join(str(item) for item in default)
    return str(default)
