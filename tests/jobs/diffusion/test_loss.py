"""What a diffusion run learns in a step, and how what it draws is measured."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.diffusion.recipe import DiffusionRecipe, make_recipe
from garage_tui.jobs.diffusion import unet
from garage_tui.jobs.diffusion.butterfly.generate import held_out, training
from garage_tui.jobs.diffusion.evaluate import blur
from garage_tui.jobs.diffusion.kernel_inception_distance import RandomFeatures, kid
from garage_tui.jobs.diffusion.loss import NoisyBatches, losses, times
from garage_tui.jobs.diffusion.samplers import first_noise, predicted_picture, to_pictures, to_tensor
from garage_tui.jobs.diffusion.train_step import rate


class Knows:
    """A net that knows the answer."""

    def __init__(self, answer: torch.Tensor) -> None:
        self.answer = answer

    def __call__(self, x: torch.Tensor, t: torch.Tensor) -> Knows:
        return self

    @property
    def sample(self) -> torch.Tensor:
        return self.answer


@pytest.fixture(scope="module")
def butterflies() -> np.ndarray:
    return training(200, 32, workers=2)


def test_an_epoch_shows_every_picture_once_and_a_step_is_the_same_whenever_it_is_asked_for():
    pictures = np.arange(10, dtype=np.uint8)[:, None, None, None].repeat(16, 1).repeat(16, 2).repeat(3, 3)
    recipe = DiffusionRecipe(size=16, batch_size=4, channels=(8, 16), attention=(False, True), flip=True)
    batches = NoisyBatches(pictures, recipe, "cpu")
    seen = torch.cat([batches.of_step(step)[0] for step in range(3)])
    assert sorted(to_pictures(seen)[:, 0, 0, 0].tolist()) == list(range(10))
    again = NoisyBatches(pictures, recipe, "cpu").of_step(7)
    for one, other in zip(batches.of_step(7), again, strict=True):
        assert torch.equal(one, other)
    assert not torch.equal(batches.of_step(8)[1], again[1])


def test_times_cover_the_whole_of_the_noise_in_every_batch():
    found = times(10, torch.Generator().manual_seed(3))
    assert [int(t) // 100 for t in found] == list(range(10))


@pytest.mark.parametrize("prediction", ["v_prediction", "epsilon", "sample"])
def test_a_net_that_knows_the_answer_has_no_loss_and_sees_the_end(prediction, butterflies):
    schedule = unet.make_noise_schedule(DiffusionRecipe(prediction=prediction))
    clean, noise, t = to_tensor(butterflies[:4]), torch.randn(4, 3, 32, 32), torch.tensor([10, 300, 600, 900])
    answers = {"v_prediction": schedule.get_velocity(clean, noise, t), "epsilon": noise, "sample": clean}
    assert losses(Knows(answers[prediction]), schedule, clean, noise, t).max() < 1e-10
    for number, time in enumerate(t.tolist()):
        x = schedule.add_noise(clean, noise, t)[number]
        guess = predicted_picture(schedule, x, answers[prediction][number], time)
        assert torch.allclose(guess, clean[number].clamp(-1, 1), atol=2e-3)


def test_min_snr_makes_little_noise_count_less_and_much_noise_as_before_in_terms_of_the_picture(butterflies):
    schedule = unet.make_noise_schedule(DiffusionRecipe())
    clean, noise, t = to_tensor(butterflies[:2]), torch.randn(2, 3, 32, 32), torch.tensor([5, 800])
    wrong = Knows(schedule.get_velocity(clean, noise, t) + 1)
    weighed = losses(wrong, schedule, clean, noise, t, min_snr=5.0)
    snr = (schedule.alphas_cumprod / (1 - schedule.alphas_cumprod))[t]
    assert torch.allclose(weighed, torch.tensor([5.0, float(snr[1])]) / (snr + 1), rtol=1e-4)


def test_kid_is_nothing_for_pictures_of_the_same_kind_and_grows_with_what_is_wrong(butterflies):
    features, real = RandomFeatures(butterflies), held_out(100, 32, workers=2)
    random = np.random.default_rng(0)
    grains = (real + random.normal(0, 38, real.shape)).clip(0, 255).astype(np.uint8)
    halves = real.copy()
    halves[:, :, 16:] = np.roll(real, 1, axis=0)[:, :, 16:]
    noise = random.integers(0, 256, real.shape, np.uint8)
    figures = {
        name: kid(features.reference, features(some))
        for name, some in {
            "real": real, "halves": halves, "grains": grains, "blurred": blur(real), "turned": real[:, ::-1],
            "one": real[:1].repeat(100, 0), "noise": noise,
        }.items()
    }  # fmt: skip
    assert abs(figures["real"]) < 0.1, figures
    assert 0.1 < figures["halves"] < figures["blurred"] < figures["noise"], figures
    assert min(figures["grains"], figures["turned"], figures["one"]) > 0.25, figures


def test_the_noise_of_a_sample_depends_on_its_seed_and_number_alone():
    assert torch.equal(first_noise(3, 16, 5)[2], first_noise(9, 16, 5)[2])
    assert not torch.equal(first_noise(1, 16, 5), first_noise(1, 16, 6))


def test_the_learning_rate_climbs_to_its_peak_and_falls_to_almost_nothing():
    recipe = DiffusionRecipe(lr=1e-3, warmup_steps=10)
    rates = [rate(step, 200, recipe) for step in range(200)]
    assert rates[0] < 2e-4 and max(rates) > 0.98e-3 and rates[-1] < 3e-5
    assert rates.index(max(rates)) == 10


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"size": 40}, "size: must be a whole number divisible by 16"),
        ({"lr": 0.0}, "lr: must be a number above 0"),
        ({"prediction": "w"}, "prediction: invalid enum value 'w'"),
        ({"channels": (30, 64, 96)}, "30 channels cannot be normed in 8 groups"),
        ({"channels": (32, 64)}, "2 levels of channels, but 3 of attention"),
    ],
)
def test_a_recipe_that_makes_no_sense_is_refused_in_words(changes, words):
    with pytest.raises(BadInputError) as caught:
        make_recipe("small", **changes)
    assert words in str(caught.value)


def test_every_preset_makes_a_net_that_draws_pictures_of_its_size():
    from garage_tui.core.diffusion.recipe import presets

    for name in presets():
        recipe = make_recipe(name)
        with torch.device("meta"):
            net = unet.make_net(recipe)
            out = net(torch.empty(1, 3, recipe.size, recipe.size), torch.empty(1, dtype=torch.long)).sample
        assert out.shape == (1, 3, recipe.size, recipe.size), name
