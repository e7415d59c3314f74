"""PatchGAN, a discriminator of patches, and several of them at several scales."""

from typing import Any

import keras

from imgan.layers.valid_average import ValidAverage
from imgan.networks.latent import ImageDiscriminator
from imgan.networks.patches import PatchShape
from imgan.networks.patches import judge
from imgan.networks.translation import Normalization


class PatchDiscriminator(ImageDiscriminator):
    """What discriminators of patches have in common.

    Args:
        shape: What the graph was built from.
        arguments: Of the subclass' constructor.
        num_scales: Times the graph is built, on ever smaller pictures; None: once, and
            logits are no list.
        name: Name of the model.
    """

    def __init__(
        self,
        shape: PatchShape,
        *,
        arguments: dict[str, Any],
        num_scales: int | None,
        name: str | None,
    ) -> None:
        inputs: Any
        inputs = x = keras.Input((None, None, arguments["channels"]), name="images")
        if arguments["condition_channels"]:
            size = (None, None, arguments["condition_channels"])
            source = keras.Input(size, name="source")
            inputs = [x, source]
            join = keras.layers.Concatenate(dtype="float32", name="images_and_source")
            x = join(inputs)
        features: dict[str, Any] = {}
        outputs = []
        for scale in range(num_scales or 1):
            if scale:
                x = ValidAverage(dtype="float32", name=f"half_{scale}")(x)
            prefix = f"scale_{scale}_" if num_scales else ""
            outputs.append(judge(x, shape, prefix, features))
        super().__init__(
            inputs,
            outputs if num_scales else outputs[0],
            features=features,
            arguments=arguments,
            name=name,
        )
        self._shape = shape
        self._num_scales = num_scales or 1

    @property
    def condition_channels(self) -> int:
        """Channels of the source that images are judged with; 0: by themselves."""
        return int(self._arguments["condition_channels"])

    @property
    def minimum_size(self) -> int:
        """Smallest height and width for which there is a logit at every scale."""
        return (self._shape.minimum_size - 1) * 2 ** (self._num_scales - 1) + 1

    @property
    def feature_weights(self) -> tuple[float, ...]:
        """Weights of pix2pixHD for matching the features, one for each of them.

        Four divided by the features of a scale, and by the number of scales, as in the
        code of [Wang et al., 2018](https://arxiv.org/abs/1711.11585): whatever the
        receptive field and the scales, they add up to four.
        """
        return (4.0 / len(self.feature_names),) * len(self.feature_names)


@keras.saving.register_keras_serializable(package="imgan")
class PatchGAN(PatchDiscriminator):
    """Discriminator that judges overlapping patches of a picture, each by a logit.

    Follows [Isola et al., 2017](https://arxiv.org/abs/1611.07004), section 6.1.2, and
    its released code: 4x4 convolutions on one pixel of zeros, a stride of two in all
    but the last two, LeakyReLU 0.2, no normalisation after the first, kernels from
    N(0, 0.02). Convolutions have a bias only where no normalisation takes it away
    again. With six channels in all, a receptive field of 70 and batch normalisation it
    has 2,768,705 trained parameters and gives 30x30 logits for 256x256 pixels.

    Args:
        channels: Channels of the pictures.
        condition_channels: Channels of the source that they were made from; 0: none.
        receptive_field: Side of the square that one logit sees, pixels: 1, 16, 34, 70,
            142 or 286.
        num_filters: Channels of the first convolution, doubled with every other.
        max_filters: Most channels of any layer; None: eight times `num_filters`.
        normalization: "batch", "instance" (without trained scales) or "none".
        spectral: Divide every kernel by its largest singular value.
        synchronized: Share the statistics of batch normalisation among replicas.
        dtype: Keras dtype policy of the hidden layers; None: the global one.
        name: Name of the model.

    Call arguments:
        images: `(batch, height, width, channels)` float32 in `[-1, 1]`, sides at least
            `minimum_size`; `[images, source]` where there are `condition_channels`.

    Returns:
        Logits `(batch, rows, columns, 1)` float32.
    """

    def __init__(
        self,
        *,
        channels: int = 3,
        condition_channels: int = 0,
        receptive_field: int = 70,
        num_filters: int = 64,
        max_filters: int | None = None,
        normalization: Normalization = "batch",
        spectral: bool = False,
        synchronized: bool = False,
        dtype: str | None = None,
        name: str | None = "patchgan",
    ) -> None:
        shape: dict[str, Any] = {
            "receptive_field": receptive_field,
            "num_filters": num_filters,
            "max_filters": max_filters,
            "normalization": normalization,
            "spectral": spectral,
            "synchronized": synchronized,
            "dtype": dtype,
        }
        super().__init__(
            PatchShape(**shape),
            arguments={
                "channels": channels,
                "condition_channels": condition_channels,
                **shape,
            },
            num_scales=None,
            name=name,
        )


@keras.saving.register_keras_serializable(package="imgan")
class MultiScalePatchGAN(PatchDiscriminator):
    """Several PatchGANs, each on the picture at half the size of the one before.

    Follows [Wang et al., 2018](https://arxiv.org/abs/1711.11585), section 3.2; they
    share no weights. Their zero padding is that of `PatchGAN`, one pixel instead of the
    two of the released code.

    Arguments are those of `PatchGAN`, with instance normalisation unless told
    otherwise, and:

    Args:
        num_scales: How many PatchGANs, at least 1.

    Call arguments:
        images: As `PatchGAN`.

    Returns:
        A list of logits `(batch, rows, columns, 1)` float32, from fine to coarse.

    Raises:
        ValueError: If there is no scale.
    """

    def __init__(
        self,
        *,
        channels: int = 3,
        condition_channels: int = 0,
        num_scales: int = 2,
        receptive_field: int = 70,
        num_filters: int = 64,
        max_filters: int | None = None,
        normalization: Normalization = "instance",
        spectral: bool = False,
        synchronized: bool = False,
        dtype: str | None = None,
        name: str | None = "multi_scale_patchgan",
    ) -> None:
        if num_scales < 1:
            raise ValueError(f"num_scales must be at least 1. Received: {num_scales}")
        shape: dict[str, Any] = {
            "receptive_field": receptive_field,
            "num_filters": num_filters,
            "max_filters": max_filters,
            "normalization": normalization,
            "spectral": spectral,
            "synchronized": synchronized,
            "dtype": dtype,
        }
        super().__init__(
            PatchShape(**shape),
            arguments={
                "channels": channels,
                "condition_channels": condition_channels,
                "num_scales": num_scales,
                **shape,
            },
            num_scales=num_scales,
            name=name,
        )
