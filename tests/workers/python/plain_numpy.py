# SPDX-License-Identifier: MIT
"""The smallest platform in Python: the network in NumPy, a layer a class, forward beside backward.

Arrays are batch x channel x row x column; every one that is kept is float32.  With the option `fault`
it does one thing that tests of the worker loop want to see told.
"""

from __future__ import annotations

from typing import Any

from cnnbench.host import describe_packages, importing, processor_name, require_packages
from cnnbench.options import THREADS, Option
from cnnbench.platform import Device, Stats, Unavailable
from cnnbench.platform import Platform as Base


def softmax_cross_entropy(np: Any, z: Any, labels: Any) -> tuple[Any, Any]:
    """The losses of all samples, and the gradient of their mean: (softmax - one hot)/batch."""
    rows = np.arange(len(z))
    shifted = z - z.max(axis=1, keepdims=True)
    sums = np.exp(shifted).sum(axis=1, keepdims=True)
    gradient = np.exp(shifted) / sums
    losses = np.log(sums[:, 0]) - shifted[rows, labels]
    gradient[rows, labels] -= 1
    return losses, gradient / np.float32(len(z))


class Net:
    """Weights by name, and what the backward pass needs of the forward pass."""

    def __init__(self, np: Any, weights: dict[str, Any]) -> None:
        self.np, self.weights, self.kept = np, weights, {}

    def convolve(self, name: str, x: Any) -> Any:
        """a[n,f,y,x] = bias[f] + sum over c, i, j of weight[f,c,i,j] x[n,c,y+i,x+j]."""
        weight, bias = self.weights[f"{name}.weight"], self.weights[f"{name}.bias"]
        windows = self.np.lib.stride_tricks.sliding_window_view(x, weight.shape[2:], axis=(2, 3))
        self.kept[name] = windows
        return self.np.einsum("ncyxij,fcij->nfyx", windows, weight, optimize=True) + bias[:, None, None]

    def convolve_back(self, name: str, g: Any, gradients: dict[str, Any], wants_x: bool) -> Any:
        """dw = sum over n, y, x of g x; dx: g, padded, with the filters turned round."""
        np, weight = self.np, self.weights[f"{name}.weight"]
        gradients[f"{name}.weight"] = np.einsum("ncyxij,nfyx->fcij", self.kept[name], g, optimize=True)
        gradients[f"{name}.bias"] = g.sum(axis=(0, 2, 3))
        if not wants_x:
            return None
        k = weight.shape[2] - 1
        padded = np.pad(g, ((0, 0), (0, 0), (k, k), (k, k)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, weight.shape[2:], axis=(2, 3))
        return np.einsum("nfyxij,fcij->ncyx", windows, weight[:, :, ::-1, ::-1], optimize=True)

    def pool(self, name: str, a: Any) -> Any:
        """ReLU, then the largest of 2 x 2; an odd last row and column are left out."""
        n, f, side = a.shape[:3]
        half = side // 2
        cut = self.np.maximum(a[:, :, : 2 * half, : 2 * half], 0)
        boxes = cut.reshape(n, f, half, 2, half, 2).transpose(0, 1, 2, 4, 3, 5).reshape(n, f, half, half, 4)
        first = boxes.argmax(axis=-1)[..., None]
        largest = self.np.take_along_axis(boxes, first, axis=-1)
        self.kept[name] = (side, first, largest > 0)
        return largest[..., 0]

    def pool_back(self, name: str, g: Any) -> Any:
        """The gradient goes to the first of the largest, where that was above 0."""
        side, first, alive = self.kept[name]
        n, f, half = g.shape[:3]
        boxes = self.np.zeros((*g.shape, 4), dtype=self.np.float32)
        self.np.put_along_axis(boxes, first, g[..., None] * alive, axis=-1)
        cut = boxes.reshape(n, f, half, half, 2, 2).transpose(0, 1, 2, 4, 3, 5)
        whole = self.np.zeros((n, f, side, side), dtype=self.np.float32)
        whole[:, :, : 2 * half, : 2 * half] = cut.reshape(n, f, 2 * half, 2 * half)
        return whole

    def forward(self, x: Any) -> Any:
        x = self.pool("pool1", self.convolve("conv1", x))
        x = self.pool("pool2", self.convolve("conv2", x))
        self.kept["shape"], x = x.shape, x.reshape(len(x), -1)
        w = self.weights
        hidden = self.np.maximum(x @ w["fc1.weight"].T + w["fc1.bias"], 0)
        self.kept["x"], self.kept["hidden"] = x, hidden
        return hidden @ w["fc2.weight"].T + w["fc2.bias"]

    def backward(self, g: Any) -> dict[str, Any]:
        kept, w = self.kept, self.weights
        gradients = {"fc2.weight": g.T @ kept["hidden"], "fc2.bias": g.sum(axis=0)}
        g = (g @ w["fc2.weight"]) * (kept["hidden"] > 0)
        gradients |= {"fc1.weight": g.T @ kept["x"], "fc1.bias": g.sum(axis=0)}
        g = self.pool_back("pool2", (g @ w["fc1.weight"]).reshape(kept["shape"]))
        g = self.pool_back("pool1", self.convolve_back("conv2", g, gradients, wants_x=True))
        self.convolve_back("conv1", g, gradients, wants_x=False)
        return gradients


class Platform(Base):
    summary = "NumPy, for tests"
    options = (
        THREADS,
        Option("fault", "choice", "none", "for tests", "none|probe|import|broken|open|train|nan|memory|half"),
    )
    variants = ("threads=1",)
    data = "uint8, resident"

    def __init__(self, settings: dict[str, Any]) -> None:
        super().__init__(settings)
        self.half = settings["fault"] == "half"
        self.precision = "float16" if self.half else "float32"

    def fail(self, at: str) -> None:
        if self.settings["fault"] == at:
            raise RuntimeError(f"it was told to fail at {at}\nand this is not told")

    def probe(self) -> Device:
        require_packages(("numpy",))
        if self.settings["fault"] == "probe":
            raise Unavailable("it was told so", "nothing helps")
        return Device(processor_name(), libraries=describe_packages(("numpy",)))

    def load(self) -> None:
        self.fail("import")
        with importing("NumPy"):
            if self.settings["fault"] == "broken":
                raise ImportError("libfoo.so: file too short\nand this is not told")
            import numpy

        self.np = numpy

    def open(self, job: Any, span: Any) -> None:
        with span("upload"):
            self.fail("open")
            self.job = job
            self.images = {"train": job.train_images[:], "test": job.test_images[:]}
            self.reset()

    def reset(self) -> None:
        self.vector, self.speed = self.job.init.copy(), self.np.zeros_like(self.job.init)
        self.net = Net(self.np, self.job.split(self.vector))

    def input(self, pixels: Any) -> Any:
        x = (pixels.astype(self.np.float32) / 255 - self.job.mean) / self.job.deviation
        return x.astype(self.np.float32)[:, None]

    def step(self, batch: Any) -> tuple[float, int]:
        """Sum of the losses, and correct predictions; v = momentum v + g, w = w - lr v."""
        np, job = self.np, self.job
        labels = job.train_labels[batch]
        z = self.net.forward(self.input(self.images["train"][batch]))
        losses, gradient = softmax_cross_entropy(np, z, labels)
        gradients = self.net.backward(gradient)
        flat = np.concatenate([gradients[tensor.name].ravel() for tensor in job.tensors])
        if self.half:
            flat = flat.astype(np.float16)
        self.speed = np.float32(job.momentum) * self.speed + flat
        self.vector -= np.float32(job.lr) * self.speed
        return float(losses.sum()), int((z.argmax(axis=1) == labels).sum())

    def train(self, order: Any) -> Stats:
        self.fail("train")
        starts = range(0, len(order), self.job.batch)
        done = [self.step(order[start : start + self.job.batch]) for start in starts]
        losses, correct = map(sum, zip(*done))
        loss = float("nan") if self.settings["fault"] == "nan" else losses / len(order)
        return Stats(len(order), len(starts), loss, correct)

    def eval(self) -> Stats:
        z = self.net.forward(self.input(self.images["test"]))
        losses, _ = softmax_cross_entropy(self.np, z, self.job.test_labels[:])
        hits = int((z.argmax(axis=1) == self.job.test_labels).sum())
        return Stats(len(z), 1, float(losses.mean()), hits)

    def read(self) -> Any:
        return self.vector

    def counters(self) -> dict[str, int]:
        return {"numpy.weights": self.vector.nbytes} if self.settings["fault"] == "memory" else {}
