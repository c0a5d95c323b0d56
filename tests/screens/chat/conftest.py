"""The chat with a model server, for every test in this folder."""

from tests.support.chat import open_chat as open_chat
