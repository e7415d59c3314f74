"""The service of the tests answers as TensorFlow Serving does."""

import base64
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
import requests
import tensorflow as tf
from tensorflow_serving.apis import get_model_metadata_pb2
from tensorflow_serving.apis import predict_pb2
from tensorflow_serving.apis import prediction_log_pb2
from tensorflow_serving.apis import prediction_service_pb2_grpc

from imgan.bundles.card import Card
from imgan.bundles.card import read_card
from imgan.export.warmup import WARMUP_NAME
from imgan.inference.predictor import Predictor
from tests.inference.networks import picture
from tests.serving.loopback import Faults
from tests.serving.loopback import Loopback
from tests.serving.merging import Merger
from tests.serving.servable import ServiceError
from tests.serving.servable import load_versions


@pytest.fixture(scope="module")
def service(enlarging: Path) -> Iterator[Loopback]:
    with Loopback({"small": enlarging}) as service:
        yield service


def ask(service: Loopback, signature: str = "", **inputs: Any) -> dict[str, Any]:
    """Ask over gRPC, with the stub that TensorFlow Serving comes with."""
    request = predict_pb2.PredictRequest()
    request.model_spec.name = "small"
    request.model_spec.signature_name = signature
    for name, values in inputs.items():
        request.inputs[name].CopyFrom(tf.make_tensor_proto(values))
    answer = send(service, "Predict", request)
    return {name: tf.make_ndarray(tensor) for name, tensor in answer.outputs.items()}


def send(service: Loopback, method: str, request: Any) -> Any:
    with grpc.insecure_channel(service.grpc.removeprefix("grpc://")) as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        return getattr(stub, method)(request, timeout=20)


def post(service: Loopback, document: Any, where: str = "small") -> Any:
    url = f"{service.http}/v1/models/{where}:predict"
    return requests.post(url, json=document, timeout=20)


def encoded(image: Any, kind: str = "png") -> bytes:
    return getattr(tf.io, f"encode_{kind}")(image).numpy()


def decoded(data: bytes) -> Any:
    return tf.io.decode_png(data).numpy()


def test_predictions_and_the_parts_of_a_request(service: Loopback) -> None:
    images = np.stack([picture(9, 12, 3)] * 2)
    made = ask(service, images=images)["images"]
    assert made.shape == (2, 18, 24, 3)
    assert made.dtype == np.uint8
    request = predict_pb2.PredictRequest(output_filter=["error"])
    request.model_spec.name = "small"
    request.model_spec.version.value = 1
    request.model_spec.signature_name = "image_bytes"
    request.inputs["image_bytes"].CopyFrom(tf.make_tensor_proto([b"garbage"]))
    answer = send(service, "Predict", request)
    assert list(answer.outputs) == ["error"]
    assert answer.model_spec.version.value == 1
    assert answer.model_spec.signature_name == "image_bytes"


@pytest.mark.parametrize(
    ("change", "code", "message"),
    [
        ({"name": "large"}, "NOT_FOUND", r"request: Latest\(large\)"),
        ({"version": 7}, "NOT_FOUND", r"request: Specific\(small, 7\)"),
        ({"name": ""}, "INVALID_ARGUMENT", "no name"),
        ({"signature_name": "x"}, "FAILED_PRECONDITION", '"x" not found'),
        ({"inputs": {}}, "INVALID_ARGUMENT", r"Missing but required: \{images\}"),
        ({"inputs": {"image": [0]}}, "INVALID_ARGUMENT", "alias not found"),
        ({"inputs": {"images": [0.5]}}, "INVALID_ARGUMENT", "to be uint8 but float"),
        ({"inputs": {"images": np.zeros(3, "u1")}}, "INVALID_ARGUMENT", "shape"),
        ({"output_filter": ["x"]}, "INVALID_ARGUMENT", "alias not found"),
    ],
)
def test_refusals(
    change: dict[str, Any], code: str, message: str, service: Loopback
) -> None:
    pixels = np.zeros((1, 8, 8, 3), np.uint8)
    wanted = {"name": "small", "inputs": {"images": pixels}, **change}
    request = predict_pb2.PredictRequest(output_filter=wanted.get("output_filter"))
    request.model_spec.name = wanted["name"]
    request.model_spec.signature_name = wanted.get("signature_name", "")
    if "version" in wanted:
        request.model_spec.version.value = wanted["version"]
    for name, values in wanted["inputs"].items():
        request.inputs[name].CopyFrom(tf.make_tensor_proto(values))
    with pytest.raises(grpc.RpcError, match=message) as caught:
        send(service, "Predict", request)
    assert caught.value.code().name == code


def test_metadata(service: Loopback) -> None:
    request = get_model_metadata_pb2.GetModelMetadataRequest()
    request.model_spec.name = "small"
    with pytest.raises(grpc.RpcError, match="at least one metadata_field"):
        send(service, "GetModelMetadata", request)
    request.metadata_field.append("signature_def")
    answer = send(service, "GetModelMetadata", request)
    signatures = get_model_metadata_pb2.SignatureDefMap()
    answer.metadata["signature_def"].Unpack(signatures)
    assert {"card", "image_bytes"} <= set(signatures.signature_def)
    url = f"{service.http}/v1/models/small"
    described = requests.get(f"{url}/metadata", timeout=20).json()
    assert described["model_spec"]["version"] == "1"
    status = requests.get(url, timeout=20).json()["model_version_status"]
    assert [(row["version"], row["state"]) for row in status] == [("1", "AVAILABLE")]


def test_rows_and_columns_of_the_rest_interface(service: Loopback) -> None:
    image = picture(5, 6, 3)
    wanted = ask(service, images=image[None])["images"]
    rows = post(service, {"instances": [image.tolist()]})
    np.testing.assert_array_equal(rows.json()["predictions"], wanted)
    named = {"instances": [{"images": image.tolist()}]}
    assert post(service, named).json() == rows.json()
    columns = post(
        service, {"inputs": {"images": [image.tolist()]}}, "small/versions/1"
    )
    assert columns.json() == {"outputs": rows.json()["predictions"]}

    item = {"b64": base64.b64encode(encoded(image)).decode()}
    ask_bytes = {"signature_name": "image_bytes"}
    (row,) = post(service, {**ask_bytes, "instances": [item]}).json()["predictions"]
    assert row["error"] == ""
    made = decoded(base64.b64decode(row["output_bytes"]["b64"]))
    np.testing.assert_array_equal(made, wanted[0])
    outputs = post(service, {**ask_bytes, "inputs": [item]}).json()["outputs"]
    assert outputs == {name: [value] for name, value in row.items()}


@pytest.mark.parametrize(
    ("document", "where", "status", "message"),
    [
        ({"instances": [1]}, "large", 404, "Latest(large)"),
        ({"instances": [1]}, "small/versions/3", 404, "Specific(small, 3)"),
        ({"instances": [1]}, "small/labels/x", 400, "version label: x"),
        ({}, "small", 400, "Missing 'inputs' or 'instances'"),
        ([], "small", 400, "not object"),
        ({"instances": [[1], [1, 2]]}, "small", 400, "unexpected size"),
        ({"instances": [0.5]}, "small", 400, "expected type: uint8"),
        ({"instances": [1], "signature_name": "x"}, "small", 400, '"x" not found'),
    ],
)
def test_refusals_of_the_rest_interface(
    document: Any, where: str, status: int, message: str, service: Loopback
) -> None:
    answer = post(service, document, where)
    assert answer.status_code == status
    assert message in answer.json()["error"]


def test_faults(enlarging: Path) -> None:
    faults = Faults(unavailable=2, max_message_bytes=2000)
    query = {"signature_name": "card", "instances": ["x"]}
    with Loopback({"small": enlarging}, faults) as service:
        with pytest.raises(grpc.RpcError, match="UNAVAILABLE"):
            ask(service, "card", query=[b""])
        assert post(service, query).status_code == 503
        with pytest.raises(grpc.RpcError, match="larger than max"):
            ask(service, images=np.zeros((1, 30, 30, 3), np.uint8))
        large = {"instances": np.zeros((1, 30, 30, 3), int).tolist()}
        assert post(service, large).status_code == 413
        assert post(service, query).status_code == 200
        faults.die_after = 0
        with pytest.raises(grpc.RpcError):
            ask(service, "card", query=[b""])
    with pytest.raises(requests.ConnectionError):
        post(service, query)


def test_the_card_is_answered_for_each_query(
    service: Loopback, enlarging: Path
) -> None:
    """The hash of the files is missing there: the model holds its own card."""
    cards = ask(service, "card", query=[b"", b"?"])["card"]
    assert cards[0] == cards[1]
    card = Card.model_validate_json(cards[0])
    assert card.export is not None
    written = read_card(enlarging / "1")
    assert written.export is not None
    files = {"export": written.export.model_copy(update={"files": {}})}
    assert card == written.model_copy(update=files)


@pytest.mark.slow
@pytest.mark.parametrize("which", ["enlarging", "translating"])
def test_the_warmup_log_can_be_replayed(
    which: str, request: pytest.FixtureRequest
) -> None:
    """The server runs every record when it loads a version, and fails if one does."""
    served: Path = request.getfixturevalue(which)
    servable = load_versions(served)[1]
    log = served / "1" / "assets.extra" / WARMUP_NAME
    seen = set()
    for record in tf.data.TFRecordDataset(str(log)).as_numpy_iterator():
        logged = prediction_log_pb2.PredictionLog.FromString(record)
        assert logged.WhichOneof("log_type") == "predict_log"
        warmup = logged.predict_log.request
        assert warmup.model_spec.name == read_card(served / "1").name
        signature = warmup.model_spec.signature_name
        inputs = {name: tf.make_ndarray(one) for name, one in warmup.inputs.items()}
        outputs = servable.predict(signature, inputs)
        assert all(len(values) == 1 for values in outputs.values())
        assert outputs.get("error", [b""])[0] == b""
        seen.add(signature)
    assert seen == set(servable.signatures) - {"__saved_model_init_op"}


GARBAGE = 41


@pytest.fixture(scope="module")
def files(near: Predictor) -> tuple[list[bytes], list[Any]]:
    """Return 64 files of 64 sizes, one of them garbage, and what each shall become."""
    images = [picture(4 + index % 8, 4 + index // 8, 3) for index in range(64)]
    kinds = ["png", "jpeg"]
    data = [encoded(one, kinds[index % 2]) for index, one in enumerate(images)]
    pixels = [tf.io.decode_image(one).numpy() for one in data]
    # The graph decodes JPEG with the accurate method.
    accurate = {"dct_method": "INTEGER_ACCURATE"}
    pixels[1::2] = [tf.io.decode_jpeg(one, **accurate).numpy() for one in data[1::2]]
    data[GARBAGE] = data[GARBAGE][:30]
    return data, [near(one) for one in pixels]


def check_pictures(made: Any, errors: Any, expected: list[Any]) -> None:
    assert [bool(error) for error in errors] == [
        index == GARBAGE for index in range(64)
    ]
    assert b"damaged or not complete" in errors[GARBAGE]
    assert made[GARBAGE] == b""
    for index in set(range(64)) - {GARBAGE}:
        np.testing.assert_array_equal(decoded(made[index]), expected[index])


@pytest.mark.slow
def test_64_pictures_of_64_sizes_in_one_request(
    service: Loopback, files: tuple[list[bytes], list[Any]]
) -> None:
    data, expected = files
    answer = ask(service, "image_bytes", image_bytes=data)
    check_pictures(answer["output_bytes"], answer["error"], expected)


@pytest.mark.slow
def test_64_requests_in_one_batch(
    enlarging: Path, files: tuple[list[bytes], list[Any]]
) -> None:
    data, expected = files
    merger = Merger(64, seconds=20)
    with (
        Loopback({"small": enlarging}, merger=merger) as service,
        ThreadPoolExecutor(64) as clients,
    ):
        answers = list(
            clients.map(
                lambda one: ask(service, "image_bytes", image_bytes=[one]), data
            )
        )
    assert merger.sizes == [64]
    made = [answer["output_bytes"][0] for answer in answers]
    check_pictures(made, [answer["error"][0] for answer in answers], expected)


def test_a_batch_of_different_shapes_fails_as_a_whole(enlarging: Path) -> None:
    merger = Merger(3, seconds=20)
    run = merger.wrap(load_versions(enlarging)[1].run)
    failures = []

    def one(side: int) -> None:
        images = np.zeros((1, side, side, 3), np.uint8)
        try:
            load_versions(enlarging)[1].predict("", {"images": images}, run=run)
        except ServiceError as error:
            failures.append(error)

    threads = [threading.Thread(target=one, args=(side,)) for side in (4, 5, 4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(failures) == 3
    assert failures[0].code is grpc.StatusCode.FAILED_PRECONDITION
