"""Degradation of a whole batch as a train step calls it."""

from typing import Any

from imgan.models.batch_degradation import BatchDegradation
from imgan.types import ValueRange
from imgan.types import from_range
from imgan.types import to_range


class StepDegradation:
    """Puts low-resolution images into a batch that brings high resolution only.

    Not a layer of the model: it has no part in what is saved with it, only in what a
    checkpoint holds. XLA cannot compile it, because its sizes change with every step.

    Args:
        layer: Degrades images in `[0, 1]`.
        lr_range: Value range of the network's input.
        hr_range: Value range of the network's output.
    """

    def __init__(
        self,
        layer: BatchDegradation,
        lr_range: ValueRange = (0.0, 1.0),
        hr_range: ValueRange = (0.0, 1.0),
    ) -> None:
        self.layer = layer
        self.lr_range = lr_range
        self.hr_range = hr_range

    def __call__(self, batch: dict[str, Any], step: Any) -> dict[str, Any]:
        """Return the batch with `lr_images`; its pairs may be those of other steps.

        Args:
            batch: `hr_images`, and `target_images` where the layer expects one.
            step: Number of the step, of which everything random here is a function.
        """
        self.layer.random.begin(step)
        names = ["hr_images", "target_images"][: 1 + self.layer.num_targets]
        units = [from_range(batch[name], self.hr_range) for name in names]
        lr_images, *others = self.layer(*units)
        made = {
            name: to_range(images, self.hr_range)
            for name, images in zip(names, others, strict=True)
        }
        return {**batch, **made, "lr_images": to_range(lr_images, self.lr_range)}

    def state(self) -> list[Any]:
        """Return the variables that a checkpoint must hold."""
        return [variable.value for variable in self.layer.weights]
