"""People answer queries: the page and its server, and files of other annotation tools."""
