"""Building blocks of the decoders."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def init_icnr_(weight: Tensor) -> None:
    """Fill the convolution before a twofold pixel shuffle so that both together repeat each pixel.

    The four sub-pixels of an output channel start with the same filter, so the untrained network draws no
    checkerboard (Aitken et al. 2017, https://arxiv.org/abs/1707.02937).

    Args:
        weight: (4 * out, in, kh, kw), changed in place.
    """
    filters = torch.empty(weight.shape[0] // 4, *weight.shape[1:])
    nn.init.kaiming_normal_(filters)
    with torch.no_grad():
        weight.copy_(filters.repeat_interleave(4, 0))


class Blur(nn.Module):
    """2 x 2 mean at stride 1 over a picture padded on the left and top: it hides sub-pixel seams.

    (N, C, H, W) -> (N, C, H, W). From Sugawara et al. 2018, https://arxiv.org/abs/1806.02658.
    """

    def forward(self, x: Tensor) -> Tensor:
        return F.avg_pool2d(F.pad(x, (1, 0, 1, 0), mode="replicate"), 2, stride=1)


class PixelShuffleUpsample(nn.Sequential):
    """Upsample twofold: 1 x 1 convolution, norm, ReLU, pixel shuffle, blur.

    (N, c_in, H, W) -> (N, c_out, 2H, 2W).
    """

    def __init__(self, c_in: int, c_out: int, *, norm: bool = True) -> None:
        conv = nn.Conv2d(c_in, 4 * c_out, 1, bias=not norm)
        init_icnr_(conv.weight)
        super().__init__()
        self.conv = conv
        if norm:
            self.norm = nn.BatchNorm2d(4 * c_out)
        self.act = nn.ReLU(inplace=True)
        self.shuffle = nn.PixelShuffle(2)
        self.blur = Blur()


class SelfAttention(nn.Module):
    """Attention of every position to every other, added to the input by a learned share `gamma`.

    (N, C, H, W) -> (N, C, H, W). From Zhang et al. 2018 (SAGAN), https://arxiv.org/abs/1805.08318, in the
    form DeOldify uses: the softmax runs over the query positions, so that each key position gathers values.

    Args:
        channels: C; queries and keys have C / 8.
        scale: factor on the logits; None for 1 / sqrt(C / 8).
    """

    def __init__(self, channels: int, *, scale: float | None = None) -> None:
        super().__init__()
        self.query = nn.Conv1d(channels, channels // 8, 1, bias=False)
        self.key = nn.Conv1d(channels, channels // 8, 1, bias=False)
        self.value = nn.Conv1d(channels, channels, 1, bias=False)
        self.gamma = nn.Parameter(torch.zeros(1))
        self.scale = scale

    def forward(self, x: Tensor) -> Tensor:
        positions = x.flatten(2)  # (N, C, H*W)
        gathered = F.scaled_dot_product_attention(
            self.key(positions).transpose(1, 2),
            self.query(positions).transpose(1, 2),
            self.value(positions).transpose(1, 2),
            scale=self.scale,
        )  # (N, H*W, C)
        return x + self.gamma * gathered.transpose(1, 2).reshape(x.shape)


class CrossAttention(nn.Module):
    """Multi-head attention of queries to tokens: (N, K, dim), (N, T, dim) -> (N, K, dim).

    From Vaswani et al. 2017, https://arxiv.org/abs/1706.03762. `nn.MultiheadAttention` computes the same from
    the same tensors, but a traced copy of it keeps the number of tokens that it was traced with.
    """

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.in_proj_weight = nn.Parameter(torch.empty(3 * dim, dim))
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * dim))
        self.out_proj = nn.Linear(dim, dim)
        nn.init.xavier_uniform_(self.in_proj_weight)
        nn.init.zeros_(self.out_proj.bias)

    def forward(self, queries: Tensor, tokens: Tensor) -> Tensor:
        projections = zip(self.in_proj_weight.chunk(3), self.in_proj_bias.chunk(3), strict=True)
        query, key, value = (
            F.linear(x, weight, bias).unflatten(2, (self.heads, -1)).transpose(1, 2)
            for x, (weight, bias) in zip((queries, tokens, tokens), projections, strict=True)
        )  # (N, heads, K or T, dim / heads)
        gathered: Tensor = F.scaled_dot_product_attention(query, key, value)
        return self.out_proj(gathered.transpose(1, 2).flatten(2))


class QueryLayer(nn.Module):
    """Queries look at a picture, then at each other: (N, K, dim), (N, T, dim) -> (N, K, dim).

    Cross-attention before self-attention, as in DDColor (Kang et al. 2023, https://arxiv.org/abs/2212.11613).
    """

    def __init__(self, dim: int, heads: int = 4) -> None:
        super().__init__()
        self.look = CrossAttention(dim, heads)
        self.confer = CrossAttention(dim, heads)
        self.think = nn.Sequential(nn.Linear(dim, 4 * dim), nn.GELU(), nn.Linear(4 * dim, dim))
        self.norms = nn.ModuleList(nn.LayerNorm(dim) for _ in range(3))

    def forward(self, queries: Tensor, tokens: Tensor) -> Tensor:
        x = self.norms[0](queries + self.look(queries, tokens))
        x = self.norms[1](x + self.confer(x, x))
        x = self.norms[2](x + self.think(x))
        return x


class ColorQueries(nn.Module):
    """Learned queries that find out which colours a picture has, and maps of where each applies.

    From DDColor (Kang et al. 2023, https://arxiv.org/abs/2212.11613), with one layer for each scale.

    Args:
        channels: of the feature maps that the queries look at, one after the other.
        count: K, how many queries.
        dim: of a query.
    """

    def __init__(self, channels: Sequence[int], count: int, dim: int = 128) -> None:
        super().__init__()
        self.start = nn.Parameter(0.5 * torch.randn(count, dim))
        self.tokens = nn.ModuleList(
            nn.Sequential(nn.Conv2d(c, dim, 1), nn.GroupNorm(1, dim)) for c in channels
        )
        self.layers = nn.ModuleList(QueryLayer(dim) for _ in channels)
        self.embed = nn.Conv2d(channels[-1], dim, 1)

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        """Feature maps (N, channels[i], h, w) -> (N, K, h, w) at the size of the last one."""
        last = features[-1]
        queries = self.start.expand(last.shape[0], -1, -1)  # not len(): it would be traced as a number
        for layer, project, x in zip(self.layers, self.tokens, features, strict=True):
            queries = layer(queries, project(x).flatten(2).transpose(1, 2))
        places = self.embed(last).flatten(2)  # (N, dim, h * w)
        maps = queries @ places * places.shape[1] ** -0.5
        return maps.unflatten(2, last.shape[-2:])


class ConvUnit(nn.Sequential):
    """3 x 3 convolution, batch norm, ReLU: the norm folds into the convolution for rendering."""

    def __init__(self, c_in: int, c_out: int) -> None:
        conv = nn.Conv2d(c_in, c_out, 3, padding=1, bias=False)
        nn.init.kaiming_normal_(conv.weight)
        super().__init__()
        self.conv = conv
        self.norm = nn.BatchNorm2d(c_out)
        self.act = nn.ReLU(inplace=True)


class ConvReluNorm(nn.Sequential):
    """3 x 3 convolution, ReLU, batch norm: DeOldify's order, in which the norm cannot fold backwards."""

    def __init__(self, c_in: int, c_out: int) -> None:
        conv = nn.Conv2d(c_in, c_out, 3, padding=1, bias=False)
        nn.init.kaiming_normal_(conv.weight)
        super().__init__()
        self.conv = conv
        self.act = nn.ReLU(inplace=True)
        self.norm = nn.BatchNorm2d(c_out)


class ResidualConvs(nn.Sequential):
    """Two 3 x 3 convolutions, each with ReLU, added to their input: (N, C, H, W) -> (N, C, H, W)."""

    def __init__(self, channels: int) -> None:
        super().__init__(*(nn.Conv2d(channels, channels, 3, padding=1) for _ in range(2)))

    def forward(self, x: Tensor) -> Tensor:
        y = x
        for conv in self:
            y = F.relu(conv(y), inplace=True)
        return x + y
