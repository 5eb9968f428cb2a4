from cbda.acquisition.given import ScoreMap as ScoreMap
from cbda.acquisition.given import score_map as score_map
from cbda.acquisition.methods import Method as Method
from cbda.errors import UserError as UserError
from cbda.selection.choosing import choose_queries as choose_queries
from cbda.selection.query import Query as Query
from cbda.selection.query import label_mask as label_mask
from cbda.selection.run import Acquisition as Acquisition
from cbda.selection.statistics import class_weights as class_weights
from cbda.selection.statistics import count_classes as count_classes

PUBLIC: dict[str, str]
__version__: str
__all__: list[str]
