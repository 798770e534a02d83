"""Settings: everything that is wrong is told at once, by variable, and never with a secret."""

from pathlib import Path
from typing import Literal

import pytest
from pydantic import Field, SecretStr, field_validator, model_validator

from runtime.settings import MAX_FILE_BYTES, Properties, Section, SettingDoc, SettingsError, describe, load_sections


class Sample(Section, section="SAMPLE"):
    url: str = Field(description="Where it is.")
    password: SecretStr | None = Field(default=None, description="Its password.")
    port: int = Field(default=80, ge=0, le=65535, description="Its port.")
    fast: bool = Field(default=False, description="Whether to hurry.")
    mode: Literal["a", "b"] = Field(default="a", description="Which way.")
    origins: tuple[str, ...] = Field(default=(), description="Who may ask.")
    properties: Properties = Field(default_factory=dict, description="Passed through.")

    @field_validator("password")
    @classmethod
    def long_enough(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value()) < 6:
            raise ValueError(f"{value.get_secret_value()} is too short")
        return value


class Other(Section, section="OTHER"):
    rate: float = Field(default=1.0, description="Per second.")
    key: SecretStr = Field(description="A key.")
    same: SecretStr = Field(default=SecretStr("default-key"), description="Must differ.")

    @model_validator(mode="after")
    def differ(self) -> "Other":
        if self.key == self.same:
            raise ValueError(f"key and same are both {self.key.get_secret_value()}")
        return self


def load(**environ: str) -> Sample:
    given = {f"FLEETCAST_SAMPLE_{name}": value for name, value in environ.items()}
    return load_sections(Sample, environ={"FLEETCAST_SAMPLE_URL": "x", **given})[Sample]


def problems(**environ: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load(**environ)
    return caught.value.problems


def test_values_come_from_the_environment_with_their_types() -> None:
    sample = load(PORT="8080", FAST="true", MODE="b", ORIGINS="https://a, https://b,", PASSWORD="hunter2")
    assert (sample.url, sample.port, sample.fast, sample.mode) == ("x", 8080, True, "b")
    assert sample.origins == ("https://a", "https://b")
    assert sample.password == SecretStr("hunter2")


def test_defaults_hold_where_nothing_is_given() -> None:
    assert (load().port, load().origins, load().properties, load().password) == (80, (), {}, None)


def test_any_value_may_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("hunter2\n")
    (tmp_path / "port").write_bytes(b"81\r\n")
    sample = load(PASSWORD_FILE=str(tmp_path / "password"), PORT_FILE=str(tmp_path / "port"))
    assert (sample.password, sample.port) == (SecretStr("hunter2"), 81)


def test_only_one_line_end_is_taken_off_a_file(tmp_path: Path) -> None:
    (tmp_path / "password").write_text(" hunter2 \n\n")
    assert load(PASSWORD_FILE=str(tmp_path / "password")).password == SecretStr(" hunter2 \n")


def test_properties_pass_through(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hunter2")
    sample = load(PROPERTY_SASL_USERNAME="u", PROPERTY_SASL_PASSWORD_FILE=str(tmp_path / "secret"))
    assert sample.properties == {"sasl.username": SecretStr("u"), "sasl.password": SecretStr("hunter2")}


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"PORT": "x"}, "FLEETCAST_SAMPLE_PORT: Input should be a valid integer, unable to parse string as an integer"),
        ({"PORT": "70000"}, "FLEETCAST_SAMPLE_PORT: Input should be less than or equal to 65535"),
        ({"PORT": ""}, "FLEETCAST_SAMPLE_PORT: is empty"),
        ({"URL": " "}, "FLEETCAST_SAMPLE_URL: is empty"),
        ({"MODE": "c"}, "FLEETCAST_SAMPLE_MODE: Input should be 'a' or 'b'"),
        ({"PROT": "80"}, "FLEETCAST_SAMPLE_PROT: is not a setting of SAMPLE"),
        ({"PROPERTY_": "80"}, "FLEETCAST_SAMPLE_PROPERTY_: is not a setting of SAMPLE"),
        ({"PROPERTY_X": ""}, "FLEETCAST_SAMPLE_PROPERTY_X: is empty"),
        ({"PASSWORD": "abc"}, "FLEETCAST_SAMPLE_PASSWORD: is not valid"),
        ({"URL_FILE": "/x"}, "FLEETCAST_SAMPLE_URL: is given twice, also as FLEETCAST_SAMPLE_URL_FILE"),
        ({"PORT_FILE": "/no/such"}, "FLEETCAST_SAMPLE_PORT_FILE: the file cannot be read (No such file or directory)"),
        ({"PORT_FILE": "/"}, "FLEETCAST_SAMPLE_PORT_FILE: the file cannot be read (Is a directory)"),
    ],
)
def test_a_wrong_value_is_told_by_its_variable_once(environ: dict[str, str], expected: str) -> None:
    assert problems(**environ) == [expected]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "is empty"),
        (b"\n", "is empty"),
        (b"\xff", "the file is not UTF-8 text"),
        (b"x" * (MAX_FILE_BYTES + 1), "the file is over 65536 bytes"),
    ],
)
def test_a_bad_file_is_told(tmp_path: Path, content: bytes, expected: str) -> None:
    (tmp_path / "file").write_bytes(content)
    assert problems(PASSWORD_FILE=str(tmp_path / "file")) == [f"FLEETCAST_SAMPLE_PASSWORD_FILE: {expected}"]


def test_all_problems_of_all_sections_are_told_at_once_and_no_secret_is() -> None:
    environ = {
        "FLEETCAST_SAMPLE_PORT": "x",
        "FLEETCAST_SAMPLE_PASSWORD": "abc",
        "FLEETCAST_SAMPLE_TYPO": "hunter2",
        "FLEETCAST_OTHER_KEY": "default-key",
        "FLEETCAST_UNRELATED_X": "belongs to another process",
    }
    with pytest.raises(SettingsError) as caught:
        load_sections(Sample, Other, Sample, environ=environ)
    assert caught.value.problems == [
        "FLEETCAST_SAMPLE_TYPO: is not a setting of SAMPLE",
        "FLEETCAST_SAMPLE_URL: is required. Where it is.",
        "FLEETCAST_SAMPLE_PASSWORD: is not valid",
        "FLEETCAST_SAMPLE_PORT: Input should be a valid integer, unable to parse string as an integer",
        "FLEETCAST_OTHER_*: is not valid",
    ]
    assert "hunter2" not in str(caught.value)


def test_a_number_must_be_finite() -> None:
    with pytest.raises(SettingsError, match="finite"):
        load_sections(Other, environ={"FLEETCAST_OTHER_KEY": "k", "FLEETCAST_OTHER_RATE": "nan"})


def test_a_section_that_was_not_asked_for_is_not_there() -> None:
    with pytest.raises(KeyError):
        load_sections(Sample, environ={"FLEETCAST_SAMPLE_URL": "x"})[Other]


def test_a_section_made_directly_never_looks_at_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLEETCAST_SAMPLE_PORT", "99")
    assert Sample(url="x").port == 80


def test_a_secret_is_never_shown() -> None:
    sample = load(PASSWORD="hunter2", PROPERTY_SASL_PASSWORD="hunter2")
    assert "hunter2" not in repr(sample)
    assert "hunter2" not in str(sample)


def test_a_section_name_is_one_word() -> None:
    with pytest.raises(TypeError, match="one word in capitals"):
        type("Bad", (Section,), {}, section="TWO_WORDS")


def test_settings_describe_themselves() -> None:
    docs = describe(Sample)
    assert docs[0] == SettingDoc("FLEETCAST_SAMPLE_URL", "text", None, "Where it is.", secret=False)
    assert docs[1] == SettingDoc("FLEETCAST_SAMPLE_PASSWORD", "text", "", "Its password.", secret=True)
    assert [(doc.name.removeprefix("FLEETCAST_SAMPLE_"), doc.type, doc.default) for doc in docs[2:]] == [
        ("PORT", "whole number", "80"),
        ("FAST", "true or false", "false"),
        ("MODE", "a or b", "a"),
        ("ORIGINS", "text, comma-separated", ""),
        ("PROPERTY_<X>", "text", ""),
    ]
