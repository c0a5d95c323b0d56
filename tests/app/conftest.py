"""The app with a user at its keyboard, for every test in this folder."""

from tests.support.app_user import make_run as make_run
from tests.support.app_user import model_server as model_server
from tests.support.app_user import open_app as open_app
from tests.support.facts_files import file as file
