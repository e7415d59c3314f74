"""Low-resolution pictures as the world makes them: blurred, noisy, compressed.

The chain of Real-ESRGAN ([Wang et al., 2021](https://arxiv.org/abs/2107.10833)) in
numpy and OpenCV. Everything here is a pure function; what is random comes from the
generator that is handed over. `plan` draws what will be done, `chain` does it, and
`operations` and `kernels` are its parts.
"""

from imgan.data.degradations.chain import apply_plan
from imgan.data.degradations.chain import degrade
from imgan.data.degradations.plan import draw_plan

__all__ = ["apply_plan", "degrade", "draw_plan"]
