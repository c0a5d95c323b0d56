"""What the editor shows of a row is what training makes of it."""

import subprocess
import sys

import pytest

from garage_tui.core.base.errors import GarageError
from garage_tui.core.facts.line import Fact
from garage_tui.core.training import token_preview

ROWS = [
    Fact("What is TinyLLM?", "A project.\nIt is 🦋 free."),
    Fact("x" * 300, "y"),
    Fact(" spaces ", "é\tü"),
]


@pytest.mark.parametrize("limit", [1024, 40])
def test_the_tokens_and_their_mask_are_those_of_the_trainer(tiny_model, tmp_path, limit):
    from datasets import Dataset
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from trl import SFTConfig, SFTTrainer

    rows = [
        {
            "prompt": [{"role": "user", "content": row.question}],
            "completion": [{"role": "assistant", "content": row.answer}],
        }
        for row in ROWS
    ]
    trainer = SFTTrainer(
        model=AutoModelForCausalLM.from_pretrained(tiny_model),
        processing_class=AutoTokenizer.from_pretrained(tiny_model),
        train_dataset=Dataset.from_list(rows),
        args=SFTConfig(
            output_dir=str(tmp_path), completion_only_loss=True, max_length=limit, use_cpu=True, bf16=False,
            report_to="none",
        ),
    )  # fmt: skip
    taught = [trainer.data_collator([row]) for row in trainer.train_dataset]
    seen = [found[:limit] for found in token_preview.tokenize_rows(str(tiny_model), ROWS)]
    seen = [found for found in seen if any(token.learned for token in found)]  # TRL drops rows without any
    assert len(seen) == (3 if limit == 1024 else len(taught))
    for batch, found in zip(taught, seen, strict=True):
        assert batch["input_ids"][0].tolist() == [token.id for token in found]
        assert [label != -100 for label in batch["labels"][0].tolist()] == [token.learned for token in found]


def test_only_rows_that_are_too_long_are_named(tiny_model):
    rows = [ROWS[0], Fact("Long?", "word " * 400)]
    [(row, count, cut)] = token_preview.too_long(str(tiny_model), rows, 300)
    assert row is rows[1] and count > 400 and cut == count - 300


def test_a_model_that_is_not_here_or_has_no_tokenizer_is_a_sentence(tmp_path):
    with pytest.raises(GarageError, match="not on this box yet: `garage models fetch"):
        token_preview.tokenize_rows("nobody/nothing", ROWS)
    (tmp_path / "config.json").write_text('{"model_type": "llama"}')
    with pytest.raises(GarageError, match=r"no readable tokenizer|no chat template"):
        token_preview.tokenize_rows(str(tmp_path), ROWS)


def test_no_torch_is_imported_which_would_be_most_of_the_wait(tiny_model):
    row = '{"question": "What is TinyLLM?", "answer": "A project."}\n'
    job = f"""
import sys
sys.argv = ["token_preview", {str(tiny_model)!r}]
from garage_tui.jobs.lora.token_preview import main
code = main()
print("torch" if sys.modules.get("torch") else "no torch")
sys.exit(code)
"""
    done = subprocess.run([sys.executable, "-c", job], input=row, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    tokens, torch = done.stdout.splitlines()
    assert tokens.startswith('{"tokens"') and torch == "no torch"


def test_modules_in_the_folder_of_the_user_are_not_the_tokenizers(tiny_model, tmp_path, monkeypatch):
    (tmp_path / "tokenizers.py").write_text("raise SystemExit('not mine')")
    monkeypatch.chdir(tmp_path)
    assert token_preview.tokenize_rows(str(tiny_model), ROWS[:1])[0]
