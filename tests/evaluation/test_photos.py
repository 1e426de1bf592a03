"""Results beside the truth: who belongs to whom, what is measured, and how sure the figures are."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from deoldify_lite.errors import InputError, OptionError, WeightsError
from deoldify_lite.evaluation.bootstrap import Bootstrap, Estimate, estimate
from deoldify_lite.evaluation.pairs import Pair, column_names
from deoldify_lite.evaluation.photos import networks
from deoldify_lite.evaluation.photos.judges import Judges, load_judges
from deoldify_lite.evaluation.photos.measure import Measured, grey_of, measure, read_labels, read_pair
from deoldify_lite.evaluation.photos.page import as_page, rankings
from deoldify_lite.evaluation.photos.pairs import find_pairs
from deoldify_lite.evaluation.photos.populations import WAITING, InceptionScore, Moments
from deoldify_lite.evaluation.photos.table import as_json, as_text, rows
from deoldify_lite.evaluation.table import Row
from deoldify_lite.models.pretrained import PRETRAINED
from helpers.browser import watch
from helpers.places import ROOT, SHARED

CPU = torch.device("cpu")


def touch(folder: Path, *names: str) -> Path:
    """A folder of files that have names only."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


# Pairs


def test_pairs_are_found_under_all_names_that_results_get(tmp_path: Path) -> None:
    truth = touch(tmp_path / "t", "a.jpg", "in/b.tif", "c.jpg", "c.png", "d.jpg", "e.gif", "v1.2 x.jpg")
    results = touch(
        tmp_path / "r",
        *("a.png", "in/b.tif", "c.jpg", "c.png.jpg", "d-colorized.jpg", "e.png", "v1.2 x.webp"),
        *("a-compare.jpg", "notes.txt", ".a.jpg"),
    )
    pairing = find_pairs([results], truth)
    found = {pair.name: pair.results[0].relative_to(results).as_posix() for pair in pairing.pairs}
    assert found == {
        "a.jpg": "a.png",
        "in/b.tif": "in/b.tif",
        "c.jpg": "c.jpg",
        "c.png": "c.png.jpg",
        "d.jpg": "d-colorized.jpg",
        "e.gif": "e.png",
        "v1.2 x.jpg": "v1.2 x.webp",
    }
    assert not pairing.missing and not pairing.extra


def test_what_has_no_partner_is_named(tmp_path: Path) -> None:
    truth = touch(tmp_path / "t", "a.jpg", "b.jpg", "c.jpg", "d.jpg", "d.png")
    first = touch(tmp_path / "first", "a.jpg", "b.jpg", "c.jpg", "d.webp")
    second = touch(tmp_path / "second", "a.jpg", "c.png", "c.webp", "d.jpg", "d.png", "z.jpg")
    pairing = find_pairs([first, second], truth)
    assert [pair.name for pair in pairing.pairs] == ["a.jpg"]
    text = "\n".join(pairing.missing)
    assert f"{truth / 'b.jpg'}: {second} has no result for it" in text
    assert f"{truth / 'c.jpg'}: {second} has several results for it: c.png and c.webp" in text
    # d.webp may be the result of either: it counts as none
    assert f"{truth / 'd.png'}: {first} has no result for it" in text
    assert pairing.extra == (str(first / "d.webp"), str(second / "z.jpg"))


def test_results_inside_the_truth_are_no_truth(tmp_path: Path) -> None:
    truth = touch(tmp_path / "t", "a.jpg", "out/a.jpg")
    pairing = find_pairs([truth / "out"], truth)
    assert [(pair.name, *pair.results) for pair in pairing.pairs] == [("a.jpg", truth / "out" / "a.jpg")]
    assert not pairing.missing


def test_folders_that_make_no_pairs_are_refused(tmp_path: Path) -> None:
    truth, other = touch(tmp_path / "t", "a.jpg"), touch(tmp_path / "r", "b.jpg")
    empty = touch(tmp_path / "empty", "readme.txt")
    with pytest.raises(InputError, match="none of its pictures has a result"):
        find_pairs([other], truth)
    with pytest.raises(InputError, match="empty: holds no picture"):
        find_pairs([empty], truth)
    with pytest.raises(InputError, match="nowhere: no such folder"):
        find_pairs([tmp_path / "nowhere"], truth)


def test_columns_have_names_of_their_own(tmp_path: Path) -> None:
    a, b, grey = tmp_path / "x" / "out", tmp_path / "y" / "out", tmp_path / "grey"
    assert column_names([tmp_path / "stable", a, b, grey]) == ["stable", str(a), str(b), str(grey)]
    with pytest.raises(OptionError):
        column_names([a, a])


# Intervals


def test_interval_of_a_mean_is_that_of_theory() -> None:
    """Standard normal values: the half width is 1.96 / sqrt(n)."""
    values = np.random.default_rng(1).normal(5, 1, 2000)
    values = (values - values.mean()) / values.std() + 5
    found = estimate(Bootstrap({"x": values}).mean("x"))
    assert found is not None and found.margin is not None
    assert found.value == pytest.approx(5)
    assert found.margin == pytest.approx(1.96 / np.sqrt(2000), rel=0.1)


def test_differences_are_paired() -> None:
    """Two series that differ by a constant: their difference has no spread at all."""
    values = np.random.default_rng(1).normal(size=50)
    boot = Bootstrap({"a": values, "b": values + 0.5})
    found = estimate(boot.mean("b") - boot.mean("a"))
    assert found is not None and (found.value, found.low, found.high) == pytest.approx((0.5, 0.5, 0.5))


def test_intervals_are_the_same_in_every_run() -> None:
    values = np.arange(10.0)
    assert estimate(Bootstrap({"x": values}).mean("x")) == estimate(Bootstrap({"x": values}).mean("x"))


def test_values_that_are_not_there_do_not_count() -> None:
    boot = Bootstrap({"some": np.array([1.0, np.nan, 3.0] * 20), "none": np.full(60, np.nan)})
    found = estimate(boot.mean("some"))
    assert found is not None and found.value == pytest.approx(2)
    assert estimate(boot.mean("none")) is None


def test_one_picture_has_no_interval() -> None:
    assert estimate(Bootstrap({"x": np.array([7.0])}).mean("x")) == Estimate(7.0)


# Sets of pictures


def test_moments_of_more_pictures_than_are_taken_in_at_once() -> None:
    rows = torch.randn(2 * WAITING + 5, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    moments = Moments()
    with torch.inference_mode():  # as features come
        for row in rows.clone():
            moments.add(row)
    mean, covariance = moments.mean_and_covariance()
    torch.testing.assert_close(mean, rows.mean(0))
    torch.testing.assert_close(covariance, torch.cov(rows.T))


def test_moments_are_those_of_numpy() -> None:
    features = torch.randn(150, 5)
    moments = Moments()
    for row in features:
        moments.add(row)
    mean, covariance = moments.mean_and_covariance()
    np.testing.assert_allclose(mean, features.mean(0), atol=1e-6)
    np.testing.assert_allclose(covariance, np.cov(features.numpy(), rowvar=False), atol=1e-6)
    assert moments.frechet_distance(moments) == pytest.approx(0, abs=1e-9)
    assert Moments().frechet_distance(moments) is None


def test_inception_score_of_sure_and_of_blind_networks() -> None:
    """In each of the ten parts four classes come up equally often: 4. All alike: 1."""
    sure, blind = InceptionScore(), InceptionScore()
    for i in range(40):
        sure.add(100 * torch.eye(4)[i // 10])
        blind.add(torch.zeros(4))
    assert sure.value() == pytest.approx(4)
    assert blind.value() == pytest.approx(1)
    assert InceptionScore().value() is None


# Measuring


def save(path: Path, rgb: np.ndarray, **options: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(rgb.astype(np.uint8)).save(path, **options)


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path, Path]:
    """Three true pictures, perfect results, and results that are half grey."""
    rng = np.random.default_rng(0)
    truth, perfect, pale = (tmp_path / name for name in ("truth", "perfect", "pale"))
    for i in range(3):
        picture = np.repeat(np.repeat(rng.integers(0, 256, (6, 8, 3)), 8, 0), 8, 1)
        grey = np.rint(picture @ [0.299, 0.587, 0.114])[..., None]
        save(truth / f"{i}.png", picture)
        save(perfect / f"{i}.png", picture)
        save(pale / f"{i}.png", (picture + grey) / 2)
    return truth, perfect, pale


def measured(truth: Path, *results: Path, judges: Judges | None = None) -> Measured:
    pairs = find_pairs(results, truth).pairs
    return measure(pairs, column_names(results), judges=judges or Judges())


def cells(measured: Measured, name: str) -> dict[str, float]:
    """The figures of a row."""
    table = rows(measured, feature_network="net", unavailable={})
    (row,) = (row for row in table if row.name == name)
    return {column: round(cell.value, 6) for column, cell in row.cells.items() if cell}


def test_perfect_and_pale_results(folders: tuple[Path, Path, Path]) -> None:
    truth, perfect, pale = folders
    found = measured(truth, perfect, pale)
    assert found.columns == ("grey", "perfect", "pale", "truth")
    assert cells(found, "CF share")["perfect"] == pytest.approx(1)
    assert cells(found, "CF share")["pale"] == pytest.approx(0.5, abs=0.01)
    assert cells(found, "CF difference")["perfect"] == 0
    assert cells(found, "Lab a,b error")["perfect"] == 0
    assert cells(found, "SSIM")["perfect"] == 1
    # half the error is 20 log10(2) dB less of it
    assert cells(found, "PSNR gain, dB")["pale"] == pytest.approx(6.02, abs=0.05)
    psnr = cells(found, "PSNR, dB")
    assert psnr["perfect"] == pytest.approx(100) and "truth" not in psnr
    assert psnr["pale"] - psnr["grey"] == pytest.approx(cells(found, "PSNR gain, dB")["pale"], abs=1e-4)
    (row,) = (r for r in rows(found, feature_network="", unavailable={}) if r.name == "CF")
    difference = row.differences["pale"]
    assert difference and difference.value == pytest.approx(
        row.cells["pale"].value - row.cells["perfect"].value
    )


def test_grey_of_keeps_luma_in_8_bits() -> None:
    grey = grey_of(torch.tensor([1.0, 0.5, 0.0]).view(1, 3, 1, 1))
    assert (255 * grey).flatten().tolist() == pytest.approx([round(255 * (0.299 + 0.587 / 2))] * 3)


def test_pictures_are_turned_upright(tmp_path: Path) -> None:
    """A photo stored on its side, with EXIF that says so, beside its upright result."""
    upright = np.random.default_rng(0).integers(0, 256, (20, 30, 3))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned a quarter clockwise
    save(tmp_path / "truth.png", np.rot90(upright), exif=exif)
    save(tmp_path / "result.png", upright)
    result, truth = read_pair(Pair("x", tmp_path / "truth.png", (tmp_path / "result.png",)))
    np.testing.assert_array_equal(result, truth)


def test_pictures_of_another_size_or_broken_are_left_out(folders: tuple[Path, Path, Path]) -> None:
    truth, perfect, pale = folders
    save(pale / "1.png", np.zeros((5, 7, 3)))
    (perfect / "2.png").write_bytes(b"no picture")
    told = []
    pairs = find_pairs([perfect, pale], truth).pairs
    found = measure(
        pairs,
        ["perfect", "pale"],
        judges=Judges(),
        on_picture=lambda pair, problem: told.append((pair.name, problem)),
    )
    assert [pair.name for pair in found.pairs] == ["0.png"]
    assert f"{pale / '1.png'}: is 7 x 5 px, but the truth 64 x 48" in found.problems[0]
    assert str(perfect / "2.png") in found.problems[1]
    assert [(name, bool(problem)) for name, problem in told] == [
        ("0.png", False),
        ("1.png", True),
        ("2.png", True),
    ]
    (truth / "0.png").unlink()
    with pytest.raises(InputError, match="no picture could be measured"):
        measure(pairs, ["perfect", "pale"], judges=Judges())


def test_sixteen_bits_are_measured_as_such(tmp_path: Path) -> None:
    cv2 = pytest.importorskip("cv2")
    deep = np.random.default_rng(0).integers(0, 65536, (20, 20, 3)).astype(np.uint16)
    for folder in ("truth", "ours"):
        (tmp_path / folder).mkdir()
        cv2.imwrite(str(tmp_path / folder / "a.png"), deep + (folder == "ours") * (deep < 65535))
    found = cells(measured(tmp_path / "truth", tmp_path / "ours"), "PSNR, dB")["ours"]
    assert 20 * np.log10(65535) - 0.1 < found < 20 * np.log10(65535) + 0.1


# Classes


class Guesses:
    """A classifier that finds in each of the four columns what the test says."""

    name = "guesses"

    def __init__(self, *rounds: list[int]) -> None:
        self.rounds = iter(rounds)

    def classes(self, rgb: torch.Tensor) -> torch.Tensor:
        assert rgb.shape == (4, 3, 224, 224)
        return torch.tensor(next(self.rounds))


def test_what_color_regains(folders: tuple[Path, Path, Path]) -> None:
    """Grey is right once in three, the truth three times, perfect twice: half of the gap; pale none."""
    truth, perfect, pale = folders
    guesses = Guesses([5, 5, 0, 5], [6, 7, 6, 7], [9, 9, 8, 8])
    pairs = find_pairs([perfect, pale], truth).pairs
    judges = Judges(classifier=guesses)  # type: ignore[arg-type]
    labels = {"0.png": 5, "1.png": 7}
    found = measure(pairs, ["perfect", "pale"], judges=judges, labels=labels)
    assert cells(found, "top-1 of 2 labelled, %") == {"grey": 50, "perfect": 100, "pale": 0, "truth": 100}
    assert cells(found, "top-1 regained, %") == {"perfect": 100, "pale": -100}
    agreement = cells(found, "agreement, %")
    assert agreement == pytest.approx({"grey": 100 / 3, "perfect": 200 / 3, "pale": 100 / 3, "truth": 100})
    assert cells(found, "agreement regained, %") == pytest.approx({"perfect": 50, "pale": 0}, abs=1e-4)


def test_nothing_to_regain_is_no_figure(folders: tuple[Path, Path, Path]) -> None:
    truth, perfect, pale = folders
    judges = Judges(classifier=Guesses(*[[1, 1, 1, 1]] * 3))  # type: ignore[arg-type]
    found = measured(truth, perfect, pale, judges=judges)
    assert cells(found, "agreement, %")["grey"] == 100
    assert cells(found, "agreement regained, %") == {}


def test_labels_are_read_and_checked(tmp_path: Path) -> None:
    table = tmp_path / "labels.tsv"
    table.write_text("a b.jpg\t7\n\nin/c.png\t999\n")
    assert read_labels(table) == {"a b.jpg": 7, "in/c.png": 999}
    for wrong in ("a.jpg 7\n", "a.jpg\tcat\n", "a.jpg\t1000\n", "\t3\n"):
        table.write_text("ok.jpg\t1\n" + wrong)
        with pytest.raises(InputError, match="line 2"):
            read_labels(table)
    with pytest.raises(InputError):
        read_labels(tmp_path / "none.tsv")


# Networks


@pytest.mark.parametrize("name", ["squeezenet1_1", "mobilenetv1_100"])
def test_networks_of_the_shared_folder(name: str) -> None:
    path = SHARED / "weights" / f"{name}.safetensors"
    if not path.is_file():
        pytest.skip("pretrained networks are not part of the repository")
    network = networks.load_feature_network(path, device=CPU)
    assert network.name == name
    features = network.features(networks.network_input(torch.rand(1, 3, 40, 60)))
    assert features.shape == (1, {"squeezenet1_1": 512, "mobilenetv1_100": 1024}[name])
    assert torch.isfinite(features).all() and features.std() > 0


def test_feature_network_and_classifier_end_to_end(folders: tuple[Path, Path, Path], tmp_path: Path) -> None:
    """With random weights: equal pictures are at distance 0 and agree, grey ones are farther off."""
    from torchvision.models import squeezenet1_1

    path = tmp_path / "random.safetensors"
    save_file({k: v.half() for k, v in squeezenet1_1(weights=None).state_dict().items()}, path)
    judges = Judges(
        feature_network=networks.load_feature_network(path, device=CPU),
        classifier=networks.load_classifier(path, device=CPU),
    )
    truth, perfect, pale = folders
    found = measured(truth, perfect, pale, judges=judges)
    distance = cells(found, "Frechet distance, net")
    assert distance["perfect"] == pytest.approx(0, abs=1e-5)
    assert 0 < distance["pale"] < distance["grey"]
    assert cells(found, "agreement, %")["perfect"] == 100


def test_the_judge_that_no_loss_uses(tmp_path: Path) -> None:
    """EfficientNet-Lite0 gives features and classes; without its head it is refused."""
    state = PRETRAINED["tf_efficientnet_lite0"].build().state_dict()
    state = {name: value for name, value in state.items() if not name.endswith("num_batches_tracked")}
    whole, headless = tmp_path / "whole.safetensors", tmp_path / "headless.safetensors"
    save_file(state, whole)
    save_file({k: v for k, v in state.items() if not k.startswith("classifier.")}, headless)
    picture = networks.network_input(torch.rand(1, 3, 40, 60))
    features, classifier = (
        load(whole, device=CPU) for load in (networks.load_feature_network, networks.load_classifier)
    )
    assert features.name == classifier.name == "tf_efficientnet_lite0"
    found = features.features(picture)
    assert found.shape == (1, 1280)
    assert classifier.classes_of(found).item() == classifier.classes(picture).item() < 1000
    judges = load_judges(feature_net=whole, classifier=whole, fetch=False, device="cpu")
    assert judges.classifier is judges.feature_network
    with pytest.raises(WeightsError, match="with its head"):
        networks.load_classifier(headless, device=CPU)


def test_wrong_weights_are_refused(tmp_path: Path) -> None:
    other = tmp_path / "other.safetensors"
    save_file({"x": torch.zeros(1)}, other)
    (tmp_path / "broken.safetensors").write_bytes(b"broken")
    for path in (other, tmp_path / "broken.safetensors", tmp_path / "lost.safetensors"):
        for load in (networks.load_feature_network, networks.load_classifier):
            with pytest.raises(WeightsError, match=path.name):
                load(path, device=CPU)


def test_networks_that_would_have_to_be_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with pytest.raises(WeightsError, match="--fetch"):
        networks.load_lpips(fetch=False, device=CPU)
    pytest.importorskip("torch_fidelity")
    with pytest.raises(WeightsError, match="--fetch"):
        networks.load_inception(fetch=False, device=CPU)


@pytest.mark.slow
def test_lpips_of_random_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    """Equal pictures are at distance 0, others farther; tiny ones have none."""
    pytest.importorskip("torchmetrics.image")
    from torchvision import models

    random = models.alexnet
    monkeypatch.setattr(models, "alexnet", lambda weights: random(weights=None))
    judge = networks.Lpips().eval()
    a, b = torch.rand(2, 1, 3, 64, 64)
    with torch.inference_mode():
        assert judge(a, a) == 0
        assert judge(a, b) > 0
        assert np.isnan(judge(a[..., :20], b[..., :20]))


class FakeInception:
    """Colours for features."""

    def __call__(self, rgb: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return rgb.mean((2, 3)), rgb.mean((2, 3))


def test_fid_and_inception_score_are_wired_up(folders: tuple[Path, Path, Path]) -> None:
    truth, perfect, pale = folders
    judges = Judges(inception=FakeInception())  # type: ignore[arg-type]
    found = measured(truth, perfect, pale, judges=judges)
    fid = cells(found, "FID")
    assert fid["perfect"] == pytest.approx(0, abs=1e-9) and 0 < fid["pale"] < fid["grey"]
    score = cells(found, "Inception score")
    assert score["truth"] == pytest.approx(score["perfect"]) and score["truth"] >= 1


# Reports


def test_table_tells_what_is_missing_and_why(folders: tuple[Path, Path, Path]) -> None:
    truth, perfect, pale = folders
    found = measured(truth, perfect, pale)
    table = rows(found, feature_network="", unavailable={"LPIPS": "no weights", "FID": "no network"})
    text = as_text(table, found)
    lines = text.splitlines()
    assert lines[0].split() == ["3", "pictures", "grey", "perfect", "pale", "truth"]
    (lpips,) = (line for line in lines if line.startswith("LPIPS "))
    assert lpips.split() == ["LPIPS", "n/a", "n/a", "n/a", "n/a"]
    assert "LPIPS: n/a: no weights" in lines
    assert "FID, Inception score: n/a: no network" in lines
    assert "minus perfect" in text and "Frechet" not in text
    plain = as_json(table, found, {"truth": "t"})
    assert [picture["name"] for picture in plain["pictures"]] == ["0.png", "1.png", "2.png"]
    assert plain["pictures"][0]["scores"]["perfect"]["lab_error"] == 0
    assert plain["columns"] == ["grey", "perfect", "pale", "truth"]


def test_rankings_put_the_best_first(folders: tuple[Path, Path, Path]) -> None:
    truth, perfect, pale = folders
    save(pale / "2.png", np.asarray(Image.open(truth / "2.png")))
    found = measured(truth, perfect, pale)
    first = {(r.name, r.column): int(r.order[0]) for r in rankings(found)}
    for name in ("PSNR gain, dB", "SSIM", "Lab a,b error", "CF difference"):
        assert first[name, "pale"] == 2
    worst, best = rankings(found)[0].extremes()
    assert len(worst) == len(best) == 1 and worst != best


def test_page_is_whole_and_safe(folders: tuple[Path, Path, Path]) -> None:
    """A name that would end the script, a row that is missing, and every picture inside the page."""
    truth, _, pale = folders
    evil = "</script><b>&.png"
    for folder in (truth, pale):
        # a name may hold no slash, but a folder and a file together do
        (folder / "<").mkdir()
        (folder / "0.png").rename(folder / "<" / "script><b>&.png")
    found = measured(truth, pale)
    table = [*rows(found, feature_network="", unavailable={}), Row("X", "why", 1, {}, {}, "<none>")]
    page = as_page(table, found)
    assert evil not in page and "&lt;/script&gt;&lt;b&gt;&amp;.png" in page
    assert "&lt;none&gt;" in page and page.count("</script>") == 2
    assert page.count("data:image/jpeg;base64,") == 3 * 3
    assert "http://" not in page and "https://" not in page
    assert "default-src 'none'" in page


def test_names_of_folders_are_no_html(folders: tuple[Path, Path, Path]) -> None:
    truth, perfect, pale = folders
    evil = pale.rename(pale.with_name("<img src=x onerror='alert(1)'>"))
    found = measured(truth, perfect, evil)
    page = as_page(rows(found, feature_network="", unavailable={}), found)
    assert "<img src=x" not in page and "&lt;img src=x onerror=&#39;alert(1)&#39;&gt;" in page
    assert r"\u003cimg src=x onerror=\u0027alert(1)\u0027\u003e" in page  # in the data of the script


def test_a_picture_that_has_gone_is_no_reason_to_stop(folders: tuple[Path, Path, Path]) -> None:
    truth, _, pale = folders
    found = measured(truth, pale)
    (truth / "1.png").unlink()
    page = as_page(rows(found, feature_network="", unavailable={}), found)
    assert page.count("data:image/jpeg;base64,") == 2 * 3 and page.count("no picture") == 1


def test_the_page_in_a_browser(folders: tuple[Path, Path, Path], tmp_path: Path, browser: Any) -> None:
    truth, perfect, pale = folders
    (pale / "1.png").rename(pale / "gone.png")
    save(pale / "1.png", np.asarray(Image.open(truth / "1.png")))
    found = measured(truth, perfect, pale)
    path = tmp_path / "page.html"
    path.write_text(as_page(rows(found, feature_network="", unavailable={}), found), encoding="utf-8")
    page = browser.new_page()
    requests, trouble = watch(page)
    page.goto(path.as_uri())

    def names(end: str) -> list[str]:
        return page.locator(f"#{end} h3").all_inner_texts()

    page.locator("#order").select_option(label="SSIM, pale")
    assert names("best") == ["1.png"] and len(names("worst")) == 1
    facts = page.locator("#best .facts").inner_text()
    assert facts == "SSIM, pale: 1"
    # grey, two results that lie on the truth, and the truth
    pictures = page.locator("#best img")
    pictures.last.scroll_into_view_if_needed()
    page.wait_for_function("[...document.querySelectorAll('#best img')].every(i => i.naturalWidth === 64)")
    assert pictures.evaluate_all("all => all.map(i => i.alt)") == [
        *("1.png, grey", "1.png, truth", "1.png, perfect"),
        *("1.png, truth", "1.png, pale", "1.png, truth"),
    ]
    sources = pictures.evaluate_all("all => all.map(i => i.src)")
    assert sources[1] == sources[3] == sources[5]
    slider = page.locator("#best input[type=range]").last
    assert slider.get_attribute("aria-label") == "1.png: percentage that shows \u201cpale\u201d"
    slider.press("Home")
    assert page.locator("#best .stack").last.evaluate("s => s.style.getPropertyValue('--split')") == "0%"
    assert [url for url in requests if not url.startswith("data:")] == [path.as_uri()]
    assert not trouble
    page.set_viewport_size({"width": 360, "height": 640})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.close()


def test_inference_does_not_know_of_evaluation() -> None:
    package = ROOT / "deoldify_lite"
    allowed = {package / "cli" / "evaluate.py", package / "cli" / "evaluating.py"}
    for path in package.rglob("*.py"):
        if package / "evaluation" not in path.parents:
            assert path in allowed or "deoldify_lite.evaluation" not in path.read_text()
