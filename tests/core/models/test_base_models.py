"""The names of base models."""

import pytest

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.models.base_models import find


@pytest.mark.parametrize(
    ("name", "end"),
    [
        ("smollm2", ". Do you mean smollm2-135m?"),
        ("smolm2-135m", ". Do you mean smollm2-135m?"),
        ("butterfly", "or a Hub id (owner/name)"),
    ],
)
def test_a_wrong_name_of_a_model_is_followed_by_the_known_one_that_is_nearly_it(name, end):
    with pytest.raises(BadInputError) as raised:
        find(name)
    assert str(raised.value).endswith(end)
