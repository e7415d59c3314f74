"""SRVGGNetCompact, as BasicSR and its descendants save it."""

from imgan.importing.architectures.shapes import count
from imgan.importing.architectures.shapes import same_channels
from imgan.importing.architectures.shapes import shape_of
from imgan.importing.architectures.shapes import square_root
from imgan.importing.parts import Conv
from imgan.importing.parts import Part
from imgan.importing.parts import Slopes
from imgan.importing.parts import Tensors
from imgan.importing.plan import Architecture
from imgan.importing.plan import Plan


def _detect(tensors: Tensors) -> bool:
    weights = [tensors.get(f"body.{index}.weight") for index in (0, 1)]
    return [getattr(weight, "ndim", None) for weight in weights] == [4, 1]


def _plan(tensors: Tensors) -> Plan:
    filters, channels, *_ = shape_of(tensors, "body.0.weight")
    last = count(tensors, r"body\.(\d+)\.") - 1
    made, *_ = shape_of(tensors, f"body.{last}.weight")
    scale = square_root(made // channels, "The ratio of last to first channels")
    num_convs = (last - 2) // 2
    parts: dict[str, Part] = {}
    for index in range(num_convs + 1):
        parts[f"conv_{index:02d}"] = Conv(f"body.{2 * index}")
        parts[f"prelu_{index:02d}"] = Slopes(f"body.{2 * index + 1}")
    parts["last"] = Conv(f"body.{last}", shuffle=scale)
    arguments = {
        "scale": scale,
        "num_filters": filters,
        "num_convs": num_convs,
        "channels": same_channels(channels, made / scale**2),
    }
    return Plan("compact", arguments, parts)


COMPACT = Architecture("SRVGGNetCompact", _detect, _plan)
