"""What `bench_peers` times: one network in different engines, each in its own process.

A process of its own keeps the threads and the memory of one engine from another.
"""

import os
import resource
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from typing import NamedTuple

import numpy as np

from imgan.types import Array

Run = Callable[[list[Array]], list[Array]]
"""From `(height, width, 3)` uint8 pictures to results, uint8 or float32 in [0, 1]."""

ONNX, STATE, BUNDLE = "network.onnx", "network.pth", "bundle"


class Turn(NamedTuple):
    """One turn of an engine."""

    seconds: float
    memory: float
    """MB, the most that its process held so far."""
    result: Array
    """Of the first picture, float32 in [0, 1]."""


def serve(connection: Connection, engine: str, precision: str, folder: Path) -> None:
    """Answer requests of the parent: pictures in, a `Turn` back; None ends it.

    What is not the network is not timed: pictures become the engine's own kind of
    array before, and results become float32 after. imgan's are timed from bytes to
    bytes, as it knows nothing else.
    """
    prepare = {
        "imgan": _imgan,
        "torch": _torch,
        "onnxruntime": _onnxruntime,
        "openvino": _openvino,
    }[engine]
    begin = prepare(folder, precision)
    while (pictures := connection.recv()) is not None:
        run = begin(pictures)
        started = time.perf_counter()
        made = run()
        seconds = time.perf_counter() - started
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        connection.send(Turn(seconds, memory, _light(made)))


def write_network(name: str, folder: Path) -> None:
    """Write the network for every engine; in a process of its own.

    Args:
        name: Of `peer_networks`.
        folder: Where `ONNX`, `STATE` and, for imgan, `BUNDLE` are written.
    """
    import torch
    from peer_networks import random_network

    from imgan.importing.importer import import_checkpoint

    network = random_network(name)
    torch.save({"params": network.state_dict()}, folder / STATE)
    size = {2: "height", 3: "width"}
    torch.onnx.export(
        network,
        (torch.zeros(1, 3, 64, 64),),
        str(folder / ONNX),
        input_names=["images"],
        output_names=["results"],
        dynamic_axes={"images": size, "results": size},
        dynamo=False,
    )
    import_checkpoint(folder / STATE, folder / BUNDLE)


def _imgan(folder: Path, precision: str) -> Callable[[list[Array]], Callable[[], Any]]:
    from imgan.inference.predictor import Predictor
    from imgan.inference.streams import Streams
    from imgan.types import Region

    engine = Predictor.load(folder / BUNDLE, precision=precision).engine
    streams = Streams(engine.streams)

    def begin(pictures: list[Array]) -> Callable[[], Any]:
        results: list[Any] = [None] * len(pictures)

        def one(index: int) -> None:
            pixels = pictures[index]
            whole = Region(0, 0, 4 * pixels.shape[0], 4 * pixels.shape[1])
            results[index] = engine.run(
                pixels, whole, precision, quantise=True, compiled=True
            ).pixels

        def run() -> Any:
            streams.map(one, range(len(pictures)))
            return results[0]

        return run

    return begin


def _torch(folder: Path, precision: str) -> Callable[[list[Array]], Callable[[], Any]]:
    import torch
    from peer_networks import NETWORKS

    state = torch.load(folder / STATE)["params"]
    name = "compact" if "body.0.weight" in state else "span"
    network = NETWORKS[name]().eval()
    network.load_state_dict(state)
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    kind = torch.bfloat16 if "bfloat16" in precision else torch.float32
    layout = torch.contiguous_format
    if "channels-last" in precision or kind == torch.bfloat16:
        layout = torch.channels_last
    network = network.to(kind).to(memory_format=layout)

    def begin(pictures: list[Array]) -> Callable[[], Any]:
        given = [
            torch.from_numpy(_channels_first(one)).to(kind, memory_format=layout)
            for one in pictures
        ]

        def run() -> Any:
            with torch.inference_mode():
                return [network(one) for one in given][0].float().numpy()

        return run

    return begin


def _onnxruntime(
    folder: Path, precision: str
) -> Callable[[list[Array]], Callable[[], Any]]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = len(os.sched_getaffinity(0))
    session = onnxruntime.InferenceSession(
        str(folder / ONNX), options, providers=["CPUExecutionProvider"]
    )

    def begin(pictures: list[Array]) -> Callable[[], Any]:
        given = [_channels_first(one) for one in pictures]
        return lambda: [session.run(None, {"images": one})[0] for one in given][0]

    return begin


def _openvino(
    folder: Path, precision: str
) -> Callable[[list[Array]], Callable[[], Any]]:
    import openvino

    kind, _, how = precision.partition(" ")
    at_once = how == "two at once"
    settings = {
        "INFERENCE_PRECISION_HINT": "bf16" if kind == "bfloat16" else "f32",
        "PERFORMANCE_HINT": "THROUGHPUT" if at_once else "LATENCY",
    }
    model = openvino.Core().read_model(folder / ONNX)

    def begin(pictures: list[Array]) -> Callable[[], Any]:
        given = [_channels_first(one) for one in pictures]
        compiled = _compiled(given[0].shape)
        if not at_once:
            return lambda: [compiled([one])[0] for one in given][0]
        results: dict[int, Array] = {}
        queue = openvino.AsyncInferQueue(compiled)

        def keep(request: Any, index: int) -> None:
            results[index] = np.array(request.get_output_tensor().data)

        queue.set_callback(keep)

        def run() -> Any:
            for index, one in enumerate(given):
                queue.start_async([one], index)
            queue.wait_all()
            return results[0]

        return run

    known: dict[Any, Any] = {}

    def _compiled(shape: Any) -> Any:
        # One shape is what it is fastest for.
        if shape not in known:
            model.reshape(list(shape))
            known[shape] = openvino.Core().compile_model(model, "CPU", settings)
        return known[shape]

    return begin


def _channels_first(pixels: Array) -> Array:
    light = pixels.astype(np.float32) / np.float32(255)
    return np.ascontiguousarray(light.transpose(2, 0, 1)[None])


def _light(made: Any) -> Array:
    """Return a result as `(height, width, 3)` float32 in [0, 1]."""
    if made.dtype == np.uint8:
        return np.asarray(made, np.float32) / np.float32(255)
    return np.clip(np.asarray(made, np.float32)[0].transpose(1, 2, 0), 0, 1)
