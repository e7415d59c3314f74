"""A version of a model as TensorFlow Serving holds it: a session and signatures."""

import functools
import warnings
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import grpc
import tensorflow as tf

from imgan.types import Array

DEFAULT_SIGNATURE = "serving_default"

Run = Callable[[tuple[str, ...], dict[str, Array]], list[Array]]
"""From the names of tensors to fetch, and arrays by the names of tensors to feed."""

_CODES = {code.value[0]: code for code in grpc.StatusCode}


class ServiceError(Exception):
    """A failure with the status that a client is told."""

    def __init__(self, code: grpc.StatusCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Servable:
    """A SavedModel, loaded by the session loader.

    Args:
        folder: The version, such as `served/1`.
    """

    def __init__(self, folder: Path) -> None:
        self._session = tf.compat.v1.Session(graph=tf.Graph())
        with self._session.graph.as_default(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            loader = tf.compat.v1.saved_model.loader
            graph = loader.load(self._session, ["serve"], str(folder))
        self.signatures: Mapping[str, Any] = graph.signature_def

    def predict(
        self,
        name: str,
        inputs: Mapping[str, Array],
        output_filter: Iterable[str] = (),
        run: Run | None = None,
    ) -> dict[str, Array]:
        """Return the outputs of a signature by name.

        Args:
            name: Of the signature; empty: the default one.
            inputs: Arrays by name.
            output_filter: Names of the outputs that are wanted; none: all.
            run: In the place of the session, for instance what merges requests.

        Raises:
            ServiceError: With the code that TensorFlow Serving has for it.
        """
        name = name or DEFAULT_SIGNATURE
        if name not in self.signatures:
            raise ServiceError(
                grpc.StatusCode.FAILED_PRECONDITION,
                f'Serving signature key "{name}" not found.',
            )
        signature = self.signatures[name]
        feed = _feed(signature, inputs)
        wanted = _wanted(signature, list(output_filter))
        fetches = tuple(signature.outputs[alias].name for alias in wanted)
        made = (run or self.run)(fetches, feed)
        return dict(zip(wanted, made, strict=True))

    def run(self, fetches: tuple[str, ...], feed: dict[str, Array]) -> list[Array]:
        """Run the session."""
        try:
            return list(self._session.run(list(fetches), feed))
        except tf.errors.OpError as error:
            raise ServiceError(_CODES[error.error_code], error.message) from error


@functools.cache
def load_servable(folder: Path) -> Servable:
    """Load a SavedModel once, however many services have it."""
    return Servable(folder)


def load_versions(folder: Path) -> dict[int, Servable]:
    """Load the numbered SavedModels in a folder."""
    versions = sorted(path for path in folder.iterdir() if path.name.isdecimal())
    return {int(path.name): load_servable(path) for path in versions}


def _feed(signature: Any, inputs: Mapping[str, Array]) -> dict[str, Array]:
    known = set(signature.inputs)
    if len(inputs) != len(known):
        raise _invalid(
            f"input size does not match signature: {len(inputs)}!={len(known)} "
            f"len({_set(inputs)}) != len({_set(known)}). Sent extra: "
            f"{_set(set(inputs) - known)}. Missing but required: "
            f"{_set(known - set(inputs))}."
        )
    feed = {}
    for alias, values in inputs.items():
        if alias not in known:
            raise _invalid(
                f"input tensor alias not found in signature: {alias}. Inputs expected "
                f"to be in the set {_set(known)}."
            )
        described = signature.inputs[alias]
        dtype = tf.dtypes.as_dtype(described.dtype)
        if tf.dtypes.as_dtype(values.dtype) != dtype:
            raise _invalid(
                f"Expects arg[0] to be {dtype.name} but {values.dtype.name} is provided"
            )
        shape = tf.TensorShape(described.tensor_shape)
        if not shape.is_compatible_with(values.shape):
            raise _invalid(
                f"You must feed a value for placeholder tensor '{described.name}' with "
                f"shape {shape}, received {list(values.shape)}"
            )
        feed[described.name] = values
    return feed


def _wanted(signature: Any, output_filter: list[str]) -> list[str]:
    for index, alias in enumerate(output_filter):
        if alias not in signature.outputs:
            raise _invalid(
                f"output tensor alias not found in signature: {alias} Outputs expected "
                f"to be in the set {_set(signature.outputs)}."
            )
        if alias in output_filter[:index]:
            raise _invalid(f"duplicate output tensor alias: {alias}")
    return output_filter or sorted(signature.outputs)


def _invalid(message: str) -> ServiceError:
    return ServiceError(grpc.StatusCode.INVALID_ARGUMENT, message)


def _set(names: Iterable[str]) -> str:
    return "{" + ",".join(sorted(names)) + "}"
