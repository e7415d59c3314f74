"""Geometry, sizes and receptive fields of PatchGAN, measured."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from imgan.layers.spectral_norm import SpectralConv2D
from imgan.networks.patchgan import MultiScalePatchGAN
from imgan.networks.patchgan import PatchGAN
from imgan.types import Array
from tests.contracts import randomize
from tests.networks.small import make_positive

FIELDS = (1, 16, 34, 70, 142, 286)


def _trained(network: Any) -> int:
    return sum(int(np.prod(weight.shape)) for weight in network.trainable_weights)


@pytest.mark.parametrize(
    ("network", "parameters"),
    [
        (lambda: PatchGAN(condition_channels=3), 2_768_705),
        # 4x4: 3 to 64 with bias, 64 to 128, 128 to 256, 256 to 512, 512 to 1 with bias.
        (
            lambda: PatchGAN(normalization="instance"),
            16 * (3 * 64 + 64 * 128 + 128 * 256 + 256 * 512 + 512) + 64 + 1,
        ),
        # 1x1: 6 to 64 with bias, 64 to 128 with a scale and an offset, 128 to 1.
        (
            lambda: PatchGAN(condition_channels=3, receptive_field=1),
            6 * 64 + 64 + 64 * 128 + 2 * 128 + 128 + 1,
        ),
        # Biases of 64, 128, 256 and 512 instead.
        (
            lambda: MultiScalePatchGAN(num_scales=3, normalization="none"),
            3 * (16 * (3 * 64 + 64 * 128 + 128 * 256 + 256 * 512 + 512) + 960 + 1),
        ),
    ],
)
def test_parameters(network: Any, parameters: int) -> None:
    assert _trained(network()) == parameters


def test_logits_of_the_paper() -> None:
    """256x256 pixels give 30x30 logits, as the paper's code does."""
    pictures = tf.zeros((1, 256, 256, 3))
    network = PatchGAN(condition_channels=3, num_filters=2)
    assert network([pictures, pictures]).shape == (1, 30, 30, 1)


@pytest.mark.parametrize("field", FIELDS)
def test_geometry(field: int) -> None:
    """Each halving rounds down, and two convolutions without a stride take one each."""
    network = PatchGAN(receptive_field=field, num_filters=2, channels=1)
    least = network.minimum_size
    halvings = {1: 0, 16: 1, 34: 2, 70: 3, 142: 4, 286: 5}[field]
    assert least == (3 * 2**halvings if halvings else 1)
    for height, width in ((least, least), (least, least + 7), (2 * least + 1, least)):
        logits = network(tf.zeros((2, height, width, 1)))
        lost = 2 if halvings else 0
        rows, columns = height // 2**halvings - lost, width // 2**halvings - lost
        assert logits.shape == (2, rows, columns, 1)


@pytest.mark.parametrize("field", FIELDS)
def test_receptive_field(field: int) -> None:
    """One logit reacts to a square of so many pixels, and to none beside it."""
    network = PatchGAN(
        receptive_field=field, num_filters=2, channels=1, normalization="none"
    )
    make_positive(network)
    side = field + 2 * network.minimum_size
    pictures = tf.ones((1, side, side, 1))
    with tf.GradientTape() as tape:
        tape.watch(pictures)
        logits = network(pictures)
        middle = logits.shape[1] // 2
        logit = logits[0, middle, middle, 0]
    moved = np.argwhere(np.asarray(tape.gradient(logit, pictures))[0, ..., 0])
    assert len(moved) == field**2
    np.testing.assert_array_equal(np.ptp(moved, axis=0) + 1, [field, field])


def test_widths() -> None:
    """Doubled up to eight times the first, or to the most that is allowed."""

    def widths(**options: Any) -> list[int]:
        network = PatchGAN(receptive_field=286, num_filters=3, **options)
        return [network.get_layer(f"conv_{index}").filters for index in range(6)]

    assert widths() == [3, 6, 12, 24, 24, 24]
    assert widths(max_filters=7) == [3, 6, 7, 7, 7, 7]


@pytest.mark.parametrize("spectral", [False, True])
def test_kernels_start_small_and_spectral_ones_are_divided(spectral: bool) -> None:
    """N(0, 0.02); a kernel of 1000 times the size gives the same logits."""
    network = PatchGAN(spectral=spectral, normalization="none", num_filters=32)
    kernel = network.get_layer("conv_2").kernel
    assert np.std(kernel) == pytest.approx(0.02, rel=0.02)
    pictures = np.random.default_rng(1).normal(size=(1, 32, 32, 3)).astype(np.float32)
    before = np.asarray(network(pictures))
    kernel.assign(1000.0 * kernel)
    same = np.allclose(network(pictures), before, rtol=1e-3)
    assert same is spectral
    layers = [layer for layer in network.layers if isinstance(layer, SpectralConv2D)]
    assert len(layers) == (5 if spectral else 0)


def test_source_is_judged_with_the_picture() -> None:
    network = PatchGAN(condition_channels=2, channels=1, num_filters=2)
    randomize(network)
    random = np.random.default_rng(4)
    pictures = random.normal(size=(1, 32, 32, 1)).astype(np.float32)
    sources = random.normal(size=(2, 1, 32, 32, 2)).astype(np.float32)
    first, second = (np.asarray(network([pictures, source])) for source in sources)
    assert np.abs(first - second).min() > 1e-4
    assert [tensor.name for tensor in network.inputs] == ["images", "source"]


def _halved(picture: Array) -> Array:
    """Average, pixel by pixel, what there is of 3x3 around every second pixel."""
    height, width = picture.shape[:2]
    return np.array(
        [
            [
                picture[max(y - 1, 0) : y + 2, max(x - 1, 0) : x + 2].mean(axis=(0, 1))
                for x in range(0, width, 2)
            ]
            for y in range(0, height, 2)
        ]
    )


def test_scales_are_patchgans_of_halved_pictures() -> None:
    """Three with weights of their own; picture and source are halved alike."""
    options: dict[str, Any] = {"channels": 1, "condition_channels": 2, "num_filters": 2}
    several = MultiScalePatchGAN(num_scales=3, **options)
    randomize(several)
    picture = np.random.default_rng(4).random((99, 93, 3)).astype(np.float32)
    outputs = several([picture[None, ..., :1], picture[None, ..., 1:]])
    assert [tuple(logits.shape) for logits in outputs] == [
        *((1, 10, 9, 1), (1, 4, 3, 1), (1, 1, 1, 1))
    ]
    start = 0
    for logits in outputs:
        one = PatchGAN(normalization="instance", **options)
        names = [weight.path.split("/")[-2:] for weight in one.weights]
        ours = [
            weight
            for weight in several.weights
            if weight.path.split("/")[-2].startswith(f"scale_{start}_")
        ]
        assert [w.path.split("/")[-1] for w in ours] == [name[-1] for name in names]
        one.set_weights([np.asarray(weight) for weight in ours])
        expected = one([picture[None, ..., :1], picture[None, ..., 1:]])
        np.testing.assert_allclose(logits, expected, atol=1e-4)
        picture, start = _halved(picture).astype(np.float32), start + 1


def test_smallest_size_of_several_scales() -> None:
    """24 pixels of the coarsest of three scales are 47 and then 93."""
    network = MultiScalePatchGAN(num_scales=3, num_filters=2, channels=1)
    assert network.minimum_size == 93
    coarsest = network(tf.zeros((1, 93, 93, 1)))[-1]
    assert coarsest.shape == (1, 1, 1, 1)
    with pytest.raises(ValueError, match="zero or negative"):
        network.compute_output_shape((1, 92, 92, 1))


def test_weights_of_features() -> None:
    """pix2pixHD: 4 / (3 + 1) for each of 4 features, and 1 / 2 for each of 2 scales."""
    network = MultiScalePatchGAN(num_filters=2)
    assert network.feature_weights == (0.5,) * 8
    assert len(network.feature_names) == 8
    assert PatchGAN(num_filters=2).feature_weights == (1.0,) * 4
    _, *features = network.with_features()(tf.zeros((1, 64, 64, 3)))
    assert [feature.shape[1] for feature in features] == [32, 16, 8, 7, 16, 8, 4, 3]


def test_synchronized_statistics() -> None:
    network = PatchGAN(num_filters=2, synchronized=True)
    norms = [
        layer
        for layer in network.layers
        if isinstance(layer, keras.layers.BatchNormalization)
    ]
    assert [norm.synchronized for norm in norms] == [True] * 3


def test_what_cannot_be_built_is_refused() -> None:
    with pytest.raises(
        ValueError, match=r"one of 1, 16, 34, 70, 142, 286.*Received: 7"
    ):
        PatchGAN(receptive_field=7)
    with pytest.raises(
        ValueError, match=r"batch, instance, instance_affine, none.*Received: layer"
    ):
        PatchGAN(normalization="layer")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="num_scales must be at least 1"):
        MultiScalePatchGAN(num_scales=0)
