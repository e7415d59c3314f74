"""`imgan models` and `imgan inspect` on a register with one small bundle."""

import hashlib
import json
from pathlib import Path

import pytest

from imgan.bundles import register
from imgan.bundles.bundle import WEIGHTS_NAME
from imgan.bundles.card import CARD_NAME
from imgan.bundles.card import Card
from imgan.bundles.card import NetworkSpec
from imgan.bundles.card import Score
from imgan.bundles.card import Speed
from imgan.bundles.card import Stage
from imgan.bundles.card import write_card
from imgan.cli.commands import models
from imgan.cli.main import main
from imgan.inference import speed
from imgan.inference.predictor import Predictor
from tests.inference.translators import save_negative

WEIGHTS = b"weights" * 100_000


@pytest.fixture
def bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A shipped model `tiny`, whose weights nobody needs to load."""
    monkeypatch.setattr(register, "PRETRAINED", tmp_path)
    folder = tmp_path / "tiny"
    folder.mkdir()
    (folder / WEIGHTS_NAME).write_bytes(WEIGHTS)
    card = Card(
        imgan_version="0.1.0",
        name="tiny",
        description="For clean photographs.",
        task="super_resolution",
        family="compact",
        network=NetworkSpec(
            path="imgan.networks.compact:Compact",
            config={"num_filters": 8, "scale": 4},
            parameters=12345,
        ),
        scale=4,
        input_channels=3,
        output_channels=3,
        halo=18,
        data=["some photographs"],
        licence="Apache-2.0",
        training_steps=900,
        stages=[
            Stage(
                command="imgan train recipes/compact/tiny.yaml",
                steps=1000,
                hours=1.25,
                curve=[(500, 30.123), (1000, 31.254)],
            )
        ],
        metrics=[
            Score(
                dataset="Set5",
                protocol={"channel": "y", "crop_border": 4},
                values={"psnr_y": 31.254, "ssim_y": 0.8812},
            )
        ],
        speed=Speed(
            megapixels_per_second=1.2345, precision="bfloat16", machine="2 cores"
        ),
        weights_sha256=hashlib.sha256(WEIGHTS).hexdigest(),
    )
    write_card(card, folder)
    return folder


@pytest.mark.usefixtures("bundle")
def test_table_says_what_one_chooses_by(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["models"]) == 0
    lines = capfd.readouterr().out.splitlines()
    (row,) = [line for line in lines if line.lstrip().startswith("tiny")]
    for value in ("x4", "0.7 MB", "12 k", "1.23 MP/s bfloat16", "31.25 Set5"):
        assert value in row
    assert "For clean photographs." in row
    assert "Apache-2.0" in row
    assert "PSNR in dB: channel y, crop border 4." in lines


def test_empty_register_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(register, "PRETRAINED", tmp_path)
    assert main(["models"]) == 0
    assert "No models ship" in capfd.readouterr().out


@pytest.mark.parametrize("words", [["models", "tiny"], ["inspect", "tiny"]])
@pytest.mark.usefixtures("bundle")
def test_details_are_the_card(
    words: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 0
    out = capfd.readouterr().out
    for line in (
        "network        Compact(num_filters=8, scale=4)",
        "parameters     12,345",
        "halo           18 input pixels",
        "trained        900 steps, the best of 1,000",
        "stages         imgan train recipes/compact/tiny.yaml: 1,000 steps in 1.2 h, "
        "30.12 to 31.25 dB",
        "scores         Set5: psnr_y 31.25, ssim_y 0.8812 (channel y, crop border 4)",
    ):
        assert line in out.splitlines()


def test_inspect_takes_a_folder_and_prints_json(
    bundle: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["inspect", str(bundle), "--json"]) == 0
    stored = json.loads((bundle / CARD_NAME).read_text(encoding="utf-8"))
    assert json.loads(capfd.readouterr().out) == stored


def test_inspect_notices_other_weights(
    bundle: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (bundle / WEIGHTS_NAME).write_bytes(WEIGHTS[:-1])
    assert main(["inspect", str(bundle)]) == 1
    captured = capfd.readouterr()
    assert "tiny" in captured.out
    assert "is not the file that its card describes" in captured.err


def test_inspect_notices_missing_weights(
    bundle: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (bundle / WEIGHTS_NAME).unlink()
    assert main(["inspect", str(bundle)]) == 1
    assert "No such file" in capfd.readouterr().err


@pytest.mark.usefixtures("bundle")
@pytest.mark.parametrize("command", ["models", "inspect"])
def test_unknown_model_names_the_nearest(
    command: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main([command, "tny"]) == 1
    assert "Did you mean 'tiny'?" in capfd.readouterr().err


@pytest.mark.usefixtures("bundle")
def test_measure_replaces_the_speed(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(models, "measured_speed", lambda name: f"7 MP/s of {name}")
    assert main(["models", "--measure"]) == 0
    out = capfd.readouterr().out
    assert "7 MP/s of tiny" in out
    assert "on this machine" in out
    assert "2 cores" not in out


@pytest.mark.parametrize("channels", [1, 4])
def test_a_model_is_measured_with_channels_of_its_own(
    channels: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = save_negative(tmp_path / "model", channels, channels)
    given = []

    def measure(predictor: Predictor, **options: int) -> float:
        given.append(options["channels"])
        return 1.5

    monkeypatch.setattr(speed, "measure_speed", measure)
    assert models.measured_speed(model) == "1.5 MP/s"
    assert given == [channels]


@pytest.mark.usefixtures("bundle")
def test_a_narrow_terminal_cuts_nothing_off(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TERM", "dumb")  # of 80 columns, without colours
    monkeypatch.setattr(models.sys.stdout, "isatty", lambda: True)
    assert main(["models"]) == 0
    out = capfd.readouterr().out
    assert all(len(line) <= 80 for line in out.splitlines()[:6])
    row = next(line for line in out.splitlines() if line.startswith(" tiny"))
    assert "Apache-2.0" in row
    assert "MP/s bfloat16" in row
    assert "tiny  For clean photographs." in out
