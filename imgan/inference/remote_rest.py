"""Requests to a server over its REST interface: JSON, and pictures as PNG inside.

Floats travel as decimal numbers, which lose nothing, and take 20 times as long as over
gRPC and some 300 MB of memory for each tile on its way.
"""

import base64
import json
from http.client import HTTPException
from typing import Any

import numpy as np

from imgan.errors import ImganError
from imgan.errors import MissingExtraError
from imgan.errors import ServerError
from imgan.inference.remote_calls import ATTEMPTS
from imgan.inference.remote_calls import CALLS
from imgan.inference.remote_calls import FIRST_BACKOFF
from imgan.inference.remote_calls import Values
from imgan.inference.remote_calls import failure
from imgan.inference.servers import ServerAddress

# What stands for them in HTTP; TensorFlow Serving knows the rest as 400 and 500.
_STATUS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    408: "DEADLINE_EXCEEDED",
    413: "RESOURCE_EXHAUSTED",
    429: "RESOURCE_EXHAUSTED",
    502: "UNAVAILABLE",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
_AGAIN = (429, 502, 503)
_LONGEST_WAIT = 60.0
_LONGEST_CONNECT = 10.0
"""Seconds until a host counts as gone that does not take a connection."""
_CONNECTIONS = 16


class RestTransport:
    """Connections to a server's REST interface.

    Args:
        address: Of the model.
        timeout: Seconds that an attempt may take.

    Raises:
        MissingExtraError: If `requests` is not installed.
    """

    sends_arrays = False

    def __init__(self, address: ServerAddress, timeout: float) -> None:
        try:
            import requests
        except ImportError as error:
            purpose = "Asking a server over http"
            raise MissingExtraError(purpose, "serving") from error
        self.address = address
        self._timeout = timeout
        self._requests = requests
        self._patient = _session(requests, ATTEMPTS - 1)
        self._hasty = _session(requests, 0)
        self._gone = False

    def pin(self) -> None:
        """Ask the version that is there now from here on; see `Transport`.

        A proxy may let nothing through but predictions: then it is the latest.
        """
        if self.address.version is not None:
            return
        try:
            response = self._hasty.get(
                self.address.model_url, timeout=self._limits(self._timeout)
            )
            versions = available_versions(response.json())
        except (self._requests.RequestException, ValueError):
            return
        if versions:
            self.address = self.address._replace(version=max(versions))

    def predict(self, signature: str, values: Values) -> dict[str, Any]:
        """Return the outputs of a signature by name; see `Transport`."""
        if isinstance(values, np.ndarray):
            sent: Any = values.tolist()
        else:
            sent = [{"b64": base64.b64encode(one).decode("ascii")} for one in values]
        inputs = {CALLS[signature].input: sent}
        text = json.dumps({"signature_name": signature, "inputs": inputs})
        answer = self._post(text.encode("ascii"))
        return read_outputs(answer, CALLS[signature].outputs, self.address)

    def close(self) -> None:
        """Close the connections."""
        self._patient.close()
        self._hasty.close()

    @staticmethod
    def _limits(seconds: float) -> Any:
        from urllib3 import Timeout

        return Timeout(connect=min(seconds, _LONGEST_CONNECT), total=seconds)

    def _post(self, body: bytes) -> Any:
        # A server that was waited for in vain is not waited for with each picture.
        session = self._hasty if self._gone else self._patient
        try:
            response = session.post(
                self.address.predict_url,
                data=body,
                headers={"Content-Type": "application/json"},
                timeout=self._limits(self._timeout),
            )
        except self._requests.RequestException as error:
            raise self._unanswered(error) from error
        self._gone = response.status_code == 503
        try:
            document = response.json()
        except ValueError:
            document = None
        if response.status_code != 200:
            raise self._refused(response, document, len(body))
        return document

    def _unanswered(self, error: Exception) -> ImganError:
        # Whoever does not even take a connection is gone, and not slow.
        timed_out = isinstance(error, self._requests.ReadTimeout)
        self._gone = not timed_out
        status = "DEADLINE_EXCEEDED" if timed_out else "UNAVAILABLE"
        return failure(self.address, status, _reason(error), self._timeout)

    def _refused(self, response: Any, document: Any, size: int) -> ImganError:
        code = response.status_code
        if isinstance(document, dict) and "error" in document:
            details = str(document["error"])
        elif code == 413:
            details = f"a message of {size / 1e6:.3g} MB is too large"
        elif code in _AGAIN:
            details = f"{code} {response.reason}"
        else:
            return ServerError(
                f"{self.address.origin} is no TensorFlow Serving, or a proxy refuses: "
                f"{code} {response.reason}. Check host and port"
            )
        status = _STATUS.get(code, "INTERNAL")
        return failure(self.address, status, details, self._timeout)


def _session(requests: Any, retries: int) -> Any:
    from urllib3 import Retry
    from urllib3.exceptions import ConnectTimeoutError
    from urllib3.exceptions import MaxRetryError
    from urllib3.exceptions import NewConnectionError
    from urllib3.exceptions import ReadTimeoutError

    class Again(Retry):
        """Waits for a server that is not there yet, not for one that is too slow."""

        def increment(
            self,
            method: str | None = None,
            url: str | None = None,
            response: Any = None,
            error: Exception | None = None,
            *more: Any,
            **options: Any,
        ) -> Any:
            if isinstance(error, ReadTimeoutError):
                raise error
            # A connection that was refused is one too, for older versions of urllib3.
            refused = isinstance(error, NewConnectionError)
            if isinstance(error, ConnectTimeoutError) and not refused:
                pool: Any = options.get("_pool")
                raise MaxRetryError(pool, url or "", error)
            return super().increment(method, url, response, error, *more, **options)

        def get_retry_after(self, response: Any) -> float | None:
            seconds = super().get_retry_after(response)
            return None if seconds is None else min(seconds, _LONGEST_WAIT)

    session = requests.Session()
    policy = Again(
        total=retries,
        backoff_factor=FIRST_BACKOFF,
        allowed_methods={"POST"},
        status_forcelist=_AGAIN,
        raise_on_status=False,
    )
    adapter = requests.adapters.HTTPAdapter(
        pool_maxsize=_CONNECTIONS, max_retries=policy
    )
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    return session


def available_versions(status: Any) -> list[int]:
    """Return the versions that a server has ready; none where it does not tell.

    Args:
        status: Of a model, as JSON.
    """
    try:
        return [
            int(row["version"])
            for row in status["model_version_status"]
            if row["state"] == "AVAILABLE"
        ]
    except (LookupError, TypeError, ValueError):
        return []


def read_outputs(
    answer: Any, names: tuple[str, ...], address: ServerAddress
) -> dict[str, Any]:
    """Return the outputs by name; a single one comes without.

    Args:
        answer: Of a server, as JSON.
        names: Of the outputs.
        address: Of the server, for the message.

    Raises:
        ServerError: If it is not what TensorFlow Serving answers.
    """
    try:
        named = answer["outputs"]
        if len(names) == 1:
            named = {names[0]: named}
        return {name: _values(named[name]) for name in names}
    except (LookupError, TypeError, ValueError) as error:
        raise ServerError(
            f"{address.origin} answers, but not as TensorFlow Serving does. Check host "
            "and port"
        ) from error


def _values(value: Any) -> Values:
    if isinstance(value[0], str):
        return [one.encode("utf-8") for one in value]
    if isinstance(value[0], dict):
        return [base64.b64decode(one["b64"]) for one in value]
    return np.array(value, np.float32)


def _reason(error: BaseException) -> str:
    """Return the heart of an error that was wrapped several times."""
    inner = _wrapped(error)
    if inner is not None:
        return _reason(inner)
    if isinstance(error, OSError):
        return error.strerror or str(error)
    # Not that the connection was closed, which is an OSError too.
    if isinstance(error, HTTPException):
        return "it does not speak HTTP"
    return str(error) or type(error).__name__


def _wrapped(error: BaseException) -> BaseException | None:
    held = [getattr(error, "reason", None), *error.args, error.__cause__]
    return next((one for one in held if isinstance(one, BaseException)), None)
