"""KID between two sets of pictures over fixed random features, without a pretrained network.

KID (arXiv 1801.01401) is the squared MMD of features under the kernel (x·y / d + 1)³. Its usual features are those of
an Inception net trained on photos; here they are those of a convolutional net with random weights from one fixed seed
(on what such features measure: arXiv 1706.08500's critics, arXiv 2203.06026, section 3), so that nothing is downloaded.
It is therefore not an FID and comparable only with itself: always print its floor, and the score of blurred pictures.
"""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F

from garage_tui.jobs.diffusion.samplers import to_tensor

_WIDTHS = (32, 64, 128, 256)
_SEED = 0


class RandomFeatures:
    """Features of pictures, scaled so that those of a reference set have mean 0 and deviation 1.

    Four levels of 3×3 convolutions with random weights (He), leaky ReLU and a mean over 2×2. The features of a level
    are the means and the logarithms of the deviations over the picture, and for the last level also the means of its
    quarters; all groups have the same weight.

    Args:
        reference: (count, size, size, 3) uint8; size is a multiple of 32.
    """

    def __init__(self, reference: np.ndarray) -> None:
        random = torch.Generator().manual_seed(_SEED)
        inward = (3, *_WIDTHS)
        self._weights = [
            torch.randn(wide, before, 3, 3, generator=random) * math.sqrt(2 / (9 * before))
            for before, wide in zip(inward, _WIDTHS, strict=False)
        ]
        features = self._raw(reference)
        self._mean, deviation = features.mean(0), features.std(0)
        groups = deviation.split([wide for wide in _WIDTHS for _ in range(2)] + [4 * _WIDTHS[-1]])
        # A nearly constant feature must not have more weight than the others of its group.
        self._scale = torch.cat(
            [
                group.clamp(min=float(group.median())) * math.sqrt(len(group) * len(groups) / len(deviation))
                for group in groups
            ]
        )
        self.reference = (features - self._mean) / self._scale

    def __call__(self, pictures: np.ndarray) -> torch.Tensor:
        """Return (count, features)."""
        return (self._raw(pictures) - self._mean) / self._scale

    def _raw(self, pictures: np.ndarray) -> torch.Tensor:
        found = []
        for start in range(0, len(pictures), 128):
            x, features = to_tensor(pictures[start : start + 128]), []
            for weight in self._weights:
                x = F.leaky_relu(F.conv2d(x, weight, padding=1), 0.2)
                features += [x.mean((2, 3)), x.std((2, 3)).clamp(min=1e-4).log()]
                x = F.avg_pool2d(x, 2)
            features.append(F.adaptive_avg_pool2d(x, 2).flatten(1))
            found.append(torch.cat(features, 1))
        return torch.cat(found)


def kid(one: torch.Tensor, other: torch.Tensor) -> float:
    """Return the unbiased squared MMD of two sets of features, (count, features) each; of equal sets it is about 0.

    It may be slightly negative. Each set should have 100 pictures or more.
    """

    def kernel(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        return (a @ b.T / a.shape[1] + 1) ** 3

    def within(a: torch.Tensor) -> torch.Tensor:
        alike = kernel(a, a)
        return (alike.sum() - alike.trace()) / (len(a) * (len(a) - 1))

    return float(within(one) + within(other) - 2 * kernel(one, other).mean())
