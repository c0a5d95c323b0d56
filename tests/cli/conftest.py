"""Commands in this process, for every test in this folder."""

from tests.support.commands import call as call
