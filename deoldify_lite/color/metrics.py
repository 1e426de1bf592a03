"""How good a colorization is: pure functions on NCHW float RGB in [0, 1], and on features of many."""

import torch
import torch.nn.functional as F
from torch import Tensor

# sRGB to CIE XYZ with white D65, IEC 61966-2-1; its rows sum to the white point.
XYZ_OF_RGB = (
    (0.4124564, 0.3575761, 0.1804375),
    (0.2126729, 0.7151522, 0.0721750),
    (0.0193339, 0.1191920, 0.9503041),
)
# Wang et al. 2004: window, and the constants that keep the quotients stable.
SSIM_WINDOW_PX, SSIM_SIGMA, SSIM_C1, SSIM_C2 = 11, 1.5, 0.01**2, 0.03**2


def psnr(rgb: Tensor, truth: Tensor) -> Tensor:
    """Peak signal-to-noise ratio in dB of each picture, at most 100: (N, 3, H, W) twice -> (N,)."""
    error = (rgb - truth).square().flatten(1).mean(1)
    return -10 * torch.log10(error.clamp_min(1e-10))


def ssim(rgb: Tensor, truth: Tensor) -> Tensor:
    """Structural similarity of each picture, mean over channels: (N, 3, H, W) twice -> (N,), 1 if equal.

    Wang et al. 2004, "Image quality assessment: from error visibility to structural similarity",
    https://doi.org/10.1109/TIP.2003.819861, with its Gaussian window of 11 px and sigma 1.5, wherever the
    window lies wholly inside. In a smaller picture the window is as large as fits.
    """
    size = min(SSIM_WINDOW_PX, rgb.shape[-2], rgb.shape[-1])
    offsets = torch.arange(size, dtype=rgb.dtype, device=rgb.device) - (size - 1) / 2
    window = torch.softmax(-offsets.square() / (2 * SSIM_SIGMA**2), 0)

    def blur(x: Tensor) -> Tensor:
        return F.conv2d(F.conv2d(x, window.view(1, 1, -1, 1)), window.view(1, 1, 1, -1))

    similarities = []
    for x, y in zip(rgb.split(1, 1), truth.split(1, 1), strict=True):  # one channel at a time, for the memory
        mean_x, mean_y = blur(x), blur(y)
        variances = blur(x * x) - mean_x**2 + blur(y * y) - mean_y**2
        covariance = blur(x * y) - mean_x * mean_y
        brightness = (2 * mean_x * mean_y + SSIM_C1) / (mean_x**2 + mean_y**2 + SSIM_C1)
        structure = (2 * covariance + SSIM_C2) / (variances + SSIM_C2)
        similarities.append((brightness * structure).flatten(1).mean(1))
    return torch.stack(similarities).mean(0)


def opponents(rgb: Tensor) -> tuple[Tensor, Tensor]:
    """Red against green and yellow against blue, in 8-bit units: (N, 3, H, W) -> (N, HW) twice."""
    red, green, blue = (255 * rgb).flatten(2).unbind(1)
    return red - green, (red + green) / 2 - blue


def colorfulness_of(rg: Tensor, yb: Tensor) -> Tensor:
    """Spread of two opponent colours and 0.3 of their mean: (N, P) twice -> (N,)."""
    spread = torch.hypot(rg.std(1, correction=0), yb.std(1, correction=0))
    return spread + 0.3 * torch.hypot(rg.mean(1), yb.mean(1))


def colorfulness(rgb: Tensor) -> Tensor:
    """Colourfulness (CF) of each picture: (N, 3, H, W) in [0, 1] -> (N,), 0 for grey, about 40 for photos.

    With signed differences and 8-bit units, as in Hasler and Suesstrunk 2003, "Measuring colourfulness in
    natural images", https://doi.org/10.1117/12.477378, equation for M-hat(3).
    """
    return colorfulness_of(*opponents(rgb))


def absolute_colorfulness(rgb: Tensor) -> Tensor:
    """CF with absolute differences (CF-abs): (N, 3, H, W) in [0, 1] -> (N,).

    |R - G| and |(R + G) / 2 - B| instead of the signed differences: not what Hasler and Suesstrunk wrote, but
    what much published code computes under their name. Never above CF by much, and lower where a picture
    holds opposite colours; compare it with figures of its own kind only.
    """
    rg, yb = opponents(rgb)
    return colorfulness_of(rg.abs(), yb.abs())


def lab_of(rgb: Tensor) -> Tensor:
    """CIE Lab for white D65: (N, 3, H, W) sRGB in [0, 1] -> the same shape, L in [0, 100], a and b to +-108.

    L = 116 f(Y/Yn) - 16, a = 500 (f(X/Xn) - f(Y/Yn)), b = 200 (f(Y/Yn) - f(Z/Zn)), CIE 15; f is the cube
    root, and linear below (6/29)^3. sRGB's transfer curve is undone first, IEC 61966-2-1.
    """
    linear = torch.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055).clamp_min(0) ** 2.4)
    matrix = torch.tensor(XYZ_OF_RGB, dtype=torch.float64)
    matrix = (matrix / matrix.sum(1, keepdim=True)).to(rgb)  # relative to white
    xyz = torch.einsum("ij,njhw->nihw", matrix, linear)
    x, y, z = torch.where(
        xyz > (6 / 29) ** 3, xyz.clamp_min(1e-9) ** (1 / 3), xyz * (29 / 6) ** 2 / 3 + 4 / 29
    ).unbind(1)
    return torch.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], 1)


def lab_error(rgb: Tensor, truth: Tensor) -> Tensor:
    """Mean distance in the a,b plane of CIE Lab (D65) of each picture: (N, 3, H, W) twice -> (N,).

    mean over pixels of sqrt((a - a')^2 + (b - b')^2); lightness does not count.
    """
    difference = lab_of(rgb)[:, 1:] - lab_of(truth)[:, 1:]
    return difference.norm(dim=1).flatten(1).mean(1)


def frechet_distance(mean: Tensor, covariance: Tensor, true_mean: Tensor, true_covariance: Tensor) -> float:
    """Squared Frechet distance of two Gaussians: (C,), (C, C) twice, float64 -> scalar.

        |m - m'|^2 + tr(S + S' - 2 (S S')^(1/2))

    Heusel et al. 2017, https://arxiv.org/abs/1706.08500, equation 6. It is the FID only with the features of
    one certain Inception network. The root's trace is the sum of the roots of the eigenvalues of
    S^(1/2) S' S^(1/2), which is symmetric, so fewer pictures than features do no harm to the arithmetic.
    """
    values, vectors = torch.linalg.eigh(covariance)
    root = vectors * values.clamp_min(0).sqrt() @ vectors.T
    shared = torch.linalg.eigvalsh(root @ true_covariance @ root).clamp_min(0).sqrt().sum()
    traces = covariance.trace() + true_covariance.trace()
    return float((mean - true_mean).square().sum() + traces - 2 * shared)
