"""Without a GPU the arithmetic takes the quicker products."""

import pytest
import torch

from garage_tui.core import models
from garage_tui.jobs.loading import load_base


@pytest.mark.skipif(torch.cuda.is_available(), reason="a GPU does the arithmetic")
def test_products_stay_exact(tiny_model):
    load_base(models.find(str(tiny_model)), "no model")
    assert torch.backends.mkldnn.matmul.fp32_precision == "bf16", "oneDNN's kernels may be taken"
    one, two = torch.randn(300, 576), torch.randn(576, 1536)
    exact = one.double() @ two.double()
    # Where the processor has AMX, factors are rounded to bf16, as on a GPU.
    most = 1e-2 if torch.cpu._is_amx_tile_supported() else 1e-5
    assert ((one @ two).double() - exact).norm() < most * exact.norm()
