"""The networks that judge photos: those that were asked for, and those whose weights are there."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import torch

from deoldify_lite.errors import WeightsError
from deoldify_lite.evaluation.photos.networks import (
    Classifier,
    Efficientnet,
    FeatureNetwork,
    Inception,
    Lpips,
    load_classifier,
    load_feature_network,
    load_inception,
    load_lpips,
)
from deoldify_lite.system.device import choose_device

CPU = torch.device("cpu")


@dataclass(frozen=True)
class Judges:
    """The networks asked, each None where it was not wanted or cannot be had."""

    lpips: Lpips | None = None
    inception: Inception | None = None
    feature_network: FeatureNetwork | None = None
    classifier: Classifier | None = None
    device: torch.device = CPU
    unavailable: Mapping[str, str] = field(default_factory=dict)  # name of a measure -> why


def load_judges(*, feature_net: Path | None, classifier: Path | None, fetch: bool, device: str) -> Judges:
    """Load the networks.

    Args:
        feature_net, classifier: weights, if these networks are wanted.
        fetch: download weights of LPIPS and Inception that are missing.
        device: auto, cpu, cuda or mps.

    Raises:
        WeightsError: a named file is missing, damaged, or of another network.
        RenderError: there is no such device.
    """
    chosen = torch.device(choose_device(device))
    features = load_feature_network(feature_net, device=chosen) if feature_net else None
    if isinstance(features, Efficientnet) and classifier == feature_net:
        classes: Classifier | None = features  # one network, run once for both
    else:
        classes = load_classifier(classifier, device=chosen) if classifier else None
    lpips = inception = None
    unavailable = {}
    try:
        lpips = load_lpips(fetch=fetch, device=chosen)
    except WeightsError as error:
        unavailable["LPIPS"] = str(error)
    try:
        inception = load_inception(fetch=fetch, device=chosen)
    except WeightsError as error:
        unavailable["FID"] = str(error)
    return Judges(lpips, inception, features, classes, chosen, unavailable)
