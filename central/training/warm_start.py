"""A network that begins as a shipped model: its int8 weights read back, its BatchNorms made to change nothing.

Whoever wants to improve the model needs no checkpoint of the last training, which is too large to ship: the file on the
box is enough.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from central.training.blocks import of_blocks
from central.training.net import EmbeddingNet, NetShape
from device.errors import Refused

Filter = tuple[NDArray[np.float32], NDArray[np.float32]]  # (out, in, height, width) and its bias (out,)


def from_model(path: Path, spectrograms: Tensor) -> EmbeddingNet:
    """Build a network that answers as a model does.

    Args:
        path: An int8 `.tflite` of this network's kind, of any width, as `central.training.export` writes it.
        spectrograms: (n, 1, bands, frames), clean and degraded ones, to learn what passes each BatchNorm.

    Returns:
        The network, ready to be trained on.

    Raises:
        Refused: The model is of another form.
    """
    shipped = NetShape()
    filters = list(_filters(path))
    stem, bias = filters[0]
    if stem.shape[1] > 1:
        filters[0] = of_blocks(torch.from_numpy(stem), shipped.stem_stride).numpy(), bias
    # Narrower ones were shipped before; the first layer tells.
    net = EmbeddingNet(shipped.times_as_wide(len(bias) / shipped.stages[0].channels))
    convolutions = [module for module in net.modules() if isinstance(module, nn.Conv2d)]
    norms = [module for module in net.modules() if isinstance(module, nn.BatchNorm2d)]
    if [conv.weight.shape for conv in convolutions] != [weights.shape for weights, _ in filters]:
        raise Refused(
            "model-other-form",
            f"{path.name} is not of the network's form in `net.py`.",
            "Take the model of this release, or train from fresh weights.",
        )
    with torch.no_grad():
        for convolution, (weights, _) in zip(convolutions, filters, strict=True):
            convolution.weight.copy_(torch.from_numpy(weights))
        net.project.bias.copy_(torch.from_numpy(filters[-1][1]))
    net.eval()
    # Only the projection, the last one, has no norm after it.
    for convolution, norm, (_, bias) in zip(convolutions, norms, filters, strict=False):
        _make_neutral(norm, convolution, torch.from_numpy(bias), net, spectrograms)
    return net


def _make_neutral(
    norm: nn.BatchNorm2d, convolution: nn.Conv2d, bias: Tensor, net: EmbeddingNet, spectrograms: Tensor
) -> None:
    """Give a norm the mean and spread of what passes it, and the gain and shift that undo them but for the bias."""
    passed: list[Tensor] = []
    watch = convolution.register_forward_hook(lambda _module, _inputs, out: passed.append(out))
    with torch.inference_mode():
        net(spectrograms)
    watch.remove()
    with torch.no_grad():
        norm.running_mean.copy_(passed[0].mean(dim=(0, 2, 3)))
        norm.running_var.copy_(passed[0].var(dim=(0, 2, 3)))
        norm.weight.copy_(torch.sqrt(norm.running_var + norm.eps))
        norm.bias.copy_(norm.running_mean + bias)


def _filters(path: Path) -> Iterator[Filter]:
    """Read the convolutions of a model in the order in which sound passes them, as PyTorch has their axes."""
    from ai_edge_litert import schema_py_generated as schema

    content = path.read_bytes()
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    graph = model.subgraphs[0]
    for operator in graph.operators:
        code = model.operatorCodes[operator.opcodeIndex].builtinCode
        depthwise = code == schema.BuiltinOperator.DEPTHWISE_CONV_2D
        if not depthwise and code != schema.BuiltinOperator.CONV_2D:
            continue
        weights, bias = (
            _numbers(content, model, graph.tensors[int(number)]) for number in operator.inputs[1:3]
        )
        # LiteRT: (out, height, width, in), and (1, height, width, channels) where each channel is on its own.
        yield weights.transpose((3, 0, 1, 2) if depthwise else (0, 3, 1, 2)).copy(), bias


def _numbers(content: bytes, model: object, tensor: object) -> NDArray[np.float32]:
    """Dequantise one tensor of the model."""
    from ai_edge_litert import schema_py_generated as schema

    kind = {schema.TensorType.INT8: np.int8, schema.TensorType.INT32: np.int32}[tensor.type]  # type: ignore[attr-defined]
    buffer = model.buffers[tensor.buffer]  # type: ignore[attr-defined]
    # The quantiser lays some tensors behind the model's own structure, and says only where.
    beside = content[buffer.offset : buffer.offset + buffer.size]
    stored = beside if buffer.data is None else buffer.data.tobytes()
    steps = np.frombuffer(stored, dtype=kind).reshape(tensor.shape).astype(np.float32)  # type: ignore[attr-defined]
    scales = np.asarray(tensor.quantization.scale, dtype=np.float32)  # type: ignore[attr-defined]
    if len(scales) == 1:
        return np.asarray(steps * scales[0], dtype=np.float32)
    axis = tensor.quantization.quantizedDimension  # type: ignore[attr-defined]
    along = [1] * steps.ndim
    along[axis] = len(scales)
    return np.asarray(steps * scales.reshape(along), dtype=np.float32)
