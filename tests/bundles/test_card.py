import json
from pathlib import Path
from typing import Any

import pytest

from imgan.bundles.card import CARD_NAME
from imgan.bundles.card import SCHEMA_VERSION
from imgan.bundles.card import Card
from imgan.bundles.card import ExportSpec
from imgan.bundles.card import InferenceMode
from imgan.bundles.card import LatentSpec
from imgan.bundles.card import NetworkSpec
from imgan.bundles.card import Origin
from imgan.bundles.card import Score
from imgan.bundles.card import SelfCheck
from imgan.bundles.card import Speed
from imgan.bundles.card import Stage
from imgan.bundles.card import TileHalo
from imgan.bundles.card import read_card
from imgan.bundles.card import write_card
from imgan.errors import CheckpointError

SMALL: dict[str, Any] = {
    "imgan_version": "0.1.0",
    "name": "small",
    "task": "super_resolution",
    "family": "repsr",
    "network": {"path": "a:B", "config": {"scale": 2}, "parameters": 3},
    "scale": 2,
    "input_channels": 3,
    "output_channels": 3,
    "halo": None,
}


def write_raw(folder: Path, values: Any) -> None:
    (folder / CARD_NAME).write_text(json.dumps(values), encoding="utf-8")


def test_round_trip_of_every_field(tmp_path: Path) -> None:
    card = Card(
        schema_version=SCHEMA_VERSION,
        imgan_version="0.1.0",
        name="whole",
        description="größer, 大きい",
        task="translation",
        family="pix2pix",
        network=NetworkSpec(path="a.b:C", config={"x": [1, 2.5, None]}, parameters=7),
        scale=1,
        input_channels=1,
        output_channels=4,
        input_range=(-1.0, 1.0),
        output_range=(-1.0, 1.0),
        size_multiple=256,
        halo=349,
        tile_halo=TileHalo(halo=64, error=0.001),
        tile=512,
        inference_mode=InferenceMode(normalization="batch", dropout=True),
        latent=LatentSpec(dim=100, distribution="normal"),
        image_size=(64, 64),
        labels=["a", "b"],
        recipe={"name": "whole"},
        data=["one"],
        losses=["l1"],
        licence="CC0-1.0",
        attribution="someone",
        fidelity_partner="x4",
        pixel_range=(0.0, 100.0),
        output_pixel_range=(-1.0, 9.0),
        output_dtype="uint16",
        num_frames=3,
        minimum_size=4,
        overlap=32,
        training_steps=3,
        stages=[
            Stage(command="imgan train a.yaml", steps=3, hours=0.5, curve=[(3, 31)])
        ],
        metrics=[Score(dataset="Set5", protocol={"c": "y"}, values={"psnr_y": 31.2})],
        speed=Speed(megapixels_per_second=1.5, precision="float32", machine="2 cores"),
        self_check=SelfCheck(size=(24, 20), mean=[0.1, 0.2, 0.3]),
        weights_sha256="00",
        origin=Origin(
            file="x4.pth",
            sha256="00",
            layout="safetensors",
            container="params",
            assumptions=["a"],
            likeness=20.5,
        ),
        export=ExportSpec(precision="bfloat16", signatures=["a"], files={"b": "00"}),
    )
    assert card.model_fields_set == set(Card.model_fields)
    write_card(card, tmp_path)
    assert read_card(tmp_path) == card
    assert [path.name for path in tmp_path.iterdir()] == [CARD_NAME]


def test_defaults(tmp_path: Path) -> None:
    write_raw(tmp_path, SMALL)
    card = read_card(tmp_path)
    assert (card.input_range, card.output_range) == ((0.0, 1.0), (0.0, 1.0))
    assert (card.size_multiple, card.halo, card.tile_halo) == (1, None, None)
    assert (card.latent, card.image_size, card.labels) == (None, None, None)


@pytest.mark.parametrize(
    ("channels", "pixel_range", "expected"),
    [(1, None, False), (3, None, False), (4, None, True), (1, [0, 9], True)],
)
def test_what_is_read_as_bands(
    tmp_path: Path, channels: int, pixel_range: Any, expected: bool
) -> None:
    values = {"input_channels": channels, "pixel_range": pixel_range}
    write_raw(tmp_path, {**SMALL, **values})
    assert read_card(tmp_path).takes_bands is expected


def test_a_generator_of_noise_takes_no_channels(tmp_path: Path) -> None:
    latent = {"dim": 3, "distribution": "uniform"}
    noise = {"task": "generation", "input_channels": None, "latent": latent}
    write_raw(tmp_path, {**SMALL, **noise, "image_size": [8, 8]})
    card = read_card(tmp_path)
    assert card.input_channels is None
    assert not card.takes_bands
    assert card.latent == LatentSpec(dim=3, distribution="uniform")
    assert card.image_size == (8, 8)


@pytest.mark.parametrize(("noise_seed", "on"), [(None, False), (0, True), (3, True)])
def test_dropout_stays_on_where_a_network_has_noise(
    tmp_path: Path, noise_seed: int | None, on: bool
) -> None:
    config = {"dropout": 0.5, "noise_seed": noise_seed}
    network = {"path": "a:B", "config": config, "parameters": 3}
    write_raw(tmp_path, {**SMALL, "network": network})
    assert read_card(tmp_path).inference_mode.dropout is on


@pytest.mark.parametrize("text", [None, "", "{", "\ud800"])
def test_absent_or_damaged(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        raw = text.encode("utf-8", "surrogatepass")
        (tmp_path / CARD_NAME).write_bytes(raw)
    with pytest.raises(CheckpointError, match=r"card\.json cannot be read as a card"):
        read_card(tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"halo": -1}, "halo: Input should be greater than or equal to 0"),
        ({"pixel_range": [5, 5]}, r"pixel_range: .* must rise. Received: \[5.0, 5.0\]"),
        ({"pixel_range": [0, "inf"]}, "pixel_range: .* must rise"),
        ({"scale": "two"}, "scale: Input should be a valid integer"),
        ({"hallo": 1}, "hallo: Extra inputs are not permitted"),
        ({"image_size": [0, 8]}, r"image_size\.0: Input should be greater than or"),
        ({"latent": {"dim": 1}}, r"latent\.distribution: Field required"),
        ({"network": {}}, r"network\.path: Field required"),
        ({"task": "painting"}, "task: Input should be 'super_resolution'"),
    ],
)
def test_bad_values_are_named(tmp_path: Path, change: Any, message: str) -> None:
    write_raw(tmp_path, {**SMALL, **change})
    with pytest.raises(CheckpointError, match=message):
        read_card(tmp_path)


@pytest.mark.parametrize("values", [[], 3, None])
def test_json_that_is_no_card(tmp_path: Path, values: Any) -> None:
    write_raw(tmp_path, values)
    with pytest.raises(CheckpointError, match=r"card\.json"):
        read_card(tmp_path)


def test_newer_schema_is_told_before_its_unknown_fields(tmp_path: Path) -> None:
    write_raw(tmp_path, {**SMALL, "schema_version": 99, "novelty": 1})
    with pytest.raises(
        CheckpointError, match=rf"has schema_version 99; .* up to {SCHEMA_VERSION}\. Up"
    ):
        read_card(tmp_path)
