"""A moment as the services' small files have it: one without its zone is refused, since it compares with no other."""

from datetime import datetime
from typing import Annotated

import msgspec

Utc = Annotated[datetime, msgspec.Meta(tz=True)]
