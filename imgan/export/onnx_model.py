"""A bundle as a file of ONNX, for ONNX Runtime and what else reads it."""

import contextlib
import gc
from collections.abc import Iterator
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from imgan.export.agreement import check_agreement
from imgan.export.obstacles import check_obstacles
from imgan.export.obstacles import lacks
from imgan.export.obstacles import refusal
from imgan.export.portable import PortableExport
from imgan.export.portable import check_precision
from imgan.export.portable import choose_file
from imgan.export.portable import require_packages
from imgan.export.portable import write_portable
from imgan.export.tensors import Feed
from imgan.export.tensors import PortableNetwork
from imgan.export.tensors import Run
from imgan.runtime import hold_stderr
from imgan.runtime import import_tensorflow
from imgan.types import Array

OPSET = 18
"""The newest that the converter writes; ONNX Runtime reads it since 1.14."""

PRECISIONS = {
    "float32": "",
    "float16": "",
    "int8": "That is for --format litert",
    "bfloat16": "That is for --format saved_model",
}
"""What there is, and where to go for the others."""

METADATA = "imgan_card"
"""Key of the card, as JSON, in the file's `metadata_props`."""

_OFTEN = (700, 10, 2)  # everything, every 14,000 new objects


def export_onnx(
    bundle: Path, output: Path, *, precision: str = "float32"
) -> PortableExport:
    """Write an `.onnx` file, and the card beside it and inside.

    Its tensors are those that `PortableNetwork` describes, for any number of pictures
    of any one height and width, float32 in either precision. In float16 weights and
    activations have half the size, for GPUs; processors are no faster by it. The card
    is in `metadata_props` as `imgan_card`.

    What was written is compared with Keras first. An existing file is replaced.

    Args:
        bundle: A bundle, not an export.
        output: A file that ends in `.onnx`, or a folder, in which it is named after the
            card.
        precision: float32 or float16.

    Returns:
        What was written, whole or not at all.

    Raises:
        MissingExtraError: If ONNX, its converter or its runtime is not installed.
        UsageError: If the network cannot go to ONNX like this.
        CheckpointError: If the bundle cannot be used, or the file would not compute
            what the bundle does.
        OutputError: If the file cannot be written.
    """
    check_precision(precision, PRECISIONS, "ONNX")
    require_packages(["onnx", "tf2onnx", "onnxruntime"], "Exporting to ONNX", "onnx")
    portable = PortableNetwork.load(bundle)
    path = choose_file(output, "onnx", portable.card)
    check_obstacles(portable, "onnx", precision)
    content = _convert(portable, precision)
    lines = [
        f"{path}: ONNX in {precision}, opset {OPSET}, {len(content) / 1e6:.2f} MB",
        *portable.describe("batch"),
        check_agreement(portable, open_onnx(content), precision),
    ]
    write_portable(path, content, portable.card)
    return PortableExport(path, tuple(lines))


def open_onnx(content: bytes) -> Run:
    """Return an ONNX file of one output as a function of arrays, run by ONNX Runtime.

    Args:
        content: Of the file.
    """
    import onnxruntime

    # On the processor, as everything that is compared.
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])

    def run(feed: Feed) -> Array:
        made: Array = session.run(None, feed)[0]
        return made

    return run


def _convert(portable: PortableNetwork, precision: str) -> bytes:
    """Return the content of the file.

    Raises:
        UsageError: If the network has operations that ONNX has not.
    """
    tf = import_tensorflow()
    import onnx

    with hold_stderr(), _collecting():
        import tf2onnx

        signature = portable.signature(None)
        function = portable.function()

        def call(*tensors: Any) -> dict[str, Any]:
            return {portable.output_name: function(*tensors)}

        model, _ = tf2onnx.convert.from_function(
            tf.function(call, input_signature=signature),
            input_signature=signature,
            opset=OPSET,
        )
    # The converter leaves in what it does not know.
    unknown = {
        node.op_type
        for node in model.graph.node
        if not onnx.defs.has(node.op_type, node.domain)
    }
    if unknown:
        raise refusal(portable, "ONNX", lacks(unknown))
    if precision == "float16":
        from onnxruntime.transformers.float16 import convert_float_to_float16

        model = convert_float_to_float16(model, keep_io_types=True)
    _name_axes(model.graph.input, ("batch", "height", "width"))
    enlarges = portable.card.scale > 1
    sides = ("output_height", "output_width") if enlarges else ("height", "width")
    _name_axes(model.graph.output, ("batch", *sides))
    onnx.helper.set_model_props(model, {METADATA: portable.card.model_dump_json()})
    return bytes(model.SerializeToString())


def _name_axes(values: Any, names: Sequence[str]) -> None:
    """Give the axes of any length names, instead of the converter's numbers."""
    for value in values:
        axes = value.type.tensor_type.shape.dim
        for axis, name in zip(axes, names, strict=False):
            if not axis.HasField("dim_value"):
                axis.dim_param = name


@contextlib.contextmanager
def _collecting() -> Iterator[None]:
    """Collect garbage often, of what the block makes.

    The converter copies the graph for each of its passes, weights and all, into cycles
    of references: 19 GB for a U-Net of 54 million weights, and 7 with this.
    """
    thresholds, frozen = gc.get_threshold(), gc.get_freeze_count()
    gc.collect()
    # Else a collection would wait until there is a quarter more than TensorFlow has.
    gc.freeze()
    gc.collect()
    gc.set_threshold(*_OFTEN)
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        if not frozen:
            gc.unfreeze()
