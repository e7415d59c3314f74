"""The batch engine: many pictures, with reading, computing and writing overlapped.

What runs at once, and how it is stopped, is in `stages`; what is done with one picture
is in `work`.
"""

import time
from dataclasses import dataclass
from dataclasses import field
from functools import partial
from pathlib import Path

from imgan.bundles.card import Card
from imgan.errors import DataError
from imgan.errors import UsageError
from imgan.inference.combinations import check_options
from imgan.inference.devices import parse_device
from imgan.inference.eligibility import check_model
from imgan.inference.engines import BicubicEngine
from imgan.inference.frames import FrameFolders
from imgan.inference.precision import choose_precision
from imgan.inference.predictor import Predictor
from imgan.inference.report import FileRow
from imgan.inference.report import Report
from imgan.inference.sheets import Targets
from imgan.inference.sheets import relative_output
from imgan.inference.sizing import LARGEST_SCALE
from imgan.inference.stages import Event
from imgan.inference.stages import Finished
from imgan.inference.stages import Loader
from imgan.inference.stages import OnEvent
from imgan.inference.stages import Progressed
from imgan.inference.stages import Stages
from imgan.inference.stages import Told
from imgan.inference.work import BatchOptions
from imgan.inference.work import Item
from imgan.inference.work import Worker
from imgan.io.paths import JobPlan
from imgan.runtime import import_tensorflow

__all__ = ["Event", "Finished", "Progressed", "Told", "check_request", "run_batch"]


def run_batch(
    plan: JobPlan,
    options: BatchOptions,
    on_event: OnEvent = lambda event: None,
    *,
    command: str = "upscale",
    load: Loader | None = None,
) -> Report:
    """Process every picture of a plan; one that fails never stops the others.

    Args:
        plan: Inputs and outputs.
        options: What to do with every picture.
        on_event: Called in this thread.
        command: "upscale" or "translate": what the model must do.
        load: Returns the predictor; called in another thread, and only when there is
            something to compute.

    Returns:
        One row per picture, in the order of the plan.

    Raises:
        ImganError: If the model cannot be used at all.
        KeyboardInterrupt: After unfinished outputs were removed. Threads may still be
            inside libraries then; a command should end with `os._exit`.
    """
    batch = prepare_batch(plan, options, command)
    stages = Stages(batch.items, batch.worker, load or partial(load_predictor, options))
    device = stages.run(on_event)
    return batch.report(device, stages.network.seconds)


@dataclass
class Batch:
    """A request that was checked, and its pictures."""

    plan: JobPlan
    options: BatchOptions
    command: str
    worker: Worker
    items: list[Item]
    started: float = field(default_factory=time.perf_counter)

    def report(
        self, device: str | None, network_seconds: float, precision: str | None = None
    ) -> Report:
        """Return what was done.

        Args:
            device: Where it was computed; None: nothing had to be.
            network_seconds: Time in which at least one picture was being computed.
            precision: In which it was computed; None: by rule for the device.
        """
        options, card = self.options, self.worker.card
        rows = [item.row for item in self.items]
        return Report(
            command=self.command,
            model=options.model,
            weights_sha256=card.weights_sha256 if card else None,
            device=device or options.device,
            precision=precision or _precision(options, device, card),
            fidelity=options.fidelity,
            seed=options.seed if options.stochastic else None,
            files=rows + [_unlisted(one) for one in self.plan.unreadable],
            ignored=self.plan.ignored,
            excluded=self.plan.excluded,
            seconds=time.perf_counter() - self.started,
            network_seconds=network_seconds,
        )


def prepare_batch(plan: JobPlan, options: BatchOptions, command: str) -> Batch:
    """Check a request and list its pictures, without loading the model.

    Raises:
        ImganError: If the model cannot be used for it, or options contradict.
    """
    card = check_request(options, command)
    worker = Worker(options, card, scale_of(options, card))
    _check(options, worker.scale, card)
    if options.on_error == "stop" and plan.unreadable:
        raise DataError(f"Cannot list the folder {plan.unreadable[0]}")
    return Batch(plan, options, command, worker, _items(plan, options, card))


def scale_of(options: BatchOptions, card: Card | None) -> float:
    """Return the factor by which a batch enlarges, where it has no target size."""
    if options.scale is not None:
        return options.scale
    return float(card.scale) if card else BicubicEngine.default_scale


def check_request(options: BatchOptions, command: str) -> Card | None:
    """Return the card of the model of a batch, without loading it; None for "bicubic".

    Raises:
        UnknownModelError: If there is no such model, or its partner is missing.
        CheckpointError: If its card is damaged, or its partner is of another network.
        ServerError: If it is on a server that does not answer.
        UsageError: If the command is not for such models, or options do not fit it.
    """
    card = check_model(
        options.model,
        options.fidelity,
        keep_colors=options.keep_colors,
        stochastic=options.stochastic,
        device=options.device,
        precision=options.precision,
        timeout=options.timeout,
    )
    translates = card is not None and card.task == "translation"
    if translates and command != "translate":
        raise UsageError(
            f"Model {options.model!r} turns pictures into others of the same size; use "
            "`imgan translate`"
        )
    if command == "translate" and not translates:
        raise UsageError(
            f"Model {options.model!r} enlarges pictures; use `imgan upscale`"
        )
    check_options(options, card)
    return card


def _check(options: BatchOptions, scale: float, card: Card | None) -> None:
    parse_device(options.device)
    if not 0 < scale <= LARGEST_SCALE:
        raise UsageError(
            f"--scale must be above 0 and at most {LARGEST_SCALE}. Received: {scale:g}"
        )
    if options.device == "cpu" or options.model == BicubicEngine.name:
        choose_precision(options.precision, "uint8", "cpu", _only(card))


def _items(plan: JobPlan, options: BatchOptions, card: Card | None) -> list[Item]:
    """Return the pictures of a plan with what else must be read for each."""
    frames = FrameFolders(card.num_frames) if card and card.num_frames > 1 else None
    targets = Targets(options.targets) if options.targets is not None else None
    items = []
    for job in plan.jobs:
        item = Item(FileRow(job.input, job.output))
        try:
            if frames is not None:
                item.earlier = frames.earlier(job.input)
            if targets is not None:
                item.target = targets.find(relative_output(plan, job.output))
        except DataError as error:
            item.fault = error
        items.append(item)
    return items


def load_predictor(options: BatchOptions) -> Predictor:
    """Load the model of a batch as its options say.

    Raises:
        ImganError: If it cannot be loaded, or not be used as they say.
    """
    if options.model != BicubicEngine.name:
        import_tensorflow()
    return Predictor.load(
        options.model,
        tile=options.tile,
        precision=options.precision,
        scale=options.scale,
        device=options.device,
        fidelity=options.fidelity,
        keep_colors=options.keep_colors,
        stochastic=options.stochastic,
        seed=options.seed,
        timeout=options.timeout,
        tta=options.treatment.tta,
        wrap=options.treatment.wrap,
    )


def _precision(options: BatchOptions, device: str | None, card: Card | None) -> str:
    if options.model == BicubicEngine.name:
        return "float32"
    if device is None and options.precision != "auto":
        return options.precision
    return choose_precision(options.precision, "uint8", device or "cpu", _only(card))


def _only(card: Card | None) -> str | None:
    return card.fixed_precision if card else None


def _unlisted(folder: Path) -> FileRow:
    return FileRow(folder, None, error=f"Cannot list the folder {folder}")
