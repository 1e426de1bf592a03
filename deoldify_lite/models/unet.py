"""The U-Net: a timm encoder, and a decoder that brings colour up from its features."""

from collections.abc import Sequence

import timm
import torch
from torch import Tensor, nn

from deoldify_lite.models.layers import ConvUnit, PixelShuffleUpsample, SelfAttention

# Mean and spread of luma over natural photos, to which the `lite` encoder is trained.
LITE_LUMA_MEAN, LITE_LUMA_STD = 0.45, 0.26


class LiteBlock(nn.Module):
    """Upsample, join with the skip connection, convolve.

    Args:
        c_in: channels from below.
        c_skip: channels of the skip connection.
        c_out: channels to the next block.
        depth: how many 3 x 3 convolutions.
    """

    def __init__(self, c_in: int, c_skip: int, c_out: int, depth: int) -> None:
        super().__init__()
        self.upsample = PixelShuffleUpsample(c_in, c_out)
        self.convs = nn.Sequential(
            *(ConvUnit(c_out + c_skip if i == 0 else c_out, c_out) for i in range(depth))
        )

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        # An odd skip was rounded up on its way down: the surplus row and column are cut off.
        x = self.upsample(x)[..., : skip.shape[-2], : skip.shape[-1]]
        return self.convs(torch.cat([x, skip], 1))


class LiteDecoder(nn.Module):
    """From encoder features to two chroma planes at half the input's size.

    Self-attention sits at 1/16 of the input, where every position can see the whole picture at little cost.

    Args:
        channels: of the encoder's features at strides 2, 4, 8, 16, 32.
    """

    widths = (256, 192, 128, 64)  # of the blocks at strides 16, 8, 4, 2
    depths = (2, 2, 1, 1)

    def __init__(self, channels: Sequence[int]) -> None:
        super().__init__()
        skips = list(channels[-2::-1])
        inputs = [channels[-1], *self.widths]
        self.blocks = nn.ModuleList(
            LiteBlock(c_in, c_skip, c_out, depth)
            for c_in, c_skip, c_out, depth in zip(inputs, skips, self.widths, self.depths, strict=False)
        )
        self.attention = SelfAttention(self.widths[0])
        self.head = nn.Conv2d(self.widths[-1], 2, 3, padding=1)
        nn.init.zeros_(self.head.weight)
        assert self.head.bias is not None
        nn.init.zeros_(self.head.bias)  # an untrained network gives grey

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        x = features[-1]
        for i, (block, skip) in enumerate(zip(self.blocks, features[-2::-1], strict=True)):
            x = block(x, skip)
            if i == 0:
                x = self.attention(x)
        return torch.sigmoid(self.head(x))  # (N, 2, H/2, W/2) in (0, 1)


class Unet(nn.Module):
    """Encoder and decoder joined by skip connections.

    Args:
        encoder: name of a timm network with features at strides 2, 4, 8, 16, 32.
        pretrained: let timm download ImageNet weights for the encoder.
    """

    def __init__(self, encoder: str, *, pretrained: bool = False) -> None:
        super().__init__()
        self.encoder = timm.create_model(encoder, features_only=True, pretrained=pretrained, in_chans=1)
        self.decoder = LiteDecoder(self.encoder.feature_info.channels())

    def encode(self, luma: Tensor) -> list[Tensor]:
        """(N, 1, H, W) luma in [0, 1] -> features at strides 2, 4, 8, 16, 32."""
        features: list[Tensor] = self.encoder((luma - LITE_LUMA_MEAN) / LITE_LUMA_STD)
        return features

    def decode(self, features: Sequence[Tensor]) -> Tensor:
        """Features -> (N, 2, H/2, W/2) chroma in (-0.5, 0.5)."""
        chroma: Tensor = self.decoder(features)
        return chroma - 0.5

    def predict_chroma(self, luma: Tensor) -> Tensor:
        """(N, 1, H, W) luma in [0, 1] -> (N, 2, H/2, W/2) chroma in (-0.5, 0.5)."""
        return self.decode(self.encode(luma))
