"""The REST interface of TensorFlow Serving: JSON in, JSON out."""

import base64
import json
import re
import socket
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler
from http.server import ThreadingHTTPServer
from typing import TYPE_CHECKING
from typing import Any

import grpc
import numpy as np
import tensorflow as tf
from google.protobuf import json_format
from tensorflow_serving.apis import get_model_metadata_pb2
from tensorflow_serving.apis import model_pb2

from imgan.types import Array
from tests.serving.servable import DEFAULT_SIGNATURE
from tests.serving.servable import ServiceError

if TYPE_CHECKING:
    from tests.serving.loopback import Loopback

_VERSION = r"(?:/versions/(?P<version>\d+)|/labels/(?P<label>[^/:]+))?"
_PREDICT = re.compile(rf"(?i)/v1/models/(?P<name>[^/:]+){_VERSION}:predict")
_MODEL = re.compile(rf"(?i)/v1/models/(?P<name>[^/:]+){_VERSION}(?P<more>/metadata)?")

_STATUS = {
    "CANCELLED": 499,
    "INVALID_ARGUMENT": 400,
    "DEADLINE_EXCEEDED": 504,
    "NOT_FOUND": 404,
    "ALREADY_EXISTS": 409,
    "PERMISSION_DENIED": 403,
    "RESOURCE_EXHAUSTED": 429,
    "FAILED_PRECONDITION": 400,
    "ABORTED": 409,
    "OUT_OF_RANGE": 400,
    "UNIMPLEMENTED": 501,
    "UNAVAILABLE": 503,
    "UNAUTHENTICATED": 401,
}


class RestServer:
    """The HTTP port of a service.

    Args:
        service: Computes predictions.
        max_bytes: Of a request's body, as a proxy may limit it; -1: any.
    """

    def __init__(self, service: "Loopback", max_bytes: int = -1) -> None:
        self._server = _Server(service, max_bytes)
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Close the port and every connection."""
        self._server.shutdown()
        self._server.server_close()
        self._server.drop_connections()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, service: "Loopback", max_bytes: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.service = service
        self.max_bytes = max_bytes
        self.connections: set[socket.socket] = set()

    def drop_connections(self) -> None:
        for connection in list(self.connections):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: clients of tests come and go."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.server.connections.add(self.connection)

    def finish(self) -> None:
        self.server.connections.discard(self.connection)
        super().finish()

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        self._handle(_get)

    def do_POST(self) -> None:
        self._handle(_post)

    def _handle(self, answer: Any) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if 0 <= self.server.max_bytes < len(body):
            # In the words of a proxy, which are no JSON.
            self.close_connection = True
            self._send(413, b"<html><h1>413 Request Entity Too Large</h1></html>")
            return
        if not self.path.lower().startswith("/v1/"):
            self._send(404, b"Not Found")
            return
        try:
            self._send(200, answer(self.server.service, self.path, body))
        except ServiceError as error:
            text = json.dumps({"error": error.message}).encode()
            self._send(_STATUS.get(error.code.name, 500), text)

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        json_body = body[:1] == b"{"
        kind = "application/json" if json_body else "text/html"
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _get(service: "Loopback", path: str, body: bytes) -> bytes:
    match = _MODEL.fullmatch(path)
    if not match:
        raise _invalid(f"Malformed request: GET {path}")
    spec = _spec(match)
    if match["more"]:
        request = get_model_metadata_pb2.GetModelMetadataRequest(
            model_spec=spec, metadata_field=["signature_def"]
        )
        message = service.metadata(request)
        options = {"preserving_proto_field_name": True}
        return json_format.MessageToJson(message, **options).encode()
    service.find(spec)
    numbers = [spec.version.value] if match["version"] else service.versions(spec.name)
    status = {"error_code": "OK", "error_message": ""}
    rows = [
        {"version": str(number), "state": "AVAILABLE", "status": status}
        for number in reversed(numbers)
    ]
    return json.dumps({"model_version_status": rows}, indent=1).encode()


def _post(service: "Loopback", path: str, body: bytes) -> bytes:
    match = _PREDICT.fullmatch(path)
    if not match:
        raise _invalid(f"Malformed request: POST {path}")
    spec = _spec(match)
    document = _parse(body)
    name = document.get("signature_name", "")
    if not isinstance(name, str):
        raise _invalid("'signature_name' key must be a string value.")
    spec.signature_name = name
    signatures = service.find(spec)[1].signatures
    name = name or DEFAULT_SIGNATURE
    if name not in signatures:
        raise _invalid(f'Serving signature name: "{name}" not found in signature def')
    inputs, by_rows = read_inputs(document, signatures[name].inputs)
    _, outputs = service.predict(spec, inputs)
    return json.dumps(write_outputs(outputs, by_rows)).encode()


def _spec(match: re.Match[str]) -> model_pb2.ModelSpec:
    spec = model_pb2.ModelSpec(name=match["name"])
    if match["version"]:
        spec.version.value = int(match["version"])
    if match["label"]:
        spec.version_label = match["label"]
    return spec


def _parse(body: bytes) -> dict[str, Any]:
    if not body:
        raise _invalid("JSON Parse error: The document is empty")
    try:
        document = json.loads(body)
    except ValueError as error:
        raise _invalid(f"JSON Parse error: {error}") from error
    if not isinstance(document, dict):
        raise _invalid("JSON Value is not object")
    return document


def read_inputs(
    document: Mapping[str, Any], described: Mapping[str, Any]
) -> tuple[dict[str, Array], bool]:
    """Return the arrays of a request by name, and whether it came in rows."""
    rows, columns = document.get("instances"), document.get("inputs")
    if rows is not None and columns is not None:
        raise _invalid(
            "Not formatted correctly expecting only one of 'inputs' or 'instances' "
            "keys to exist "
        )
    if rows is None and columns is None:
        raise _invalid("Missing 'inputs' or 'instances' key")
    if rows is not None:
        values = _columns_of(rows, described)
    else:
        values = _named(columns, described)
    arrays = {
        name: _array(value, tf.dtypes.as_dtype(described[name].dtype))
        for name, value in values.items()
    }
    return arrays, rows is not None


def _columns_of(rows: Any, described: Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(rows, list):
        raise _invalid("Excepting 'instances' to be an list/array")
    if not rows:
        raise _invalid("No values in 'instances' array")
    kinds = {_is_object(row) for row in rows}
    if len(kinds) > 1:
        raise _invalid("Expecting object but got list at item of input list")
    if not kinds.pop():
        if len(described) > 1:
            raise _invalid("instances is a plain list, but expecting list of objects")
        return {next(iter(described)): rows}
    for index, row in enumerate(rows):
        if set(row) != set(described):
            raise _invalid(
                f"Failed to process element: {index} of 'instances' list. keys must be "
                f"equal to: {','.join(sorted(described))}"
            )
    return {name: [row[name] for row in rows] for name in described}


def _named(columns: Any, described: Mapping[str, Any]) -> dict[str, Any]:
    if not _is_object(columns):
        if len(described) > 1:
            raise _invalid("inputs is a plain value/list, but expecting an object")
        return {next(iter(described)): columns}
    for name in described:
        if name not in columns:
            raise _invalid(f"Missing named input: {name} in 'inputs' object.")
    return {name: columns[name] for name in described}


def _is_object(value: Any) -> bool:
    return isinstance(value, dict) and set(value) != {"b64"}


def _array(value: Any, dtype: Any) -> Array:
    try:
        if dtype == tf.string:
            return np.array(_decoded(value), object)
        array = np.array(value)
    except ValueError as error:
        raise _invalid(f"Encountered list at unexpected size: {error}") from error
    kinds = "iuf" if dtype.is_floating else "b" if dtype.is_bool else "iu"
    if array.dtype.kind not in kinds:
        raise _invalid(f"JSON Value is not of expected type: {dtype.name}")
    return array.astype(dtype.as_numpy_dtype)


def _decoded(value: Any) -> Any:
    if isinstance(value, list):
        return [_decoded(one) for one in value]
    if isinstance(value, dict):
        try:
            return base64.b64decode(value["b64"], validate=True)
        except (KeyError, TypeError, ValueError) as error:
            raise _invalid("Unable to base64 decode") from error
    if not isinstance(value, str):
        raise _invalid("JSON Value is not of expected type: string")
    return value.encode()


def write_outputs(outputs: Mapping[str, Array], by_rows: bool) -> dict[str, Any]:
    """Return the answer to a request; a single output has no name."""
    named = {
        name: _listed(values, name.endswith("_bytes"))
        for name, values in sorted(outputs.items())
    }
    if len(named) == 1:
        (only,) = named.values()
        return {"predictions" if by_rows else "outputs": only}
    if not by_rows:
        return {"outputs": named}
    if len({len(values) for values in named.values()}) > 1:
        raise _invalid("Tensor has inconsistent batch size")
    rows = zip(*named.values(), strict=True)
    return {"predictions": [dict(zip(named, row, strict=True)) for row in rows]}


def _listed(values: Array, as_bytes: bool) -> Any:
    if values.dtype != object:
        return values.tolist()
    texts = np.array([_encoded(one, as_bytes) for one in values.flat], object)
    return texts.reshape(values.shape).tolist()


def _encoded(value: bytes, as_bytes: bool) -> Any:
    return {"b64": base64.b64encode(value).decode()} if as_bytes else value.decode()


def _invalid(message: str) -> ServiceError:
    return ServiceError(grpc.StatusCode.INVALID_ARGUMENT, message)
