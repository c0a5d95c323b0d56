"""Attention by plain products gives what torch's own kernel gives, and the same gradients."""

import pytest
import torch

from garage_tui.jobs.llm import attention

SHAPES = {
    "packed lines": (6, 9, 3, 192, 192, 64),
    "one token of many rows": (208, 9, 3, 1, 80, 64),
    "as many groups as heads": (100, 4, 4, 1, 30, 16),
}


class Layer(torch.nn.Module):
    is_causal = True

    def __init__(self, groups: int) -> None:
        super().__init__()
        self.num_key_value_groups = groups


def makers(result: torch.Tensor) -> set[str]:
    """Return the names of all steps that a result came from."""
    seen, left = set(), [result.grad_fn]
    while left:
        node = left.pop()
        seen.add(type(node).__name__)
        left += [before for before, _ in node.next_functions if before is not None]
    return seen


@pytest.mark.parametrize("numbers", [False, True], ids=["mask of yes and no", "mask of numbers"])
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_products_are_torchs_attention(shape, numbers):
    torch.manual_seed(0)
    rows, heads, groups, tokens, kept, size = shape
    query, key, value = (
        torch.randn(rows, count, length, size, requires_grad=True)
        for count, length in ((heads, tokens), (groups, kept), (groups, kept))
    )
    mask = torch.rand(rows, 1, tokens, kept) > 0.4
    mask[..., 0] = True
    given = torch.zeros(mask.shape).masked_fill(~mask, float("-inf")) if numbers else mask
    found, _ = attention.attend(Layer(heads // groups), query, key, value, given)
    assert "_ProductsBackward" in makers(found)
    usual = torch.nn.functional.scaled_dot_product_attention(query, key, value, attn_mask=mask, enable_gqa=True)
    usual = usual.transpose(1, 2)
    assert torch.allclose(found, usual, atol=1e-5)
    slope = torch.randn_like(usual)
    own, torchs = (torch.autograd.grad(result, (query, key, value), slope) for result in (found, usual))
    assert all(torch.allclose(one, other, atol=1e-5) for one, other in zip(own, torchs, strict=True))


def test_long_rows_keep_no_square_of_weights():
    query, key = torch.randn(2, 9, 1024, 16, requires_grad=True), torch.randn(2, 3, 1024, 16)
    mask = torch.ones(1024, 1024, dtype=torch.bool).tril().expand(2, 1, 1024, 1024)
    found, _ = attention.attend(Layer(3), query, key, key, mask)
    assert "_ProductsBackward" not in makers(found)
