from pathlib import Path

import numpy as np
import pytest
import skimage.data
import tensorflow as tf

import imgan
from imgan.export.saved_model import export_saved_model
from imgan.types import Array
from tests.export import bundles
from tests.export.sessions import Call
from tests.export.sessions import load_session
from tests.inference import translators
from tests.inference.networks import picture


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bundles.make("repsr", tmp_path_factory.mktemp("encoded") / "small")


@pytest.fixture(scope="module")
def call(bundle: Path) -> Call:
    return load_session(export_saved_model(bundle, bundle.parent / "served").folder)


def png(image: Array) -> bytes:
    return tf.io.encode_png(image).numpy()


def answer(call: Call, *files: bytes) -> tuple[list[Array | None], list[str]]:
    """Return the decoded results, None for empty ones, and the errors."""
    made = call("image_bytes", image_bytes=np.array(files, object))
    pictures = [
        tf.io.decode_png(one).numpy() if one else None for one in made["output_bytes"]
    ]
    return pictures, [error.decode() for error in made["error"]]


@pytest.mark.slow
def test_kinds_of_pictures_come_back_as_such(call: Call, bundle: Path) -> None:
    enlarge = imgan.load(str(bundle), precision="float32")
    colour, alpha = picture(21, 18, 3), np.maximum(picture(21, 18), 1)
    grey = colour[..., :1]
    opaque = np.full((21, 18, 1), 200, np.uint8)
    sent = [
        colour,
        grey,
        np.dstack([colour, alpha]),
        np.dstack([grey, alpha]),
        np.dstack([colour, opaque]),
    ]
    made, errors = answer(call, *map(png, sent))
    assert errors == [""] * 5
    np.testing.assert_array_equal(made[0], enlarge(colour))
    np.testing.assert_array_equal(made[1][..., 0], enlarge(grey[..., 0]))
    for result, base in ((made[2], colour), (made[3], grey)):
        np.testing.assert_array_equal(result[..., :-1], enlarge(base))
        np.testing.assert_array_equal(result[..., -1], enlarge(alpha))
    np.testing.assert_array_equal(made[4][..., :3], enlarge(colour))
    assert (made[4][..., 3] == 200).all()


@pytest.mark.slow
@pytest.mark.parametrize("channels", [1, 3])
def test_black_under_transparency_is_no_fringe(
    call: Call, bundle: Path, channels: int
) -> None:
    """A bright disc, around which files keep black."""
    rows, columns = np.mgrid[:60, :50]
    alpha = np.where(np.hypot(rows - 30, columns - 25) < 15, 255, 0).astype(np.uint8)
    shown = np.tile(np.array([200, 150, 100], np.uint8)[:channels], (60, 50, 1))
    sent = np.dstack([np.where(alpha[..., None] > 0, shown, 0), alpha])
    (made,), errors = answer(call, png(sent))
    assert errors == [""]
    whole = imgan.load(str(bundle), precision="float32")(shown.squeeze())
    np.testing.assert_array_equal(made[..., :-1].squeeze(), whole)


def test_jpeg_is_decoded_accurately(call: Call, bundle: Path) -> None:
    import cv2

    photograph = skimage.data.cat()[:33, :40]
    file = cv2.imencode(".jpg", photograph[..., ::-1])[1].tobytes()
    decoded = cv2.imdecode(np.frombuffer(file, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    made, errors = answer(call, file)
    assert errors == [""]
    expected = imgan.load(str(bundle), precision="float32")(decoded)
    assert np.abs(made[0].astype(int) - expected).max() <= 1


def test_sixteen_bits_become_eight(call: Call) -> None:
    deep = picture(8, 9, 3, dtype="uint16")
    made, errors = answer(call, png(deep))
    assert errors == [""]
    assert made[0].dtype == np.uint8


def test_one_bad_file_never_fails_the_others(call: Call) -> None:
    good = png(picture(12, 10, 3))
    jpeg = tf.io.encode_jpeg(picture(12, 10, 3)).numpy()
    bad = {
        b"": "Expected a PNG or JPEG picture. Received: 0 bytes of something else",
        b"GIF89a": "Expected a PNG or JPEG picture. Received: 6 bytes",
        good[:60]: "The PNG picture is damaged or not complete. Received: 60 bytes",
        good[:20]: "The PNG picture is damaged",
        good[:8]: "The PNG picture is damaged",
        jpeg[:100]: "The JPEG picture is damaged or not complete",
        b"\xff\xd8\xff" + bytes(50): "The JPEG picture is damaged",
    }
    made, errors = answer(call, good, *bad, jpeg)
    assert errors[0] == errors[-1] == ""
    for file, error, expected in zip(
        made[1:-1], errors[1:-1], bad.values(), strict=True
    ):
        assert file is None
        assert error.startswith(expected)
    np.testing.assert_array_equal(made[0], answer(call, good)[0][0])


def test_a_picture_that_would_not_fit_into_a_file_is_not_decoded(call: Call) -> None:
    """The header alone promises 60,000 x 60,000 pixels."""
    file = bytearray(png(picture(4, 4, 3)))
    file[16:24] = np.array([60_000, 60_000], ">i4").tobytes()
    made, errors = answer(call, bytes(file))
    assert made == [None]
    assert errors[0].startswith(
        "The picture has 60000x60000 pixels, and this model takes up to "
    )


@pytest.mark.slow
@pytest.mark.parametrize("channels", [1, 3])
def test_translations_take_grey_and_colour(channels: int, tmp_path: Path) -> None:
    bundle = translators.save_negative(tmp_path / "negative", channels, 3)
    call = load_session(export_saved_model(Path(bundle), tmp_path / "served").folder)
    translate = imgan.load(bundle, precision="float32")
    colour, alpha = picture(70, 18, 3), np.maximum(picture(70, 18), 1)
    sent = [colour, colour[..., :1], np.dstack([colour, alpha])]
    made, errors = answer(call, *map(png, sent))
    assert errors == [""] * 3
    np.testing.assert_array_equal(made[0], translate(colour))
    np.testing.assert_array_equal(made[1], translate(colour[..., 0]))
    np.testing.assert_array_equal(made[2], np.dstack([translate(colour), alpha]))


@pytest.mark.slow
def test_a_network_for_grey_enlarges_colours_one_by_one(tmp_path: Path) -> None:
    from imgan.networks.repsr import RepSR
    from tests.contracts import randomize

    network = RepSR(num_filters=4, num_convs=1, channels=1, scale=2).fused()
    randomize(network)
    bundle = bundles.save(network, tmp_path / "grey", "repsr", "super_resolution", 2)
    call = load_session(export_saved_model(bundle, tmp_path / "served").folder)
    enlarge = imgan.load(str(bundle), precision="float32")
    colour, alpha = picture(21, 18, 3), np.maximum(picture(21, 18), 1)
    made, errors = answer(call, png(np.dstack([colour, alpha])), png(alpha[..., None]))
    assert errors == [""] * 2
    np.testing.assert_array_equal(made[0], np.dstack([enlarge(colour), enlarge(alpha)]))
    np.testing.assert_array_equal(made[1][..., 0], enlarge(alpha))


def test_colours_are_no_numbers_of_labels(tmp_path: Path) -> None:
    recipe = {"data": {"source": {"labels": True}}}
    bundle = translators.save_negative(tmp_path / "maps", 1, 3, recipe=recipe)
    call = load_session(export_saved_model(Path(bundle), tmp_path / "served").folder)
    made, errors = answer(call, png(picture(9, 8, 3)), png(picture(9, 8, 1)))
    assert errors == ["Expected numbers of labels in grey", ""]
    assert made[0] is None
