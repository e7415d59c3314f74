"""Exported SavedModels in the batch tools."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import imgan
from imgan.cli.main import main
from imgan.errors import CheckpointError
from imgan.errors import UsageError
from imgan.export.saved_model import export_saved_model
from imgan.io.images import Picture
from imgan.io.images import read_image
from imgan.io.images import write_image
from tests.export import bundles
from tests.inference.networks import picture
from tests.marks import thorough

TWO_DEVICES = """
import sys
import threading
import numpy as np
import tensorflow as tf

cpu = tf.config.list_physical_devices("CPU")[0]
one = tf.config.LogicalDeviceConfiguration()
tf.config.set_logical_device_configuration(cpu, [one, one])

from imgan.inference import engines
from imgan.inference.predictor import Predictor

engines.choose_devices = lambda option, tf: ["/CPU:0", "/CPU:1"]

# Sessions that note where convolutions ran.
class Session(tf.compat.v1.Session):
    def run(self, outputs, feed, options=None):
        options = tf.compat.v1.RunOptions(trace_level=3)
        notes = tf.compat.v1.RunMetadata()
        with lock:
            made = super().run(outputs, feed, options=options, run_metadata=notes)
        for device in notes.step_stats.dev_stats:
            if any("onv" in node.node_name for node in device.node_stats):
                ran.add(device.device[-5:])
        return made

ran, lock = set(), threading.Lock()
tf.compat.v1.Session = Session
predictor = Predictor.load(sys.argv[1], precision="float32")
for index in range(3):
    image = np.load(sys.argv[2])
    np.save(f"{sys.argv[3]}/{index}.npy", predictor(image))
print(*sorted(ran), predictor.engine.device)
"""

WITHOUT_NETWORKS = """
import sys
sys.modules["imgan.networks"] = None
import numpy as np
import imgan
np.save(sys.argv[3], imgan.load(sys.argv[1], precision="float32")(np.load(sys.argv[2])))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with bundles, exports `served` and `halved`, and pictures."""
    folder = tmp_path_factory.mktemp("exported")
    bundle = bundles.make("repsr", folder / "small")
    export_saved_model(bundle, folder / "served")
    export_saved_model(bundle, folder / "halved", precision="bfloat16")
    unet = bundles.make("exact_unet", folder / "unet")
    export_saved_model(unet, folder / "translator")
    pictures = folder / "in"
    for index, dtype in enumerate(["uint8", "uint8", "uint16"]):
        image = picture(30 + index, 20, 3, dtype=dtype)
        write_image(
            Picture(image), pictures / f"{index}.png", quality=95, compression=1
        )
    grey = Picture(picture(19, 21), alpha=picture(19, 21))
    write_image(grey, pictures / "grey.png", quality=95, compression=1)
    np.save(folder / "image.npy", picture(37, 40, 3))
    return folder


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "bundle", "export"),
    [("upscale", "small", "served"), ("translate", "unet", "translator/1")],
)
def test_the_batch_tools_make_the_same_of_an_export(
    command: str, bundle: str, export: str, folder: Path, tmp_path: Path
) -> None:
    for model in (bundle, export):
        words = [command, folder / "in", tmp_path / model, "--precision", "float32"]
        words += ["--model", folder / model, "--report", tmp_path / "report.json"]
        assert main([*map(str, words), "--quiet"]) == 0
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["model"] == str(folder / export)
    assert report["totals"]["done"] == 4
    for path in sorted((tmp_path / bundle).iterdir()):
        expected = read_image(path)
        made = read_image(tmp_path / export / path.name)
        np.testing.assert_array_equal(made.pixels, expected.pixels)
        if expected.alpha is not None:
            np.testing.assert_array_equal(made.alpha, expected.alpha)


def test_an_export_computes_in_its_own_precision(folder: Path) -> None:
    halved = imgan.load(str(folder / "halved"))
    assert halved.precision_for("uint8") == halved.precision_for("uint16") == "bfloat16"
    deep = halved.predict(picture(9, 8, 3, dtype="uint16"))
    assert "computed in bfloat16" in deep.warnings[0]
    assert not halved.predict(picture(9, 8, 3)).warnings
    with pytest.raises(UsageError, match="computes in bfloat16 only"):
        imgan.load(str(folder / "halved"), precision="float32")


def test_weights_of_an_export_cannot_be_mixed(folder: Path) -> None:
    with pytest.raises(UsageError, match="--fidelity needs the weights"):
        imgan.load(str(folder / "served"), fidelity=0.5)


def test_scores_of_an_export_are_those_of_the_bundle(
    folder: Path, tmp_path: Path
) -> None:
    scores = []
    for model in ("small", "served"):
        words = ["evaluate", str(folder / "in"), "--model", str(folder / model)]
        file = tmp_path / f"{model}.json"
        assert main([*words, "--quiet", "--json", str(file)]) == 0
        scores.append(json.loads(file.read_text())["mean"])
    # The bundle is scored in the precision that suits the processor.
    assert scores[0] == pytest.approx(scores[1], abs=0.1)


def test_inspect_checks_the_files_of_an_export(
    folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["inspect", str(folder / "served")]) == 0
    assert "SavedModel in float32, signatures card, float" in capfd.readouterr().out
    made = export_saved_model(folder / "small", tmp_path).folder
    with (made / "saved_model.pb").open("ab") as file:
        file.write(b"\0")
    assert main(["inspect", str(tmp_path)]) == 1
    assert "is not the file that its card describes" in capfd.readouterr().err
    (made / "saved_model.pb").write_bytes(b"nothing")
    with pytest.raises(CheckpointError, match="cannot be loaded"):
        imgan.load(str(tmp_path))(picture(8, 8, 3))


def save(made: Picture, path: Path) -> None:
    write_image(made, path, quality=95, compression=1)


def run(program: str, *words: object) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program, *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_no_class_of_a_network_is_needed(folder: Path, tmp_path: Path) -> None:
    image = folder / "image.npy"
    run(WITHOUT_NETWORKS, folder / "served", image, tmp_path / "made.npy")
    expected = imgan.load(str(folder / "small"), precision="float32")(np.load(image))
    np.testing.assert_array_equal(np.load(tmp_path / "made.npy"), expected)


@pytest.mark.slow
@pytest.mark.parametrize("model", [thorough("served"), "small"])
def test_two_devices_share_the_work(model: str, folder: Path, tmp_path: Path) -> None:
    image = folder / "image.npy"
    told = run(TWO_DEVICES, folder / model, image, tmp_path)
    assert told.split() == ["CPU:0", "CPU:1", "cpu:0,1"]
    expected = imgan.load(str(folder / "small"), precision="float32")(np.load(image))
    for index in range(3):
        made = np.load(tmp_path / f"{index}.npy")
        np.testing.assert_array_equal(made, expected)
