"""The degradations of `imgan.data.degradations`, for whole batches inside a graph.

In TensorFlow, traceable, the configuration static. Images are float32 in [0, 1],
`(batch, height, width, channels)`; every sample has kernels, noise and quality of its
own, while a batch shares the factor and the mode of each resize, as its images must
keep one size. All randomness is handed in: as tensors to the operations, as a source of
tensors to `draw_batch_plan` and `degrade_batch`.

On GPUs TensorFlow multiplies matrices in TF32, of 10 bits, unless told otherwise:
resizes and blurs may be off by an eighth of a level of 255 there.
"""
