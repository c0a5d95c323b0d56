"""A facts file of the test's own, for every test in this folder."""

from tests.support.facts_files import file as file
from tests.support.facts_files import open_facts as open_facts
