"""Requests to a server over gRPC, by the messages of TensorFlow Serving."""

import json
import os
from typing import Any

import numpy as np

from imgan.bundles.exports import CARD
from imgan.errors import MissingExtraError
from imgan.errors import TooLargeError
from imgan.inference.remote_calls import ATTEMPTS
from imgan.inference.remote_calls import CALLS
from imgan.inference.remote_calls import FIRST_BACKOFF
from imgan.inference.remote_calls import Values
from imgan.inference.remote_calls import failure
from imgan.inference.servers import ServerAddress
from imgan.runtime import import_tensorflow

# What a protocol buffer holds.
_MOST_BYTES = 2**31 - 1

# A request that does not fit into the buffer for retries is sent once only, and 256 kB
# of default are less than a tile.
_RETRY_BUFFER = 512 << 20


class GrpcTransport:
    """A channel to a server.

    Args:
        address: Of the model.
        timeout: Seconds that a request may take, its attempts and waits included.

    Raises:
        MissingExtraError: If the messages of TensorFlow Serving are not installed.
    """

    sends_arrays = True

    def __init__(self, address: ServerAddress, timeout: float) -> None:
        self._tf = import_tensorflow()
        # What gRPC says of a lost connection is said by our errors.
        os.environ.setdefault("GRPC_VERBOSITY", "NONE")
        try:
            import grpc
            from tensorflow_serving.apis import predict_pb2
            from tensorflow_serving.apis import prediction_service_pb2_grpc
        except ImportError as error:
            purpose = "Asking a server over gRPC"
            raise MissingExtraError(purpose, "serving") from error
        self.address = address
        self._timeout = timeout
        self._grpc = grpc
        self._new_request = predict_pb2.PredictRequest
        self._new_stub = prediction_service_pb2_grpc.PredictionServiceStub
        self._patient = _open(grpc, address, _with_attempts())
        self._hasty = _open(grpc, address, [("grpc.enable_retries", 0)])
        self._gone = False

    def pin(self) -> None:
        """Ask the version that is there now from here on; see `Transport`."""
        version = self._ask(CARD, [b""]).model_spec.version.value
        if version:
            self.address = self.address._replace(version=version)

    def predict(self, signature: str, values: Values) -> dict[str, Any]:
        """Return the outputs of a signature by name; see `Transport`."""
        outputs = self._ask(signature, values).outputs
        return {name: self._values(proto) for name, proto in outputs.items()}

    def _ask(self, signature: str, values: Values) -> Any:
        request = self._request(signature, values)
        # A server that was waited for in vain is not waited for with each picture.
        stub = self._new_stub(self._hasty if self._gone else self._patient)
        try:
            response = stub.Predict(request, timeout=self._timeout)
            self._gone = False
        except self._grpc.RpcError as error:
            status, details = error.code().name, error.details() or ""
            self._gone = status == "UNAVAILABLE"
            # What a proxy says by HTTP.
            if "status: 413" in details:
                status, details = "RESOURCE_EXHAUSTED", "a proxy finds it too large"
            raise failure(self.address, status, details, self._timeout) from error
        return response

    def close(self) -> None:
        """Close the channels."""
        self._patient.close()
        self._hasty.close()

    def _request(self, signature: str, values: Values) -> Any:
        if isinstance(values, np.ndarray) and values.nbytes > _MOST_BYTES // 2:
            raise TooLargeError(
                f"A message holds up to {_MOST_BYTES / 1e9:.1f} GB, with what comes "
                f"back. Received: a tile of {values.nbytes / 1e9:.1f} GB"
            )
        request, address = self._new_request(), self.address
        request.model_spec.name = address.model
        request.model_spec.signature_name = signature
        if address.version is not None:
            request.model_spec.version.value = address.version
        proto = self._tf.make_tensor_proto(values)
        request.inputs[CALLS[signature].input].CopyFrom(proto)
        request.output_filter.extend(CALLS[signature].outputs)
        return request

    def _values(self, proto: Any) -> Any:
        dtype = self._tf.dtypes.as_dtype(proto.dtype)
        if dtype == self._tf.string:
            return list(proto.string_val)
        # TensorFlow Serving answers number by number, which Python reads 50 times
        # slower than TensorFlow does.
        return self._tf.io.parse_tensor(proto.SerializeToString(), dtype).numpy()


def _open(grpc: Any, address: ServerAddress, retries: list[tuple[str, Any]]) -> Any:
    options = [
        ("grpc.max_send_message_length", -1),
        ("grpc.max_receive_message_length", -1),
        ("grpc.initial_reconnect_backoff_ms", max(100, int(FIRST_BACKOFF * 1000))),
        ("grpc.max_reconnect_backoff_ms", 5000),
        *retries,
    ]
    if address.scheme == "grpc":
        return grpc.insecure_channel(address.target, options)
    credentials = grpc.ssl_channel_credentials()
    return grpc.secure_channel(address.target, credentials, options)


def _with_attempts() -> list[tuple[str, Any]]:
    policy = {
        "maxAttempts": ATTEMPTS,
        "initialBackoff": f"{FIRST_BACKOFF:g}s",
        "maxBackoff": f"{FIRST_BACKOFF * 2**ATTEMPTS:g}s",
        "backoffMultiplier": 2,
        "retryableStatusCodes": ["UNAVAILABLE"],
    }
    service = {"service": "tensorflow.serving.PredictionService"}
    config = {"methodConfig": [{"name": [service], "retryPolicy": policy}]}
    return [
        ("grpc.enable_retries", 1),
        ("grpc.per_rpc_retry_buffer_size", _RETRY_BUFFER),
        ("grpc.service_config", json.dumps(config)),
    ]
