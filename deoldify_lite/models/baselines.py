"""Plain networks to compare ours with: trained from scratch, and used like `unet.Unet`."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from deoldify_lite.errors import OptionError


class EncoderDecoder(nn.Module):
    """Five convolutions down, five up, and nothing across: all that is seen passes through the bottleneck.

    Args:
        dropout: share of values zeroed in the three deepest blocks of the decoder while training: the noise
            that pix2pix has instead of a random input (there 0.5).
    """

    skip_connections = False
    widths = (64, 128, 256, 512, 512)  # at strides 2, 4, 8, 16, 32

    predicts_rgb = False
    chroma_stride = 1  # input pixels to a chroma pixel, along a side

    def __init__(self, *, dropout: float = 0.0) -> None:
        super().__init__()
        c_downs = (1, *self.widths)
        last = len(self.widths) - 1
        self.down = nn.ModuleList(
            # No norm at the bottleneck: a small picture has one value there, and of one there is no spread.
            _down_block(c_downs[i], c_downs[i + 1], norm=0 < i < last)
            for i in range(len(self.widths))
        )
        c_ups = (*self.widths[::-1], self.widths[0])
        joined = 2 if self.skip_connections else 1
        self.up = nn.ModuleList(
            _up_block(c_ups[i] * (joined if i else 1), c_ups[i + 1], dropout=dropout if i < 3 else 0.0)
            for i in range(len(self.widths))
        )
        self.head = nn.Conv2d(c_ups[-1], 2, 3, padding=1)

    def forward(self, luma: Tensor) -> Tensor:
        height, width = luma.shape[-2:]
        stride = 2 ** len(self.widths)
        x = 2 * F.pad(luma, (0, -width % stride, 0, -height % stride), mode="replicate") - 1
        features = []
        for block in self.down:
            x = block(x)
            features.append(x)
        for i, block in enumerate(self.up):
            if i and self.skip_connections:
                x = torch.cat([x, features[-1 - i]], 1)
            x = block(x)
        # In float32 even under autocast: bfloat16 cannot represent 256 levels.
        return 0.5 * torch.tanh(self.head(x).float())[..., :height, :width]

    def predict_chroma(self, luma: Tensor) -> Tensor:
        """(N, 1, H, W) luma in [0, 1] -> (N, 2, H, W) float32 chroma in [-0.5, 0.5]; any H, W."""
        chroma: Tensor = self(luma)
        return chroma

    def predict_rgb(self, luma: Tensor) -> Tensor:
        """Not for this network.

        Raises:
            OptionError: always; it predicts chroma only.
        """
        raise OptionError("this network predicts chroma, not RGB: use predict_chroma")


class ClassicUnet(EncoderDecoder):
    """The five-level U-Net that introductions to GAN colorizing train: the same with skip connections.

    From Ronneberger et al. 2015, https://arxiv.org/abs/1505.04597, with the strided 4 x 4 convolutions of
    pix2pix, Isola et al. 2017, https://arxiv.org/abs/1611.07004, appendix 6.1.1.
    """

    skip_connections = True


BASELINES: dict[str, Callable[..., EncoderDecoder]] = {
    "encoder-decoder": EncoderDecoder,
    "classic-unet": ClassicUnet,
}


def _down_block(c_in: int, c_out: int, *, norm: bool) -> nn.Sequential:
    """(N, c_in, H, W) -> (N, c_out, H/2, W/2)."""
    return nn.Sequential(
        nn.Conv2d(c_in, c_out, 4, stride=2, padding=1, bias=not norm),
        nn.BatchNorm2d(c_out) if norm else nn.Identity(),
        nn.LeakyReLU(0.2, inplace=True),
    )


def _up_block(c_in: int, c_out: int, *, dropout: float) -> nn.Sequential:
    """(N, c_in, H, W) -> (N, c_out, 2H, 2W)."""
    return nn.Sequential(
        nn.ConvTranspose2d(c_in, c_out, 4, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(c_out),
        nn.Dropout(dropout),
        nn.ReLU(inplace=True),
    )
