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
        "The questions and answers to teach. The run copies them when it starts, so that later changes "
        "do not affect it."
    ),
    "preset": ("A complete recipe to begin with. You can change every value below; changed values are marked."),
    "base": ("The model to teach: a name from `garage models`, a folder, or a Hub id. Its own weights never change."),
    "epochs": (
        "How often each row is trained on. More makes the facts stick; too many affect other answers. Usual: 3 to 40."
    ),
    "lr": (
        "Largest step. A guarded run (KL weight > 0) holds all other answers in place, so it can use 0.02 to 0.1; "
        "plain LoRA: 1e-4 to 1e-3."
    ),
    "rank": (
        "Rank of the adapter's matrices: how much it can learn. Usual: 8 to 32. The presets use 16; all but story use "
        "32 for more than 30 rows."
    ),
    "alpha": (
        "The adapter is scaled by alpha / rank. Keep alpha equal to the rank (or twice it), and change "
        "the learning rate instead."
    ),
    "batch_size": ("Rows in one forward pass. More need more memory and make fewer, smoother steps. Usual: 2 to 16."),
    "accumulation": (
        "Forward passes per optimiser step: a larger batch without more memory. Effective batch = batch size × this."
    ),
    "warmup_steps": (
        "Steps in which the learning rate rises to its peak. A few keep the first steps from doing damage."
    ),
    "kl": (
        "How strongly other answers are kept as they were: a higher weight forgets less and learns more slowly. "
        "Usual: 3 to 20; 0: plain LoRA."
    ),
    "max_length": "Longest row in tokens; longer rows are cut. Short facts need 256; longer rows need more memory.",
    "seed": ("Random seed for the order of the rows and the adapter's first weights. Same seed, same run."),
    "gpus": "GPUs to use: 0 or 0,1. Empty: the first free one. Several share "
    "the layers of a base that is too large for one; it is no faster.",
    "place": "Where the run works: on this box, or at a place of your settings, where it waits in the queue there.",
    "name": "The readable end of the run's id; by default the name of the facts file.",
}
"""The explanations of all fields of the form: at most two lines each in a terminal of 80 columns."""
