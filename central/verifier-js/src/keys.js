/** Public keys: whose signature is believed (RFC 7517, RFC 8037). */

import { calculateJwkThumbprint, importJWK } from "jose";
import { load } from "./json-text.js";
import { Refused } from "./refused.js";
import { isBoxName } from "./topics.js";

/**
 * A set of Ed25519 keys by their ids. A key's id is its thumbprint (RFC 7638), computed from the key itself.
 *
 * @typedef {{kid: string, box: string | null, key: CryptoKey}} PublicKey `box` is null for the platform's own key.
 */

/**
 * Read a set, as the register of boxes exports it.
 *
 * @param {Uint8Array} bytes The JSON of a JWK set.
 * @returns {Promise<Map<string, PublicKey>>} The keys by their ids.
 * @throws {Refused} It is not a set of Ed25519 keys; none of it is used then.
 */
export async function readKeys(bytes) {
  const jwks = load(bytes, 5, "key-malformed").content.keys;
  if (!Array.isArray(jwks)) throw new Refused("key-malformed", "The set of keys has no list `keys`.");
  const keys = new Map();
  for (const jwk of jwks) {
    const key = await readKey(jwk);
    const known = keys.get(key.kid);
    if (known !== undefined && known.box !== key.box) {
      throw new Refused("key-shared", `The key ${key.kid} stands in the set for two owners.`);
    }
    keys.set(key.kid, key);
  }
  return keys;
}

async function readKey(jwk) {
  if (jwk?.kty !== "OKP" || jwk.crv !== "Ed25519" || typeof jwk.x !== "string") {
    throw new Refused("key-malformed", "A key of the set is no Ed25519 key.");
  }
  const bare = { kty: "OKP", crv: "Ed25519", x: jwk.x };
  let key;
  try {
    key = await importJWK(bare, "EdDSA");
  } catch {
    throw new Refused("key-malformed", "A key of the set is not 32 bytes of base64url.");
  }
  const kid = await calculateJwkThumbprint(bare);
  if ("kid" in jwk && jwk.kid !== kid) throw new Refused("key-malformed", `The key ${kid} stands under another id.`);
  if ("box" in jwk && !isBoxName(jwk.box)) throw new Refused("key-malformed", "A key's box has no proper name.");
  return { kid, box: jwk.box ?? null, key };
}
