"""A secret stands in a settings file as a reference, is read late, and is shown nowhere."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel, ValidationError

from gateway.adapters.secrets import MOST_SECRET_BYTES, SecretReference
from gateway.errors import SecretMissing


class Model(BaseModel):
    token: SecretReference


def written(path: Path, content: bytes, *, mode: int = 0o600) -> SecretReference:
    path.write_bytes(content)
    path.chmod(mode)
    return SecretReference(path=path)


def test_a_file_is_read_from_home_each_time_without_its_line_end(tmp_path: Path) -> None:
    written(tmp_path / "token", b"canary-1\r\n")
    found = Model.model_validate({"token": "file:token"}, context={"home": tmp_path}).token
    assert found.read().get_secret_value() == "canary-1"
    (tmp_path / "token").write_bytes(b"canary-2")
    assert found.read().get_secret_value() == "canary-2"


def test_a_variable_is_read_when_it_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    found = Model.model_validate({"token": "env:TRADELANE_TEST_TOKEN"}).token
    with pytest.raises(SecretMissing, match="env:TRADELANE_TEST_TOKEN"):
        found.read()
    monkeypatch.setenv("TRADELANE_TEST_TOKEN", "canary")
    assert found.read().get_secret_value() == "canary"
    assert "canary" not in repr(found.read())


def test_a_reference_is_written_as_it_is_read(tmp_path: Path) -> None:
    model = Model(token=SecretReference(path=tmp_path / "token"))
    assert Model.model_validate_json(model.model_dump_json()) == model
    assert model.model_dump() == {"token": f"file:{tmp_path}/token"}


@pytest.mark.parametrize("text", ["canary", "env:", "env:A B", "env:1A", "file:", "vault:x", " env:A"])
def test_a_secret_itself_is_refused_and_not_repeated(text: str, tmp_path: Path) -> None:
    with pytest.raises(ValidationError) as caught:
        Model.model_validate({"token": text}, context={"home": tmp_path})
    [fault] = caught.value.errors(include_input=False)
    assert fault["msg"].startswith("Value error, want env:NAME or file:PATH")
    assert "canary" not in str(fault)


def test_a_relative_file_needs_a_home() -> None:
    with pytest.raises(ValidationError, match="want an absolute path"):
        Model.model_validate({"token": "file:token"})


def test_what_is_no_text_is_no_reference() -> None:
    with pytest.raises(ValidationError, match="want env:NAME"):
        Model.model_validate({"token": ["env:A"]})


@pytest.mark.parametrize(
    ("content", "mode", "said"),
    [
        (b"x", 0o640, "can be read by others"),
        (b"x", 0o604, "can be read by others"),
        (b"\n", 0o600, "there is no secret"),
        (b"x" * (MOST_SECRET_BYTES + 1), 0o600, "more than"),
        (b"\xff", 0o600, "not UTF-8"),
    ],
)
def test_a_file_that_will_not_do_is_refused(tmp_path: Path, content: bytes, mode: int, said: str) -> None:
    reference = written(tmp_path / "token", content, mode=mode)
    with pytest.raises(SecretMissing, match=said):
        reference.read()


def test_a_missing_file_is_told() -> None:
    with pytest.raises(SecretMissing, match="No such file"):
        SecretReference(path=Path("/nonexistent/token")).read()
