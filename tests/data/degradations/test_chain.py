from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import skimage.data
import tensorflow as tf

from imgan.config.degradation import DegradationConfig
from imgan.data.degradations import apply_plan
from imgan.data.degradations import degrade
from imgan.data.degradations.kernels import gaussian_kernel
from imgan.data.degradations.kernels import sinc_kernel
from imgan.data.degradations.operations import add_gaussian_noise
from imgan.data.degradations.operations import add_poisson_noise
from imgan.data.degradations.operations import blur
from imgan.data.degradations.operations import compress_jpeg
from imgan.data.degradations.operations import resize
from imgan.data.degradations.operations import to_8_bits
from imgan.data.degradations.plan import FinalPlan
from imgan.data.degradations.plan import NoisePlan
from imgan.data.degradations.plan import Plan
from imgan.data.degradations.plan import StagePlan
from imgan.data.resize import resize_bicubic
from imgan.types import Array
from imgan.types import Size

CONFIG = DegradationConfig()


def photograph(name: str = "astronaut", height: int = 128, width: int = 160) -> Array:
    pixels = getattr(skimage.data, name)()
    pixels = pixels.reshape((*pixels.shape[:2], -1))[:height, 100 : 100 + width]
    return np.ascontiguousarray(pixels.astype(np.float32) / np.float32(255))


@pytest.mark.parametrize("name", ["astronaut", "coffee", "chelsea", "rocket", "camera"])
@pytest.mark.parametrize("scale", [2, 4])
def test_photographs_become_recognisable_8_bit_pictures_of_the_right_size(
    name: str, scale: int
) -> None:
    hr = photograph(name)
    before = hr.copy()
    clean = resize(hr, Size(128 // scale, 160 // scale), "area")
    likeness = []
    for seed in range(12):
        lr = degrade(hr, CONFIG, scale, np.random.default_rng(seed))
        assert lr.shape == clean.shape
        assert lr.dtype == np.float32
        np.testing.assert_array_equal(lr, to_8_bits(lr))
        assert np.abs(lr - clean).max() > 0.02
        likeness.append(np.corrcoef(lr.ravel(), clean.ravel())[0, 1])
    assert np.median(likeness) > 0.8
    np.testing.assert_array_equal(hr, before)


@pytest.mark.parametrize(
    ("height", "width", "scale"),
    [(3, 3, 3), (8, 4, 4), (21, 63, 3), (50, 70, 2), (17, 33, 1), (8, 16, 8)],
)
@pytest.mark.parametrize("channels", [1, 3])
def test_every_size_comes_out_exactly(
    height: int, width: int, scale: int, channels: int
) -> None:
    hr = photograph(height=height, width=width)[..., :channels]
    for seed in range(10):
        lr = degrade(hr, CONFIG, scale, np.random.default_rng(seed))
        assert lr.shape == (height // scale, width // scale, channels)
        assert np.isfinite(lr).all()


def test_a_plan_is_carried_out_step_by_step() -> None:
    """The second resize is relative to the final size, 32 x 40: 1.2 makes 38 x 48."""
    hr = photograph()
    soft = gaussian_kernel("anisotropic", 9, 2.0, 1.0, 0.4)
    sinc = sinc_kernel(11, 2.0)
    plan = Plan(
        StagePlan(soft, 0.71, "area", NoisePlan("gaussian", 12.0, False), 60),
        StagePlan(None, 1.2, "bilinear", NoisePlan("poisson", 0.8, True), None),
        FinalPlan(sinc, "bicubic", 50, False),
    )
    rng = np.random.default_rng(4)
    image = resize(blur(hr, soft), Size(91, 114), "area")
    image = compress_jpeg(add_gaussian_noise(image, 12.0, rng), 60)
    image = resize(image, Size(38, 48), "bilinear")
    image = add_poisson_noise(image, 0.8, rng, grey=True)
    small = blur(resize(image, Size(32, 40), "bicubic"), sinc)
    expected = compress_jpeg(small, 50)
    received = apply_plan(hr, plan, 4, np.random.default_rng(4))
    np.testing.assert_array_equal(received, expected)

    other = Plan(plan.first, plan.second, FinalPlan(sinc, "bicubic", 50, True))
    small = resize(compress_jpeg(image, 50), Size(32, 40), "bicubic")
    received = apply_plan(hr, other, 4, np.random.default_rng(4))
    np.testing.assert_array_equal(received, to_8_bits(blur(small, sinc)))


def test_a_share_of_patches_is_only_reduced() -> None:
    """A quarter of 200, give or take four deviations; the others are degraded."""
    config = DegradationConfig(clean_probability=0.25)
    for scale in (1, 2, 4):
        hr = photograph(height=32, width=32)
        reduced = to_8_bits(resize_bicubic(hr, 1 / scale))
        rngs = map(np.random.default_rng, range(200))
        made = [degrade(hr, config, scale, rng) for rng in rngs]
        clean = [np.array_equal(lr, reduced) for lr in made]
        assert np.mean(clean) == pytest.approx(0.25, abs=0.125)
        assert {lr.shape for lr in made} == {reduced.shape}


def test_equal_seeds_give_equal_bytes_on_any_thread() -> None:
    hr = photograph()

    def one(seed: int) -> bytes:
        return degrade(hr, CONFIG, 4, np.random.default_rng((7, 2, seed))).tobytes()

    alone = [one(seed) for seed in range(24)]
    assert len(set(alone)) == 24
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(one, range(24))) == alone


def test_in_a_pipeline_as_eager() -> None:
    hr = photograph()

    def one(sample: int) -> Array:
        return degrade(hr, CONFIG, 4, np.random.default_rng((7, 2, int(sample))))

    dataset = tf.data.Dataset.range(8).map(
        lambda n: tf.numpy_function(one, [n], tf.float32), num_parallel_calls=2
    )
    for sample, lr in enumerate(dataset):
        np.testing.assert_array_equal(lr, one(sample))


def test_unsuitable_pictures_are_refused() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(TypeError, match="must be float32.*uint8"):
        degrade(np.zeros((8, 8, 3), np.uint8), CONFIG, 4, rng)
    for shape in ((9, 8, 3), (8, 8), (0, 8, 3)):
        with pytest.raises(ValueError, match="multiples of scale=4"):
            degrade(np.zeros(shape, np.float32), CONFIG, 4, rng)
