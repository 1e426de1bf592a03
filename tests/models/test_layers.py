"""Building blocks of the decoders against torch's own."""

import torch
from torch import nn

from deoldify_lite.models.layers import CrossAttention


def test_cross_attention_is_that_of_torch() -> None:
    torch.manual_seed(0)
    torchs = nn.MultiheadAttention(32, 4, batch_first=True)
    nn.init.normal_(torchs.in_proj_bias)
    ours = CrossAttention(32, 4)
    ours.load_state_dict(torchs.state_dict())
    queries, tokens = torch.randn(2, 5, 32), torch.randn(2, 11, 32)
    expected, _ = torchs(queries, tokens, tokens, need_weights=False)
    torch.testing.assert_close(ours(queries, tokens), expected)
