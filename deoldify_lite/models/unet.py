"""The U-Net: a timm encoder, and a decoder that brings colour up from its features."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import timm
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from deoldify_lite.color.tensors import chroma_of
from deoldify_lite.errors import OptionError, WeightsError
from deoldify_lite.models.layers import (
    ColorQueries,
    ConvReluNorm,
    ConvUnit,
    PixelShuffleUpsample,
    ResidualConvs,
    SelfAttention,
)
from deoldify_lite.models.zoo import RGB_DECODERS

# Mean and spread of luma over natural photos, to which the `lite` encoder is trained.
LITE_LUMA_MEAN, LITE_LUMA_STD = 0.45, 0.26
# Mean and spread of red, green and blue over ImageNet: the scale DeOldify's networks read and write.
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


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
    """From encoder features to two chroma planes, at a half or a quarter of the input's size.

    Self-attention sits at 1/16 of the input, where every position can see the whole picture at little cost.

    Args:
        channels: of the encoder's features at strides 2, 4, 8, 16, 32.
        widths: channels of the blocks at strides 16, 8, 4 and maybe 2.
        depths: 3 x 3 convolutions of each.
        queries: colour queries that look at what each block gives; 0 for none.
    """

    def __init__(
        self,
        channels: Sequence[int],
        *,
        widths: tuple[int, ...] = (256, 192, 128, 64),
        depths: tuple[int, ...] = (2, 2, 1, 1),
        queries: int = 0,
    ) -> None:
        super().__init__()
        self.widths, self.depths = widths, depths
        self.chroma_stride = 32 >> len(widths)
        skips = list(channels[-2::-1])
        inputs = [channels[-1], *self.widths]
        self.blocks = nn.ModuleList(
            LiteBlock(c_in, c_skip, c_out, depth)
            for c_in, c_skip, c_out, depth in zip(inputs, skips, self.widths, self.depths, strict=False)
        )
        self.attention = SelfAttention(self.widths[0])
        self.bottleneck = channels[-1]
        self.queries = ColorQueries(widths, queries) if queries else None
        self.head = nn.Conv2d(self.widths[-1] + queries, 2, 3, padding=1)
        nn.init.zeros_(self.head.weight)
        assert self.head.bias is not None
        nn.init.zeros_(self.head.bias)  # an untrained network gives grey

    def states(self, features: Sequence[Tensor]) -> Iterator[Tensor]:
        """What each block gives, one after the other: (N, widths[i], h, w) at strides 16, 8, 4, maybe 2."""
        x = features[-1]
        for i, (block, skip) in enumerate(zip(self.blocks, features[-2:0:-1], strict=False)):
            x = block(x, skip)
            if i == 0:
                x = self.attention(x)
            yield x

    def finish(self, states: Sequence[Tensor]) -> Tensor:
        """The `states`, of which queries need all -> (N, 2, H/stride, W/stride) in (0, 1)."""
        last = states[-1]
        if self.queries is not None:
            last = torch.cat([last, self.queries(states)], 1)
        # In float32, or chroma would come in steps of a whole 8-bit level: bfloat16 is coarse around 0.5.
        return torch.sigmoid(self.head(last).float())

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        # Of one element without queries: the earlier states are let go as soon as they are passed on.
        return self.finish(deque(self.states(features), maxlen=None if self.queries else 1))


class RgbBlock(nn.Module):
    """DeOldify's decoder block: upsample, join with the normed skip connection, ReLU, convolve.

    Args:
        c_in: channels from below.
        c_up: channels after the upsampling.
        c_skip: channels of the skip connection.
        c_out: channels to the next block.
        depth: how many 3 x 3 convolutions.
    """

    def __init__(self, c_in: int, c_up: int, c_skip: int, c_out: int, depth: int) -> None:
        super().__init__()
        self.upsample = PixelShuffleUpsample(c_in, c_up)
        self.skip_norm = nn.BatchNorm2d(c_skip)
        self.convs = nn.Sequential(
            *(ConvReluNorm(c_up + c_skip if i == 0 else c_out, c_out) for i in range(depth))
        )

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        x = self.upsample(x)
        if x.shape[-2:] != skip.shape[-2:]:
            # An odd skip was rounded up on its way down; DeOldify's networks learned with this resize.
            x = F.interpolate(x, skip.shape[-2:], mode="nearest")
        return self.convs(F.relu(torch.cat([x, self.skip_norm(skip)], 1), inplace=True))


class RgbDecoder(nn.Module):
    """DeOldify's decoder: from encoder features to a whole RGB picture at full size.

    Self-attention sits at 1/8 of the input. Every convolution here is a plain one: the spectral and
    weight norms of DeOldify's files are folded when these are loaded.

    Args:
        channels: of the encoder's features at strides 2, 4, 8, 16, 32.
        c_ups: channels after the upsampling of the blocks at strides 16, 8, 4, 2.
        c_outs: channels that those blocks give.
        depth: 3 x 3 convolutions of a block.
    """

    chroma_stride = 1

    def __init__(
        self, channels: Sequence[int], *, c_ups: Sequence[int], c_outs: Sequence[int], depth: int
    ) -> None:
        super().__init__()
        bottleneck = channels[-1]
        self.norm = nn.BatchNorm2d(bottleneck)
        self.middle = nn.Sequential(
            ConvReluNorm(bottleneck, 2 * bottleneck), ConvReluNorm(2 * bottleneck, bottleneck)
        )
        c_ins = [bottleneck, *c_outs[:-1]]
        self.blocks = nn.ModuleList(
            RgbBlock(c_in, c_up, c_skip, c_out, depth)
            for c_in, c_up, c_skip, c_out in zip(c_ins, c_ups, channels[-2::-1], c_outs, strict=True)
        )
        # A logit scale of 1, as DeOldify was trained with.
        self.attention = SelfAttention(c_outs[1], scale=1.0)
        self.upsample = PixelShuffleUpsample(c_outs[-1], c_outs[-1], norm=False)
        self.residual = ResidualConvs(
            c_outs[-1] + 3
        )  # 3: of the picture itself, the skip connection at stride 1
        self.head = nn.Conv2d(c_outs[-1] + 3, 3, 1)

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        picture, *skips, x = features
        x = self.middle(F.relu(self.norm(x)))
        for i, (block, skip) in enumerate(zip(self.blocks, reversed(skips), strict=True)):
            x = block(x, skip)
            if i == 1:
                x = self.attention(x)
        x = self.upsample(x)
        if x.shape[-2:] != picture.shape[-2:]:
            x = F.interpolate(x, picture.shape[-2:], mode="nearest")  # an input of odd size
        x = self.residual(torch.cat([x, picture], 1))
        # In float32 even under autocast: bfloat16 cannot represent 256 levels.
        return 6 * torch.sigmoid(self.head(x).float()) - 3  # (N, 3, H, W) in (-3, 3)


DECODERS: dict[str, Callable[[Sequence[int]], LiteDecoder | RgbDecoder]] = {
    "lite": LiteDecoder,
    "slim": partial(LiteDecoder, widths=(256, 192, 128), depths=(2, 2, 1)),
    "query": partial(LiteDecoder, widths=(256, 192, 128), depths=(2, 2, 1), queries=20),
    "deep": partial(RgbDecoder, c_ups=(256, 384, 384, 336), c_outs=(768, 768, 672, 300), depth=2),
    "wide": partial(RgbDecoder, c_ups=(512, 512, 512, 256), c_outs=(512, 512, 512, 256), depth=1),
}


class Unet(nn.Module):
    """Encoder and decoder joined by skip connections.

    Args:
        encoder: name of a timm network with features at strides 2, 4, 8, 16, 32.
        decoder: a key of `DECODERS`. `lite` predicts chroma; `deep` and `wide`, DeOldify's, predict RGB.
        pretrained: let timm download ImageNet weights for the encoder, or read them from a file of timm's.

    Raises:
        OptionError: there is no such encoder or decoder.
        WeightsError: the file cannot be read, or is of another network.
    """

    encoder: Any  # timm's FeatureListNet, which nn.Module's typing would hide
    decoder: LiteDecoder | RgbDecoder

    def __init__(self, encoder: str, decoder: str = "lite", *, pretrained: bool | Path = False) -> None:
        super().__init__()
        if decoder not in DECODERS:
            raise OptionError(f"no decoder {decoder!r}: choose one of {', '.join(DECODERS)}")
        # timm would also take the address of a download for a name, and a name may come from a file.
        if not timm.is_model(encoder):
            raise OptionError(f"timm has no network {encoder!r} to encode with")
        self.predicts_rgb = decoder in RGB_DECODERS
        self.describes = not self.predicts_rgb  # whether it has `predict_described`
        self.encoder = _build_encoder(encoder, 3 if self.predicts_rgb else 1, pretrained)
        self.decoder = DECODERS[decoder](self.encoder.feature_info.channels())
        self.chroma_stride = self.decoder.chroma_stride  # input pixels to a chroma pixel, along a side

    def normalize(self, luma: Tensor) -> Tensor:
        """(N, 1, H, W) luma in [0, 1] -> input on the network's scale; three channels if it predicts RGB."""
        if self.predicts_rgb:
            mean, std = (luma.new_tensor(v).view(3, 1, 1) for v in (IMAGENET_MEAN, IMAGENET_STD))
            return (luma - mean) / std
        return (luma - LITE_LUMA_MEAN) / LITE_LUMA_STD

    def forward(self, x: Tensor) -> Tensor:
        """The bare network between its own scales.

        Args:
            x: normalized input; (N, 1, H, W) for `lite`, (N, 3, H, W) for the others.

        Returns:
            `lite`: (N, 2, H/2, W/2) in (0, 1), chroma + 0.5.
            `deep`, `wide`: (N, 3, H, W) float32 RGB on ImageNet's scale, in (-3, 3).
        """
        output: Tensor = self.decoder([x, *self.encoder(x)])
        return output

    def encode(self, luma: Tensor) -> list[Tensor]:
        """(N, 1, H, W) luma in [0, 1] -> the normalized input, then features at strides 2, 4, 8, 16, 32."""
        x = self.normalize(luma)
        return [x, *self.encoder(x)]

    def decode(self, features: Sequence[Tensor]) -> Tensor:
        """What `encode` gave -> chroma as `predict_chroma`."""
        output: Tensor = self.decoder(features)
        return chroma_of(denormalize(output).clamp(0, 1)) if self.predicts_rgb else output - 0.5

    def predict_chroma(self, luma: Tensor) -> Tensor:
        """(N, 1, H, W) luma in [0, 1] -> (N, 2, h, w) chroma in [-0.5, 0.5].

        h, w are half of H, W for `lite`, and H, W for the others.
        """
        return self.decode(self.encode(luma))

    def predict_described(self, luma: Tensor) -> tuple[Tensor, ...]:
        """Chroma as `predict_chroma` gives it, and what the encoder sees on the way.

        Returns:
            Chroma, and features at strides 8, 16 and 32, (N, C, h, w) float32: each channel of mean 0 and
            deviation 1 over the picture, then each place of length 1, so that products are cosines.
        """
        features = self.encode(luma)
        return self.decode(features), *(_described(one) for one in features[3:])

    def predict_rgb(self, luma: Tensor) -> Tensor:
        """(N, 1, H, W) luma in [0, 1] -> (N, 3, H, W) float32 RGB in [0, 1], with its own luma.

        Raises:
            OptionError: the network predicts chroma only.
        """
        if not self.predicts_rgb:
            raise OptionError("the lite network predicts chroma, not RGB: use predict_chroma")
        return denormalize(self(self.normalize(luma))).clamp(0, 1)


def _build_encoder(name: str, channels: int, pretrained: bool | Path) -> Any:
    """timm's network, without its classifier; its first convolution is summed where the input is grey."""
    if isinstance(pretrained, bool):
        return timm.create_model(name, features_only=True, pretrained=pretrained, in_chans=channels)
    try:
        return timm.create_model(
            name,
            features_only=True,
            pretrained=True,
            pretrained_cfg_overlay={"file": str(pretrained)},
            in_chans=channels,
        )
    except Exception as error:  # whatever timm, torch or safetensors find wrong with it
        raise WeightsError(f"{pretrained} cannot be read as weights of timm's {name}: {error}") from error


def _described(features: Tensor) -> Tensor:
    features = features.float()
    features = features - features.mean((2, 3), keepdim=True)
    # A channel that is the same all over says nothing.
    deviation = features.square().mean((2, 3), keepdim=True).sqrt()
    return F.normalize(features / (deviation + 1e-4), dim=1)


def denormalize(output: Tensor) -> Tensor:
    """RGB on ImageNet's scale -> RGB, mostly in [0, 1] but not clamped."""
    mean, std = (output.new_tensor(v).view(3, 1, 1) for v in (IMAGENET_MEAN, IMAGENET_STD))
    return output * std + mean
