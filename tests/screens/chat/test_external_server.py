"""The chat with a server that somebody else runs: it is asked, but neither started nor stopped."""

from __future__ import annotations

import pytest

from garage_tui.core.serving import server_process
from garage_tui.core.settings.settings import Settings, load_settings, user_settings_file
from tests.support.chat import RUN


@pytest.fixture
def named(workspace, tmp_path):
    """Return the settings of an owner who names this server."""

    def make(url: str, **more: str) -> Settings:
        file = user_settings_file()
        file.parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "key").write_text("secret\n")
        (tmp_path / "key").chmod(0o600)
        lines = {"server": url, "key_file": str(tmp_path / "key"), **more}
        file.write_text("[chat]\n" + "".join(f'{name} = "{value}"\n' for name, value in lines.items()))
        return load_settings(workspace)

    return make


@pytest.fixture(autouse=True)
def never_started(monkeypatch):
    def start(*_: object, **__: object) -> None:
        raise AssertionError("a server was started")

    monkeypatch.setattr(server_process, "start", start)


async def test_its_models_answer_on_both_sides(open_app, make_run, model_server, named):
    async with model_server() as models:
        models.answers = {"llama3.1:8b": ["I do not know."], "family-bot": ["TinyLLM runs locally."]}
        settings = named(models.url, tuned="family-bot")
        async with open_app(screen="chat", settings=settings) as user:
            await user.sees(
                "Base · llama3.1:8b", "Tuned · family-bot", "an external server: this app neither starts nor stops it"
            )
            await user.types("What is TinyLLM?")
            await user.press("enter")
            await user.sees("I do not know.", "TinyLLM runs locally.")
    assert {request["model"] for request in models.heard} == {"llama3.1:8b", "family-bot"}


async def test_a_run_that_it_does_not_offer_is_said_on_its_side_alone(open_app, make_run, model_server, named):
    make_run(RUN, "finished").adapter()
    async with model_server() as models:
        models.answers = {"other": ["x"], "llama3.1:8b": ["I do not know."]}
        settings = named(models.url, base="llama3.1:8b")
        async with open_app(screen="chat", settings=settings) as user:
            await user.sees(f"Tuned · {RUN}", "Base · llama3.1:8b")
            await user.press("x", "enter")
            await user.sees("I do not know.", "has no model", "it has: other, llama3.1:8b")


async def test_a_server_that_is_not_there_is_a_sentence_and_a_key(open_app, named):
    settings = named("http://127.0.0.1:9/v1")
    async with open_app(screen="chat", settings=settings) as user:
        await user.sees("✗ http://127.0.0.1:9/v1: no server answers", "Ctrl+R tries again")
        await user.press("x", "enter")
        await user.sees("no server answers at http://127.0.0.1:9/v1")


async def test_a_key_that_cannot_be_read_is_said(open_app, named):
    settings = named("http://127.0.0.1:9/v1", key_file="/nowhere/key")
    async with open_app(screen="chat", settings=settings) as user:
        await user.sees("the key in /nowhere/key cannot be read", "check `key_file` in [chat]")


async def test_a_key_that_others_on_the_box_can_read_is_refused_with_what_mends_it(
    open_app, model_server, named, tmp_path
):
    async with model_server() as models:
        models.answers = {"llama3.1:8b": ["I do not know."]}
        settings = named(models.url)
        (tmp_path / "key").chmod(0o640)
        async with open_app(screen="chat", settings=settings) as user:
            await user.sees("others on this box can read the key in", "chmod 600")
            await user.press("x", "enter")
            await user.pilot.pause(0.5)
            assert not models.heard, "nor is it sent anywhere"
            (tmp_path / "key").chmod(0o600)
            await user.press("ctrl+r")
            await user.sees("an external server: this app neither starts nor stops it")


async def test_a_model_that_only_stands_for_another_one_is_not_taken_for_the_base_model(model_server):
    """Of another garage server, whose first model is the one in service."""
    from garage_tui.core.serving.external_server import ExternalServer
    from garage_tui.core.settings.settings import ChatSettings

    async with model_server() as models:
        models.answers = {"garage": [], "smollm2-135m": [], RUN: []}
        models.roots = {"garage": RUN, "smollm2-135m": "smollm2-135m", RUN: RUN}
        server = ExternalServer(ChatSettings(server=models.url, key_file=""))
        server.address = lambda: models.address()
        await server.inspect()
        assert (server.base, server.models) == ("smollm2-135m", ("garage", "smollm2-135m", RUN))
