from typing import Any

import numpy as np
import pytest
import skimage
import tensorflow as tf

from imgan.models.augment import AdaptiveAugment
from imgan.models.augment import DiffAugment
from imgan.models.augment import adapted_probability
from imgan.types import Array

EVERYTHING = ("flip", "rotation", "translation", "color", "cutout")


def _noise(*shape: int) -> Array:
    return np.random.default_rng(8).uniform(-1, 1, shape).astype(np.float32)


def _draws(augment: Any, batch: int, seed: int = 3) -> Array:
    random = np.random.default_rng(seed)
    return random.random((batch, augment.num_draws), dtype=np.float32)


def _square(*values: float) -> Array:
    side = int(len(values) ** 0.5)
    return np.array(values, np.float32).reshape(1, side, side, 1)


COUNT = _square(*range(1, 17))


def test_color_by_hand() -> None:
    """One pixel (0.2, 0.5, -0.1), one of zeros; draws 0.75, 0.25, 0.9.

    Brightness +0.25: (0.45, 0.75, 0.15) and 0.25 thrice. Saturation 0.5 about the grey
    of 0.45: (0.45, 0.6, 0.3) and 0.25. Contrast 1.4 about the mean 0.35: 0.35 + 1.4
    times (0.1, 0.25, -0.05) = (0.49, 0.7, 0.28), and 0.35 - 0.14 = 0.21.
    """
    augment = DiffAugment(["color"])
    assert augment.num_draws == 3
    images = np.array([[[[0.2, 0.5, -0.1], [0, 0, 0]]]], np.float32)
    draws = np.array([[0.75, 0.25, 0.9]], np.float32)
    expected = [[0.49, 0.7, 0.28], [0.21, 0.21, 0.21]]
    np.testing.assert_allclose(augment(images, draws)[0, 0], expected, atol=1e-6)
    # The same image on [0, 1] is the same picture afterwards.
    unit = DiffAugment(["color"], value_range=(0.0, 1.0))
    shown = unit(images / 2 + 0.5, draws)[0, 0]
    np.testing.assert_allclose(shown, np.array(expected) / 2 + 0.5, atol=1e-6)


def test_grey_images_have_no_saturation() -> None:
    augment, images = DiffAugment(["color"]), _noise(2, 4, 4, 1)
    low = np.array([[0.3, 0.0, 0.6]] * 2, np.float32)
    high = np.array([[0.3, 0.99, 0.6]] * 2, np.float32)
    np.testing.assert_array_equal(augment(images, low), augment(images, high))
    in_color = augment(np.repeat(images, 3, axis=3), high)
    np.testing.assert_allclose(in_color[..., :1], augment(images, low), atol=1e-5)


@pytest.mark.parametrize(
    ("draws", "rows", "columns"),
    [((0.0, 0.0), -1, -1), ((0.99, 0.4), 1, 0), ((0.5, 0.99), 0, 1)],
)
def test_translation_by_hand(
    draws: tuple[float, float], rows: int, columns: int
) -> None:
    """Eight pixels: an eighth is one; thirds of [0, 1) give -1, 0 and 1."""
    augment, images = DiffAugment(["translation"]), _noise(1, 8, 8, 3)
    expected = np.roll(images, (rows, columns), axis=(1, 2))
    if rows:
        expected[:, 0 if rows > 0 else -1] = 0.0
    if columns:
        expected[:, :, 0 if columns > 0 else -1] = 0.0
    shown = augment(images, np.array([draws], np.float32))
    np.testing.assert_array_equal(shown, expected)


def test_translation_fills_with_the_middle() -> None:
    augment = DiffAugment(["translation"], value_range=(0.0, 1.0))
    images = np.ones((1, 8, 8, 1), np.float32)
    shown = augment(images, np.zeros((1, 2), np.float32))
    assert np.all(shown[:, :7, :7] == 1.0)
    assert np.all(shown[:, 7] == 0.5)


def test_all_shifts_occur() -> None:
    """32 pixels: -4 to 4, so nine places of a dot, in both directions."""
    images = np.zeros((400, 32, 32, 1), np.float32)
    images[:, 16, 16] = 1.0
    augment = DiffAugment(["translation"])
    _, rows, columns, _ = np.nonzero(augment(images, _draws(augment, 400)))
    assert len(rows) == 400
    assert set(rows) == set(columns) == set(range(12, 21))


def test_cutout_by_hand() -> None:
    """Four pixels: a square of 2 about centres 0 to 4, from one before the centre.

    Draws 0.5 and 0.1 give the centres floor(2.5) = 2 and floor(0.5) = 0: rows 1 and 2,
    columns -1 and 0, of which one is inside.
    """
    draws = np.array([[0.5, 0.1]], np.float32)
    shown = DiffAugment(["cutout"])(COUNT, draws)
    expected = _square(1, 2, 3, 4, 0, 6, 7, 8, 0, 10, 11, 12, 13, 14, 15, 16)
    np.testing.assert_array_equal(shown, expected)
    shown = DiffAugment(["cutout"], value_range=(0.0, 32.0))(COUNT, draws)
    np.testing.assert_array_equal(shown, np.where(expected == 0, 16, expected))


@pytest.mark.parametrize(
    ("turn", "expected"),
    [
        (0.1, (1, 2, 3, 4)),
        # Once, twice and three times counter-clockwise.
        (0.3, (2, 4, 1, 3)),
        (0.6, (4, 3, 2, 1)),
        (0.9, (3, 1, 4, 2)),
    ],
)
def test_rotation_by_hand(turn: float, expected: tuple[float, ...]) -> None:
    augment = AdaptiveAugment(["rotation"])
    assert augment.num_draws == 2
    draws = np.array([[0.0, turn]], np.float32)
    shown = augment(_square(1, 2, 3, 4), draws, 1.0)
    np.testing.assert_array_equal(shown, _square(*expected))


@pytest.mark.parametrize("side", [7, 8])
def test_moves_together(side: int) -> None:
    """Flip left to right, then a quarter turn counter-clockwise, then down by one."""
    augment = AdaptiveAugment(["flip", "rotation", "translation"])
    images = _noise(1, side, side, 3)
    gates, values = [0.0, 0.0, 0.0], [0.7, 0.3, 0.99, 0.5]
    shown = augment(images, np.array([gates + values], np.float32), 1.0)
    expected = np.rot90(images[:, :, ::-1], axes=(1, 2))
    expected = np.roll(expected, 1, axis=1)
    expected[:, 0] = 0.0
    np.testing.assert_array_equal(shown, expected)


def test_oblong_images_turn_halfway_only() -> None:
    augment, images = AdaptiveAugment(["rotation"]), _noise(1, 4, 6, 1)
    shown = augment(images, np.array([[0.0, 0.6]], np.float32), 1.0)
    np.testing.assert_array_equal(shown, images[:, ::-1, ::-1])
    shown = augment(images, np.array([[0.0, 0.4]], np.float32), 1.0)
    np.testing.assert_array_equal(shown, images)


def test_probability_zero_is_identity_and_one_is_not() -> None:
    augment, images = AdaptiveAugment(EVERYTHING), _noise(50, 8, 8, 3)
    draws = _draws(augment, 50)
    # Gates: flip, rotation, translation, three of colour, cutout; values: 1+1+2+3+2.
    assert augment.num_draws == 7 + 9
    np.testing.assert_array_equal(augment(images, draws, 0.0), images)
    changed = np.any(augment(images, draws, 1.0) != images, axis=(1, 2, 3))
    assert changed.all()


def test_probability_is_that_of_each_operation() -> None:
    """Gates 0.2 (brightness) and 0.4 (contrast) open below 0.5, 0.6 stays shut.

    Brightness +0.5 and contrast 0.5: 0.5 x + 0.5 mean + 0.5.
    """
    augment, images = AdaptiveAugment(["color"]), _noise(1, 4, 4, 3)
    draws = np.array([[0.2, 0.6, 0.4, 1.0, 0.0, 0.0]], np.float32)
    shown = augment(images, draws, 0.5)
    expected = 0.5 * images + 0.5 * images.mean() + 0.5
    np.testing.assert_allclose(shown, expected, atol=1e-6)
    share = np.any(
        AdaptiveAugment(["cutout"])(
            np.ones((4000, 8, 8, 1), np.float32),
            _draws(AdaptiveAugment(["cutout"]), 4000),
            0.3,
        )
        != 1.0,
        axis=(1, 2, 3),
    ).mean()
    # Four standard deviations of a share of 4,000.
    np.testing.assert_allclose(share, 0.3, atol=0.03)


AUGMENTS = [
    (DiffAugment(("color", "translation", "cutout")), ()),
    (AdaptiveAugment(EVERYTHING), (0.7,)),
]


@pytest.mark.parametrize(("augment", "extra"), AUGMENTS)
def test_same_draws_same_result_eager_and_traced(
    augment: Any, extra: tuple[float, ...]
) -> None:
    images, draws = _noise(6, 16, 16, 3), _draws(augment, 6)
    eager = augment(images, draws, *extra)
    np.testing.assert_array_equal(augment(images, draws, *extra), eager)
    assert np.any(augment(images, _draws(augment, 6, seed=4), *extra) != eager)
    signature = [
        tf.TensorSpec((None, 16, 16, 3)),
        tf.TensorSpec((None, augment.num_draws)),
    ]
    traced = tf.function(lambda *a: augment(*a, *extra), input_signature=signature)
    np.testing.assert_allclose(traced(images, draws), eager, atol=1e-6)
    # An image does not depend on the others of its batch.
    alone = augment(images[2:3], draws[2:3], *extra)
    np.testing.assert_allclose(alone, eager[2:3], atol=1e-6)


@pytest.mark.parametrize(("augment", "extra"), AUGMENTS)
def test_gradients_of_any_order(augment: Any, extra: tuple[float, ...]) -> None:
    """Linear in the images: the gradient is the transpose, and it differentiates.

    For a linear map A without its constant part, <A x, y> = <x, A' y>.
    """
    x, y = tf.constant(_noise(6, 8, 8, 3)), tf.constant(_noise(6, 8, 8, 3)[::-1])
    draws = tf.constant(_draws(augment, 6))
    with tf.GradientTape() as tape:
        tape.watch(x)
        shown = augment(x, draws, *extra)
    transposed = tape.gradient(shown, x, output_gradients=y)
    linear = shown - augment(tf.zeros_like(x), draws, *extra)
    each = np.sum(linear * y, axis=(1, 2, 3))
    assert np.all(np.any(transposed, axis=(1, 2, 3)))
    np.testing.assert_allclose(
        np.sum(transposed * x, axis=(1, 2, 3)), each, rtol=1e-3, atol=1e-4
    )
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            cubes = tf.reduce_sum(augment(x, draws, *extra) ** 3)
        penalty = tf.reduce_sum(inner.gradient(cubes, x) ** 2)
    second = np.asarray(outer.gradient(penalty, x))
    assert np.isfinite(second).all()
    assert np.all(np.any(second, axis=(1, 2, 3)))


def test_photograph() -> None:
    photograph = skimage.data.astronaut()[::4, ::4].astype(np.float32) / 127.5 - 1.0
    images = np.stack([photograph] * 3)
    for augment, extra in AUGMENTS:
        shown = np.asarray(augment(images, _draws(augment, 3), *extra))
        assert shown.shape == images.shape
        assert shown.dtype == np.float32
        assert np.isfinite(shown).all()
        # Three draws make three pictures, none of them blank.
        assert np.all(shown.std(axis=(1, 2, 3)) > 0.05)
        assert np.any(shown[0] != shown[1])
        assert np.any(shown[1] != shown[2])


def test_probability_follows_the_sign() -> None:
    """Batches of 50, four of them: 200 images of 500,000 are a step of 0.0004."""
    up = adapted_probability(0.25, 0.61, 50)
    np.testing.assert_allclose(up, 0.2504, rtol=1e-6)
    np.testing.assert_allclose(adapted_probability(0.25, 0.59, 50), 0.2496, rtol=1e-6)
    assert adapted_probability(0.0, -1.0, 50) == 0.0
    assert adapted_probability(1.0, 1.0, 50) == 1.0
    held = adapted_probability(0.5, 0.2, 50, target=0.2)
    assert held == 0.5
    faster = adapted_probability(0.5, 0.9, 50, kimg=1.0, interval=2)
    np.testing.assert_allclose(faster, 0.6, rtol=1e-6)


def test_order_of_the_policy_is_that_of_the_operations() -> None:
    assert DiffAugment(["cutout", "color"]).policy == ("color", "cutout")


@pytest.mark.parametrize("policy", [[], ["flip"], ["color", "colour"]])
def test_unknown_policy(policy: list[str]) -> None:
    with pytest.raises(ValueError, match="color, translation, cutout"):
        DiffAugment(policy)
