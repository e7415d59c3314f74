"""What goes wrong between here and a server: retried, worked around, or said."""

import contextlib
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import imgan
from imgan.errors import CheckpointError
from imgan.errors import ImganError
from imgan.errors import MissingExtraError
from imgan.errors import ServerError
from imgan.errors import UsageError
from imgan.inference.predictor import Predictor
from imgan.inference.remote import connect
from imgan.inference.remote_rest import available_versions
from tests.inference.networks import picture
from tests.serving.loopback import Faults
from tests.serving.loopback import Loopback
from tests.serving.servable import Servable
from tests.serving.servable import load_versions

SCHEMES = ["grpc", "http"]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait less between attempts."""
    for way in ("grpc", "rest"):
        monkeypatch.setattr(f"imgan.inference.remote_{way}.FIRST_BACKOFF", 0.01)


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
def service(enlarging: Path, faults: Faults) -> Iterator[Loopback]:
    with Loopback({"small": enlarging}, faults) as service:
        yield service


def load(service: Loopback, scheme: str = "grpc", **options: Any) -> Predictor:
    return imgan.load(f"{getattr(service, scheme)}/small", **options)


@pytest.mark.slow
@pytest.mark.parametrize("scheme", SCHEMES)
def test_attempts_while_the_server_is_not_available(
    scheme: str, service: Loopback, faults: Faults, near: Predictor
) -> None:
    """The request is larger than what gRPC keeps for retries if it is not told."""
    image = np.tile(picture(30, 31, 3), (10, 12, 1))
    assert image.nbytes > 256 << 10
    enlarge = load(service, scheme, tile=0)
    since, faults.unavailable = len(service.calls), 2
    np.testing.assert_array_equal(enlarge(image), near(image))
    assert len(service.calls) - since == 3


@pytest.mark.parametrize("scheme", SCHEMES)
def test_attempts_end(scheme: str, service: Loopback, faults: Faults) -> None:
    faults.unavailable = 1000
    since = len(service.calls)
    with pytest.raises(ServerError, match=r"does not answer: .*Told to refuse.* Check"):
        load(service, scheme)
    assert len(service.calls) - since == 5


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_server_that_is_gone_is_not_waited_for_with_each_picture(
    scheme: str, service: Loopback, faults: Faults
) -> None:
    image = picture(8, 9, 3)
    enlarge = load(service, scheme)
    faults.unavailable = 1000
    attempts = []
    for _ in range(3):
        since = len(service.calls)
        with pytest.raises(ServerError, match="does not answer"):
            enlarge(image)
        attempts.append(len(service.calls) - since)
    assert attempts == [5, 1, 1]
    # It is asked again, and once it answers, it is waited for again.
    faults.unavailable = 0
    enlarge(image)
    faults.unavailable = 1
    enlarge(image)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_deadlines(scheme: str, service: Loopback, faults: Faults) -> None:
    enlarge = load(service, scheme, timeout=0.3)
    faults.delay = 1.5
    since, started = len(service.calls), time.monotonic()
    with pytest.raises(ServerError, match=r"not answer within 0\.3 s.*--timeout"):
        enlarge(picture(8, 9, 3))
    assert time.monotonic() - started < 1.4
    assert len(service.calls) - since == 1


def test_requests_are_in_flight_together(service: Loopback, faults: Faults) -> None:
    enlarge = load(service)
    faults.delay = 0.2
    enlarge(picture(60, 60, 3))
    assert service.most_at_once == 4


@pytest.mark.parametrize(
    ("scheme", "limit", "size"), [("grpc", 12_000, (64, 70)), ("http", 4000, (40, 36))]
)
def test_tiles_shrink_to_what_the_server_takes(
    scheme: str, limit: int, size: tuple[int, int], enlarging: Path, near: Predictor
) -> None:
    """With tiles of 64 it is the request that is too large, with 32 the answer."""
    image = picture(*size, 3)
    with Loopback({"small": enlarging}, Faults(max_message_bytes=limit)) as service:
        enlarge = load(service, scheme, tile=64)
        made = enlarge.predict(image)
        (warning,) = made.warnings
        assert warning == (
            "the server could not take more, so tiles of "
            f"{enlarge.tile} pixels were used, which changes nothing in the result"
        )
        assert 16 <= enlarge.tile < 64
        # For good: the next picture begins with what was possible.
        again = enlarge.predict(image)
        assert again.warnings == []
    np.testing.assert_array_equal(made.pixels, near(image))
    np.testing.assert_array_equal(made.pixels, again.pixels)


@pytest.mark.slow
def test_blended_tiles_shrink_with_a_warning(
    translating: Path, near_drawn: Predictor
) -> None:
    image = picture(130, 80, 3, dtype="uint16")
    limits = Faults(max_message_bytes=40_000)
    with Loopback({"drawn": translating}, limits) as service:
        draw = imgan.load(f"{service.grpc}/drawn")
        made = draw.predict(image)
        assert draw.tile == 64
    assert made.warnings == [
        "the server could not take more, so tiles of 32 pixels were blended, which "
        "changes the result"
    ]
    expected = Predictor(near_drawn.engine, tile=32)(image)
    np.testing.assert_array_equal(made.pixels, expected)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_no_tile_is_small_enough(scheme: str, enlarging: Path) -> None:
    image = np.random.default_rng(0).integers(0, 255, (40, 40, 3), np.uint8)
    with Loopback({"small": enlarging}, Faults(max_message_bytes=1500)) as service:
        enlarge = load(service, scheme)
        with pytest.raises(ImganError, match=r"at once: .* larg.*no smaller one is"):
            enlarge(image)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_unknown_models_and_versions(scheme: str, service: Loopback) -> None:
    origin = getattr(service, scheme)
    with pytest.raises(ServerError, match="has no model 'large'.*Check the name"):
        imgan.load(f"{origin}/large")
    with pytest.raises(ServerError, match="has no version 9 of model 'small'"):
        imgan.load(f"{origin}/small/versions/9")
    imgan.load(f"{origin}/small/versions/1")
    imgan.load(f"{service.http}/v1/models/small/versions/1:predict")


@pytest.mark.parametrize("scheme", SCHEMES)
def test_other_models(
    scheme: str, service: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One without a card, and one whose card is something else."""
    found = Servable.predict

    def without(self: Any, name: str, *more: Any) -> Any:
        return found(self, "cardinal" if name == "card" else name, *more)

    def foreign(self: Any, name: str, inputs: Any, *more: Any) -> Any:
        return {"card": np.array([b"visiting"], object)}

    expected = r"must serve an export of imgan as model 'small'.*`imgan export`"
    for fault, message in ((without, expected), (foreign, "read as a card")):
        with monkeypatch.context() as patch:
            patch.setattr(Servable, "predict", fault)
            with pytest.raises(CheckpointError, match=message):
                load(service, scheme)


def test_the_wrong_port(service: Loopback) -> None:
    http, grpc = (one.rpartition(":")[2] for one in (service.http, service.grpc))
    with pytest.raises(ServerError, match="8500 for gRPC and 8501 for REST"):
        imgan.load(f"grpc://127.0.0.1:{http}/small")
    with pytest.raises(ServerError, match=r"does not speak HTTP.*8500 for gRPC"):
        imgan.load(f"http://127.0.0.1:{grpc}/small")
    with pytest.raises(ServerError, match="is no TensorFlow Serving.*404 Not Found"):
        imgan.load(f"{service.http}/elsewhere/v1/models/small")


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("precision", "float32"),
        ("device", "cpu"),
        ("fidelity", 0.5),
        ("stochastic", True),
    ],
)
def test_options_that_a_server_does_not_have(option: str, value: Any) -> None:
    with pytest.raises(UsageError, match=f"--{option} is for models on this machine"):
        imgan.load("grpc://127.0.0.1:1/small", **{option: value})


def test_a_timeout_without_a_server() -> None:
    with pytest.raises(UsageError, match="--timeout is for a model on a server"):
        imgan.load("bicubic", timeout=3)


@pytest.mark.parametrize(
    ("scheme", "module"), [("grpc", "tensorflow_serving.apis"), ("http", "requests")]
)
def test_what_is_not_installed(
    scheme: str, module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtraError, match=r'pip install "imgan\[serving\]"'):
        imgan.load(f"{scheme}://127.0.0.1:1/small")


@pytest.mark.parametrize("scheme", SCHEMES)
def test_values_that_are_no_numbers(
    scheme: str, service: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pixels come back black, so the floats are asked for, which tell."""
    enlarge = load(service, scheme)
    found = Servable.predict

    def spoilt(self: Any, name: str, inputs: Any, *more: Any) -> Any:
        made = found(self, name, inputs, *more)
        if name == "network":
            return {"images": made["images"] * np.float32("nan")}
        if name == "serving_default":
            return {"images": made["images"] * 0}
        images = next(iter(inputs.values()))
        black = np.zeros((16, 18, 3), np.uint8)
        files = {"output_bytes": [_png(black)], "error": [b""]}
        assert len(images) == 1
        return {key: np.array(value, object) for key, value in files.items()}

    monkeypatch.setattr(Servable, "predict", spoilt)
    with pytest.raises(ImganError, match="values that are not numbers at row 0"):
        enlarge(picture(8, 9, 3))


def _png(image: Any) -> bytes:
    return sys.modules["tensorflow"].io.encode_png(image).numpy()


def test_a_server_that_pads_what_it_merges(
    service: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = Servable.predict

    def padded(self: Any, name: str, inputs: Any, *more: Any) -> Any:
        if name == "serving_default":
            inputs = {
                "images": np.pad(inputs["images"], ((0, 0), (0, 9), (0, 0), (0, 0)))
            }
        return found(self, name, inputs, *more)

    enlarge = load(service)
    monkeypatch.setattr(Servable, "predict", padded)
    with pytest.raises(ServerError, match="turn pad_variable_length_inputs off"):
        enlarge(picture(8, 9, 3))


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_new_version_does_not_get_into_what_is_being_made(
    scheme: str, service: Loopback, translating: Path, near: Predictor
) -> None:
    enlarge = load(service, scheme)
    versions = service._models["small"]
    versions[2] = load_versions(translating)[1]
    image = picture(41, 37, 3)
    np.testing.assert_array_equal(enlarge(image), near(image))
    del versions[1]
    with pytest.raises(ServerError, match=r"has no version 1 .* or not any more"):
        enlarge(image)


def test_a_proxy_that_tells_no_versions_is_asked_for_the_latest(
    service: Loopback, near: Predictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("imgan.inference.remote_rest.available_versions", lambda _: [])
    image = picture(20, 21, 3)
    np.testing.assert_array_equal(load(service, "http")(image), near(image))


def test_versions_that_are_ready() -> None:
    rows = [
        {"version": "3", "state": "LOADING"},
        {"version": "2", "state": "AVAILABLE"},
    ]
    assert available_versions({"model_version_status": rows}) == [2]
    for other in ([], {}, {"model_version_status": [{"state": "AVAILABLE"}]}, None):
        assert available_versions(other) == []


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_host_that_takes_no_connection_is_not_waited_for_again(scheme: str) -> None:
    """Its queue of connections is full, as a firewall would drop packets."""
    with socket.socket() as host, contextlib.ExitStack() as queue:
        host.bind(("127.0.0.1", 0))
        host.listen(0)
        for _ in range(4):
            waiting = queue.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(host.getsockname())
        url = f"{scheme}://127.0.0.1:{host.getsockname()[1]}/small"
        transport = connect(url, timeout=0.5)
        for _ in range(2):
            began = time.monotonic()
            with pytest.raises(ServerError):
                transport.predict("card", [b""])
            assert time.monotonic() - began < 1.5
        transport.close()
