"""How much of anything from outside is looked at: every limit of the record, with its unit, in one place.

A box keeps the same limits when it writes, so that nothing it signs can be refused for its size later.
"""

HEADER_BYTES = 512  # a JWS header as it stands in the compact form
PAYLOAD_BYTES = 98_304  # an event's JSON; its compact form then stays below EVENT_BYTES
EVENT_BYTES = 131_584  # an event in compact form, as stored and sent
RECEIPT_BYTES = 2_048  # a receipt in compact form
NOTICE_BYTES = 16_000  # a notice in compact form; a box takes no larger packet but a few bytes more
NOTICES_KEPT = 20  # notices that a box keeps; the oldest goes
KEYSET_BYTES = 16_777_216  # a register's export, some 60,000 boxes
KEYSET_KEYS = 65_536  # keys in it
KEY_FILE_BYTES = 4_096  # one private key

SEQ = 2**53 - 1  # the largest number every JSON reader keeps exact (RFC 8259, section 6)
TITLE_CHARACTERS = 500  # titles, names, labels
TEXT_CHARACTERS = 1_000  # sentences in an incident or a correction
ID_CHARACTERS = 200  # a recording's id in the catalogue; often a file's name
WORKS = 50  # works in one recording: a medley, a suite
CREATORS = 100  # creators of one work
SPANS = 2_000  # separate stretches within one play
ALTERNATIVES = 50  # releases of one sound beside the one that a play names
WINDOWS = 100  # windows of a play's best match; a box looks at 15 s of them together
DETAIL_BYTES = 4_096  # the free part of an incident, as JSON
DETAIL_DEPTH = 4  # objects and lists within each other in it
VECTOR_BYTES = 49_152  # embeddings in one `unidentified`: 6 minutes of 128 dimensions, one a second
JSON_DEPTH = 12  # objects and lists within each other in an event

BRIDGES = 12  # lost stretches in one incident `log-continued`; they fit into DETAIL_BYTES

RECEIPTS_KEPT = 1_000  # the newest receipts stay in the log; `schema.sql` guards the same number
TAIL_EVENTS = 64  # events at the end of the log that are read again each time it is opened
HELD_EVENTS = 5_000  # events that wait in memory while a card takes nothing: some ten days of them
HELD_BYTES = 16_777_216  # embeddings among them

FORGOTTEN_AT_ONCE = 5_000  # delivered events deleted in one transaction: some 0.1 s on a card

BUSY_SECONDS = 30.0  # how long one of the three processes waits for another's transaction
