-- The log of one box. The tables are guarded here as well as in Python, so that no mistake in a program, nor a hand at
-- the sqlite3 shell, rewrites what was signed. Against somebody who means it, the signatures and the chain stand.

PRAGMA application_id = 0x45535455;  -- 'ESTU'
PRAGMA user_version = 1;

CREATE TABLE box (
    row INTEGER PRIMARY KEY CHECK (row = 1),
    name TEXT NOT NULL
) STRICT;

-- The events, whole. All but `seq` and `jws` can be had from `jws`, and stands beside it to be found quickly.
CREATE TABLE event (
    seq INTEGER PRIMARY KEY CHECK (seq > 0),
    jws BLOB NOT NULL,                             -- the exact signed bytes
    hash BLOB NOT NULL CHECK (length(hash) = 32),  -- SHA-256 of them
    type TEXT NOT NULL,
    time TEXT NOT NULL                             -- as in the event; sorts as text
) STRICT;

CREATE INDEX event_by_type ON event (type, seq);  -- for the latest of a type; also small enough to count by
CREATE INDEX event_by_time ON event (type, time);  -- for the page: a month out of a year, without reading the year

-- What the platform has: the last row counts, even where an earlier one reached further (a platform that was restored
-- from a backup asks again for what it lost).
CREATE TABLE receipt (
    number INTEGER PRIMARY KEY,
    through INTEGER NOT NULL CHECK (through >= 0),
    jws BLOB NOT NULL,
    time TEXT NOT NULL
) STRICT;

-- How far delivered events were deleted after their keeping time. The last row is the anchor of the chain: the oldest
-- event that is left names this hash as the one before it.
CREATE TABLE forgotten (
    number INTEGER PRIMARY KEY,
    through INTEGER NOT NULL CHECK (through > 0),
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    time TEXT NOT NULL                             -- when they were deleted
) STRICT;

-- Rows that are no events of this chain, put aside as they were found: damaged ones, and those whose numbers turned out
-- to be taken.
CREATE TABLE torn (
    number INTEGER PRIMARY KEY,
    seq INTEGER NOT NULL,
    jws BLOB NOT NULL,
    hash BLOB NOT NULL
) STRICT;

-- Stretches of numbers whose events this log has lost (continuation.py). They are not used again.
CREATE TABLE lost (
    number INTEGER PRIMARY KEY,
    after INTEGER NOT NULL CHECK (after >= 0),
    after_hash BLOB NOT NULL CHECK (length(after_hash) = 32),
    through INTEGER NOT NULL CHECK (through > after),
    through_hash BLOB NOT NULL CHECK (length(through_hash) = 32),  -- what the next event names as the one before
    declared INTEGER                               -- the event that says so; null while none does
) STRICT;

-- Files of this log that were damaged, and left as they were.
CREATE TABLE damaged (
    number INTEGER PRIMARY KEY,
    file TEXT NOT NULL,
    words TEXT NOT NULL,                           -- what was wrong with it
    events INTEGER NOT NULL,                       -- that were taken over from it
    declared INTEGER                               -- the event that says so; null while none does
) STRICT;

-- Where the log stood each time that it was opened for writing: only there can it have lost its end.
CREATE TABLE opened (
    number INTEGER PRIMARY KEY,
    after INTEGER NOT NULL CHECK (after >= 0)      -- the last number given before
) STRICT;

-- Receipts that name an event which this log does not have: what the platform has is beyond doubt, so the log has lost it.
CREATE TABLE contradiction (
    number INTEGER PRIMARY KEY,
    through INTEGER NOT NULL CHECK (through > 0),
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    jws BLOB NOT NULL,
    time TEXT NOT NULL,
    solved INTEGER                                 -- the event by which the log went on; null while it has not
) STRICT;

CREATE TRIGGER event_is_never_rewritten BEFORE UPDATE ON event
BEGIN SELECT raise(ABORT, 'an event is never rewritten'); END;

CREATE TRIGGER event_follows_the_last BEFORE INSERT ON event
WHEN NEW.seq IS NOT 1 + max(
    coalesce((SELECT max(seq) FROM event), 0),
    coalesce((SELECT max(through) FROM forgotten), 0),
    coalesce((SELECT max(through) FROM lost), 0)
)
BEGIN SELECT raise(ABORT, 'an event has the number after the last one'); END;

CREATE TRIGGER event_stays_until_receipted_and_anchored BEFORE DELETE ON event
WHEN NOT (
    OLD.seq <= coalesce((SELECT through FROM receipt ORDER BY number DESC LIMIT 1), 0)
    AND OLD.seq <= coalesce((SELECT max(through) FROM forgotten), 0)
) AND NOT EXISTS (SELECT 1 FROM torn WHERE torn.seq = OLD.seq AND torn.jws = OLD.jws AND torn.hash = OLD.hash)
BEGIN SELECT raise(ABORT, 'an event is deleted only once the platform has it, and with an anchor'); END;

CREATE TRIGGER receipt_is_never_rewritten BEFORE UPDATE ON receipt
BEGIN SELECT raise(ABORT, 'a receipt is never rewritten'); END;

CREATE TRIGGER newest_receipts_stay BEFORE DELETE ON receipt
WHEN OLD.number > (SELECT max(number) FROM receipt) - 1000
BEGIN SELECT raise(ABORT, 'the newest 1000 receipts stay'); END;

CREATE TRIGGER forgotten_is_never_rewritten BEFORE UPDATE ON forgotten
BEGIN SELECT raise(ABORT, 'an anchor is never rewritten'); END;

CREATE TRIGGER forgotten_stays BEFORE DELETE ON forgotten
BEGIN SELECT raise(ABORT, 'an anchor is never deleted'); END;

CREATE TRIGGER torn_is_never_rewritten BEFORE UPDATE ON torn
BEGIN SELECT raise(ABORT, 'what was put aside stays as it was found'); END;

CREATE TRIGGER torn_stays BEFORE DELETE ON torn
BEGIN SELECT raise(ABORT, 'what was put aside stays'); END;

CREATE TRIGGER lost_is_declared_once BEFORE UPDATE ON lost
WHEN OLD.declared IS NOT NULL
    OR (NEW.number, NEW.after, NEW.after_hash, NEW.through, NEW.through_hash)
    IS NOT (OLD.number, OLD.after, OLD.after_hash, OLD.through, OLD.through_hash)
BEGIN SELECT raise(ABORT, 'a loss is never rewritten'); END;

CREATE TRIGGER lost_stays BEFORE DELETE ON lost
BEGIN SELECT raise(ABORT, 'a loss is never deleted'); END;

CREATE TRIGGER contradiction_is_solved_once BEFORE UPDATE ON contradiction
WHEN OLD.solved IS NOT NULL
    OR (NEW.number, NEW.through, NEW.hash, NEW.jws) IS NOT (OLD.number, OLD.through, OLD.hash, OLD.jws)
BEGIN SELECT raise(ABORT, 'a contradiction is never rewritten'); END;
