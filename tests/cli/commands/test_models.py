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
from imgan.bundles.card import read_card
from imgan.bundles.card import write_card
from imgan.cli import card_scores
from imgan.cli import model_table
from imgan.cli.commands import models
from imgan.cli.main import main
from imgan.inference import speed
from imgan.inference.predictor import Predictor
from imgan.inference.speed import OnStep
from imgan.types import Array
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
    assert "PSNR in dB of tiny: on luma, 4 pixels cropped at each border." in lines
    note = "Speed: megapixels of input per second on 2 cores; --measure times them here"
    assert f"{note}." in lines


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
        "scores         Set5: psnr_y 31.25, ssim_y 0.8812 (on luma, 4 pixels cropped "
        "at each border)",
    ):
        assert line in out.splitlines()


def test_inspect_takes_a_folder_and_prints_json(
    bundle: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["inspect", str(bundle), "--json"]) == 0
    stored = json.loads((bundle / CARD_NAME).read_text(encoding="utf-8"))
    assert json.loads(capfd.readouterr().out) == stored


def test_inspect_says_that_weights_are_whole(
    bundle: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["inspect", str(bundle)]) == 0
    last = capfd.readouterr().out.splitlines()[-1]
    assert last == f"Whole: {WEIGHTS_NAME} as the card's sha256 says."


def test_inspect_notices_other_weights(
    bundle: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (bundle / WEIGHTS_NAME).write_bytes(WEIGHTS[:-1])
    assert main(["inspect", str(bundle)]) == 1
    captured = capfd.readouterr()
    assert "tiny" in captured.out
    assert "Whole" not in captured.out
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


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([2400, 1500, 600], "2,400 + 1,500 + 600 steps in 3 runs, 4,500 together"),
        (
            [2400, 700],
            "2,400 + 600 steps in 2 runs, 3,000 together, the best of 700 in the last",
        ),
        ([600], "600 steps"),
        ([], "600 steps"),
    ],
)
def test_all_runs_of_a_training_are_told(
    steps: list[int], expected: str, bundle: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    stages = [Stage(command="imgan train", steps=one, hours=1) for one in steps]
    update = {"stages": stages, "training_steps": 600}
    write_card(read_card(bundle).model_copy(update=update), bundle)
    assert main(["models", "tiny"]) == 0
    assert f"trained        {expected}" in capfd.readouterr().out.splitlines()


def test_the_curve_ends_at_the_step_that_was_kept(
    bundle: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    curve = [(500, 30.12), (600, 31.25), (700, 31.2)]
    first = Stage(command="first", steps=700, hours=1, curve=curve)
    stages = [first, first.model_copy(update={"command": "second"})]
    update = {"stages": stages, "training_steps": 600}
    write_card(read_card(bundle).model_copy(update=update), bundle)
    assert main(["models", "tiny"]) == 0
    out = capfd.readouterr().out
    assert "first: 700 steps in 1.0 h, 30.12 to 31.20 dB\n" in out
    assert "second: 700 steps in 1.0 h, 30.12 to 31.25 dB at step 600\n" in out


def test_notes_say_of_which_models_they_are(
    bundle: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    card = read_card(bundle)
    for name, border, machine in (("small", 4, "2 cores"), ("twice", 2, "GPU")):
        protocol = {"channel": "y", "crop_border": border, "downscale": "given"}
        score = Score(dataset="Set5", protocol=protocol, values={"psnr_y": 30})
        speed = Speed(megapixels_per_second=2, precision="float32", machine=machine)
        other = {"name": name, "metrics": [score], "speed": speed}
        (bundle.parent / name).mkdir()
        write_card(card.model_copy(update=other), bundle.parent / name)
    write_card(card.model_copy(update={"fidelity_partner": "twice"}), bundle)
    assert main(["models"]) == 0
    lines = capfd.readouterr().out.splitlines()
    given = "cropped at each border, low resolution read from files."
    for line in (
        f"PSNR in dB of small: on luma, 4 pixels {given}",
        "PSNR in dB of tiny: on luma, 4 pixels cropped at each border.",
        f"PSNR in dB of twice: on luma, 2 pixels {given}",
        "Speed of small and tiny: megapixels of input per second on 2 cores.",
        "Fidelity: tiny goes towards twice with --fidelity 0 to 1.",
    ):
        assert line in lines


def test_conditions_of_a_score_are_words() -> None:
    protocol = {"crop_border": 1, "downscale": "noise 5", "squeezed_to": [9, 8]}
    score = Score(dataset="any", protocol=protocol, values={})
    assert card_scores.protocol(score) == (
        "1 pixel cropped at each border, low resolution by noise 5, squeezed to [9, 8]"
    )


@pytest.mark.parametrize("words", [[], ["tiny"]])
@pytest.mark.usefixtures("bundle")
def test_json_is_what_the_table_shows(
    words: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["models", *words, "--json"]) == 0
    (row,) = json.loads(capfd.readouterr().out)["models"]
    assert row == {
        "name": "tiny",
        "task": "super_resolution",
        "scale": 4,
        "bytes": len(WEIGHTS),
        "parameters": 12345,
        "speed": {
            "megapixels_per_second": 1.2345,
            "precision": "bfloat16",
            "machine": "2 cores",
        },
        "measured_here": False,
        "score": {
            "dataset": "Set5",
            "protocol": {"channel": "y", "crop_border": 4},
            "values": {"psnr_y": 31.254, "ssim_y": 0.8812},
        },
        "purpose": "For clean photographs.",
        "fidelity_partner": None,
        "licence": "Apache-2.0",
    }


def test_json_of_no_models_is_a_document(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(register, "PRETRAINED", tmp_path)
    assert main(["models", "--json"]) == 0
    assert json.loads(capfd.readouterr().out) == {"models": []}


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every model is as fast."""

    def measure(names: list[str], on_step: OnStep) -> dict[str, Speed]:
        found = Speed(
            megapixels_per_second=7, precision="float32", machine="9 cores of this"
        )
        for index, name in enumerate(names):
            on_step(f"{name}: loaded", index + 1, 9)
            on_step("", 9, 9)
        return dict.fromkeys(names, found)

    monkeypatch.setattr("imgan.inference.speed.measure_models", measure)


@pytest.mark.usefixtures("bundle", "measured")
def test_measure_replaces_the_speed(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "--measure"]) == 0
    told = capfd.readouterr()
    assert "7 MP/s float32" in told.out
    assert "of input per second here, on 9 cores of this." in told.out
    assert "2 cores" not in told.out
    assert told.err == "tiny: loaded\n"


@pytest.mark.usefixtures("bundle", "measured")
def test_one_model_is_measured_beside_its_card(
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert main(["models", "tiny", "--measure", "--quiet"]) == 0
    told = capfd.readouterr()
    assert "1.23 MP/s bfloat16 of input on 2 cores\n" in told.out
    assert "7 MP/s float32 of input on 9 cores of this\n" in told.out
    assert told.err == ""


@pytest.mark.usefixtures("bundle", "measured")
def test_json_holds_what_was_measured(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "--json", "--measure", "--quiet"]) == 0
    (row,) = json.loads(capfd.readouterr().out)["models"]
    assert row["measured_here"]
    assert row["speed"]["machine"] == "9 cores of this"


@pytest.mark.parametrize("channels", [1, 4])
def test_a_model_is_measured_with_channels_of_its_own(
    channels: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = save_negative(tmp_path / "model", channels, channels)
    given = set()
    compute = Predictor.__call__

    def call(predictor: Predictor, picture: Array) -> Array:
        given.add(picture.shape[2])
        return compute(predictor, picture)

    monkeypatch.setattr(Predictor, "__call__", call)
    monkeypatch.setattr(speed, "_ROUND", 0.0)
    found = models.measured_speeds([model], quiet=True)[model]
    assert found.megapixels_per_second > 0
    assert given == {channels}


@pytest.mark.usefixtures("bundle")
def test_a_narrow_terminal_cuts_nothing_off(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TERM", "dumb")  # of 80 columns, without colours
    monkeypatch.setattr(model_table.sys.stdout, "isatty", lambda: True)
    assert main(["models"]) == 0
    out = capfd.readouterr().out
    assert all(len(line) <= 80 for line in out.splitlines()[:6])
    row = next(line for line in out.splitlines() if line.startswith(" tiny"))
    assert "Apache-2.0" in row
    assert "MP/s bfloat16" in row
    assert "tiny  For clean photographs." in out
