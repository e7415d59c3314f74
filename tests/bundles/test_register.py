from pathlib import Path

import pytest

from imgan.bundles import register
from imgan.bundles.card import CARD_NAME
from imgan.bundles.card import read_card
from imgan.errors import UnknownModelError


@pytest.fixture
def pretrained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "pretrained"
    for name in ("x2", "x4"):
        (folder / name).mkdir(parents=True)
        (folder / name / CARD_NAME).write_text("{}", encoding="utf-8")
    (folder / "notes").mkdir()
    monkeypatch.setattr(register, "PRETRAINED", folder)
    monkeypatch.chdir(tmp_path)
    return folder


def test_shipped(pretrained: Path) -> None:
    assert register.shipped() == {"x2": pretrained / "x2", "x4": pretrained / "x4"}
    assert register.resolve("x4") == pretrained / "x4"


def test_cards_that_ship_are_valid() -> None:
    for name, folder in register.shipped().items():
        assert read_card(folder).name == name


@pytest.mark.parametrize(
    ("scale", "name"),
    [(None, "x4"), (1.5, "x2"), (2, "x2"), (2.5, "x4"), (4, "x4"), (6, "x4")],
)
def test_default_model_reaches_the_scale(scale: float | None, name: str) -> None:
    assert register.default_model(scale) == name


def test_bundles_and_finished_runs(pretrained: Path, tmp_path: Path) -> None:
    run = tmp_path / "runs" / "0001-small"
    (run / "bundle").mkdir(parents=True)
    (run / "bundle" / CARD_NAME).write_text("{}", encoding="utf-8")
    assert register.resolve(str(run / "bundle")) == run / "bundle"
    assert register.resolve(str(run)) == run / "bundle"
    assert register.resolve("runs/0001-small") == Path("runs/0001-small/bundle")


def test_what_is_lacking_is_said(pretrained: Path, tmp_path: Path) -> None:
    (tmp_path / "run" / "checkpoints").mkdir(parents=True)
    (tmp_path / "empty").mkdir()
    cases = {
        "run": "run run has no bundle yet. Finish it with the command",
        "empty": "empty is a folder without card.json",
        "x44": "No model 'x44'. Did you mean 'x4'? Shipped: x2, x4. Or give the folder",
        "/no/where": "No model '/no/where'. Shipped: x2, x4.",
    }
    for model, message in cases.items():
        with pytest.raises(UnknownModelError) as error:
            register.resolve(model)
        assert message in str(error.value)


def test_nothing_shipped(pretrained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(register, "PRETRAINED", pretrained / "notes")
    with pytest.raises(UnknownModelError, match="Shipped: none"):
        register.resolve("x4")
