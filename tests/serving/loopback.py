"""A model server on loopback: the messages and stubs of TensorFlow Serving, in Python.

Models are loaded by the session loader. It answers as `tensorflow_model_server` does,
over gRPC and over REST, and can be told to misbehave.

Example:
    >>> with Loopback({"x4": Path("served")}) as service:      # doctest: +SKIP
    ...     imgan.load(f"{service.grpc}/x4")
"""

import threading
import time
from collections.abc import Iterator
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from typing import NamedTuple

import grpc
import tensorflow as tf
from google.protobuf import any_pb2
from tensorflow.core.framework import tensor_pb2
from tensorflow_serving.apis import get_model_metadata_pb2
from tensorflow_serving.apis import model_pb2
from tensorflow_serving.apis import predict_pb2
from tensorflow_serving.apis import prediction_service_pb2_grpc

from imgan.types import Array
from tests.serving.merging import Merger
from tests.serving.rest import RestServer
from tests.serving.servable import DEFAULT_SIGNATURE
from tests.serving.servable import Servable
from tests.serving.servable import ServiceError
from tests.serving.servable import load_versions

# Requests that wait to be merged hold a thread each.
_WORKERS = 80

_FIELDS = {
    "string": "string_val",
    "bool": "bool_val",
    "float32": "float_val",
    "float64": "double_val",
    "int64": "int64_val",
    "uint8": "int_val",
    "uint16": "int_val",
    "int32": "int_val",
}


@dataclass
class Faults:
    """What goes wrong; may be changed while the service runs, but for the size."""

    unavailable: int = 0
    """Requests that are still to be refused with UNAVAILABLE, 503 in REST."""
    delay: float = 0.0
    """Seconds that each request takes longer."""
    die_after: int | None = None
    """Predictions after which both ports are closed, whoever waits for an answer."""
    max_message_bytes: int = -1
    """Of requests, and over gRPC of answers; -1: any."""


class Call(NamedTuple):
    """A prediction that was asked for."""

    model: str
    signature: str
    shapes: dict[str, tuple[int, ...]]
    """Of the inputs, by name."""


class Loopback(prediction_service_pb2_grpc.PredictionServiceServicer):
    """A PredictionService and its REST interface, between `with` and its end.

    Args:
        models: Folders of numbered versions, by the name of the model; the largest
            number is the latest.
        faults: What goes wrong.
        merger: Merges requests that wait at the same time.
    """

    def __init__(
        self,
        models: Mapping[str, Path],
        faults: Faults | None = None,
        merger: Merger | None = None,
    ) -> None:
        self.faults = faults or Faults()
        self.calls: list[Call] = []
        """Predictions in the order in which they came, refused ones among them."""
        self.most_at_once = 0
        """Largest number of predictions that were being answered together."""
        self._merger = merger
        self._models = {name: load_versions(path) for name, path in models.items()}
        self._lock = threading.Lock()
        self._at_once = 0
        self._answered = 0
        limit = self.faults.max_message_bytes
        self._server = grpc.server(
            ThreadPoolExecutor(_WORKERS, "loopback"),
            options=[
                ("grpc.max_receive_message_length", limit),
                ("grpc.max_send_message_length", limit),
                ("grpc.so_reuseport", 0),
            ],
        )
        prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(
            self, self._server
        )
        port = self._server.add_insecure_port("127.0.0.1:0")
        self._rest = RestServer(self, limit)
        self.grpc = f"grpc://127.0.0.1:{port}"
        """What comes before `/NAME` in an address."""
        self.http = f"http://127.0.0.1:{self._rest.port}"

    def __enter__(self) -> "Loopback":
        self._server.start()
        self._rest.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Close both ports at once; requests under way are given up."""
        self._rest.stop()
        self._server.stop(grace=None).wait()

    def predict(
        self,
        spec: model_pb2.ModelSpec,
        inputs: Mapping[str, Array],
        output_filter: Any = (),
    ) -> tuple[int, dict[str, Array]]:
        """Return the version that answered, and its outputs by name.

        Raises:
            ServiceError: If there is no such model, or the request does not fit it.
        """
        signature = spec.signature_name or DEFAULT_SIGNATURE
        shapes = {name: values.shape for name, values in inputs.items()}
        with self._counted(Call(spec.name, signature, shapes)):
            version, servable = self.find(spec)
            run = self._merger.wrap(servable.run) if self._merger else None
            outputs = servable.predict(signature, inputs, output_filter, run)
        self._answered += 1
        return version, outputs

    def find(self, spec: model_pb2.ModelSpec) -> tuple[int, Servable]:
        """Return the version of a model that a request means, and its number.

        Raises:
            ServiceError: If there is none.
        """
        invalid = grpc.StatusCode.INVALID_ARGUMENT
        if not spec.name:
            raise ServiceError(invalid, "ModelSpec has no name specified.")
        if spec.version_label:
            label = spec.version_label
            raise ServiceError(invalid, f"Unrecognized servable version label: {label}")
        versions = self._models.get(spec.name, {})
        asked = f"Latest({spec.name})"
        version = max(versions, default=-1)
        if spec.HasField("version"):
            version = spec.version.value
            asked = f"Specific({spec.name}, {version})"
        if version not in versions:
            raise ServiceError(
                grpc.StatusCode.NOT_FOUND, f"Servable not found for request: {asked}"
            )
        return version, versions[version]

    def versions(self, name: str) -> list[int]:
        """Return the versions of a model; none: there is no such model."""
        return sorted(self._models.get(name, {}))

    @contextmanager
    def _counted(self, call: Call) -> Iterator[None]:
        """Note a prediction, and let it go wrong as it should."""
        with self._lock:
            self.calls.append(call)
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
            refused = self.faults.unavailable > 0
            self.faults.unavailable -= refused
            limit = self.faults.die_after
            dead = limit is not None and self._answered >= limit
        try:
            if dead:
                threading.Thread(target=self.stop, daemon=True).start()
            if refused or dead:
                raise ServiceError(grpc.StatusCode.UNAVAILABLE, "Told to refuse")
            time.sleep(self.faults.delay)
            yield
        finally:
            with self._lock:
                self._at_once -= 1

    def Predict(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Answer over gRPC."""
        with _aborting(context):
            if not request.HasField("model_spec"):
                invalid = grpc.StatusCode.INVALID_ARGUMENT
                raise ServiceError(invalid, "Missing ModelSpec")
            inputs = {
                name: tf.make_ndarray(tensor) for name, tensor in request.inputs.items()
            }
            version, outputs = self.predict(
                request.model_spec, inputs, request.output_filter
            )
        response = predict_pb2.PredictResponse()
        response.model_spec.name = request.model_spec.name
        response.model_spec.version.value = version
        signature = request.model_spec.signature_name or DEFAULT_SIGNATURE
        response.model_spec.signature_name = signature
        for name, values in outputs.items():
            response.outputs[name].CopyFrom(to_proto(values))
        return response

    def GetModelMetadata(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Describe the signatures of a model over gRPC."""
        with _aborting(context):
            return self.metadata(request)

    def metadata(self, request: Any) -> Any:
        """Return a `GetModelMetadataResponse`.

        Raises:
            ServiceError: If there is no such model, or something else is asked for.
        """
        invalid = grpc.StatusCode.INVALID_ARGUMENT
        if not request.HasField("model_spec"):
            raise ServiceError(invalid, "Missing ModelSpec")
        if not request.metadata_field:
            raise ServiceError(
                invalid,
                "GetModelMetadataRequest must specify at least one metadata_field",
            )
        for name in request.metadata_field:
            if name != "signature_def":
                raise ServiceError(invalid, f"Metadata field {name} is not supported")
        version, servable = self.find(request.model_spec)
        signatures = get_model_metadata_pb2.SignatureDefMap()
        for name, signature in servable.signatures.items():
            signatures.signature_def[name].CopyFrom(signature)
        response = get_model_metadata_pb2.GetModelMetadataResponse()
        response.model_spec.name = request.model_spec.name
        response.model_spec.version.value = version
        packed = any_pb2.Any()
        packed.Pack(signatures)
        response.metadata["signature_def"].CopyFrom(packed)
        return response


@contextmanager
def _aborting(context: Any) -> Iterator[None]:
    try:
        yield
    except ServiceError as error:
        context.abort(error.code, error.message)


def to_proto(values: Array) -> Any:
    """Return an array in the field of its dtype, as the server writes its answers."""
    dtype = tf.dtypes.as_dtype(values.dtype)
    proto = tensor_pb2.TensorProto(
        dtype=dtype.as_datatype_enum,
        tensor_shape=tf.TensorShape(values.shape).as_proto(),
    )
    getattr(proto, _FIELDS[dtype.name]).extend(values.ravel().tolist())
    return proto
