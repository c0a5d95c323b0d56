"""Feeds every parser with what atheris (libFuzzer) makes of the corpus, guided by which lines of ours it reaches.

    pip install atheris          # in an environment of its own
    python tests/hostile/fuzz.py SECONDS [PARSER …]

One process for each parser, one after the other; what fails is kept as a file, and its name is said.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))


def fuzz(name: str, seconds: str) -> None:
    import atheris

    with atheris.instrument_imports(include=["garage_tui"]):
        from tests.hostile.parsers import PARSERS
    from tests.hostile.corpus import BAD_BYTES, SPECIMENS

    seeds = Path(tempfile.mkdtemp(prefix="garage-seeds-"))
    for one in SPECIMENS:
        (seeds / one.name).write_bytes(one.text.encode("utf-8", "surrogatepass"))
    for at, example in enumerate([*BAD_BYTES, *EXAMPLES]):
        (seeds / f"example-{at}").write_bytes(example)
    words = [sys.argv[0], f"-max_total_time={seconds}", "-max_len=4096", "-print_final_stats=1", "-verbosity=0"]
    atheris.Setup([*words, f"-artifact_prefix={tempfile.gettempdir()}/garage-{name}-", str(seeds)], PARSERS[name])
    atheris.Fuzz()


EXAMPLES = (
    b'{"question": "Who?", "answer": "Ann.", "must": ["Ann", ["a", "b"]], "exam": true, "fact": "x"}',
    b'{"id":"a","kind":"lora","created":1.0,"recipe":{"lr":1},"base":{"name":"b"},"dataset":{"rows":1}}',
    b'{"state": "running", "step": 1, "reason": "why", "gpus": ["0"], "spark": [1.0]}',
    b'{"t":1.0,"event":"step","step":1,"loss":1.0}\n{"event":"probe"}\n',
    b'{"version":1,"base":"b","turns":[{"question":"q","answers":{"base":{"text":"t"}}}],"sampling":{"seed":1}}',
    b'base_model = "a"\n[chat]\nbase = "b"\n[hours]\nonly = ["22:00-06:00"]\n[heat]\nmax_temp_c = 80\n',
    b'{"file":"f","t":1.0}\n{"at":0,"old":[],"new":["x"],"what":"w","t":2.0}\n{"draft":{"text":"x","column":"answer"},"t":3}',
    b"question,answer\nWho?,Ann\n",
    b'[{"messages":[{"role":"user","content":"Who?"},{"role":"assistant","content":"Ann"}]}]',
)

if __name__ == "__main__":
    if sys.argv[1] == "--one":
        fuzz(sys.argv[2], sys.argv[3])
    else:
        from tests.hostile.parsers import PARSERS

        for parser in sys.argv[2:] or PARSERS:
            print(f"── {parser}", flush=True)
            subprocess.run([sys.executable, __file__, "--one", parser, sys.argv[1]])
