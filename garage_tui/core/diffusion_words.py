"""What each hyper-parameter of a diffusion run is, for the person who sets it."""

WORDS: dict[str, str] = {
    "images": (
        "What it learns to draw; ^o shows them as it will see them. About one in ten is held out: never learned from, "
        "to measure on."
    ),
    "folder": (
        "A folder with PNG, JPEG, WebP, GIF, BMP or PPM files, in folders of it too. Ten usable ones are the fewest."
    ),
    "preset": (
        "A whole recipe to begin with, its net included. Every value below can be changed; what differs from the "
        "preset is marked."
    ),
    "size": (
        "Width and height of a picture in pixels, a multiple of 16. Twice the size is four times the work: 32 suits a "
        "processor, 64 and 128 a GPU."
    ),
    "fit": (
        "How a picture that is no square becomes one. crop takes its middle; fit takes all of it, between two bars in "
        "the colours of its edges."
    ),
    "epochs": (
        "How often every picture is seen. At 4 a model draws mush, at 60 butterflies; sheets are drawn after 1, 4, 8, "
        "15, 30, 60 and the last."
    ),
    "batch_size": "Pictures in one step. More needs more memory and makes fewer, smoother steps. Usual: 16 to 64.",
    "lr": (
        "Peak learning rate of AdamW: how far each step goes. Too low learns slowly, too high never settles. "
        "Usual: 1e-4 to 1e-3, less for a larger net."
    ),
    "prediction": (
        "What the net says of a noisy picture: the noise in it (epsilon, as in DDPM), the picture without it (sample), "
        "or v, a mixture of both that learns evenly at every noise."
    ),
    "ema": (
        "Pictures are drawn with a running mean of the weights, which keeps at most this share of itself at a step: "
        "smoother than the newest weights. 0.99 to 0.9999; 0 draws with the weights as they are."
    ),
    "seed": (
        "Start of the random numbers: first weights, order, noise, and what the sheets begin with. Same seed, same run."
    ),
    "gpus": "Indices of the GPUs to work on, such as 0 or 0,1. Empty takes the first one that is free.",
    "name": "The readable end of the run's id; by default the name of the pictures.",
}
