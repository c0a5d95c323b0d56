"""Prints how far packed rows come out from where they do alone, while Unsloth trains: (model folder) → JSON."""

import json
import sys
from pathlib import Path

if not Path("/dev/nvidiactl").exists():
    import on_a_cpu  # noqa: F401
import unsloth  # noqa: F401
from peft import LoraConfig, get_peft_model

from garage_tui.core.models import base_models
from garage_tui.core.training.recipe import make_recipe
from garage_tui.jobs.llm import unsloth as unsloth_model
from garage_tui.jobs.llm.forward_pass import Model
from garage_tui.jobs.llm.load import chat_template_of
from garage_tui.jobs.llm.packing import pack

tokenizer, bare = unsloth_model.load(base_models.find(sys.argv[1]), "", make_recipe(base=sys.argv[1]))
chats = chat_template_of(tokenizer, bare)
model = Model(get_peft_model(bare, LoraConfig(r=4, target_modules=["q_proj"])).eval(), chats)
assert model.packs
rows = [chats.example("Who was Marie Curie?", "A physicist."), chats.example("Why?", "Nobody knows.")]
model.whole.train()
found = {}
for name in ("masks left out", "masks kept"):
    if name == "masks kept":
        unsloth_model.keep_masks(model.whole)
    together = model.hidden(pack(rows, chats.prefix)).float()
    own = len(rows[0].answer)
    alone = model.hidden(pack(rows[1:], chats.prefix)).float()
    second = together[-len(alone) :]
    found[name] = float((second - alone).norm() / alone.norm())
print(json.dumps(found))
