"""`imgan translate` as a user runs it."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skimage.data

from imgan.bundles.card import read_card
from imgan.bundles.card import write_card
from imgan.cli.main import main
from imgan.io.bands import read_bands
from imgan.io.bands import write_bands
from imgan.io.images import Picture
from imgan.io.images import read_image
from imgan.io.images import write_image
from imgan.networks.halo import halo
from imgan.networks.unet import UNetGenerator
from tests.contracts import randomize
from tests.inference.translators import save
from tests.inference.translators import save_negative
from tests.inference.translators import save_residual
from tests.marks import thorough


def run(*words: Any) -> int:
    return main(["translate", *map(str, words)])


def put(path: Path, pixels: np.ndarray, alpha: np.ndarray | None = None) -> Path:
    write_image(Picture(np.ascontiguousarray(pixels), alpha), path)
    return path


def cat(height: int = 20, width: int = 30) -> np.ndarray:
    return skimage.data.chelsea()[90 : 90 + height, 100 : 100 + width]


@pytest.fixture
def negative(tmp_path: Path) -> str:
    return save_negative(tmp_path / "negative")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    put(tmp_path / "in" / "odd.png", skimage.data.coffee()[:300, :457])
    put(tmp_path / "in" / "deep.png", cat().astype(np.uint16) * 257 + 3)
    put(tmp_path / "in" / "grey.png", skimage.data.camera()[:21, :33])
    alpha = np.arange(20 * 30, dtype=np.uint8).reshape(20, 30) | 1
    put(tmp_path / "in" / "clear.png", cat(), alpha)
    return tmp_path / "in"


def test_pictures_of_every_kind(
    folder: Path, negative: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, report = tmp_path / "out", tmp_path / "report.json"
    assert run(folder, out, "--model", negative, "--report", report) == 0
    told = capsys.readouterr()
    assert told.out.startswith("4 done, 0 skipped, 0 failed")
    assert told.err.count("tiles of 64 pixels") == 1
    for path in folder.iterdir():
        source, made = read_image(path), read_image(out / path.name)
        pixels = source.pixels
        if source.is_grey:
            pixels = np.repeat(pixels[..., None], 3, axis=2)
        assert made.pixels.dtype == pixels.dtype
        np.testing.assert_array_equal(made.pixels, np.iinfo(pixels.dtype).max - pixels)
        if source.alpha is not None:
            assert made.alpha is not None
            np.testing.assert_array_equal(made.alpha, source.alpha)
    values = json.loads(report.read_text())
    assert values["command"] == "translate"
    assert values["seed"] is None
    sizes = {Path(row["input"]).name: row["output_size"] for row in values["files"]}
    assert sizes["odd.png"] == [300, 457]


def test_resume_skip_and_overwrite(
    folder: Path, negative: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    words = [folder, out, "--model", negative]
    assert run(*words, "--quiet") == 0
    assert capsys.readouterr() == ("", "")
    (out / "odd.png").unlink()
    assert run(*words) == 0
    assert capsys.readouterr().out.startswith("1 done, 3 skipped")
    put(out / "grey.png", cat())
    assert run(*words, "--quiet") == 1
    assert "--overwrite" in capsys.readouterr().err
    assert run(*words, "--overwrite") == 0
    assert read_image(out / "grey.png").size == (21, 33)


def test_a_bad_file_among_good_ones(
    folder: Path, negative: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "bad.png").write_bytes(b"no picture")
    assert run(folder, tmp_path / "out", "--model", negative, "--quiet") == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "bad.png" in line
    assert len(list((tmp_path / "out").iterdir())) == 4


@pytest.mark.parametrize(
    ("tile", "told"), [("0", ["computed whole"]), ("31", ["tiles of 31"]), ("40", [])]
)
def test_tiles_are_told_where_they_matter(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], tile: str, told: list[str]
) -> None:
    """A network with tiles of 16 by default, and one picture of 20 by 32."""
    model = save_negative(tmp_path / "m", tile=16)
    put(tmp_path / "in.png", cat(20, 32))
    words = (tmp_path / "in.png", tmp_path / "out.png", "--model", model)
    assert run(*words, "--tile", tile) == 0
    lines = [x for x in capsys.readouterr().err.splitlines() if "computed" in x]
    assert len(lines) == len(told)
    assert all(one in line for one, line in zip(told, lines, strict=True))
    put(tmp_path / "small.png", cat(9, 16))
    assert run(tmp_path / "small.png", *words[1:], "--overwrite", "--tile", "0") == 0
    assert "computed" not in capsys.readouterr().err


@pytest.mark.slow
def test_a_result_does_not_depend_on_other_files(folder: Path, tmp_path: Path) -> None:
    """Instance normalisation, and tiles that are blended: none sees another file."""
    model = save_residual(tmp_path / "residual")
    assert run(folder, tmp_path / "all", "--model", model, "--quiet") == 0
    for path in folder.iterdir():
        alone = tmp_path / f"alone-{path.name}"
        assert run(path, alone, "--model", model, "--quiet") == 0
        assert alone.read_bytes() == (tmp_path / "all" / path.name).read_bytes()


@pytest.mark.slow
def test_stochastic_is_a_function_of_the_seed(folder: Path, tmp_path: Path) -> None:
    model = save_residual(tmp_path / "residual")
    made = {}
    for name, more in (
        ("plain", ()),
        ("zero", ("--stochastic",)),
        ("one", ("--stochastic", "--seed", "1")),
        ("again", ("--stochastic", "--seed", "1")),
    ):
        out, report = tmp_path / f"{name}.png", tmp_path / f"{name}.json"
        words = (folder / "clear.png", out, "--model", model, *more)
        assert run(*words, "--quiet", "--report", report) == 0
        made[name] = out.read_bytes()
        seed = json.loads(report.read_text())["seed"]
        assert seed == {"plain": None, "zero": 0}.get(name, 1)
    assert made["one"] == made["again"]
    assert len(set(made.values())) == 3


@pytest.mark.parametrize(
    ("words", "code", "expected"),
    [
        (["in", "out"], 2, "--model"),
        (["in", "out", "--model", "bicubic"], 2, "imgan upscale"),
        (["in", "out", "--model", "x44"], 1, "x44"),
        (["in", "out", "--model", "negative", "--seed", "1"], 2, "--stochastic"),
        (["in", "out", "--model", "negative", "--stochastic"], 2, "dropout"),
        (["in", "out", "--model", "negative", "--targets", "in"], 2, "--side-by-side"),
        (
            ["in", "out", "--model", "negative", "--side-by-side", "--targets", "no"],
            1,
            "--targets no is not a folder",
        ),
    ],
)
@pytest.mark.usefixtures("folder", "negative")
def test_wrong_words(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    code: int,
    expected: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(*words) == code
    assert expected in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("command", ["upscale", "sample"])
def test_other_commands_name_this_one(
    negative: str, tmp_path: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [str(tmp_path), str(tmp_path / "out")][command == "sample" :]
    assert main([command, *words, "--model", negative]) == 2
    assert "imgan translate" in capsys.readouterr().err


def test_sheets_beside_targets(
    negative: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(tmp_path / "in" / "deep" / "a.png", cat().astype(np.uint16) * 257)
    put(tmp_path / "in" / "b.jpg", cat())
    put(tmp_path / "in" / "c.png", cat())
    put(tmp_path / "targets" / "deep" / "a.jpg", skimage.data.camera()[:40, :30])
    put(tmp_path / "targets" / "c.png", cat())
    put(tmp_path / "targets" / "c.tif", cat())
    words = [tmp_path / "in", tmp_path / "out", "--model", negative, "--recursive"]
    words += ["--quiet", "--side-by-side", "--targets", tmp_path / "targets"]
    assert run(*words) == 1
    missing, twice = sorted(capsys.readouterr().err.splitlines())
    assert "b.jpg: --targets must hold one picture named b" in missing
    assert "c.png, c.tif" in twice
    sheet = read_image(tmp_path / "out" / "deep" / "a.png").pixels
    # The target is 40 high and 30 wide: 20 and 15 beside pictures of 20 by 30.
    assert sheet.shape == (20, 75, 3)
    assert sheet.dtype == np.uint8
    np.testing.assert_array_equal(sheet[:, :30], cat())
    np.testing.assert_array_equal(sheet[:, 30:60], 255 - cat())
    assert (sheet[:, 60:, :1] == sheet[:, 60:]).all()
    (tmp_path / "in" / "b.jpg").unlink()
    (tmp_path / "in" / "c.png").unlink()
    assert run(*words[:-4], *words[-3:]) == 0
    assert capsys.readouterr().out.startswith("0 done, 1 skipped")
    assert run(*words[:-3]) == 1
    assert "expected 30x20" in capsys.readouterr().err


def test_a_sheet_of_a_transparent_picture_lies_on_white(
    negative: str, tmp_path: Path
) -> None:
    alpha = np.full((20, 30), 0, np.uint8)
    alpha[:, :10] = 255
    put(tmp_path / "in.png", cat(), alpha)
    words = (tmp_path / "in.png", tmp_path / "out.png", "--model", negative)
    assert run(*words, "--quiet", "--side-by-side") == 0
    sheet = read_image(tmp_path / "out.png").pixels
    np.testing.assert_array_equal(sheet[:, :10], cat()[:, :10])
    assert (sheet[:, 10:30] == 255).all()
    assert (sheet[:, 40:] == 255).all()


def test_depth_and_bands_of_results_are_checked_before_computing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path / "in" / "a.jpg", cat())
    deep = save_negative(tmp_path / "deep", output_dtype="uint16")
    floats = save_negative(tmp_path / "floats", output_dtype="float32")
    metres = save_negative(tmp_path / "m", 3, 1, output_pixel_range=(0.0, 9.0))
    bands = save_negative(tmp_path / "bands", 3, 5)
    with monkeypatch.context() as patch:
        patch.setattr("imgan.inference.work.Worker.compute", pytest.fail)
        for model in (deep, floats, metres, bands):
            words = (tmp_path / "in", tmp_path / "no", "--model", model, "--quiet")
            assert run(*words) == 1
            assert "--format" in capsys.readouterr().err
    for model in (deep, floats, metres, bands):
        out = tmp_path / f"out-{Path(model).name}"
        words = (tmp_path / "in", out, "--model", model, "--quiet")
        assert run(*words, "--format", "tiff") == 0
    source = read_image(tmp_path / "in" / "a.jpg").pixels
    made = read_image(tmp_path / "out-deep" / "a.tif").pixels
    np.testing.assert_array_equal(made, 65535 - source.astype(np.uint16) * 257)
    light = read_image(tmp_path / "out-floats" / "a.tif").pixels
    assert light.dtype == np.float32
    np.testing.assert_allclose(light, 1 - source / np.float32(255), atol=1e-6)
    depth = read_bands(tmp_path / "out-m" / "a.tif")
    expected = 9 - source[..., :1] / 255 * 9
    np.testing.assert_allclose(depth, expected, atol=1e-5)
    assert depth.dtype == np.float32
    assert read_bands(tmp_path / "out-bands" / "a.tif").shape == (20, 30, 5)
    words = (tmp_path / "in", tmp_path / "sheet", "--model", metres, "--quiet")
    assert run(*words, "--side-by-side", "--format", "png") == 0
    sheet = read_image(tmp_path / "sheet" / "a.png").pixels
    np.testing.assert_array_equal(sheet[:, 30:, 0], 255 - source[..., 0])


def test_bands_become_a_picture(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bands = np.random.default_rng(0).random((9, 7, 5)).astype(np.float32) * 100
    write_bands(bands, tmp_path / "in" / "a.tif")
    write_bands(bands[..., :4], tmp_path / "in" / "four.tif")
    model = save_negative(
        tmp_path / "m", 5, 3, 2, pixel_range=(0.0, 100.0), output_dtype="uint8"
    )
    out = tmp_path / "out"
    assert run(tmp_path / "in", out, "--model", model, "--quiet") == 1
    assert "four.tif has 4 bands; model 'm' takes 5" in capsys.readouterr().err
    made = read_image(out / "a.tif").pixels
    expected = 255 - bands[..., 2:] * 2.55
    np.testing.assert_allclose(made, expected, atol=0.51)


class TestFrames:
    """Models of several frames: here of three, the result is minus one of them."""

    @pytest.fixture
    def film(self, tmp_path: Path) -> Path:
        for number in (1, 2, 9, 10):
            put(tmp_path / "in" / f"{number}.png", np.full((8, 9, 3), number, np.uint8))
        put(tmp_path / "in" / "sub" / "1.png", np.full((8, 9), 77, np.uint8))
        return tmp_path / "in"

    def test_frames_are_those_before_in_natural_order(
        self, film: Path, tmp_path: Path
    ) -> None:
        model = save_negative(tmp_path / "m", 9, 3, num_frames=3)
        words = [film, tmp_path / "out", "--model", model, "--recursive", "--quiet"]
        assert run(*words, "--report", tmp_path / "r.json") == 0
        for name, oldest in (("1", 1), ("2", 1), ("9", 1), ("10", 2), ("sub/1", 77)):
            made = read_image(tmp_path / "out" / f"{name}.png").pixels
            assert (made == 255 - oldest).all()
        rows = json.loads((tmp_path / "r.json").read_text())["files"]
        warned = {row["input"] for row in rows if row["warnings"]}
        assert warned == {str(film / name) for name in ("1.png", "2.png", "sub/1.png")}
        for row in rows:
            for warning in row["warnings"]:
                assert "first frame" in warning

    def test_a_single_picture_has_the_neighbours_of_its_folder(
        self, film: Path, tmp_path: Path
    ) -> None:
        (film / "3.png").mkdir()
        (film / "4.txt").write_text("no picture")
        (film / "._5.png").write_bytes(b"what another system leaves")
        model, out = save_negative(tmp_path / "m", 9, 3, num_frames=3), tmp_path / "o"
        for name, oldest, told in (("9", 1, ""), ("10", 2, ""), ("2", 1, "frame 2 of")):
            words = [film / f"{name}.png", out / f"{name}.png", "--model", model]
            assert run(*words, "--quiet", "--report", tmp_path / "r.json") == 0
            made = read_image(out / f"{name}.png").pixels
            assert (made == 255 - oldest).all()
            (row,) = json.loads((tmp_path / "r.json").read_text())["files"]
            assert len(row["warnings"]) == bool(told)
            assert told in "".join(row["warnings"])

    def test_every_frame_bleeds_by_its_own_transparency(self, tmp_path: Path) -> None:
        """The left half of frame 1 and the right half of frame 2 are not seen."""
        left = np.arange(8) < 4
        for number, hidden in ((1, left), (2, ~left)):
            colours = np.full((9, 8, 3), 100 * number, np.uint8)
            colours[:, hidden] = 7
            alpha = np.where(hidden, 0, 255).astype(np.uint8)[None].repeat(9, 0)
            put(tmp_path / "in" / f"{number}.png", colours, alpha)
        for first, oldest in ((0, 100), (3, 200)):
            model = save_negative(tmp_path / f"m{first}", 6, 3, first, num_frames=2)
            words = (tmp_path / "in" / "2.png", tmp_path / f"{first}.png", "--model")
            assert run(*words, model, "--quiet") == 0
            made = read_image(tmp_path / f"{first}.png")
            assert (made.pixels == 255 - oldest).all()
            assert made.alpha is not None
            assert (made.alpha[0] == np.where(left, 255, 0)).all()

    def test_another_size_fails_its_row_alone(
        self, film: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        put(film / "20.png", cat(8, 10))
        model = save_negative(tmp_path / "m", 6, 3, 3, num_frames=2)
        words = [film, tmp_path / "out", "--model", model, "--quiet", "--side-by-side"]
        assert run(*words) == 1
        (line,) = capsys.readouterr().err.splitlines()
        assert "20.png" in line
        assert "one size" in line
        # Of a sheet the last frame is the source.
        sheet = read_image(tmp_path / "out" / "10.png").pixels
        assert (sheet[:, :9] == 10).all()
        assert (sheet[:, 9:] == 245).all()


def test_cards_are_described(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = save_residual(tmp_path / "m", output_dtype="uint16")
    card = read_card(tmp_path / "m")
    mode = card.inference_mode.model_copy(update={"normalization": "instance"})
    write_card(card.model_copy(update={"inference_mode": mode}), tmp_path / "m")
    assert main(["inspect", model]) == 0
    told = capsys.readouterr().out.splitlines()
    for line in (
        "task           translation",
        "channels       3 in [-1, 1], 3 out [-1, 1]",
        "results        pictures, 16-bit",
        "size multiple  2",
        "tile           64 input pixels, blended over 16",
        "normalization  instance",
        "dropout        off; 0.5 with --stochastic",
    ):
        assert line in told


def test_depth_and_noise_are_described(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    noise = {"dropout": 0.5, "noise_seed": 3}
    save_negative(tmp_path / "m", output_dtype="float32")
    plain = read_card(tmp_path / "m")
    for config, expected in (
        ({}, "none"),
        (noise, "0.5, always on; another one with --stochastic --seed"),
    ):
        network = plain.network.model_copy(update={"config": config})
        write_card(plain.model_copy(update={"network": network}), tmp_path / "m")
        assert main(["inspect", str(tmp_path / "m")]) == 0
        told = capsys.readouterr().out.splitlines()
        assert f"dropout        {expected}" in told
        assert "results        pictures, float, 0 to 1" in told


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_ctrl_c_leaves_nothing_unfinished(tmp_path: Path) -> None:
    model = save_residual(tmp_path / "m")
    for number in range(40):
        put(tmp_path / "in" / f"{number}.png", skimage.data.astronaut())
    out = tmp_path / "out"
    words = ["translate", str(tmp_path / "in"), str(out), "--model", model]
    process = subprocess.Popen(
        [sys.executable, "-m", "imgan", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    until = time.monotonic() + 120
    while not list(out.glob("*.png") if out.exists() else ()):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=30)
    assert process.returncode == 130, told
    assert "goes on where this one stopped" in told
    assert not list(out.glob(".*"))
    assert 0 < len(list(out.iterdir())) < 40


@pytest.mark.slow
@pytest.mark.parametrize(
    ("levels", "values", "told"),
    [
        thorough(7, {"normalization": "instance"}, "are blended over 64"),
        (5, {"normalization": "none"}, "change nothing in the result"),
    ],
)
def test_twelve_megapixels(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    levels: int,
    values: dict[str, Any],
    told: str,
) -> None:
    network = UNetGenerator(num_filters=8, num_levels=levels, **values)
    randomize(network)
    reach = {"halo": halo(network), "tile": 512}
    if reach["halo"] is None:
        reach["overlap"] = 64
    unit = {"size_multiple": network.size_multiple, "minimum_size": 2**levels}
    model = save(network, tmp_path / "m", {**reach, **unit})
    photograph = np.tile(skimage.data.astronaut(), (6, 8, 1))[:3000, :4000]
    put(tmp_path / "in.png", photograph)
    assert run(tmp_path / "in.png", tmp_path / "out.png", "--model", model) == 0
    assert told in capsys.readouterr().err
    made = read_image(tmp_path / "out.png")
    assert made.size == (3000, 4000)
    assert made.pixels.std() > 1
    if reach["halo"] is None:
        return
    part = put(tmp_path / "part.png", photograph[:700, :900])
    for tile in ("0", "160"):
        words = (part, tmp_path / f"{tile}.png", "--model", model, "--tile", tile)
        assert run(*words, "--precision", "float32") == 0
    whole, tiled = (read_image(tmp_path / f"{n}.png").pixels for n in ("0", "160"))
    # Sums of other shapes end in other last bits, which rarely cross half a level.
    levels = np.abs(whole.astype(int) - tiled)
    assert levels.max() <= 1
    assert levels.mean() < 1e-5
