"""Looking at a super-resolution network while it trains."""

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import tensorflow as tf

from imgan.data.sources import ImagePair
from imgan.io.images import Picture
from imgan.io.images import write_image
from imgan.metrics.psnr import psnr
from imgan.training.experiment import Look
from imgan.training.experiment import Validator
from imgan.training.run_folder import RunFolder
from imgan.types import Array
from imgan.types import ValueRange

# Side of a crop on the sample sheet, in high-resolution pixels.
SHEET_CROP = 192


class SuperResolutionValidator(Validator):
    """PSNR on luma over whole held-out pictures, and a sheet of samples.

    Args:
        network: Usually the moving average of the generator.
        pairs: Held-out twins; empty: nothing is measured.
        scale: Ratio of high to low resolution.
        run: Where samples go.
        ranges: Value range of the network's input and output.
    """

    def __init__(
        self,
        network: Any,
        pairs: list[ImagePair],
        scale: int,
        run: RunFolder,
        ranges: tuple[ValueRange, ValueRange],
    ) -> None:
        self.pairs = pairs
        self.scale = scale
        self.run = run
        self._ranges = ranges
        channels = network.input_shape[-1]
        self._predict: Callable[[Any], Any] = tf.function(
            lambda images: network(images, training=False),
            input_signature=[tf.TensorSpec((1, None, None, channels), tf.float32)],
        )

    def __call__(self, step: int) -> Look:
        """Return the mean PSNR on luma; write the sample sheet."""
        if not self.pairs:
            return Look({})
        outputs = [self._enlarge(pair.lr) for pair in self.pairs]
        scores = [
            psnr(pair.hr, output, crop_border=self.scale)
            for pair, output in zip(self.pairs, outputs, strict=True)
        ]
        sheet = np.concatenate(
            [
                _sheet_row(pair, output)
                for pair, output in zip(self.pairs[:6], outputs, strict=False)
            ]
        )
        write_image(Picture(sheet), self.run.sample_sheet(step))
        return Look({"psnr_y": float(np.mean(scores))})

    def _enlarge(self, lr: Array) -> Array:
        (in_low, in_high), (low, high) = self._ranges
        images = lr[None].astype(np.float32) * ((in_high - in_low) / 255.0) + in_low
        outputs = np.asarray(self._predict(images))[0]
        scaled = (outputs - low) * (255.0 / (high - low))
        return np.round(np.clip(scaled, 0, 255)).astype(np.uint8)


def _sheet_row(pair: ImagePair, output: Array) -> Array:
    """Bicubic, network and truth side by side, at the centre."""
    height, width = pair.hr.shape[:2]
    bicubic = cv2.resize(pair.lr, (width, height), interpolation=cv2.INTER_CUBIC)
    side = SHEET_CROP
    cells = []
    for image in (bicubic, output, pair.hr):
        top, left = max(0, (height - side) // 2), max(0, (width - side) // 2)
        crop = image[top : top + side, left : left + side]
        below, beside = side - crop.shape[0], side - crop.shape[1]
        cells.append(np.pad(crop, ((0, below), (0, beside), (0, 0))))
    return np.concatenate(cells, axis=1)
