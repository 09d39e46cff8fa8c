"""What outsiders wrote, made fit to be stored and read: exact bytes are kept elsewhere, this is for people.

PostgreSQL takes no NUL in a text, an index takes no text of 60,000 characters (a topic may have so many), and nobody
should find control characters in a table or a log.
"""

TOPIC_CHARACTERS = 200  # the longest topic of the contract has 49


def legible(text: str, longest: int) -> str:
    """Give at most so many characters of a text, with a question mark for each that cannot be printed."""
    text = text[:longest]
    return text if text.isprintable() else "".join(one if one.isprintable() else "?" for one in text)
