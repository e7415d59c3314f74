from pathlib import Path

import numpy as np
import pytest

from imgan.bundles.card import LatentSpec
from imgan.errors import CheckpointError
from imgan.export.tensors import PortableNetwork
from tests.export.portable_bundles import save_family
from tests.inference.networks import card


def shapes(portable: PortableNetwork) -> list[dict[str, tuple[int, ...]]]:
    return [
        {name: values.shape for name, values in feed.items()}
        for feed in portable.examples()
    ]


@pytest.mark.parametrize(
    ("changes", "sizes"),
    [
        ({}, [(24, 37), (25, 38)]),
        ({"size_multiple": 16}, [(32, 48), (48, 64)]),
        ({"size_multiple": 8, "minimum_size": 50}, [(56, 56), (64, 64)]),
    ],
)
def test_examples_have_two_sizes_that_the_network_takes(
    changes: dict[str, int], sizes: list[tuple[int, int]]
) -> None:
    portable = PortableNetwork(None, card(input_channels=2, **changes))
    assert shapes(portable) == [{"images": (1, *size, 2)} for size in sizes]


def test_examples_look_like_pictures_in_the_range() -> None:
    for image in (
        PortableNetwork(None, card()).examples()[0]["images"],
        PortableNetwork(None, card(input_range=(-1, 1))).examples()[0]["images"] / 2
        + 0.5,
    ):
        assert image.dtype == np.float32
        assert 0 <= image.min() < 0.1
        assert 0.75 < image.max() <= 1
        # Neighbours are alike, channels are not.
        assert np.abs(np.diff(image, axis=1)).mean() < 0.1
        assert np.abs(np.diff(image, axis=3)).mean() > 0.1


def noisy(**changes: object) -> PortableNetwork:
    values = {
        "task": "generation",
        "input_channels": None,
        "latent": LatentSpec(dim=4, distribution="normal"),
        "image_size": (8, 6),
        **changes,
    }
    return PortableNetwork(None, card(**values))


def test_noise_is_drawn_as_the_card_says() -> None:
    assert shapes(noisy()) == [{"latent": (5, 4)}, {"latent": (3, 4)}]
    values = noisy().noise(2000, 1)["latent"]
    assert values.dtype == np.float32
    assert values.std() == pytest.approx(1.0, abs=0.05)
    flat = noisy(latent=LatentSpec(dim=4, distribution="uniform")).noise(2000, 1)
    assert -1 <= flat["latent"].min() < -0.99
    assert 0.99 < flat["latent"].max() <= 1
    assert flat["latent"].std() == pytest.approx(3**-0.5, abs=0.02)


def test_labels_come_in_turn() -> None:
    feed = noisy(labels=["a", "b", "c"]).noise(5, 2)
    assert list(feed) == ["latent", "label"]
    assert feed["label"].dtype == np.int32
    assert feed["label"].tolist() == [2, 0, 1, 2, 0]


def test_tensors_in_words() -> None:
    uniform = LatentSpec(dim=4, distribution="uniform")
    assert noisy(latent=uniform, labels=["a", "b"]).describe("batch") == [
        "in: latent float32 (batch, 4), uniform in -1 to 1",
        "in: label int32 (batch,), 0 to 1",
        "out: images float32 (batch, 8, 6, 3), 0 to 1",
    ]
    even = PortableNetwork(None, card(scale=1, size_multiple=2, output_channels=1))
    assert even.describe("1") == [
        "in: images float32 (1, height, width, 3), 0 to 1; sides are multiples of 2",
        "out: outputs float32 (1, height, width, 1), 0 to 1, not clipped",
    ]
    long = PortableNetwork(None, card(minimum_size=5)).describe("1")[0]
    assert long.endswith("; sides are at least 5")
    both = PortableNetwork(None, card(size_multiple=4, minimum_size=8)).describe("1")[0]
    assert both.endswith("; sides are multiples of 4 and at least 8")


def test_a_card_of_another_generator(tmp_path: Path) -> None:
    bundle = save_family("gan", tmp_path / "bundle")
    text = (bundle / "card.json").read_text("utf-8")
    wrong = text.replace('"dim": 5', '"dim": 6')
    assert wrong != text
    (bundle / "card.json").write_text(wrong, "utf-8")
    with pytest.raises(CheckpointError, match="must describe its network"):
        PortableNetwork.load(bundle)
