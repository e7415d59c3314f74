"""Scores in words, for `imgan evaluate`."""

from pathlib import Path
from typing import TYPE_CHECKING

from imgan.cli.text import aligned

if TYPE_CHECKING:
    from imgan.evaluate import Evaluation
    from imgan.evaluate import PairScores
    from imgan.evaluate import Scores
    from imgan.evaluate import TranslationEvaluation
    from imgan.evaluate.generator import GeneratorEvaluation


def super_resolution_table(result: "Evaluation") -> str:
    """Return the scores as aligned text: pictures, means, then the protocol."""
    by_model = result.model != "bicubic"
    rows = [(image.name, image.model) for image in result.images]
    means = [(f"mean {Path(result.model).name}", result.mean)] if by_model else []
    means.append(("mean bicubic", result.bicubic))
    width = max(len(name) for name, _ in [*rows, *means])
    count = len(rows)
    return "\n".join(
        [
            _header(result, width),
            *(_line(name, scores, width) for name, scores in rows),
            "",
            *(_line(name, scores, width) for name, scores in means),
            "",
            f"{result.model}{_treatment(result)} at scale {result.scale} on {count} "
            f"picture{'' if count == 1 else 's'}",
            f"{result.protocol}",
            "sharp: energy of gradients relative to the truth's; drift: of the mean "
            "colour from the input's, in levels of 255",
        ]
    )


def _header(result: "Evaluation", width: int) -> str:
    names = "   PSNR-Y  SSIM-Y  PSNR-RGB"
    if result.protocol.channel != "y":
        names = "     PSNR    SSIM          "
    return f"{'':{width}}{names}  sharp  drift"


def _line(name: str, scores: "Scores", width: int) -> str:
    in_rgb = "" if scores.psnr_rgb != scores.psnr_rgb else f"{scores.psnr_rgb:.2f}"
    return (
        f"{name:{width}}  {scores.psnr_y:7.2f}  {scores.ssim_y:6.4f}  {in_rgb:>8}"
        f"  {scores.sharpness:5.2f}  {scores.color_drift:5.2f}"
    )


def _treatment(result: "Evaluation") -> str:
    words = []
    if result.fidelity is not None:
        words.append(f" with fidelity {result.fidelity:g}")
    if result.tta:
        words.append(" with --tta")
    return "".join(words)


def generation_table(result: "GeneratorEvaluation") -> str:
    """Return the scores with what each means, then what they depend on."""
    report, scores = result.report, result.report.scores
    judge = _percent(scores.classifier_accuracy)
    judged = f"the classifier knows {judge} of held-out real pictures" if judge else ""
    kid = f"standard error {scores.kid_error:.2g}" if scores.kid_error else ""
    covered = ""
    if scores.covered_classes is not None:
        covered = f"{scores.covered_classes} of {len(report.coverage)}"
    rows = [
        ("label accuracy", _percent(scores.label_accuracy), judged),
        ("covered classes", covered, "with 4 % of the samples or more"),
        ("inception score", _number(scores.inception_score), "of the classifier"),
        (
            "pairwise ratio",
            _number(scores.pairwise_ratio),
            "1: as diverse as real",
        ),
        (
            "nearest ratio",
            _number(scores.nearest_ratio),
            "0: copies, 1: like unseen",
        ),
        ("FID", _number(scores.fid), report.features or ""),
        ("KID", _number(scores.kid, 5), kid),
        ("precision", _number(scores.precision), ""),
        ("recall", _number(scores.recall), ""),
    ]
    taken = [(name, value, means) for name, value, means in rows if value]
    width = max(len(value) for _, value, _ in taken)
    lines = [
        (name, f"{value:>{width}}  {means}".rstrip()) for name, value, means in taken
    ]
    shares = [(name, _percent(share)) for name, share in report.coverage.items()]
    return "\n".join(
        [
            aligned(lines),
            *(["", "share of the samples", aligned(shares)] if shares else []),
            "",
            f"{result.model}, {report.count:,} samples with seed {report.seed}",
            *result.notes,
        ]
    )


def translation_table(result: "TranslationEvaluation") -> str:
    """Return the scores as aligned text: pictures, means, then the protocol."""
    rows = [(image.name, image.model) for image in result.images]
    titles = {
        "model": f"mean {Path(result.model).name}",
        "identity": "mean identity",
        "mean_target": "mean of mean target",
    }
    means = [(titles[name], scores) for name, scores in result.means.items()]
    width = max(len(name) for name, _ in [*rows, *means])
    count = len(rows)
    lines = [
        f"{'':{width}}       L1     PSNR    SSIM",
        *(_pair_line(name, scores, width) for name, scores in rows),
        "",
        *(_pair_line(name, scores, width) for name, scores in means),
        "",
    ]
    if result.features:
        taken = result.features
        kid = f"KID {taken.kid:.5f}, standard error {taken.kid_error:.2g}"
        lines += [f"FID {taken.fid:.3f}, {kid}, in {taken.features}", taken.note]
    return "\n".join(
        [
            *lines,
            f"{result.model} on {count} pair{'' if count == 1 else 's'}",
            f"{result.protocol}",
            result.protocol.baselines,
        ]
    )


def _pair_line(name: str, scores: "PairScores", width: int) -> str:
    similarity = "" if scores.ssim is None else f"{scores.ssim:.4f}"
    return f"{name:{width}}  {scores.l1:7.4f}  {scores.psnr:7.2f}  {similarity:>6}"


def _number(value: float | None, digits: int = 3) -> str:
    return "" if value is None else f"{value:.{digits}f}"


def _percent(share: float | None) -> str:
    # NaN, where nothing could be held out, is no share either.
    return f"{100 * share:.1f} %" if share is not None and share == share else ""
