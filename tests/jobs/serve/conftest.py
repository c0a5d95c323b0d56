"""Real servers with a tiny random model, shared by the tests of this folder: with transformers and with llama.cpp.

With `make test-vllm` there is a third one, with vLLM behind it.
"""

import httpx
import openai
import pytest

from garage_tui.core.serving import server_process
from garage_tui.core.settings.settings import ServeSettings, Settings, Workspace
from tests.support.running_server import start_server
from tests.support.vllm import VLLM


@pytest.fixture(scope="package", params=["embedded", "llama.cpp", *(["vllm"] if VLLM else [])])
def engine(request):
    return request.param


@pytest.fixture
def embedded(engine):
    """For what only our own engine has."""
    if engine != "embedded":
        pytest.skip("of the embedded engine")


@pytest.fixture(scope="package")
def box(tmp_path_factory, engine):
    """A workspace of these tests' own."""
    root = tmp_path_factory.mktemp(engine)
    (root / "checkpoints").mkdir()
    return Workspace(root)


@pytest.fixture(scope="package")
def tuned(box, finished_run):
    return finished_run(box, "tuned", 1)


@pytest.fixture(scope="package")
def address(box, tiny_model, tuned, engine):
    """The address of a server that offers the tiny model and one run."""
    settings = Settings(serve=ServeSettings(engine=engine, vllm_python=VLLM))
    start_server(box, settings, str(tiny_model), 280)
    yield server_process.address(box)
    server_process.stop(box)


@pytest.fixture(scope="package")
def client(address):
    return openai.OpenAI(base_url=address.url, api_key=address.key, max_retries=0, timeout=60)


@pytest.fixture(scope="package")
def http(address):
    """Plain HTTP with the key, for what OpenAI's client would not send."""
    with httpx.Client(headers={"Authorization": f"Bearer {address.key}"}, timeout=60, trust_env=False) as http:
        yield http


@pytest.fixture
def base(tiny_model):
    return str(tiny_model)
