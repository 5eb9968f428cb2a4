"""A network of the user's own: a function of a file that builds it."""

from torch import nn

from cbda.errors import UserError
from cbda.settings.user_code import explained, load_function, source_file


def create_own_network(place: str, num_classes: int) -> nn.Module:
    """Call `FILE.py:NAME` with the number of classes, for a network that `create_model` describes.

    Raises:
        UserError: what the file does or returns is not a network with an encoder.
    """
    path = source_file(place)
    with explained(path):
        model = load_function(path, place.rpartition(":")[2])(num_classes)
    if not isinstance(model, nn.Module) or not isinstance(
        getattr(model, "encoder", None), nn.Module
    ):
        found = type(model).__name__
        raise UserError(f"{path}: returns {found}, must be an nn.Module with a part `encoder`")
    return model
