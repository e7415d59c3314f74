"""The scores that every paper prints for bicubic on Set5."""

import cv2
import numpy as np
import pytest

from imgan.data.resize import resize_bicubic
from imgan.metrics.color import rgb_to_y
from imgan.metrics.psnr import psnr
from imgan.metrics.ssim import ssim


@pytest.mark.parametrize(
    ("scale", "published_psnr", "published_ssim"),
    [(2, 33.66, 0.9299), (3, 30.39, 0.8682), (4, 28.42, 0.8104)],
)
def test_bicubic_on_set5_as_published(
    shared_data, scale, published_psnr, published_ssim
):
    """They were taken on Y alone: rounded to uint8, reduced and enlarged in float.

    That is the script of [Dong et al., 2014](https://arxiv.org/abs/1501.00092), whose
    numbers later papers repeat. All six agree to the last digit printed.
    """
    scores = []
    for path in sorted((shared_data / "set5" / "HR").iterdir()):
        rgb = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
        height, width = (side // scale * scale for side in rgb.shape[:2])
        y = np.round(rgb_to_y(rgb[:height, :width]))
        enlarged = resize_bicubic(resize_bicubic(y, 1 / scale), scale)
        enlarged = np.clip(np.round(enlarged), 0, 255)
        scores.append(
            [metric(y, enlarged, crop_border=scale) for metric in (psnr, ssim)]
        )
    assert len(scores) == 5
    mean_psnr, mean_ssim = np.mean(scores, axis=0)
    assert mean_psnr == pytest.approx(published_psnr, abs=0.005)
    assert mean_ssim == pytest.approx(published_ssim, abs=0.00005)
