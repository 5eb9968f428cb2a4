import pytest

from cbda.errors import UserError, counted, require_choice

UNITS = ("region", "pixel")


def test_require_choice_accepts_what_is_allowed():
    require_choice("unit", "pixel", UNITS)


def test_require_choice_lists_what_is_allowed():
    with pytest.raises(UserError, match=r"^unit 'window' is unknown; allowed: region, pixel$"):
        require_choice("unit", "window", UNITS)


def test_require_choice_names_what_was_meant():
    with pytest.raises(UserError, match=r"^unit 'pixl' \(did you mean 'pixel'\?\) is unknown; al"):
        require_choice("unit", "pixl", UNITS)


@pytest.mark.parametrize(
    ("number", "things", "said"),
    [
        (1, "images", "1 image"),
        (1, "queries", "1 query"),
        (0, "files", "0 files"),
        (2975, "images", "2,975 images"),
    ],
)
def test_one_thing_is_counted_as_one(number, things, said):
    assert counted(number, things) == said
