"""Labels, choices and explanations of a diffusion run's hyper-parameters, for the person who sets them."""

LABELS: dict[str, str] = {
    "size": "Size, pixels",
    "epochs": "Epochs",
    "batch_size": "Batch size",
    "lr": "Learning rate",
    "min_snr": "Min-SNR",
    "ema": "EMA",
    "sample_steps": "Sampler steps",
    "samples": "Samples",
    "seed": "Seed",
}
"""The labels of the number fields."""
CHOICES: dict[str, dict[object, str]] = {
    "fit": {"crop": "crop · its middle", "fit": "fit · all of it, between two bars"},
    "flip": {True: "yes · half of the time", False: "no · as they are"},
    "prediction": {
        "v_prediction": "v_prediction · a mixture of both",
        "epsilon": "epsilon · the noise",
        "sample": "sample · the picture",
    },
    "sampler": {
        "ddpm": "ddpm · adds noise in each step",
        "ddim": "ddim · adds none",
        "dpmsolver": "dpmsolver · few steps",
    },
    "compile": {True: "yes · on a GPU", False: "no"},
}
"""The lists to choose from: each value with its line of the list."""

EXPLANATIONS: dict[str, str] = {
    "images": (
        "The pictures to learn from; ^o shows them as the model sees them. One in ten is held out: it is only "
        "used to measure the result."
    ),
    "folder": (
        "A folder with PNG, JPEG, WebP, GIF, BMP or PPM files; subfolders count too. At least ten must be usable."
    ),
    "preset": (
        "A complete recipe to begin with, including the net. You can change every value below; changes are marked."
    ),
    "size": (
        "Width and height in pixels, a multiple of 16. Twice the size is four times the work: 64 and 128 suit a GPU."
    ),
    "fit": (
        "How a picture becomes square: crop takes its middle; fit keeps all of it, between two bars in the colours "
        "of its edges."
    ),
    "flip": "Mirror each picture half of the time: twice as many to learn from. Not for letters, or shells.",
    "epochs": ("How often each picture is trained on. After 4 epochs a model draws blurs, after 60 butterflies."),
    "batch_size": "Pictures in one step. More need more memory and make fewer, smoother steps. Usual: 16 to 64.",
    "lr": ("Peak learning rate of AdamW. Too low learns slowly, too high never settles. Usual: 1e-4 to 1e-3."),
    "prediction": (
        "What the net predicts from a noisy picture: the noise, the clean picture, or v, a mixture that learns "
        "evenly at all noise levels."
    ),
    "min_snr": (
        "Errors in nearly clean pictures count at most as at this signal-to-noise ratio (arXiv 2303.09556). "
        "Usual: 5; 0: no limit."
    ),
    "ema": (
        "Maximum decay of the running mean of the weights, which draws the pictures. Usual: 0.99 to 0.9999; 0: no mean."
    ),
    "sampler": (
        "The sampler that draws. ddpm adds noise in each step, which corrects errors of a small net; ddim adds none; "
        "dpmsolver needs few steps."
    ),
    "sample_steps": (
        "Sampler steps from noise to a picture: more draw better and slower. ddpm 100 to 1000, ddim 50, dpmsolver 20."
    ),
    "samples": "Pictures on a contact sheet, 1 to 64. Each starts from the same noise on every sheet.",
    "compile": "torch.compile the net: a slow start, then faster steps. Only on a GPU; needs a C compiler.",
    "seed": ("Random seed for first weights, order and noise. Same seed, same run."),
    "gpus": "GPUs to use: 0 or 0,1. Empty: the first free one. On several, each takes its share of every batch.",
    "place": "Where the run works: on this box, or at a place of your settings, where it waits in the queue there.",
    "name": "The readable end of the run's id; by default the name of the pictures.",
}
"""The explanations of all fields of the form: at most two lines each in a terminal of 80 columns."""
