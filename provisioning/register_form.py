"""The register's tables, and how a register of an older form becomes one of this.

boxes       what was declared of a box, and what has become of it
identities  each pair of keys that was ever made for a box, the public half; one of them counts, once it is on its card
images      each image that was ever written on a card, by which any card can be checked later
audit       who changed what, when
"""

FORM = 3  # of the tables, in the file's `user_version`

TABLES = """
CREATE TABLE boxes (
    id TEXT PRIMARY KEY,
    venue TEXT NOT NULL,
    hall TEXT NOT NULL,
    language TEXT NOT NULL,
    contract TEXT NOT NULL,
    microphone TEXT NOT NULL,
    network TEXT NOT NULL,               -- JSON, without the password
    wifi_password TEXT NOT NULL,         -- JWE for the authority's key, or nothing
    broker TEXT NOT NULL,
    fallback TEXT NOT NULL,              -- JSON, a list of URLs
    platform_keys TEXT NOT NULL,         -- JWKS, public
    label_code TEXT,                     -- scrypt hash; NULL until its label is made
    enrolled TEXT NOT NULL,              -- RFC 3339, UTC
    status TEXT NOT NULL CHECK (status IN ('enrolled', 'active', 'retired')),
    retired TEXT,
    reason TEXT,
    updates TEXT NOT NULL DEFAULT '',    -- JSON: where its catalogues come from, and the root that it trusts first
    CHECK ((status = 'retired') = (retired IS NOT NULL AND reason IS NOT NULL))
) STRICT;
CREATE TABLE identities (
    serial TEXT PRIMARY KEY,             -- of the TLS certificate, hexadecimal
    box TEXT NOT NULL REFERENCES boxes (id),
    kid TEXT NOT NULL UNIQUE,            -- RFC 7638 thumbprint of the signing key
    signing_key TEXT NOT NULL,           -- the public one, a JWK
    certificate TEXT NOT NULL,           -- PEM
    made TEXT NOT NULL,
    confirmed TEXT,                      -- when it was found to be on the box's card; NULL: never
    ended TEXT,                          -- when it ceased to count; NULL: not yet
    reason TEXT,
    CHECK ((ended IS NULL) = (reason IS NULL))
) STRICT;
CREATE UNIQUE INDEX one_identity_counts ON identities (box) WHERE confirmed IS NOT NULL;
CREATE TABLE images (
    sha256 TEXT PRIMARY KEY,             -- of the unpacked image, hexadecimal
    version TEXT NOT NULL,
    manifest TEXT NOT NULL,              -- JWS, as it was signed
    map TEXT NOT NULL                    -- bmap
) STRICT;
CREATE TABLE audit (
    number INTEGER PRIMARY KEY,
    time TEXT NOT NULL,
    actor TEXT NOT NULL,                 -- who was logged in, and on which machine
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail TEXT NOT NULL                 -- JSON
) STRICT;
CREATE TRIGGER boxes_stay BEFORE DELETE ON boxes
    BEGIN SELECT RAISE(ABORT, 'a box is retired, never removed'); END;
CREATE TRIGGER boxes_are_who_they_are BEFORE UPDATE OF id, enrolled ON boxes
    BEGIN SELECT RAISE(ABORT, 'the identity of a box never changes'); END;
CREATE TRIGGER boxes_do_not_go_back BEFORE UPDATE OF status ON boxes
    WHEN OLD.status = 'active' AND NEW.status = 'enrolled'
    BEGIN SELECT RAISE(ABORT, 'a box has its keys for good'); END;
CREATE TRIGGER labels_stay BEFORE UPDATE OF label_code ON boxes WHEN OLD.status = 'active'
    BEGIN SELECT RAISE(ABORT, 'the code is on the card'); END;
CREATE TRIGGER retired_boxes_rest BEFORE UPDATE ON boxes WHEN OLD.status = 'retired'
    BEGIN SELECT RAISE(ABORT, 'a retired box never changes'); END;
CREATE TRIGGER identities_stay BEFORE DELETE ON identities
    BEGIN SELECT RAISE(ABORT, 'an identity is ended, never removed'); END;
CREATE TRIGGER identities_are_what_they_are
    BEFORE UPDATE OF serial, box, kid, signing_key, certificate, made ON identities
    BEGIN SELECT RAISE(ABORT, 'the identity of a box never changes'); END;
CREATE TRIGGER identities_are_confirmed_once BEFORE UPDATE OF confirmed ON identities
    WHEN OLD.confirmed IS NOT NULL OR OLD.ended IS NOT NULL
    BEGIN SELECT RAISE(ABORT, 'an identity is confirmed once'); END;
CREATE TRIGGER ended_identities_rest BEFORE UPDATE ON identities WHEN OLD.ended IS NOT NULL
    BEGIN SELECT RAISE(ABORT, 'an identity that ended does not come back'); END;
CREATE TRIGGER images_are_what_they_are BEFORE UPDATE ON images
    BEGIN SELECT RAISE(ABORT, 'an image never changes'); END;
CREATE TRIGGER audit_is_not_rewritten BEFORE UPDATE ON audit
    BEGIN SELECT RAISE(ABORT, 'the audit trail is not rewritten'); END;
CREATE TRIGGER audit_is_not_shortened BEFORE DELETE ON audit
    BEGIN SELECT RAISE(ABORT, 'the audit trail is not shortened'); END;
"""

# Form 1 kept a box and its one identity in one table.
_FROM_1 = """
ALTER TABLE boxes RENAME TO boxes_1;
ALTER TABLE audit RENAME TO audit_1;
DROP TRIGGER boxes_stay;
DROP TRIGGER boxes_are_who_they_are;
DROP TRIGGER retired_boxes_rest;
DROP TRIGGER audit_is_not_rewritten;
DROP TRIGGER audit_is_not_shortened;
INSERT INTO boxes SELECT id, venue, hall, language, '', microphone, '{}', '', broker, '[]', '', label_code, enrolled,
    status, retired, reason, '' FROM boxes_1;
INSERT INTO identities SELECT serial, id, kid, signing_key, certificate, enrolled, enrolled, retired, reason FROM boxes_1;
INSERT INTO audit SELECT * FROM audit_1;
DROP TABLE boxes_1;
DROP TABLE audit_1;
"""

_AWAY, _, _OVER = _FROM_1.partition("INSERT")
# Form 2 did not know of updates.
_FROM_2 = "ALTER TABLE boxes ADD COLUMN updates TEXT NOT NULL DEFAULT '';\n"

# The statements that lead from a form to this one.
UPGRADES = {1: _AWAY + TABLES + "INSERT" + _OVER, 2: _FROM_2}
