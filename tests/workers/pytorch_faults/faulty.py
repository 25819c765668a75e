# SPDX-License-Identifier: MIT
"""pytorch_cpu with one of the faults that the platforms of the original system had."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[3] / "platforms/pytorch"))

import pytorch_cpu

from cnnbench.options import Option


def freeze_convolutions(training):
    """Their weights are never trained."""
    for layer in (training.net.conv1, training.net.conv2):
        layer.requires_grad_(False)


def sum_gradients(training):
    """Of the batch, where their mean is asked for."""
    update = training.update
    training.update = lambda n, loss, correct: update(n, loss * n, correct)


def dampen_momentum(training):
    """v = mu v + (1 - mu) g."""
    for group in training.optimiser.param_groups:
        group["dampening"] = group["momentum"]


FAULTS = {"frozen": freeze_convolutions, "summed": sum_gradients, "dampened": dampen_momentum}


class Platform(pytorch_cpu.Platform):
    options = (
        *pytorch_cpu.Platform.options,
        Option("fault", "choice", "frozen", "what is wrong", choices="|".join(FAULTS)),
    )

    def make_training(self, form):
        training = super().make_training(form)
        FAULTS[self.settings["fault"]](training)
        return training
