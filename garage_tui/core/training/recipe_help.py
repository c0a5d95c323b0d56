"""Labels and explanations of a LoRA run's hyper-parameters, for the person who sets them."""

LABELS: dict[str, str] = {
    "epochs": "Epochs",
    "lr": "Learning rate",
    "kl": "KL weight",
    "rank": "Rank",
    "alpha": "Alpha",
    "batch_size": "Batch size",
    "accumulation": "Accumulation",
    "warmup_steps": "Warm-up steps",
    "max_length": "Max length",
    "seed": "Seed",
}
"""The numbers, in the order of the form."""

EXPLANATIONS: dict[str, str] = {
    "facts": (
        "The questions and answers that are taught. The run copies them when it is started; later changes "
        "do not reach it."
    ),
    "preset": (
        "A whole recipe to begin with. Every value below can be changed; what differs from the preset is marked."
    ),
    "base": (
        "The model that is taught: a name from `garage models`, a folder, or a Hub id. Its own weights "
        "are never changed."
    ),
    "epochs": (
        "How often every row is seen. More makes the facts stick and, at some point, leak into other "
        "answers. Usual: 3 to 40."
    ),
    "lr": (
        "Peak learning rate: too low learns nothing, too high forgets the rest. Plain LoRA: 1e-4 to 1e-3; guarded: "
        "0.02 to 0.1."
    ),
    "rank": (
        "Rank of the adapter's matrices: how much it can hold. 8 to 32 is usual; presets with guards take 16, and 32 "
        "for more than 30 rows."
    ),
    "alpha": (
        "The adapter counts alpha / rank. Keep alpha equal to the rank (or twice it) and change the "
        "learning rate instead."
    ),
    "batch_size": ("Rows in one forward pass. More needs more memory and makes fewer, smoother steps. Usual: 2 to 16."),
    "accumulation": (
        "Forward passes in one step: a larger batch without more memory. Effective batch = batch size × this."
    ),
    "warmup_steps": (
        "Steps in which the learning rate climbs to its peak. A few keep the first steps from tearing something."
    ),
    "kl": (
        "How firmly the model is held to its own answers elsewhere: more forgets less and learns more slowly. 0: "
        "plainly. Usual: 3 to 20."
    ),
    "max_length": "Tokens after which a row is cut. Short facts need 256; longer rows cost memory.",
    "seed": ("Start of the random numbers: order of the rows and the adapter's first weights. Same seed, same run."),
    "gpus": "Indices of the GPUs to work on, such as 0 or 0,1. Empty takes the first one that is free.",
    "name": "The readable end of the run's id; by default the name of the facts file.",
}
"""Of every field of the form: at most two lines in a terminal of 80 columns."""
