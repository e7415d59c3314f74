"""Results that are written while they are made equal those that are made whole."""

import itertools

import numpy as np
import pytest

from imgan.errors import ImganError
from imgan.inference import streamed
from imgan.inference import work
from imgan.inference.batch import run_batch
from imgan.inference.engines import NetworkEngine
from imgan.inference.outcome import Outcome
from imgan.inference.predictor import Predictor
from imgan.inference.row_pass import StartAgain
from imgan.inference.row_pass import join_rows
from imgan.inference.streamed import streamed_bytes
from imgan.inference.work import BatchOptions
from imgan.io.images import Picture
from imgan.io.images import read_image
from imgan.io.images import write_image
from imgan.io.metadata import Metadata
from imgan.io.paths import plan_jobs
from imgan.types import Size

from .networks import NearestEngine
from .networks import card
from .networks import convolutions
from .networks import picture
from .networks import translation_card
from .translators import save_negative

SIZES = ((1, 1), (3, 50), (50, 3), (16, 16), (33, 47), (64, 20), (65, 31))
SCALES = (None, 1.5, 2.5, 0.7)


def by_rows(predictor, pixels, scale=None):
    made = list(predictor.by_rows(pixels, scale).rows())
    joined = np.concatenate(made)
    return joined[..., 0] if pixels.ndim == 2 else joined


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize(("size", "scale"), list(itertools.product(SIZES, SCALES)))
def test_rows_of_tiles_side_by_side(size, scale, dtype):
    for more in ((), (3,)):
        pixels = picture(*size, *more, dtype=dtype)
        for tile, multiple in ((16, 1), (7, 4), (0, 1)):
            predictor = Predictor(NearestEngine(2, tile, multiple=multiple))
            np.testing.assert_array_equal(
                by_rows(predictor, pixels, scale), predictor(pixels, scale)
            )


class Blending(NearestEngine):
    """Each tile in a tone of its own, and blended."""

    def run(self, pixels, crop, precision, *, quantise, compiled=False):
        made = super().run(pixels, crop, precision, quantise=quantise)
        tone = np.float32(pixels.astype(np.float64).mean() / 1000)
        return made._replace(pixels=made.pixels.astype(np.float32) / 256 + tone)


@pytest.mark.parametrize("size", SIZES)
def test_rows_of_blended_tiles(size):
    for tile, overlap in ((16, 4), (24, 11)):
        predictor = Predictor(Blending(2, tile, halo=0, overlap=overlap))
        pixels = picture(*size, 3)
        np.testing.assert_array_equal(by_rows(predictor, pixels), predictor(pixels))
        # Resampled ones are computed whole.
        np.testing.assert_array_equal(
            by_rows(predictor, pixels, 1.5), predictor(pixels, 1.5)
        )


def test_rows_of_a_network():
    engine = NetworkEngine(card(tile=16), convolutions, "cpu")
    predictor = Predictor(engine)
    pixels = picture(40, 32, 3)
    for scale in (None, 2.5):
        np.testing.assert_array_equal(
            by_rows(predictor, pixels, scale), predictor(pixels, scale)
        )


def tight(base, limit, after):
    """Return an engine that has memory for some tiles, then for small ones alone."""

    class Tight(base):
        def run(self, pixels, crop, precision, *, quantise, compiled=False):
            if len(self.shapes) >= after and max(pixels.shape) > limit:
                raise MemoryError
            return super().run(pixels, crop, precision, quantise=quantise)

    return Tight


@pytest.mark.parametrize("after", [0, 1, 5, 9, 14])
@pytest.mark.parametrize("scale", [None, 2.5])
def test_after_memory_ran_out_no_row_comes_twice(after, scale):
    pixels = picture(150, 100, 3)
    expected = Predictor(NearestEngine(2, 48))(pixels, scale)
    seen = []
    for tile in (48, 33):
        predictor = Predictor(tight(NearestEngine, 36, after)(2, tile, halo=2))
        rows = predictor.by_rows(
            pixels, scale, progress=lambda *counts: seen.append(counts)
        )
        np.testing.assert_array_equal(np.concatenate(list(rows.rows())), expected)
        assert seen[-1][0] == seen[-1][1]


def test_blended_rows_begin_anew_where_smaller_tiles_would_show():
    pixels = picture(150, 100, 3)
    predictor = Predictor(tight(Blending, 40, 8)(2, 48, halo=0, overlap=8))
    made = predictor.by_rows(pixels)
    rows = made.rows()
    next(rows)
    with pytest.raises(StartAgain):
        list(rows)
    expected = Predictor(Blending(2, 24, halo=0, overlap=8))(pixels)
    # 48 // 2, as the whole picture would have been computed.
    np.testing.assert_array_equal(np.concatenate(list(made.rows())), expected)
    assert "changes the result" in made.job.warnings()[0]


def test_no_smaller_tile_is_an_error():
    predictor = Predictor(tight(NearestEngine, 3, 2)(2, 48))
    with pytest.raises(ImganError, match="Out of memory"):
        list(predictor.by_rows(picture(150, 100, 3)).rows())


def test_channels_of_sources_that_are_cut_differently():
    whole = picture(97, 5, 4)
    sources = [
        iter(np.split(whole[..., :3], range(7, 97, 7))),
        iter(np.split(whole[..., 3:], range(30, 97, 30))),
    ]
    np.testing.assert_array_equal(np.concatenate(list(join_rows(*sources))), whole)


def save_pictures(folder):
    """Write colour, grey, 16 bits, and transparency: constant, varied, and holes."""
    metadata = Metadata(resolution=(20.0, 10.0), xmp=b"<x:xmpmeta/>")
    colour, alpha = picture(90, 70, 3), picture(90, 70)
    holes = np.where(alpha > 120, alpha, 0).astype(np.uint8)
    pictures = {
        "colour": Picture(colour, None, metadata),
        "grey": Picture(picture(70, 90)),
        "deep": Picture(picture(90, 40, 3, dtype="uint16"), None, metadata),
        "opaque": Picture(colour, np.full_like(alpha, 255)),
        "varied": Picture(colour, alpha, metadata),
        "holes": Picture(colour, holes),
        "grey-alpha": Picture(picture(90, 70), alpha),
    }
    for name, one in pictures.items():
        write_image(one, folder / f"{name}.png")


def run(source, output, image_format, **options):
    plan = plan_jobs([source], output, recursive=False, image_format=image_format)
    command = options.pop("command", "upscale")
    report = run_batch(plan, BatchOptions(**options), command=command)
    assert report.count("done") == len(plan.jobs), [row.error for row in report.files]
    return report


def assert_equal_files(first, second):
    names = sorted(path.name for path in first.iterdir())
    assert names == sorted(path.name for path in second.iterdir())
    for name in names:
        expected, made = read_image(first / name), read_image(second / name)
        np.testing.assert_array_equal(made.pixels, expected.pixels)
        np.testing.assert_array_equal(made.alpha, expected.alpha)
        assert made.metadata == expected.metadata


@pytest.fixture
def streaming(monkeypatch):
    """Stream every result that can be; return those that were."""
    made = []
    write = work.write_streamed

    def counted(picture, output, **options):
        made.append(output.name)
        write(picture, output, **options)

    monkeypatch.setattr(work, "write_streamed", counted)

    def switch():
        monkeypatch.setattr(streamed, "STREAM_BYTES", 0)
        return made

    return switch


@pytest.mark.slow
@pytest.mark.parametrize(
    ("image_format", "scale"),
    [("png", 2), ("png", 2.5), ("tiff", 3), ("jpg", 2), ("webp", 0.8)],
)
def test_streamed_files_equal_whole_ones(tmp_path, streaming, image_format, scale):
    save_pictures(tmp_path / "in")
    options = {"model": "bicubic", "scale": scale, "tile": 16}
    whole = run(tmp_path / "in", tmp_path / "whole", image_format, **options)
    made = streaming()
    report = run(tmp_path / "in", tmp_path / "rows", image_format, **options)
    assert len(made) == 7
    assert_equal_files(tmp_path / "whole", tmp_path / "rows")
    for one, other in zip(whole.files, report.files, strict=True):
        assert one.warnings == other.warnings
        assert one.output_size == other.output_size
        assert one.precision == other.precision


def test_streamed_translations_equal_whole_ones(tmp_path, streaming):
    save_pictures(tmp_path / "in")
    save_negative(tmp_path / "model", tile=16)
    options = {"model": str(tmp_path / "model"), "command": "translate"}
    run(tmp_path / "in", tmp_path / "whole", "png", **options)
    made = streaming()
    run(tmp_path / "in", tmp_path / "rows", "png", **options)
    assert len(made) == 7
    assert_equal_files(tmp_path / "whole", tmp_path / "rows")


@pytest.mark.parametrize(
    "options",
    [{"side_by_side": True}, {"tile": 0}, {"image_format": "bmp"}, {"tile": 60}],
)
def test_what_is_made_whole(tmp_path, streaming, options):
    write_image(Picture(picture(90, 70, 3)), tmp_path / "in" / "a.png")
    made = streaming()
    options = {"tile": 16, "image_format": "png", **options}
    run(tmp_path / "in", tmp_path / "out", model="bicubic", scale=2, **options)
    assert made == []


def test_the_memory_of_rows_is_what_counts(tmp_path):
    size = Size(20_000, 30_000)
    large = Outcome(size, 3, np.dtype(np.uint8), False, False)

    network = card(scale=4, tile=256)

    def count(name="a.png", outcome=large, model=network, tile=None):
        return streamed_bytes(outcome, tmp_path / name, model, tile, 4)

    assert count() < 200e6
    assert count(tile=512) > 1.9 * count()
    assert count("a.webp") > 2e9
    assert count("a.bmp") is None
    assert count(tile=0) is None
    assert count(model=card(scale=4, halo=None)) is None
    assert count(model=None) < 400e6
    blended = count(model=translation_card(scale=4, halo=None, tile=256, overlap=64))
    assert blended > 3 * count()
    small = Outcome(Size(9000, 9000), 3, np.dtype(np.uint8), False, False)
    assert count(outcome=small) is None
