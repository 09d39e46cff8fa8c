/**
 * Signatures: JWS in compact form with Ed25519, and nothing else.
 *
 * - The signature is verified before the payload is looked at.
 * - The header has three members, `alg`, `kid` and `typ`; anything else is refused, not interpreted.
 * - There is one spelling: base64url without padding, whose unused bits are zero. jose takes others too, and then one
 *   event would have several texts, and as many hashes.
 */

import { Buffer } from "node:buffer";
import { compactVerify, errors } from "jose";
import { load } from "./json-text.js";
import { EVENT_BYTES, HEADER_BYTES } from "./limits.js";
import { Refused } from "./refused.js";

export const EVENT_TYP = "cloudevents+json";
export const RECEIPT_TYP = "estu-receipt+json";
export const NOTICE_TYP = "estu-notice+json";

const COMPACT = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]{86})$/;
const THUMBPRINT = /^[A-Za-z0-9_-]{43}$/;

/**
 * Give the payload of a JWS that one of these keys has signed.
 *
 * @param {string} jws The signed text.
 * @param {Map<string, import("./keys.js").PublicKey>} keys Whose signatures are believed.
 * @param {string} typ What was signed: EVENT_TYP, RECEIPT_TYP or NOTICE_TYP.
 * @param {number} longest Bytes; more are not looked at.
 * @returns {Promise<{payload: Uint8Array, owner: string | null}>} The verified bytes, and whose key it was.
 * @throws {Refused} `jws-malformed`, `key-unknown` or `signature-wrong`.
 */
export async function verifyJws(jws, keys, typ, longest = EVENT_BYTES) {
  const kid = kidOf(headerOf(jws, longest), typ);
  const known = keys.get(kid);
  if (known === undefined) throw new Refused("key-unknown", `It is signed with the key ${kid}, which is not known here.`);
  try {
    const { payload } = await compactVerify(jws, known.key, { algorithms: ["EdDSA"] });
    return { payload, owner: known.box };
  } catch (error) {
    if (!(error instanceof errors.JOSEError)) throw error;
    throw new Refused("signature-wrong", "The bytes are not those that were signed.");
  }
}

/** Say what a text claims to be, so that the right verification is tried first; null where it says nothing. */
export function claimedTyp(jws) {
  try {
    return load(headerOf(jws, EVENT_BYTES), 2, "jws-malformed").content.typ ?? null;
  } catch (error) {
    if (error instanceof Refused) return null;
    throw error;
  }
}

function headerOf(jws, longest) {
  if (jws.length > longest) throw malformed(`is longer than ${longest} bytes`);
  const parts = COMPACT.exec(jws)?.slice(1);
  if (parts === undefined) throw malformed("is not three parts of base64url with an Ed25519 signature last");
  if (parts[0].length > HEADER_BYTES) throw malformed(`has a header of more than ${HEADER_BYTES} bytes`);
  const [header] = parts.map(exactly);
  return header;
}

function kidOf(header, typ) {
  const { content } = load(header, 2, "jws-malformed");
  const { alg, kid, typ: said } = content;
  if (Object.keys(content).length !== 3 || alg !== "EdDSA" || said !== typ) {
    throw malformed(`has another header than alg EdDSA, kid and typ ${typ}`);
  }
  if (typeof kid !== "string" || !THUMBPRINT.test(kid)) throw malformed("has a kid that is no thumbprint");
  return kid;
}

function exactly(part) {
  const bytes = Buffer.from(part, "base64url");
  if (bytes.toString("base64url") !== part) throw malformed("has a part in another spelling than its own");
  return bytes;
}

function malformed(why) {
  return new Refused("jws-malformed", `The signed text ${why}.`);
}
