"""Which precision a picture is computed in: by rule, never by a timing.

A rerun must give the same bytes, so the choice depends on the processor's instruction
sets and on the picture's type only.
"""

from imgan.errors import UsageError
from imgan.errors import did_you_mean
from imgan.machine import cpu_flags

PRECISIONS = ("auto", "float32", "bfloat16", "float16")

# What computes bfloat16 convolutions at least twice as fast as float32.
_FAST_BFLOAT16 = {"avx512_bf16", "amx_bf16"}


def choose_precision(
    option: str, dtype: str, device: str, only: str | None = None
) -> str:
    """Return "float32", "bfloat16" or "float16".

    Args:
        option: What the user asked for; "auto" decides here.
        dtype: Of the picture; 16-bit and float pictures hold more than bfloat16 does.
        device: "cpu", or "gpu" with anything behind it.
        only: What an exported model computes in; None: a bundle, which has a choice.

    Raises:
        UsageError: If the precision is unknown or the device cannot compute it.
    """
    if option not in PRECISIONS:
        raise UsageError(
            f"--precision must be one of {', '.join(PRECISIONS)}. "
            f"Received: {option}.{did_you_mean(option, PRECISIONS)}"
        )
    if only is not None:
        if option not in ("auto", only):
            raise UsageError(
                f"The exported model computes in {only} only. Received: --precision "
                f"{option}. Leave it out, or export the model in {option}"
            )
        return only
    on_cpu = device == "cpu"
    if option == "float16" and on_cpu:
        raise UsageError(
            "--precision float16 needs a GPU; a CPU computes it slower than float32. "
            "Received: device cpu. Use --precision auto or bfloat16"
        )
    if option != "auto":
        return option
    # Where the flags are not known, float32 is right everywhere.
    fast = on_cpu and dtype == "uint8" and bool(_FAST_BFLOAT16 & cpu_flags())
    return "bfloat16" if fast else "float32"
