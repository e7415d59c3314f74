import base64
import json
import re
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
import yaml
from google.protobuf import text_format
from tensorflow_serving.apis import prediction_log_pb2
from tensorflow_serving.config import model_server_config_pb2

from imgan.bundles.card import read_card
from imgan.export.saved_model import export_saved_model
from imgan.export.serving_kit import served_name
from imgan.export.serving_kit import write_serving_kit
from imgan.export.warmup import WARMUP_NAME
from imgan.export.warmup import warmup_inputs
from tests.export import bundles
from tests.export.sessions import load_session
from tests.inference import translators


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the versions of a model that enlarges."""
    folder = tmp_path_factory.mktemp("kit")
    bundle = bundles.make("repsr", folder / "small")
    export_saved_model(bundle, folder / "served")
    return folder / "served"


@pytest.fixture(scope="module")
def kit(exported: Path) -> Path:
    return write_serving_kit(exported, read_card(exported / "1"))


def test_the_server_can_read_its_configuration(kit: Path) -> None:
    models = model_server_config_pb2.ModelServerConfig()
    text_format.Parse((kit / "models.config").read_text(), models)
    config = models.model_config_list.config[0]
    assert (config.name, config.base_path) == ("small", "/models/small")
    assert config.model_version_policy.latest.num_versions == 1
    # The classes of the other two files are not published for Python.
    batching = (kit / "batching_parameters.txt").read_text()
    lines = [line for line in batching.splitlines() if not line.startswith("#")]
    assert len(lines) == 4
    assert all(re.fullmatch(r"[a-z_]+ \{ value: \d+ \}", line) for line in lines)


def test_compose_mounts_what_the_configuration_names(kit: Path) -> None:
    compose = yaml.safe_load((kit / "docker-compose.yml").read_text())
    service = compose["services"]["small"]
    mounted = dict(volume.split(":")[:2] for volume in service["volumes"])
    assert (kit / mounted_source(mounted, "/models/small") / "1").is_dir()
    for option in service["command"]:
        _, _, value = option.partition("=/config/")
        assert not value or (kit / mounted_source(mounted, "/config") / value).is_file()


def mounted_source(mounted: dict[str, str], target: str) -> str:
    return next(source for source, place in mounted.items() if place == target)


def test_the_saved_request_is_answered(kit: Path, exported: Path) -> None:
    request = json.loads((kit / "request.json").read_text())
    file = base64.b64decode(request["instances"][0]["image_bytes"]["b64"])
    assert file[:3] == b"\xff\xd8\xff"
    answer = load_session(exported / "1")(
        request["signature_name"], image_bytes=np.array([file], object)
    )
    assert answer["error"].tolist() == [b""]
    assert tf.io.decode_png(answer["output_bytes"][0]).shape == (96, 128, 3)


def test_notes_name_what_there_is(kit: Path) -> None:
    notes = (kit / "README.md").read_text()
    assert "imgan upscale in/ out/ --server grpc://localhost:8500/small" in notes
    assert "http://localhost:8501/v1/models/small:predict" in notes
    assert notes.count("\n- `") == 5 + 3
    assert "$" not in notes


def test_other_kinds_of_models_have_other_requests(tmp_path: Path) -> None:
    bundle = Path(translators.save_negative(tmp_path / "metres", 1, 1))
    card = read_card(bundle).model_copy(update={"output_pixel_range": (0.0, 80.0)})
    from imgan.bundles.bundle import load_network
    from imgan.bundles.bundle import save_bundle

    save_bundle(load_network(bundle)[0], card, bundle)
    version = export_saved_model(bundle, tmp_path / "served").folder
    kit = write_serving_kit(tmp_path / "served", read_card(version))
    request = json.loads((kit / "request.json").read_text())
    assert request["signature_name"] == "serving_default"
    images = np.array(request["inputs"]["images"], np.uint8)
    assert load_session(version)("serving_default", images=images)["images"].shape == (
        *images.shape[:3],
        1,
    )
    assert "output_bytes" not in (kit / "README.md").read_text()


def test_a_model_of_label_maps_is_sent_numbers(tmp_path: Path) -> None:
    changes = {"recipe": {"data": {"source": {"labels": True}}}}
    bundle = translators.save_negative(tmp_path / "maps", 1, 3, **changes)
    version = export_saved_model(Path(bundle), tmp_path / "served").folder
    kit = write_serving_kit(tmp_path / "served", read_card(version))
    assert "a small map of labels" in (kit / "README.md").read_text()
    (instance,) = json.loads((kit / "request.json").read_text())["instances"]
    file = base64.b64decode(instance["image_bytes"]["b64"])
    answer = load_session(version)("image_bytes", image_bytes=np.array([file]))
    assert list(answer["error"]) == [b""]


def test_names_that_a_server_takes(exported: Path) -> None:
    card = read_card(exported / "1")
    renamed = card.model_copy(update={"name": "my model (old)"})
    assert served_name(renamed) == "my-model-old"


def test_warm_up_requests_are_answered(exported: Path) -> None:
    card, call = read_card(exported / "1"), load_session(exported / "1")
    file = exported / "1" / "assets.extra" / WARMUP_NAME
    asked = {}
    for record in tf.data.TFRecordDataset(str(file)):
        log = prediction_log_pb2.PredictionLog.FromString(record.numpy())
        request = log.predict_log.request
        inputs = {key: tf.make_ndarray(value) for key, value in request.inputs.items()}
        asked[request.model_spec.signature_name] = inputs
        assert call(request.model_spec.signature_name, **inputs)
    assert list(asked) == card.export.signatures
    assert asked["serving_default"]["images"].shape == (1, 64, 64, 3)
    assert warmup_inputs(card).keys() == asked.keys()


def test_without_the_extra_there_is_a_line_about_it(
    exported: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import sys

    from imgan.export.warmup import write_warmup

    monkeypatch.setitem(sys.modules, "tensorflow_serving.apis", None)
    (tmp_path / "assets.extra").mkdir()
    lines = write_warmup(tmp_path, read_card(exported / "1"))
    assert lines == [
        'Writing warm-up requests needs an extra: pip install "imgan[serving]"'
    ]
    assert not list((tmp_path / "assets.extra").iterdir())
