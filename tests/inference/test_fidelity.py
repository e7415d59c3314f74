"""The fidelity dial and kept colours, from Python and from the command line."""

import json

import numpy as np
import pytest

import imgan
from imgan.bundles import register
from imgan.bundles.bundle import save_bundle
from imgan.cli.main import main
from imgan.errors import UsageError
from imgan.inference.predictor import Predictor
from imgan.io.images import Picture
from imgan.io.images import read_image
from imgan.io.images import write_image
from imgan.networks.repsr import RepSR
from tests.bundles.test_bundle import card_of
from tests.contracts import randomize

from .networks import picture


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Bundles x2 and x2-photo, as if they shipped."""
    folder = tmp_path_factory.mktemp("pretrained")
    for seed, name, partner in ((1, "x2", None), (2, "x2-photo", "x2")):
        network = RepSR(scale=2, num_filters=4, num_convs=1, fused=True)
        randomize(network, seed)
        card = card_of(network, name=name, fidelity_partner=partner)
        save_bundle(network, card, folder / name)
    return folder


@pytest.fixture(autouse=True)
def ships(models, monkeypatch):
    monkeypatch.setattr(register, "PRETRAINED", models)


def test_the_ends_are_the_two_models_bit_for_bit():
    image = picture(20, 24, 3)
    pixel, sharp = imgan.load("x2")(image), imgan.load("x2-photo")(image)
    assert not np.array_equal(pixel, sharp)
    ends = {0.0: sharp, 1.0: pixel}
    for fidelity, expected in ends.items():
        made = imgan.load("x2-photo", fidelity=fidelity)(image)
        np.testing.assert_array_equal(made, expected)
    between = imgan.load("x2-photo", fidelity=0.5)(image)
    assert not any(np.array_equal(between, end) for end in ends.values())


def test_what_the_dial_does_not_apply_to():
    with pytest.raises(UsageError, match="have one: x2-photo"):
        Predictor.load("x2", fidelity=0.5)
    with pytest.raises(UsageError, match="does not apply to bicubic"):
        Predictor.load("bicubic", fidelity=0.5)
    with pytest.raises(UsageError, match="Received: 2"):
        Predictor.load("x2-photo", fidelity=2)


def test_the_command_takes_the_shipped_pair(tmp_path):
    image = picture(20, 24, 3)
    write_image(Picture(image), tmp_path / "a.png")
    words = ["upscale", str(tmp_path / "a.png"), str(tmp_path / "out")]
    words += ["--fidelity", "0.5", "--quiet", "--report", str(tmp_path / "r.json")]
    assert main(words) == 0
    expected = imgan.load("x2-photo", fidelity=0.5)(image)
    made = read_image(tmp_path / "out" / "a.png").pixels
    np.testing.assert_array_equal(made, expected)
    report = json.loads((tmp_path / "r.json").read_text())
    assert (report["model"], report["fidelity"]) == ("x2-photo", 0.5)


def test_the_command_keeps_colours(tmp_path):
    image = picture(40, 44, 3)
    write_image(Picture(image), tmp_path / "a.png")
    words = ["upscale", str(tmp_path / "a.png"), str(tmp_path / "out")]
    assert main([*words, "--model", "x2", "--quiet", "--keep-colors"]) == 0
    made = read_image(tmp_path / "out" / "a.png").pixels
    expected = imgan.load("x2", keep_colors=True)(image)
    np.testing.assert_array_equal(made, expected)
    drift = np.abs(made.mean((0, 1)) - image.mean((0, 1))).max()
    plain = np.abs(imgan.load("x2")(image).mean((0, 1)) - image.mean((0, 1))).max()
    assert drift < min(1, plain / 4)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--fidelity", "1.5"], "--fidelity"),
        (["--fidelity", "0.5", "--model", "x2"], "x2-photo"),
        (["--fidelity", "0.5", "--model", "bicubic"], "bicubic"),
    ],
)
def test_wrong_words(tmp_path, capsys, words, expected):
    write_image(Picture(picture(8, 8)), tmp_path / "a.png")
    paths = [str(tmp_path / "a.png"), str(tmp_path / "out")]
    assert main(["upscale", *paths, *words]) == 2
    assert expected in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_without_a_shipped_pair(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(register, "PRETRAINED", tmp_path)
    write_image(Picture(picture(8, 8)), tmp_path / "a.png")
    words = [str(tmp_path / "a.png"), str(tmp_path / "out"), "--fidelity", "0.5"]
    assert main(["upscale", *words]) == 2
    assert "none that ships" in capsys.readouterr().err


def test_the_partner_is_shown(capsys):
    for words in (["models", "x2-photo"], ["inspect", "x2-photo"], ["models"]):
        assert main(words) == 0
        told = capsys.readouterr().out
        assert "x2, reached" in told or "goes towards x2 with --fidelity" in told
