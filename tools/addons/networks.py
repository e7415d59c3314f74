"""Small networks as people wrote them for Keras 2 and tensorflow-addons."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf
import tensorflow_addons as tfa
from keras.src.engine.base_layer import TensorFlowOpLayer

layers = tf.keras.layers


class ReflectionPadding2D(tf.keras.layers.Layer):
    """The layer that CycleGANs in Keras 2 define for themselves."""

    def __init__(self, padding: tuple[int, int] = (1, 1), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.padding = tuple(padding)

    def call(self, images: Any) -> Any:
        """Mirror."""
        width, height = self.padding
        pads = [[0, 0], [height, height], [width, width], [0, 0]]
        return tf.pad(images, pads, "REFLECT")

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "padding": self.padding}


def cyclegan() -> Any:
    """Return a ResNet generator of a fixed size, with instance normalisation."""
    images = layers.Input((16, 16, 3))
    x = ReflectionPadding2D((3, 3))(images)
    x = layers.Conv2D(4, 7, use_bias=False)(x)
    x = layers.Activation("relu")(tfa.layers.InstanceNormalization()(x))
    for filters in (6, 8):
        x = layers.Conv2D(filters, 3, strides=2, padding="same", use_bias=False)(x)
        x = layers.Activation("relu")(tfa.layers.InstanceNormalization(epsilon=1e-5)(x))
    for _ in range(2):
        y = layers.Conv2D(8, 3)(ReflectionPadding2D()(x))
        y = layers.Activation("relu")(tfa.layers.InstanceNormalization(axis=-1)(y))
        y = layers.Conv2D(8, 3)(ReflectionPadding2D()(y))
        y = tfa.layers.InstanceNormalization(center=False)(y)
        x = layers.add([x, y])
    for filters in (6, 4):
        x = layers.Conv2DTranspose(filters, 3, strides=2, padding="same")(x)
        x = layers.Activation("relu")(tfa.layers.InstanceNormalization()(x))
    x = layers.Conv2D(3, 7)(ReflectionPadding2D((3, 3))(x))
    return tf.keras.Model(images, layers.Activation("tanh")(x), name="generator_g")


def cyclegan_lambda() -> Any:
    """Return one whose border is the code of a `Lambda`."""
    images = layers.Input((None, None, 3))
    pads = [[0, 0], [3, 3], [3, 3], [0, 0]]
    x = layers.Lambda(lambda t: tf.pad(t, pads, "REFLECT"), name="mirror")(images)
    x = layers.Conv2D(4, 7)(x)
    x = layers.LeakyReLU()(tfa.layers.InstanceNormalization(scale=False)(x))
    x = tf.pad(x, [[0, 0], [1, 1], [2, 2], [0, 0]], mode="REFLECT")
    x = layers.Conv2D(3, (3, 5), activation="tanh")(x)
    return tf.keras.Model(images, x)


def spectral() -> Any:
    """Return a discriminator with spectral normalisation."""
    images = layers.Input((32, 32, 3))
    x = images
    for filters in (4, 6, 8):
        wrapped = layers.Conv2D(filters, 4, strides=2, padding="same")
        x = tfa.layers.SpectralNormalization(wrapped)(x)
        x = layers.LeakyReLU(alpha=0.2)(x)
    x = layers.ZeroPadding2D()(x)
    last = layers.Conv2D(1, 4, use_bias=False)
    x = tfa.layers.SpectralNormalization(last, power_iterations=2)(x)
    return tf.keras.Model(images, x, name="discriminator")


def _wdsr(normalize: Any, denormalize: Any, shuffle: Any) -> Any:
    def conv(filters: int, size: int, **options: Any) -> Any:
        layer = layers.Conv2D(filters, size, padding="same", **options)
        return tfa.layers.WeightNormalization(layer, data_init=size != 1)

    images = layers.Input((None, None, 3))
    x = normalize(images)
    main = conv(4, 3)(x)
    for _ in range(2):
        y = conv(12, 1, activation="relu")(main)
        y = conv(3, 1, use_bias=False)(y)
        y = conv(4, 3, activation=tf.nn.leaky_relu)(y)
        main = layers.Add()([main, y])
    main = shuffle(conv(12, 3)(main))
    skip = shuffle(conv(12, 5)(x))
    return tf.keras.Model(images, denormalize(layers.Add()([main, skip])), name="wdsr")


def wdsr_lambda() -> Any:
    """Return WDSR whose shuffle and means are the code of `Lambda` layers."""
    return _wdsr(
        layers.Lambda(lambda x: x / 127.5 - 1, name="normalize"),
        layers.Lambda(lambda x: x * 127.5 + 127.5, name="denormalize"),
        lambda x: layers.Lambda(lambda t: tf.nn.depth_to_space(t, 2))(x),
    )


def wdsr_function() -> Any:
    """Return WDSR whose shuffle and means are recorded functions."""
    return _wdsr(
        lambda x: (x - tf.constant([114.4, 111.5, 103.0])) / 127.5,
        lambda x: tf.clip_by_value(x * 127.5 + [114.4, 111.5, 103.0], 0.0, 255.0),
        lambda x: tf.nn.depth_to_space(x, 2),
    )


def wdsr_recorded() -> Any:
    """Return WDSR whose shuffle is recorded as TensorFlow 2.0 to 2.3 did it."""

    def shuffle(x: Any) -> Any:
        with tf.Graph().as_default() as graph:
            given = tf.raw_ops.Placeholder(
                dtype=tf.float32, shape=(None, None, None, 12)
            )
            tf.raw_ops.DepthToSpace(input=given, block_size=2, name="DepthToSpace")
            node_def = graph.get_operation_by_name("DepthToSpace").node_def
        return TensorFlowOpLayer(node_def.SerializeToString(), node_def.name)(x)

    scale = layers.Rescaling(1 / 127.5, offset=-1)
    shuffles = iter((shuffle, lambda x: tf.nn.depth_to_space(x, block_size=2)))
    return _wdsr(scale, lambda x: x, lambda x: next(shuffles)(x))


def group_norms() -> Any:
    """Return a network with the group normalisations of addons and of Keras."""
    images = layers.Input((8, 12, 3))
    x = layers.Conv2D(8, 3, padding="same")(images)
    x = tfa.layers.GroupNormalization(groups=2)(x)
    x = layers.Conv2D(8, 3, padding="same", activation="swish")(x)
    x = layers.GroupNormalization(groups=4, epsilon=1e-4)(x)
    x = layers.SeparableConv2D(8, 3, padding="same")(x)
    x = layers.GroupNormalization(groups=-1, scale=False)(x)
    x = layers.LayerNormalization()(layers.DepthwiseConv2D(3, padding="same")(x))
    x = layers.Conv2D(3, 1, activation="sigmoid")(x)
    return tf.keras.Model(images, x)


def srgan() -> Any:
    """Return a generator of SRGAN without addons."""
    images = layers.Input((None, None, 3))
    x = layers.Rescaling(1 / 255)(images)
    first = x = layers.PReLU(shared_axes=[1, 2])(layers.Conv2D(4, 9, padding="same")(x))
    y = layers.Conv2D(4, 3, padding="same")(x)
    y = layers.PReLU(shared_axes=[1, 2])(layers.BatchNormalization(momentum=0.5)(y))
    y = layers.BatchNormalization()(layers.Conv2D(4, 3, padding="same")(y))
    x = layers.Add()([first, layers.Dropout(0.3)(layers.Add()([x, y]))])
    x = layers.UpSampling2D(size=2)(layers.Conv2D(8, 3, padding="same")(x))
    x = layers.LeakyReLU(alpha=0.1)(x)
    x = layers.UpSampling2D(2, interpolation="bilinear")(x)
    x = layers.Conv2D(3, 9, padding="same", activation="tanh")(x)
    return tf.keras.Model(images, layers.Rescaling(127.5, 127.5)(x))


def pix2pix() -> Any:
    """Return the U-Net of the tutorial of TensorFlow, of nested `Sequential` models."""

    def down(filters: int, normalized: bool = True) -> Any:
        model = tf.keras.Sequential()
        conv = layers.Conv2D(filters, 4, strides=2, padding="same", use_bias=False)
        model.add(conv)
        if normalized:
            model.add(layers.BatchNormalization())
        model.add(layers.LeakyReLU())
        return model

    def up(filters: int, dropout: bool = False) -> Any:
        model = tf.keras.Sequential()
        model.add(layers.Conv2DTranspose(filters, 4, strides=2, padding="same"))
        model.add(layers.BatchNormalization())
        if dropout:
            model.add(layers.Dropout(0.5))
        model.add(layers.Activation(tf.nn.leaky_relu))
        return model

    images = layers.Input((16, 16, 3))
    x, skips = images, []
    for block in (down(4, normalized=False), down(6), down(8)):
        x = block(x)
        skips.append(x)
    for block, skip in zip((up(6, dropout=True), up(4)), skips[-2::-1], strict=True):
        x = layers.Concatenate()([block(x), skip])
        # Frozen layers come last in the lists of their model.
        block.layers[0].trainable = False
    last = layers.Conv2DTranspose(3, 4, strides=2, padding="same", activation="tanh")
    return tf.keras.Model(images, last(x))


def unet() -> Any:
    """Return a U-Net whose normalisation stays in training, as in pix2pix."""
    images = layers.Input((16, 16, 1))
    x = first = layers.Conv2D(4, 4, strides=2, padding="same")(images)
    x = layers.BatchNormalization()(layers.LeakyReLU(alpha=0.2)(x), training=True)
    x = layers.Conv2D(6, 4, strides=2, padding="same")(x)
    x = layers.Conv2DTranspose(4, 4, strides=2, padding="same")(layers.ReLU(6.0)(x))
    x = layers.BatchNormalization()(x, training=True)
    x = layers.Activation("relu")(layers.Concatenate()([x, first]))
    x = layers.Conv2DTranspose(2, 4, strides=2, padding="same")(x)
    return tf.keras.Model(images, layers.Activation("tanh")(x))


def functions() -> Any:
    """Return a network that calls functions of TensorFlow between its layers."""
    images = layers.Input((16, 12, 3))
    x = layers.Conv2D(4, 3, padding="valid")(
        tf.pad(images, [[0, 0], [2, 2], [2, 2], [0, 0]])
    )
    y = tf.nn.relu(x[:, 1:-1, 1:-1, :])
    z = tf.nn.leaky_relu(1.0 - y, alpha=0.3) * 0.5 + y
    x = tf.concat([y, tf.math.tanh(z), tf.sigmoid(z)], axis=-1)
    sides = tf.shape(x)
    x = tf.image.resize(x, (sides[1] * 2, 2 * sides[2]))
    x = tf.image.resize(
        layers.Conv2D(4, 3, padding="same")(x), (64, 48), method="nearest"
    )
    x = tf.keras.activations.relu(layers.Conv2D(3, 3, padding="same")(x))
    return tf.keras.Model(images, tf.clip_by_value(tf.minimum(x, 0.9) / 2.0, 0.0, 1.0))


def shared() -> Any:
    """Return a network in which a layer, and a model in the model, are called twice."""
    inside = layers.Input((None, None, 4))
    y = layers.Conv2D(4, 3, padding="same", activation=layers.LeakyReLU(0.1))(inside)
    block = tf.keras.Model(inside, layers.BatchNormalization()(y), name="block")
    images = layers.Input((None, None, 3))
    x = layers.Conv2D(4, 3, padding="same", activation="hard_sigmoid")(images)
    again = layers.Conv2D(4, 3, padding="same")
    x = again(block(again(block(x))))
    x = layers.AveragePooling2D(padding="same")(layers.MaxPooling2D(1)(x))
    weight = layers.Reshape((1, 1, 4))(layers.GlobalAveragePooling2D()(x))
    x = layers.Multiply()([x, layers.Dense(4, activation="sigmoid")(weight)])
    x = layers.Conv2D(12, 1)(layers.Cropping2D(1)(layers.ZeroPadding2D(1)(x)))
    return tf.keras.Model(
        images, layers.Conv2D(3, 3, padding="same")(layers.UpSampling2D()(x))
    )


def classifier() -> Any:
    """Return a discriminator that ends in one number."""
    model = tf.keras.Sequential(name="judge")
    model.add(layers.Conv2D(4, 3, strides=2, padding="same", input_shape=(16, 16, 3)))
    model.add(layers.ELU())
    model.add(layers.Flatten())
    model.add(tfa.layers.SpectralNormalization(layers.Dense(1)))
    return model


NETWORKS: dict[str, Callable[[], Any]] = {
    "cyclegan": cyclegan,
    "cyclegan_lambda": cyclegan_lambda,
    "spectral": spectral,
    "wdsr_lambda": wdsr_lambda,
    "wdsr_function": wdsr_function,
    "wdsr_recorded": wdsr_recorded,
    "group_norms": group_norms,
    "srgan": srgan,
    "pix2pix": pix2pix,
    "unet": unet,
    "functions": functions,
    "shared": shared,
    "classifier": classifier,
}
"""Makers of the networks by the name of their fixture."""
