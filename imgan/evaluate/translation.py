"""Score a translation model on pairs: how near its pictures are to the truth.

What needs no network is scored beside it: the source as it is, and the mean of the
other targets. A model that is not nearer than these has learnt little, or makes
something likely that is not the truth, which FID and KID judge.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from imgan.bundles.card import Card
from imgan.bundles.kinds import frame_channels
from imgan.data.pixels import as_unit
from imgan.data.translation.held_out import HeldOut
from imgan.data.translation.held_out import HeldOutPair
from imgan.errors import UsageError
from imgan.evaluate.translation_judges import FeatureJudge
from imgan.evaluate.translation_judges import MeanTarget
from imgan.evaluate.translation_pairs import open_scored_pairs
from imgan.evaluate.translation_pairs import source_values
from imgan.evaluate.translation_scores import Example
from imgan.evaluate.translation_scores import PairResult
from imgan.evaluate.translation_scores import TranslationEvaluation
from imgan.evaluate.translation_scores import TranslationProtocol
from imgan.inference.eligibility import check_model
from imgan.inference.precision import choose_precision
from imgan.inference.sheets import shown
from imgan.io.images import Picture
from imgan.metrics.translation import score_pair
from imgan.types import Array

Translate = Callable[[int, Array], Array]
"""The source of a pair and its number to `(height, width, channels)` float32 in
`[0, 1]`, as it would be written."""


def evaluate_translation(
    truth: str | Path,
    *,
    model: str | Path,
    source_dir: str | Path | None = None,
    direction: str | None = None,
    full_size: bool = False,
    features: str | Path | None = None,
    precision: str = "auto",
    tile: int | None = None,
    examples: int = 0,
    progress: Callable[[PairResult, int], None] | None = None,
) -> TranslationEvaluation:
    """Score a model on pairs.

    Args:
        truth: Folder of targets beside `source_dir`; without that a folder of combined
            pictures or a CSV manifest, or for models that were trained on such, a
            folder of frames or of pictures of which sources are made.
        model: Bundle or run folder.
        source_dir: Folder of sources, named like the targets.
        direction: `a_to_b` or `b_to_a`, of combined pictures and manifests; that of the
            training if None.
        full_size: Score pictures at the size of their files, although the training
            squeezed them to squares.
        features: Weights file of Inception V3 for FID and KID, see `load_inception`.
        precision: As in `imgan translate`.
        tile: As in `imgan translate`.
        examples: How many pairs are kept to be looked at: the worst, the median and the
            best by L1, then some evenly spread.
        progress: Called after each pair with its scores and how many there are.

    Raises:
        UsageError: If the model does not translate, or options do not fit it.
        UnknownModelError: If there is no such model.
        DataError: If pictures are missing, mispaired or of two sizes, or too few.
        CheckpointError: If files of the model or of the features cannot be used.
    """
    card = check_model(str(model))
    if card is None or card.task != "translation":
        raise UsageError(f"Model {str(model)!r} does not translate pictures")
    choose_precision(precision, "uint8", "gpu")
    source = None if source_dir is None else Path(source_dir)
    found = open_scored_pairs(card, Path(truth), source, direction, full_size=full_size)
    judge = FeatureJudge.load(card, features, len(found.pairs)) if features else None
    translate = _load(str(model), card, found.pairs, precision, tile)
    mean = MeanTarget.of(found)
    results = []
    for index, pair in enumerate(found.pairs):
        target, output = as_unit(pair.target), translate(index, pair.source)
        average = mean.without(index, target) if mean else None
        results.append(_compare(card, pair, target, output, average))
        if judge:
            judge.look(target, output)
        if progress:
            progress(results[-1], len(found.pairs))
    protocol = TranslationProtocol(
        found.form, found.direction, found.square, mean.kind if mean else None
    )
    return TranslationEvaluation(
        str(model),
        protocol,
        tuple(results),
        judge.scores() if judge else None,
        _examples(card, found.pairs, results, translate, examples),
    )


def _load(
    model: str, card: Card, pairs: HeldOut, precision: str, tile: int | None
) -> Translate:
    from imgan.runtime import import_tensorflow

    import_tensorflow()
    from imgan.inference.predictor import Predictor

    predictor = Predictor.load(model, precision=precision, tile=tile)

    def translate(index: int, source: Array) -> Array:
        made = predictor(source_values(card, pairs, index, source))
        if card.output_pixel_range is not None:
            low, high = card.output_pixel_range
            made = (made - np.float32(low)) / np.float32(high - low)
        return as_unit(made[..., np.newaxis] if made.ndim == 2 else made)

    return translate


def _compare(
    card: Card, pair: HeldOutPair, target: Array, output: Array, mean: Array | None
) -> PairResult:
    identity = None
    alike = card.pixel_range == card.output_pixel_range
    if alike and frame_channels(card) == card.output_channels:
        # Of several frames the last one: what comes is as what was.
        last = as_unit(pair.source)[..., -card.output_channels :]
        identity = score_pair(target, last)
    return PairResult(
        pair.name,
        score_pair(target, output),
        identity,
        None if mean is None else score_pair(target, mean),
    )


def _examples(
    card: Card,
    pairs: HeldOut,
    results: list[PairResult],
    translate: Translate,
    count: int,
) -> tuple[Example, ...]:
    """Compute some pairs again, as keeping every picture would take too much memory."""
    made = []
    for index, why in _choose([one.model.l1 for one in results], count).items():
        pair = pairs[index]
        source = as_unit(pair.source)[..., -frame_channels(card) :]
        pictures = (source, translate(index, pair.source), as_unit(pair.target))
        panels = [shown(Picture(np.asarray(one, np.float32))) for one in pictures]
        made.append(Example(pair.name, why, results[index].model, *panels))
    return tuple(made)


def _choose(errors: list[float], count: int) -> dict[int, str]:
    """Return the numbers of some pairs, and why each was chosen."""
    order = np.argsort(errors, kind="stable").tolist()
    picks = [(order[-1], "worst"), (order[len(order) // 2], "median")]
    picks.append((order[0], "best"))
    spread = np.linspace(0, len(errors) - 1, min(count, len(errors))).round()
    picks += [(int(index), "") for index in spread]
    chosen: dict[int, str] = {}
    for index, why in picks:
        if len(chosen) < count:
            chosen.setdefault(index, why)
    return chosen
