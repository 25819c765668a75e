#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Hold the reference, or a worker's weights, against PyTorch in float64, once, by hand.

Trains the two rows of verify.npy (ten steps by default) with PyTorch on the CPU from the same job
folder, and prints for each tensor ||w - torch|| / ||torch - w0||: the distance from PyTorch's
weights, measured by how far training moved them.  As the samples are clear of ties, two float64
programs differ by their rounding alone, some 1e-14, and a float32 worker by some 1e-6.

    bench/pytorch_float64.py JOB                  # the reference, by the job's reference.npy
    worker-c_cpu --job JOB --out OUT --option threads=2
    bench/pytorch_float64.py JOB OUT/verify.npy   # a worker

Needs NumPy and PyTorch.
"""

import argparse
import json
import pathlib
import sys

import numpy
import torch
from torch.nn import functional


def load(job, folder, name):
    return numpy.load(folder / job["files"][name]["path"])


def tensors(job, vector):
    """The parameters of one vector by their names, as the job's table lays them out."""
    spans = {t["name"]: (t["offset"], t["offset"] + t["size"], t["shape"]) for t in job["tensors"]}
    return {name: vector[first:end].reshape(shape) for name, (first, end, shape) in spans.items()}


def forward(w, x):
    for layer in ("conv1", "conv2"):
        x = functional.conv2d(x, w[layer + ".weight"], w[layer + ".bias"])
        x = functional.max_pool2d(functional.relu(x), 2)
    x = functional.relu(functional.linear(x.flatten(1), w["fc1.weight"], w["fc1.bias"]))
    return functional.linear(x, w["fc2.weight"], w["fc2.bias"])


def train(job, folder, start):
    """The weights after both rows of verify.npy, from those in `start`."""
    norm = job["normalisation"]
    pixels = torch.tensor(load(job, folder, "train_images")).unsqueeze(1)
    labels = torch.tensor(load(job, folder, "train_labels")).long()
    w = {name: torch.tensor(array, requires_grad=True) for name, array in start.items()}
    sgd = torch.optim.SGD(w.values(), lr=job["lr"], momentum=job["momentum"])
    for row in torch.tensor(load(job, folder, "verify").astype(numpy.int64)):
        for batch in row.split(job["batch"]):
            x = (pixels[batch].double() / 255 - norm["mean"]) / norm["deviation"]
            sgd.zero_grad()
            functional.cross_entropy(forward(w, x), labels[batch]).backward()
            sgd.step()
    return {name: value.detach().numpy() for name, value in w.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("job", type=pathlib.Path, help="the job folder")
    parser.add_argument("weights", nargs="?", help="verify.npy as a worker wrote it")
    parser.add_argument("--limit", type=float, help="fail above it (1e-12; of a worker 3e-5)")
    options = parser.parse_args()

    job = json.loads((options.job / "job.json").read_text())
    start = tensors(job, load(job, options.job, "init").astype(numpy.float64))
    if options.weights:
        vector, limit = numpy.load(options.weights).astype(numpy.float64), 3e-5
    else:
        vector, limit = load(job, options.job, "reference")[0], 1e-12
    got = tensors(job, vector)
    wanted = train(job, options.job, start)
    norm = numpy.linalg.norm
    change = {name: norm(got[name] - w) / norm(w - start[name]) for name, w in wanted.items()}
    for name, value in change.items():
        print(f"{name:14} {value:.2e}")
    limit = options.limit or limit
    return int(not all(value <= limit for value in change.values()))


if __name__ == "__main__":
    sys.exit(main())
