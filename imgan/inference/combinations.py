"""Which options of a batch go together: said once, for the command line and Python."""

from imgan.bundles.card import Card
from imgan.errors import UsageError
from imgan.errors import did_you_mean
from imgan.inference.treatment import check_treatment
from imgan.inference.work import BatchOptions

ON_ERROR = ("continue", "stop")


def check_options(options: BatchOptions, card: Card | None) -> None:
    """Refuse options that contradict one another, or that a model does not have.

    Args:
        options: Of a batch.
        card: Of its model; None: bicubic enlargement.

    Raises:
        UsageError: Names the options and what to do.
    """
    if options.targets is not None and not options.side_by_side:
        raise UsageError("--targets are shown on sheets only; add --side-by-side")
    if options.target is not None:
        _check_target(options, card)
    if options.on_error not in ON_ERROR:
        raise UsageError(
            f"--on-error must be one of {', '.join(ON_ERROR)}. Received: "
            f"{options.on_error}.{did_you_mean(options.on_error, ON_ERROR)}"
        )
    if options.jobs is not None and options.jobs < 1:
        raise UsageError(f"--jobs must be at least 1. Received: {options.jobs}")
    check_treatment(
        options.treatment,
        card,
        stochastic=options.stochastic,
        keep_colors=options.keep_colors,
    )


def check_for_cluster(options: BatchOptions) -> None:
    """Refuse what the workers of a cluster do not do.

    Raises:
        UsageError: Names the option and what to do.
    """
    if options.on_error == "stop":
        raise UsageError(
            "--on-error stop is for one machine: on a cluster many pictures are under "
            "way when one fails. Leave it out, or drop --cluster"
        )
    if options.jobs is not None:
        raise UsageError(
            "--jobs is for one machine: a cluster hands out the cores that Ray was "
            "started with. Leave it out, or drop --cluster"
        )


def _check_target(options: BatchOptions, card: Card | None) -> None:
    target = options.target
    if options.scale is not None:
        raise UsageError(
            "--scale and a target size (--width, --height) exclude each other. Give "
            "one of both"
        )
    if card is not None and card.task == "translation":
        raise UsageError(
            f"--width and --height are for enlarged pictures; {card.name!r} keeps "
            "their size. Leave them out"
        )
    if target is not None:
        wrap = options.treatment.wrap
        target.check_whole(keep_colors=options.keep_colors, wrap=wrap)
