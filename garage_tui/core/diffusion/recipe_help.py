"""Labels, choices and explanations of a diffusion run's hyper-parameters, for the person who sets them."""

LABELS: dict[str, str] = {
    "size": "Size, pixels",
    "epochs": "Epochs",
    "batch_size": "Batch size",
    "lr": "Learning rate",
    "min_snr": "Min-SNR",
    "ema": "EMA",
    "sample_steps": "Drawing steps",
    "samples": "On a sheet",
    "seed": "Seed",
}
"""The numbers."""
CHOICES: dict[str, dict[object, str]] = {
    "fit": {"crop": "crop · its middle", "fit": "fit · all of it, between bars"},
    "flip": {True: "yes · half of the time", False: "no · as they are"},
    "prediction": {
        "v_prediction": "v_prediction · a mixture of both",
        "epsilon": "epsilon · the noise",
        "sample": "sample · the picture",
    },
    "sampler": {
        "ddpm": "ddpm · adds noise on its way",
        "ddim": "ddim · adds none",
        "dpmsolver": "dpmsolver · few steps",
    },
    "compile": {True: "yes · on a GPU", False: "no"},
}
"""The lists to choose from: each value with its line of the list."""

EXPLANATIONS: dict[str, str] = {
    "images": (
        "What it learns to draw; ^o shows them as it sees them. One in ten is held out: never learned from, to "
        "measure on."
    ),
    "folder": (
        "A folder with PNG, JPEG, WebP, GIF, BMP or PPM files, in folders of it too. Ten usable ones are the fewest."
    ),
    "preset": (
        "A whole recipe to begin with, its net included. Every value below can be changed; what differs is marked."
    ),
    "size": (
        "Width and height in pixels, a multiple of 16. Twice the size is four times the work: 64 and 128 suit a GPU."
    ),
    "fit": (
        "How a picture that is no square becomes one: crop takes its middle; fit all of it, between two bars in the "
        "colours of its edges."
    ),
    "flip": "Show every picture mirrored half of the time: twice as many to learn from. Not for letters, or shells.",
    "epochs": (
        "How often every picture is seen. At 4 a model draws mush, at 60 butterflies; sheets are drawn on the way."
    ),
    "batch_size": "Pictures in one step. More needs more memory and makes fewer, smoother steps. Usual: 16 to 64.",
    "lr": (
        "How far each step of AdamW goes at most. Too low learns slowly, too high never settles. Usual: 1e-4 to 1e-3."
    ),
    "prediction": (
        "What the net says of a noisy picture: the noise in it, the picture without it, or v, a mixture that learns "
        "evenly at all noise."
    ),
    "min_snr": (
        "Errors in nearly clean pictures count no more than at this signal-to-noise ratio (arXiv 2303.09556). 0: as "
        "they are. Usual: 5."
    ),
    "ema": (
        "What draws is a running mean of the weights that keeps at most this share of itself. 0.99 to 0.9999; 0: the "
        "weights themselves."
    ),
    "sampler": (
        "What draws. ddpm adds noise on its way and mends what a small net gets wrong; ddim adds none; dpmsolver is "
        "for few steps."
    ),
    "sample_steps": (
        "Steps from noise to a picture: more take longer and draw better. ddpm 100 to 1000, ddim 50, dpmsolver 20."
    ),
    "samples": "Pictures on a sheet, 1 to 64. Each begins with the same noise, however many they are.",
    "compile": "torch.compile the net: slow at first, then faster steps. On a GPU alone, where it needs a C compiler.",
    "seed": (
        "Start of the random numbers: first weights, order, noise, and what sheets begin with. Same seed, same run."
    ),
    "gpus": "Indices of the GPUs to work on, such as 0 or 0,1. Empty takes the first one that is free.",
    "name": "The readable end of the run's id; by default the name of the pictures.",
}
"""Of every field of the form: at most two lines in a terminal of 80 columns."""
