/** The topics of the contract's first version. */

import { Refused } from "./refused.js";

const BOX = /^[a-z0-9][a-z0-9-]{2,31}$/;
const TOPIC = /^estu\/v1\/([^/]+)\/(event|presence|receipt|notice)$/;

/** Say whether a value is a box's name. */
export function isBoxName(value) {
  return typeof value === "string" && BOX.test(value);
}

/**
 * Take a topic apart.
 *
 * @param {string} topic As it came with a message.
 * @returns {{box: string, kind: string}} Whose it is, and `event`, `presence`, `receipt` or `notice`.
 * @throws {Refused} It is none of the contract's.
 */
export function parseTopic(topic) {
  const [, box, kind] = TOPIC.exec(topic) ?? [];
  if (!isBoxName(box)) throw new Refused("topic-unknown", "It came on no topic of this contract.");
  return { box, kind };
}
