"""A bundle as a file of LiteRT (TensorFlow Lite), for phones and small boards."""

import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from imgan.bundles.exports import SERVING
from imgan.bundles.picture_graph import freeze
from imgan.errors import UsageError
from imgan.export.agreement import check_agreement
from imgan.export.calibration import Calibration
from imgan.export.calibration import InputFolder
from imgan.export.calibration import calibrate_by_noise
from imgan.export.calibration import calibrate_by_pictures
from imgan.export.int8_loss import measure_loss
from imgan.export.obstacles import check_obstacles
from imgan.export.obstacles import conversion_fault
from imgan.export.obstacles import refusal
from imgan.export.portable import PortableExport
from imgan.export.portable import check_precision
from imgan.export.portable import choose_file
from imgan.export.portable import require_packages
from imgan.export.portable import write_portable
from imgan.export.tensors import Feed
from imgan.export.tensors import PortableNetwork
from imgan.export.tensors import Run
from imgan.machine import usable_cores
from imgan.runtime import hold_stderr
from imgan.runtime import import_tensorflow
from imgan.types import Array

PRECISIONS = {
    "float32": "",
    "float16": "",
    "int8": "",
    "bfloat16": "That is for --format saved_model; float16 has the same size",
}
"""What there is, and where to go for the others."""

# LiteRT takes one picture at a time: its shapes stay simple, and so do delegates.
_BATCH = 1


def export_litert(
    bundle: Path,
    output: Path,
    *,
    precision: str = "float32",
    calibrate: Path | None = None,
    score: Path | None = None,
) -> PortableExport:
    """Write a `.tflite` file, and the card beside it.

    It has one signature, `serving_default`, with the tensors that `PortableNetwork`
    describes: one picture of any height and width at a time, float32 in every
    precision, so that one program runs all three files. Only built-in operations are
    used.

    - float32: what the network computes.
    - float16: weights in half the size; processors compute in float32, GPUs in float16.
    - int8: weights and activations in 8 bits, by the ranges that the pictures of
      `calibrate` cause; the ends are converted inside. A quarter of the size.

    What was written is compared with Keras first. An existing file is replaced.

    Args:
        bundle: A bundle, not an export.
        output: A file that ends in `.tflite`, or a folder, in which it is named after
            the card.
        precision: float32, float16 or int8.
        calibrate: For int8, pictures like those to come: large ones that are reduced
            here for super-resolution, inputs for translation. Generators of noise take
            none.
        score: Pictures on which to measure what int8 loses; those of `calibrate` if
            None.

    Returns:
        What was written, whole or not at all.

    Raises:
        MissingExtraError: If LiteRT is not installed.
        UsageError: If the network cannot go to LiteRT like this, or options are lacking
            or too many.
        CheckpointError: If the bundle cannot be used, or the file would not compute
            what the bundle does.
        DataError: If pictures are missing or do not suit the network.
        OutputError: If the file cannot be written.
    """
    check_precision(precision, PRECISIONS, "LiteRT")
    require_packages(["ai_edge_litert"], "Exporting to LiteRT", "litert")
    portable = PortableNetwork.load(bundle)
    path = choose_file(output, "litert", portable.card)
    check_obstacles(portable, "litert", precision)
    calibration = _calibrate(portable, precision, calibrate, score)
    content = _convert(portable, precision, calibration.feeds if calibration else None)
    run = open_litert(content)
    lines = [
        f"{path}: LiteRT in {precision}, {len(content) / 1e6:.2f} MB",
        *portable.describe(str(_BATCH)),
        check_agreement(portable, run, precision),
    ]
    if calibration:
        lines += [calibration.line, *measure_loss(portable, run, score or calibrate)]
    write_portable(path, content, portable.card)
    return PortableExport(path, tuple(lines))


def open_litert(content: bytes) -> Run:
    """Return the `serving_default` of a LiteRT file as a function of arrays.

    Args:
        content: Of the file.
    """
    from ai_edge_litert.interpreter import Interpreter

    with hold_stderr():
        interpreter = Interpreter(model_content=content, num_threads=usable_cores())
        runner = interpreter.get_signature_runner(SERVING)
    (name,) = runner.get_output_details()

    def run(feed: Feed) -> Array:
        # Whichever delegate takes the graph says so at the first call.
        with hold_stderr():
            made: Array = runner(**feed)[name]
        return made

    return run


def _calibrate(
    portable: PortableNetwork, precision: str, path: Path | None, score: Path | None
) -> Calibration | None:
    given = "--calibrate" if path else "--score" if score else None
    if precision != "int8":
        if given:
            raise UsageError(f"{given} is for --precision int8. Leave it out")
        return None
    if portable.draws:
        if given:
            raise UsageError(
                f"Model {portable.card.name!r} draws from noise and is calibrated on "
                f"that. Leave {given} out"
            )
        return calibrate_by_noise(portable)
    if path is None:
        raise UsageError(
            "--precision int8 needs --calibrate DIR, pictures like those to come, by "
            "which it finds the ranges of the network's activations"
        )
    if score is not None:
        # Listed now, so that what is not there is not missed after the conversion.
        InputFolder(portable.card, score)
    return calibrate_by_pictures(portable, path)


def _convert(
    portable: PortableNetwork, precision: str, feeds: list[Feed] | None
) -> bytes:
    """Return the content of the file.

    Raises:
        UsageError: If the network has operations that LiteRT has not.
    """
    failure: Exception | None = None
    with (
        tempfile.TemporaryDirectory() as folder,
        hold_stderr(),
        warnings.catch_warnings(),
    ):
        # The converter's own, of its own interpreter.
        warnings.filterwarnings("ignore", r"\s*Warning: tf\.lite\.Interpreter")
        _save(portable, folder)
        try:
            return bytes(_converter(folder, precision, feeds).convert())
        # Of the converter's own classes, none is public.
        except Exception as error:
            failure = error
    # Out here, as the converter's pages of details would be replayed in there.
    reason = conversion_fault(str(failure))
    raise refusal(portable, f"LiteRT in {precision}", reason) from failure


def _save(portable: PortableNetwork, folder: str) -> None:
    """Write the SavedModel that the converter reads signatures from."""
    tf = import_tensorflow()
    signature = portable.signature(_BATCH)
    frozen = freeze(portable.function(), signature)

    def serve(*tensors: Any) -> dict[str, Any]:
        return {portable.output_name: frozen(*tensors)[0]}

    module = tf.Module()
    module.serve = tf.function(serve, input_signature=signature)
    # Of a frozen graph there are no gradients to save, and SiLU's would be missed.
    options = tf.saved_model.SaveOptions(experimental_custom_gradients=False)
    signatures = {SERVING: module.serve}
    tf.saved_model.save(module, folder, signatures=signatures, options=options)


def _converter(folder: str, precision: str, feeds: list[Feed] | None) -> Any:
    tf = import_tensorflow()
    converter = tf.lite.TFLiteConverter.from_saved_model(
        folder, signature_keys=[SERVING]
    )
    if precision == "float32":
        return converter
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if precision == "float16":
        converter.target_spec.supported_types = [tf.float16]
        return converter

    def representative() -> Iterator[Feed]:
        yield from feeds or ()

    converter.representative_dataset = representative
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    return converter
