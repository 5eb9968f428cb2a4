from cbda.selection.choosing import Query as Query
from cbda.selection.choosing import choose_queries as choose_queries

__version__: str
