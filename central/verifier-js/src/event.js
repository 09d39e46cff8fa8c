/**
 * Events: one delivery after the other, looked at on its own.
 *
 * - Whose an event is, is said by the key that verified it; the topic and the event itself must say the same.
 * - An event that is truly the box's own, but that the contract does not allow, keeps its place in the chain and is not
 *   counted: it cannot be unsigned, and later events must not wait behind it for ever.
 */

import { createHash } from "node:crypto";
import { load } from "./json-text.js";
import { EVENT_TYP, verifyJws } from "./jws.js";
import { JSON_DEPTH, PAYLOAD_BYTES } from "./limits.js";
import { Refused } from "./refused.js";
import { parseTopic } from "./topics.js";

export const NO_EVENT = "0".repeat(64); // `prev` of the first event

const DAY = 86_400_000; // milliseconds: a synchronised clock that is ahead by more is none
const HASH = /^[0-9a-f]{64}$/;

/** Give what the next event's `prev` names this one by: the SHA-256 of its signed text, in hex. */
export function hashOf(jws) {
  return createHash("sha256").update(jws).digest("hex");
}

/**
 * Look at one delivery, as the platform does.
 *
 * @param {{topic: string, jws: string}} delivery As it came.
 * @param {Map<string, import("./keys.js").PublicKey>} keys The boxes' public keys.
 * @param {import("./contract.js").Contract} contract The schemas.
 * @param {Date} now When it came.
 * @returns {Promise<{box: string, seq: number, prev: string, hash: string, event: Record<string, any>,
 *   objection: {reason: string, words: string} | null}>} The event; with an objection it is not counted.
 * @throws {Refused} It is no event of the box whose topic it came on.
 */
export async function examine({ topic, jws }, keys, contract, now) {
  const { box, kind } = parseTopic(topic);
  if (kind !== "event") throw new Refused("topic-unknown", `Events do not come on ${topic}.`);
  const { event, whole, owner } = await signedObject(jws, keys);
  if (owner !== box || event.box !== box) {
    throw new Refused("event-other-box", `An event under the name of ${box} is signed by, or names, another.`);
  }
  const { seq, prev } = event;
  if (!whole.has("seq") || !Number.isSafeInteger(seq) || seq < 1 || typeof prev !== "string" || !HASH.test(prev)) {
    throw new Refused("event-malformed", "The event has no number, or no hash of the one before it.");
  }
  return { box, seq, prev, hash: hashOf(jws), event, objection: objectionTo(event, contract, now) };
}

/**
 * Verify an event outside a topic, as in a log, and only then read it.
 *
 * @throws {Refused} No key of these has signed it, it is no event of the contract, or it speaks for another box.
 */
export async function unsealEvent(jws, keys, contract) {
  const { event, whole, owner } = await signedObject(jws, keys);
  const objection = whole.has("seq") ? contract.objectionToEvent(event) : "seq is no whole number";
  if (objection !== null) throw new Refused("event-malformed", objection);
  if ((event.seq === 1) !== (event.prev === NO_EVENT)) {
    throw new Refused("event-malformed", "prev is all zeros in the first event and in no other.");
  }
  if (owner !== event.box) {
    throw new Refused("event-other-box", `An event of ${event.box} is signed by ${owner ?? "the platform"}.`);
  }
  return event;
}

async function signedObject(jws, keys) {
  const { payload, owner } = await verifyJws(jws, keys, EVENT_TYP);
  if (payload.length > PAYLOAD_BYTES) {
    throw new Refused("event-malformed", `The event is larger than ${PAYLOAD_BYTES} bytes.`);
  }
  const { content, whole } = load(payload, JSON_DEPTH, "event-malformed");
  return { event: content, whole, owner };
}

function objectionTo(event, contract, now) {
  const words = contract.objectionToEvent(event);
  if (words !== null) return { reason: "event-schema", words };
  if (event.data.clock.state === "synchronised" && Date.parse(event.time) - now.getTime() > DAY) {
    return { reason: "event-from-the-future", words: `${event.time} lies after its arrival.` };
  }
  return null;
}
