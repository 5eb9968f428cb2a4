"""Features of a frozen encoder, computed once for all that follows."""

from typing import Annotated

from cbda.settings.section import Count, Distinct, Section, one_of


class EncodeSettings(Section):
    """Features of the encoder, with model.freeze_encoder alone."""

    strides: Distinct[Count] = ()
    """Scales that are kept, in image px per px; empty for all of the encoder's from 4 on."""
    dtype: Annotated[str, one_of("float16", "float32")] = "float16"
    """In which features are stored."""
    precision: Annotated[str, one_of("float32", "bfloat16")] = "float32"
    """In which the encoder computes."""
