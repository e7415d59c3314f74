"""Networks that turn pictures into others: kinds, sizes, noise, what travels."""

import threading

import cv2
import numpy as np
import pytest

import imgan
from imgan.bundles.kinds import result_channels
from imgan.bundles.kinds import result_dtype
from imgan.errors import UsageError
from imgan.inference.engines import NetworkEngine
from imgan.inference.graph import TileResult
from imgan.inference.pictures import predict_picture
from imgan.inference.predictor import Predictor
from imgan.io.images import Metadata
from imgan.io.images import Picture
from imgan.networks.resnet import ResNetGenerator
from imgan.networks.unet import UNetGenerator
from tests.contracts import randomize

from .networks import card
from .networks import picture
from .networks import save_translator
from .networks import translation_card

ICC = {name: (20).to_bytes(4, "big") + b"\0" * 12 + name for name in (b"RGB ", b"GRAY")}


def engine_of(function, **changes):
    """An engine whose network is a function of `(1, height, width, channels)`."""
    values = {"halo": 0, "input_range": (0, 1), "output_range": (0, 1), **changes}
    return NetworkEngine(
        translation_card(**values), lambda dtype: lambda x, training: function(x), "cpu"
    )


def mixer(inputs, outputs, **changes):
    """An engine whose nth output is the mean of the inputs over n."""
    import tensorflow as tf

    def network(images):
        mean = tf.reduce_mean(images, axis=3, keepdims=True)
        return tf.concat([mean / (1 + n) for n in range(outputs)], axis=3)

    return engine_of(network, input_channels=inputs, output_channels=outputs, **changes)


@pytest.mark.parametrize(
    ("given", "inputs", "outputs", "expected"),
    [
        (3, 3, 3, 3),
        (1, 3, 3, 3),
        (1, 3, 1, 1),
        (3, 1, 1, 1),
        (3, 1, 3, 3),
        (5, 5, 3, 3),
    ],
)
def test_a_translation_has_the_channels_of_its_network(
    given, inputs, outputs, expected
):
    one = translation_card(input_channels=inputs, output_channels=outputs)
    assert result_channels(one, given) == expected
    made = Predictor(mixer(inputs, outputs))(picture(9, 7, given))
    assert made.shape == (9, 7, expected)


def test_what_a_translation_cannot_take_is_refused():
    for values in ({"input_channels": 5}, {"input_channels": 3, "num_frames": 3}):
        with pytest.raises(ValueError, match="Received a picture with 1"):
            result_channels(translation_card(**values), 1)
    with pytest.raises(ValueError, match="with 4"):
        result_channels(translation_card(), 4)
    with pytest.raises(ValueError, match="with 1"):
        result_channels(translation_card(pixel_range=(0, 9)), 1)


@pytest.mark.parametrize("given", ["uint8", "uint16", "float32"])
def test_the_card_says_the_depth_of_a_translation(given):
    assert result_dtype(card(), given) == given
    assert result_dtype(card(output_dtype="uint16"), given) == given
    assert result_dtype(translation_card(), given) == given
    for made in ("uint8", "uint16", "float32"):
        assert result_dtype(translation_card(output_dtype=made), given) == made
    metres = translation_card(output_pixel_range=(0, 9), output_dtype="uint8")
    assert result_dtype(metres, given) == "float32"


@pytest.mark.parametrize("given", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("output", ["input", "uint8", "uint16", "float32"])
def test_light_means_the_same_in_every_depth(given, output):
    image = picture(8, 9, 3, dtype=given)
    predictor = Predictor(engine_of(lambda x: x, output_dtype=output))
    made = predictor(image)
    assert made.dtype == (given if output == "input" else output)
    peaks = {"uint8": 255, "uint16": 65535, "float32": 1}
    level = 1 / peaks[made.dtype.name] if made.dtype != np.float32 else 1e-6
    light = made / peaks[made.dtype.name] - image / peaks[given]
    assert np.abs(light).max() <= 0.51 * level + 1e-7


def test_colour_becomes_metres():
    """White, 1, is 80 m; 1.5 lies beyond and is as real."""
    engine = mixer(3, 1, output_pixel_range=(-20, 80))
    made = Predictor(engine)(np.full((4, 5, 3), 255, np.uint8))
    assert made.shape == (4, 5, 1)
    np.testing.assert_allclose(made, np.full((4, 5, 1), 80, np.float32), rtol=1e-6)
    beyond = Predictor(engine)(np.full((4, 5, 3), 1.5, np.float32))
    np.testing.assert_allclose(beyond, np.full((4, 5, 1), 130), rtol=1e-6)
    blended = mixer(3, 1, output_pixel_range=(-20, 80), halo=None, tile=16, overlap=4)
    made = Predictor(blended)(np.full((30, 37, 3), 1.5, np.float32))
    np.testing.assert_allclose(made, np.full((30, 37, 1), 130), rtol=1e-6)


@pytest.mark.parametrize("given", ["uint8", "uint16"])
def test_floats_of_light_stay_within_black_and_white(given):
    values = {"output_dtype": "float32", "tile": 16}
    white = np.full((30, 37, 3), np.iinfo(given).max, given)
    for tiling in ({"halo": 0}, {"halo": None, "overlap": 4}):
        engine = engine_of(lambda x: x * 2 - 0.5, **values, **tiling)
        made = Predictor(engine)
        assert made.precision_for(given) == "float32"
        assert made(white).dtype == np.float32
        assert set(made(white).ravel()) == {1.0}
        assert set(made(white * 0).ravel()) == {0.0}


def test_metres_become_light():
    """1500 in [1000, 2000] is half of white; what lies beyond is white."""
    metres = np.array([[1500, 1250, 9000]], np.float32)[..., None]
    made = Predictor(mixer(1, 1, pixel_range=(1000, 2000), output_dtype="uint8"))(
        metres
    )
    assert made.dtype == np.uint8
    assert made.ravel().tolist() == [128, 64, 255]
    floats = Predictor(mixer(1, 3, pixel_range=(1000, 2000)))(metres)
    assert floats.dtype == np.float32
    np.testing.assert_allclose(floats[0, 0], [1 / 2, 1 / 4, 1 / 6], rtol=1e-6)
    assert floats.max() == 1


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_colour_is_luma_for_a_network_for_grey(dtype):
    image = picture(12, 14, 3, dtype=dtype)
    luma = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    predictor = Predictor(mixer(1, 3), tile=5)
    np.testing.assert_array_equal(predictor(image), predictor(luma))


def test_rank_is_kept_where_one_channel_is():
    grey = picture(6, 5)
    assert Predictor(mixer(1, 1))(grey).shape == (6, 5)
    assert Predictor(mixer(1, 1))(grey[..., None]).shape == (6, 5, 1)
    assert Predictor(mixer(3, 3))(grey).shape == (6, 5, 3)


def test_stacked_frames_are_one_picture():
    made = Predictor(mixer(9, 3, num_frames=3))(picture(6, 5, 9))
    assert (made.shape, made.dtype) == ((6, 5, 3), np.uint8)


def test_a_translation_may_be_black():
    predictor = Predictor(engine_of(lambda x: x * 0), precision="bfloat16")
    made = predictor.predict(picture(8, 8, 3))
    assert made.warnings == []
    assert made.pixels.max() == 0


def test_deep_results_are_never_computed_in_few_bits(monkeypatch):
    monkeypatch.setattr(
        "imgan.inference.precision.cpu_flags", lambda: {"avx512_bf16", "amx_bf16"}
    )
    light, deep = Predictor(mixer(3, 3)), Predictor(mixer(3, 3, output_dtype="uint16"))
    assert light.precision_for("uint8") == "bfloat16"
    assert deep.precision_for("uint8") == "float32"
    floats = Predictor(mixer(3, 3, output_dtype="float32"))
    assert floats.precision_for("uint8") == "float32"
    shallow = Predictor(mixer(3, 3, output_dtype="uint8"))
    assert shallow.precision_for("uint16") == "float32"


@pytest.mark.parametrize(("large", "at_once"), [(20 * 24, 1), (20 * 24 + 1, 2)])
def test_large_tiles_are_computed_one_at_a_time(monkeypatch, large, at_once):
    """Two tiles of 20 by 20 that read 4 more; alone, one waits for another in vain."""
    monkeypatch.setattr("imgan.inference.engines._LARGE_TILE", large)
    engine = engine_of(lambda x: x, halo=4, tile=20)
    meeting, met = threading.Barrier(2), []

    def compute(pixels, crop):
        assert pixels.shape == (20, 24, 3)
        try:
            meeting.wait(0.3 if at_once == 1 else 30)
            met.append(True)
        except threading.BrokenBarrierError:
            meeting.reset()
        return TileResult(pixels[crop.slices()], finite=True, black=False)

    monkeypatch.setattr(engine, "_build", lambda key: compute)
    image = picture(20, 40, 3)
    np.testing.assert_array_equal(Predictor(engine)(image), image)
    assert len(met) == 2 * (at_once - 1)


def test_the_size_stays():
    with pytest.raises(UsageError, match="keeps the size.*--scale 2"):
        Predictor(mixer(3, 3), scale=2)
    with pytest.raises(UsageError, match="keeps the size"):
        Predictor(mixer(3, 3))(picture(4, 4, 3), scale=0.5)
    assert Predictor(mixer(3, 3), scale=1).scale == 1


class Loaded:
    """A bundle, the network in it, and an engine that has loaded it once."""

    def __init__(self, folder, network):
        self.folder, self.network = folder, network
        self.engine = Predictor.load(folder, precision="float32").engine


@pytest.fixture(scope="module")
def unet(tmp_path_factory):
    """A U-Net with batch normalisation and dropout; tiles of it fit exactly."""
    network = UNetGenerator(num_filters=4, num_levels=3, output_channels=2)
    randomize(network)
    folder = tmp_path_factory.mktemp("translation") / "unet"
    save_translator(network, folder, name="labels", tile=64)
    return Loaded(folder, network)


@pytest.fixture(scope="module")
def resnet(tmp_path_factory):
    """A network that normalises by what it sees."""
    network = ResNetGenerator(num_filters=4, num_residual_blocks=1)
    randomize(network)
    folder = tmp_path_factory.mktemp("translation") / "resnet"
    save_translator(network, folder, name="horses", tile=64, overlap=16)
    return Loaded(folder, network)


SIZES = [(1, 1), (1, 9), (7, 3), (8, 8), (33, 61)]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["unet", "resnet"])
def test_any_size_is_padded_and_cut(name, request):
    loaded = request.getfixturevalue(name)
    predictor = Predictor(loaded.engine)
    for size in SIZES:
        made = predictor(picture(*size, 3))
        assert made.shape == (*size, loaded.network.output_shape[-1])


def test_the_result_is_the_networks(unet):
    image = picture(40, 24, 3)
    outputs = unet.network(image[np.newaxis] / np.float32(127.5) - 1, training=False)
    expected = (np.asarray(outputs)[0] + 1) * 127.5
    made = Predictor(unet.engine, precision="float32")(image)
    assert np.abs(made - expected).max() <= 0.51


def test_tiles_of_a_unet_equal_the_whole_picture(unet):
    assert 0 < unet.engine.grid.halo < 64
    image = picture(75, 101, 3)
    whole = Predictor(unet.engine, tile=0)(image)
    for tile in (5, 33):
        predictor = Predictor(unet.engine, tile=tile)
        np.testing.assert_array_equal(predictor(image), whole)
        assert "change nothing" in predictor.describe_tiles()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["unet", "resnet"])
def test_a_result_does_not_depend_on_what_else_is_computed(name, request):
    loaded = request.getfixturevalue(name)
    images = [picture(60 + 9 * k, 90 - 7 * k, 3) for k in range(3)]
    predictor, made = Predictor.load(loaded.folder), [None] * 3
    alone = predictor(images[-1])
    predictor = Predictor(loaded.engine)
    expected = [predictor(image) for image in images]
    np.testing.assert_array_equal(expected[-1], alone)

    def work(index):
        made[index] = predictor(images[index])

    threads = [threading.Thread(target=work, args=(k,)) for k in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for one, other in zip(made, expected, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.slow
def test_noise_is_a_function_of_the_seed(unet):
    image = picture(30, 40, 3)
    plain = Predictor(unet.engine)(image)
    first = imgan.load(unet.folder, stochastic=True)
    made = first(image)
    assert (made != plain).mean() > 0.5
    np.testing.assert_array_equal(first(image), made)
    again = imgan.load(unet.folder, stochastic=True, seed=0)
    again(picture(20, 30, 3))
    np.testing.assert_array_equal(again(image), made)
    other = imgan.load(unet.folder, stochastic=True, seed=1)(image)
    assert (other != made).mean() > 0.5


def test_random_tiles_are_blended_as_they_do_not_fit(unet):
    predictor = Predictor.load(unet.folder, stochastic=True)
    assert "tiles of 64 that are blended over 16" in predictor.describe_tiles()
    assert predictor(picture(70, 90, 3)).shape == (70, 90, 2)


@pytest.mark.parametrize("model", ["x4", "bicubic", "horses"])
def test_noise_needs_dropout(model, resnet):
    name = resnet.folder if model == "horses" else model
    with pytest.raises(UsageError, match="--stochastic needs a network with dropout"):
        Predictor.load(name, stochastic=True)


def test_statistics_of_a_batch_are_refused(tmp_path):
    network = UNetGenerator(num_filters=2, num_levels=2)
    mode = {"normalization": "batch"}
    save_translator(network, tmp_path / "model", inference_mode=mode)
    with pytest.raises(UsageError, match="depend on the other files"):
        Predictor.load(tmp_path / "model")


def test_colours_are_not_kept_where_they_shall_change(resnet):
    with pytest.raises(UsageError, match="--keep-colors is for enlarged"):
        Predictor.load(resnet.folder, keep_colors=True)


def given(*shape, dtype="uint8", icc=b"RGB "):
    random = np.random.default_rng(1)
    pixels = picture(*shape, dtype=dtype)
    alpha = random.integers(0, 255, shape[:2], endpoint=True).astype(np.uint8)
    if dtype == "float32":
        alpha = alpha.astype(np.float32) / 255
    metadata = Metadata(icc=ICC[icc], xmp=b"<x/>", resolution=(3.0, 4.0))
    return Picture(pixels, alpha.astype(dtype), metadata, "tiff", ["a warning"])


def test_transparency_and_metadata_travel():
    source = given(9, 8, 3)
    made, _ = predict_picture(Predictor(mixer(3, 3)), source)
    np.testing.assert_array_equal(made.alpha, source.alpha)
    assert made.metadata == source.metadata
    assert (made.source_format, made.warnings) == ("tiff", ["a warning"])


@pytest.mark.parametrize(
    ("shape", "icc", "inputs", "outputs", "kept"),
    [
        ((9, 8, 3), b"RGB ", 3, 1, False),
        ((9, 8, 3), b"RGB ", 1, 3, True),
        ((9, 8), b"GRAY", 1, 3, False),
        ((9, 8), b"GRAY", 1, 1, True),
        ((9, 8), b"GRAY", 3, 3, False),
    ],
)
def test_a_profile_stays_with_its_channels(shape, icc, inputs, outputs, kept):
    source = given(*shape, icc=icc)
    made, _ = predict_picture(Predictor(mixer(inputs, outputs)), source)
    assert (made.metadata.icc == source.metadata.icc) == kept
    assert made.metadata.xmp == b"<x/>"
    assert made.is_grey == (outputs == 1)
    assert source.metadata.icc is not None


def test_transparency_has_the_depth_of_its_picture():
    """65535 is 257 times 255."""
    source = given(9, 8, 3)
    deep = Predictor(mixer(3, 3, output_dtype="uint16"))
    made, _ = predict_picture(deep, source)
    assert made.alpha.dtype == np.uint16
    np.testing.assert_array_equal(made.alpha, source.alpha.astype(np.uint16) * 257)
    floats = given(9, 8, 3, dtype="float32")
    made, _ = predict_picture(Predictor(mixer(3, 3, output_dtype="uint8")), floats)
    np.testing.assert_array_equal(made.alpha, source.alpha)


def test_transparent_places_are_not_seen():
    """Black that nobody sees must not darken what a wide network makes beside it."""
    import tensorflow as tf

    blur = engine_of(lambda x: tf.nn.avg_pool2d(x, 3, 1, "SAME"), halo=1)
    pixels = np.full((9, 8, 3), 200, np.uint8)
    pixels[:, 4:] = 0
    alpha = np.where(np.arange(8) < 4, 255, 0)[None].repeat(9, 0).astype(np.uint8)
    made, _ = predict_picture(Predictor(blur), Picture(pixels, alpha))
    assert made.pixels.min() == 200
    np.testing.assert_array_equal(made.alpha, alpha)
