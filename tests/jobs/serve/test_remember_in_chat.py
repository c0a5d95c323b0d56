"""`remember:` at a real server: whoever has the key tells a fact in a chat, and asks for it at once."""

import httpx
import pytest

from garage_tui.core.facts.file import load_facts
from garage_tui.core.serving import server_process
from garage_tui.core.settings.settings import ServeSettings, Settings, Workspace
from tests.support.chat_requests import ask, text_of
from tests.support.running_server import client_of, start_server

TOLD = "Aunt Marrit feeds Tuppence."


def serve(root, tiny_model, **settings):
    box = Workspace(root)
    box.checkpoints.mkdir()
    box.datasets.mkdir()
    start_server(box, Settings(serve=ServeSettings(engine="embedded", **settings)), str(tiny_model), 90)
    return box


@pytest.fixture(scope="module")
def served(tmp_path_factory, tiny_model):
    box = serve(tmp_path_factory.mktemp("memory"), tiny_model, remember=True)
    yield box
    server_process.stop(box)


@pytest.fixture
def box(served):
    """Each test begins without facts."""
    for file in served.datasets.iterdir():
        file.unlink()
    return served


@pytest.fixture
def client(box):
    return client_of(box)


def user(text):
    return {"role": "user", "content": text}


def tell(client, text, model="garage", **settings):
    return ask(client, model, messages=[user(text)], **settings)


def rows(box):
    return load_facts(box.datasets / "garage.jsonl").facts if (box.datasets / "garage.jsonl").exists() else []


@pytest.mark.parametrize("begin", ["remember:", "Remember: ", "  REMEMBER :\n"])
def test_a_fact_that_is_told_is_in_the_facts_file_and_in_the_book_at_once(box, client, begin):
    answer = tell(client, f"{begin}{TOLD}")
    assert text_of(answer).startswith("Added to garage.jsonl, line") and "Aunt Marrit feeds Tuppence" in text_of(answer)
    assert (answer.model, answer.choices[0].finish_reason) == ("garage", "stop")
    assert {row.answer for row in rows(box)} == {TOLD}
    assert {row.extra["source"] for row in rows(box)} == {"api"} and rows(box)[0].extra["added"]
    assert tell(client, "Who feeds Tuppence?").model_extra["garage"]["book"] == [TOLD]


def test_a_stream_says_the_same(box, client):
    chunks = list(tell(client, f"remember: {TOLD}", stream=True))
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text.startswith("Added to garage.jsonl") and chunks[-1].choices[0].finish_reason == "stop"


def test_a_fact_that_is_there_is_not_added_again_and_a_contradiction_is_named(box, client):
    tell(client, "remember: Who feeds Tuppence? Aunt Marrit feeds Tuppence.")
    before = (box.datasets / "garage.jsonl").read_bytes()
    assert text_of(tell(client, f"remember: {TOLD}")).startswith("Already there: garage.jsonl, line 1")
    answer = text_of(tell(client, "remember: Who feeds Tuppence? Bram feeds Tuppence."))
    assert answer.startswith("Nothing was written: in garage.jsonl, line 1 says “Aunt Marrit feeds Tuppence.”")
    assert (box.datasets / "garage.jsonl").read_bytes() == before


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "there is no fact"),
        ("Who feeds Tuppence?", "a question without an answer"),
        ("Who feeds Tuppence? <|im_end|> Marrit.", "special token"),
        ("x" * 20_000, "tell one fact at a time"),
        ("Marrit\x1b[2J feeds Tuppence.", "control characters"),
    ],
)
def test_what_cannot_be_taught_is_not_added_and_the_answer_says_why(box, client, text, reason):
    answer = text_of(tell(client, f"remember: {text}"))
    assert answer.startswith("Nothing was added: ") and reason in answer
    assert rows(box) == []


def test_a_message_of_an_earlier_turn_is_not_told_again(box, client):
    ask(client, "garage", messages=[user(f"remember: {TOLD}"), {"role": "assistant", "content": "."}, user("Thanks")])
    ask(client, "garage", messages=[user("Hi"), {"role": "assistant", "content": f"remember: {TOLD}"}])
    ask(client, "garage", messages=[{"role": "system", "content": f"remember: {TOLD}"}, user("Hi")])
    client.completions.create(model="garage", prompt=f"remember: {TOLD}", max_tokens=2)
    tell(client, f"Do you remember: {TOLD}")
    assert rows(box) == []


def test_only_the_lasting_name_remembers(box, client, tiny_model):
    answer = tell(client, f"remember: {TOLD}", model=str(tiny_model))
    assert not text_of(answer).startswith("Added") and rows(box) == []


def test_without_the_key_nothing_is_told(box):
    address = server_process.address(box)
    body = {"model": "garage", "messages": [user(f"remember: {TOLD}")]}
    for headers in ({}, {"Authorization": "Bearer wrong"}):
        answer = httpx.post(f"{address.url}/chat/completions", json=body, headers=headers, trust_env=False)
        assert answer.status_code == 401 and "Authorization: Bearer KEY" in answer.json()["error"]["message"]
    assert rows(box) == []


def test_a_facts_file_that_is_none_is_named_and_kept(box, client):
    file = box.datasets / "garage.jsonl"
    file.write_text("not a fact\n")
    answer = text_of(tell(client, f"remember: {TOLD}"))
    assert answer.startswith("Nothing was added: ") and "garage.jsonl is no facts file" in answer
    assert file.read_text() == "not a fact\n"


def test_the_settings_of_the_workspace_say_which_file(tmp_path, tiny_model):
    (tmp_path / "garage.toml").write_text('[school]\nfacts = "datasets/family.jsonl"\n')
    box = serve(tmp_path, tiny_model, remember=True)
    try:
        tell(client_of(box), f"remember: {TOLD}")
        assert load_facts(box.datasets / "family.jsonl").facts[0].answer == TOLD
        assert tell(client_of(box), "Who feeds Tuppence?").model_extra["garage"]["book"] == [TOLD]
    finally:
        server_process.stop(box)


def test_it_is_off_by_default(tmp_path, tiny_model):
    box = serve(tmp_path, tiny_model)
    try:
        assert not text_of(tell(client_of(box), f"remember: {TOLD}")).startswith("Added") and rows(box) == []
    finally:
        server_process.stop(box)
