import pytest

from cbda.errors import UserError, require_choice

UNITS = ("region", "pixel")


def test_require_choice_accepts_what_is_allowed():
    require_choice("unit", "pixel", UNITS)


def test_require_choice_lists_what_is_allowed():
    with pytest.raises(UserError, match=r"^unit 'window' is unknown; allowed: region, pixel$"):
        require_choice("unit", "window", UNITS)
