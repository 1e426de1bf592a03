"""Losses of the generator against values worked out by hand."""

import math

import pytest
import torch

from deoldify_lite.color.metrics import colorfulness
from deoldify_lite.training.losses import (
    PIXEL_LOSSES,
    color_class_loss,
    colorfulness_loss,
    consistency_loss,
    huber_loss,
    l1_loss,
    psnr_loss,
)

# A grey pixel (weight 1, error 0.05) and a colourful one (weight 5, error 0.2), in Cb alone.
TRUTH = torch.tensor([[0.0, 0.3], [0.0, 0.0]]).view(1, 2, 1, 2)
GUESS = torch.tensor([[0.05, 0.1], [0.0, 0.0]]).view(1, 2, 1, 2)


def test_pixel_losses_by_hand() -> None:
    grey, colorful = 0.5 * 0.05**2 / 0.1, 0.2 - 0.05  # below and above beta = 0.1
    huber = (1 * grey + 5 * colorful) / 4 / ((1 + 5) / 2)  # mean over 2 planes x 2 pixels
    assert huber_loss(GUESS, TRUTH).item() == pytest.approx(huber, rel=1e-5)
    assert l1_loss(GUESS, TRUTH).item() == pytest.approx((0.05 + 0.2) / 4, rel=1e-5)
    assert set(PIXEL_LOSSES.values()) == {huber_loss, l1_loss}


def test_psnr_loss_by_hand() -> None:
    """Two pictures, errors 0.1 everywhere and 0: log(0.01 + 1e-4) and log(1e-4)."""
    truth = torch.zeros(2, 2, 3, 3)
    guess = truth.clone()
    guess[0] += 0.1
    expected = (math.log(0.0101) + math.log(1e-4)) / 2
    assert psnr_loss(guess, truth).item() == pytest.approx(expected, rel=1e-5)


def test_colorfulness_loss_by_hand() -> None:
    """Half the pixels red, half black: R-G is 255 or 0, (R+G)/2-B is 127.5 or 0."""
    rgb = torch.zeros(1, 3, 1, 2)
    rgb[0, 0, 0, 0] = 1
    cf = math.hypot(127.5, 63.75) + 0.3 * math.hypot(127.5, 63.75)
    assert colorfulness_loss(rgb).item() == pytest.approx(1 - cf / 100, rel=1e-5)
    both = torch.cat([rgb, torch.full((1, 3, 1, 2), 0.5)])  # and a grey picture, whose loss is 1
    assert colorfulness_loss(both).item() == pytest.approx(1 - cf / 200, abs=1e-4)


def test_colorfulness_loss_agrees_with_the_metric() -> None:
    rgb = torch.rand(3, 3, 9, 7)
    expected = 1 - colorfulness(rgb).mean() / 100
    torch.testing.assert_close(colorfulness_loss(rgb), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("spread", [0.0, 1e-8])
def test_grey_pictures_have_a_gradient(spread: float) -> None:
    rgb = (torch.full((2, 3, 4, 4), 0.4) + spread * torch.rand(2, 3, 4, 4)).requires_grad_()
    colorfulness_loss(rgb).backward()
    assert rgb.grad is not None and rgb.grad.isfinite().all()


def test_color_classes_of_equal_logits() -> None:
    truth = torch.rand(2, 2, 3, 5) - 0.5
    assert color_class_loss(torch.zeros(2, 256, 3, 5), truth).item() == pytest.approx(math.log(256), rel=1e-5)
    assert color_class_loss(torch.zeros(2, 16, 3, 5), truth, bins=4).item() == pytest.approx(math.log(16))


def test_color_classes_by_hand() -> None:
    """On a 4 x 4 grid the centres are -0.375, -0.125, 0.125 and 0.375."""
    # Cb a quarter of the way from centre 1 to 2, Cr at centre 3: cells 1*4+3 and 2*4+3.
    truth = torch.tensor([-0.0625, 0.375]).view(1, 2, 1, 1)
    logits = torch.randn(1, 16, 1, 1)
    log_p = logits.flatten().log_softmax(0)
    expected = -(0.75 * log_p[7] + 0.25 * log_p[11])
    # The outermost centre of a clamped axis leaves 0.001 to its neighbour.
    assert color_class_loss(logits, truth, bins=4).item() == pytest.approx(expected.item(), abs=0.01)


def test_colorful_pixels_count_more_as_classes() -> None:
    """A grey pixel that is surely right, and a colourful one whose two cells get nothing but e^-4."""
    truth = torch.tensor([[-0.125, 0.375], [-0.125, -0.125]]).view(1, 2, 1, 2)
    logits = torch.zeros(1, 16, 1, 2)
    logits[0, 1 * 4 + 1, 0, 0] = 100
    logits[0, 2 * 4 + 1, 0, 1] = 100  # the cell beside the right one, 3 * 4 + 1
    grey = 1 + 4 * min(math.hypot(0.125, 0.125) / 0.15, 1)
    wrong = 100 * 0.999 * 5 / 2 / ((grey + 5) / 2)  # 0.001 of the truth lies where the answer does
    assert color_class_loss(logits, truth, bins=4).item() == pytest.approx(wrong, rel=1e-4)


@pytest.mark.parametrize("value", [-0.5, 0.5])
def test_color_classes_take_the_extremes(value: float) -> None:
    logits = torch.zeros(1, 256, 1, 1, requires_grad=True)
    color_class_loss(logits, torch.full((1, 2, 1, 1), value)).backward()
    assert logits.grad is not None
    corner = 0 if value < 0 else 255
    assert logits.grad.flatten().argmin() == corner  # the descent goes towards that cell


def test_consistency_pulls_on_both() -> None:
    one, other = GUESS.clone().requires_grad_(), TRUTH.clone().requires_grad_()
    loss = consistency_loss(one, other)
    loss.backward()
    assert loss.item() == pytest.approx((0.05 + 0.2) / 4, rel=1e-5)
    assert one.grad is not None and other.grad is not None
    assert torch.equal(one.grad, -other.grad) and one.grad[0, 0, 0, 0] == 0.25
