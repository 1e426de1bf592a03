"""What the generator minimises, apart from the critic's verdict."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from deoldify_lite.color.tensors import chroma_of, luma_of, merge_luma_chroma
from deoldify_lite.errors import OptionError
from deoldify_lite.models.build import Network
from deoldify_lite.models.unet import LiteDecoder, Unet, denormalize
from deoldify_lite.training.features import (
    TEACHER_CHANNELS,
    FeatureLoss,
    FeatureNetwork,
    distillation_loss,
    semantic_loss,
)
from deoldify_lite.training.losses import PIXEL_LOSSES, color_class_loss, colorfulness_loss, psnr_loss
from deoldify_lite.training.recipes import Recipe
from deoldify_lite.training.schedule import distillation_factor
from deoldify_lite.training.views import Views, chroma_truth, twin_difference

_BINS = 16  # colour classes along Cb, and along Cr
_CLASS_BLOCK = 1  # the decoder block whose state is classified, at stride 8


@dataclass(frozen=True)
class Prediction:
    """A generator's output, and the internal features that a loss may need."""

    chroma: Tensor  # (N, 2, h, w)
    luma: Tensor | None = None  # (N, 1, H, W): of a network that predicts RGB, not clamped
    deepest: Tensor | None = None  # the encoder's features at stride 32
    state: Tensor | None = None  # of the decoder, at stride 8


@dataclass(frozen=True)
class Outcome:
    """One look of the generator at a batch."""

    rgb: Tensor  # (N, 3, H, W) in [0, 1]: the result, with the truth's luma
    losses: dict[str, Tensor]  # by name, not yet weighted
    total: Tensor  # their weighted sum


class Objective(nn.Module):
    """A generator, with the heads that only its training needs.

    Args:
        recipe: the weights of the losses.
        generator: to be trained.
        feature_loss: of the recipe's feature weight; None leaves it out.
        teacher: of distillation and semantic losses; None leaves them out.

    Raises:
        OptionError: the network has no features or states that a loss could work on.
    """

    def __init__(
        self,
        recipe: Recipe,
        generator: Network,
        feature_loss: FeatureLoss | None,
        teacher: FeatureNetwork | None,
    ) -> None:
        super().__init__()
        self.recipe = recipe
        self.generator: Network = generator
        self.feature_loss = feature_loss if recipe.feature_weight else None
        self.teacher = teacher if recipe.asks_teacher or recipe.distillation_weight else None
        self.project: nn.Module | None = None
        self.class_head: nn.Module | None = None
        distils = self.teacher is not None and recipe.distillation_weight
        if not distils and any(phase.trains == "encoder" for phase in recipe.phases):
            raise OptionError("this recipe first trains the encoder alone, which needs --teacher")
        if not (distils or recipe.class_weight):
            return
        decoder = generator.decoder if isinstance(generator, Unet) else None
        if not isinstance(decoder, LiteDecoder):
            raise OptionError(
                f"{recipe.network} supports neither distillation nor colour classes: set their weights to 0"
            )
        if distils:
            self.project = nn.Conv2d(decoder.bottleneck, TEACHER_CHANNELS, 1)
        if recipe.class_weight:
            self.class_head = nn.Conv2d(decoder.widths[_CLASS_BLOCK], _BINS**2, 1)

    def predict(self, seen: Tensor) -> Prediction:
        """(N, 1, H, W) luma as the generator sees it -> its answer."""
        generator = self.generator
        if not isinstance(generator, Unet):
            return Prediction(generator.predict_chroma(seen))
        features, decoder = generator.encode(seen), generator.decoder
        if not isinstance(decoder, LiteDecoder):
            # Not clamped: where the output is out of range it must find its way back.
            rgb = denormalize(decoder(features))
            return Prediction(chroma_of(rgb), luma=luma_of(rgb))
        states = list(decoder.states(features))
        chroma = decoder.finish(states) - 0.5
        return Prediction(chroma, deepest=features[-1], state=states[_CLASS_BLOCK])

    def distil(self, views: Views) -> Tensor:
        """How far the encoder's features are from the teacher's: a scalar."""
        assert self.teacher is not None and self.project is not None and isinstance(self.generator, Unet)
        with torch.no_grad():
            wanted = self.teacher.features(views.rgb)
        return distillation_loss(self.project(self.generator.encode(views.seen)[-1]), wanted)

    def colorize(self, luma: Tensor, seen: Tensor) -> Tensor:
        """The generator's answer with the truth's luma: (N, 3, H, W) RGB in [0, 1]."""
        return merge_luma_chroma(luma, self.predict(seen).chroma.float())

    def forward(self, views: Views, progress: float) -> Outcome:
        """Look at a batch, after a share `progress` in [0, 1] of the run."""
        recipe, rgb, count = self.recipe, views.rgb, len(views.rgb)
        seen = views.seen if views.twin is None else torch.cat([views.seen, views.twin])
        prediction = self.predict(seen)
        both, deepest, state = prediction.chroma.float(), prediction.deepest, prediction.state
        chroma = both[:count]
        # As it will be rendered, colours that the luma has no room for scaled down: more would earn nothing.
        result = merge_luma_chroma(views.luma, chroma)
        truth = chroma_truth(rgb, (chroma.shape[-2], chroma.shape[-1]))

        losses = {"pixel": PIXEL_LOSSES[recipe.pixel_loss](chroma, truth)}
        weights = {"pixel": recipe.pixel_weight}

        def add(name: str, weight: float, loss: Tensor) -> None:
            losses[name], weights[name] = loss, weight

        if prediction.luma is not None:
            # Rendering drops it, but without this it would drift to where no colour fits.
            add("luma", recipe.pixel_weight, F.l1_loss(prediction.luma[:count].float(), views.luma))
        if recipe.psnr_weight:
            add("psnr", recipe.psnr_weight, psnr_loss(chroma, truth))
        if self.feature_loss is not None:
            add("feature", recipe.feature_weight, self.feature_loss(result, rgb))
        if self.teacher is not None:
            with torch.no_grad():
                wanted = self.teacher.features(rgb)
            if recipe.asks_teacher:
                mid, deep, answer = semantic_loss(self.teacher.features(result), wanted)
                add("semantic_mid", recipe.semantic_mid_weight, mid)
                add("semantic_deep", recipe.semantic_deep_weight, deep)
                add("answer", recipe.answer_weight, answer)
            if self.project is not None and deepest is not None:
                weight = recipe.distillation_weight * distillation_factor(progress)
                add("distillation", weight, distillation_loss(self.project(deepest[:count]), wanted))
        if self.class_head is not None and state is not None:
            logits = self.class_head(state[:count])
            classes = chroma_truth(rgb, (logits.shape[-2], logits.shape[-1]))
            add("class", recipe.class_weight, color_class_loss(logits, classes, bins=_BINS))
        if recipe.colorfulness_weight:
            add("colorfulness", recipe.colorfulness_weight, colorfulness_loss(result))
        if views.twin is not None:
            stride = rgb.shape[-2] // chroma.shape[-2]
            difference = twin_difference(chroma, both[count:], views.shift_px, stride)
            add("consistency", recipe.consistency_weight, difference)
        total = torch.stack([weights[name] * loss.float() for name, loss in losses.items()]).sum()
        return Outcome(result, losses, total)
