/** What the platform signs: receipts and notices. */

import { load } from "./json-text.js";
import { NOTICE_TYP, RECEIPT_TYP, verifyJws } from "./jws.js";
import { NOTICE_BYTES, RECEIPT_BYTES } from "./limits.js";
import { NO_EVENT } from "./event.js";
import { Refused } from "./refused.js";

/**
 * Verify a receipt, and only then read it.
 *
 * @param {string} jws The signed text.
 * @param {Map<string, import("./keys.js").PublicKey>} platform The platform's own keys.
 * @param {import("./contract.js").Contract} contract The schemas.
 * @returns {Promise<{box: string, through: number, head: string, time: string}>} It has all events up to `through`.
 * @throws {Refused} It is not the platform's, or is no receipt of the contract.
 */
export async function unsealReceipt(jws, platform, contract) {
  const { payload, owner } = await verifyJws(jws, platform, RECEIPT_TYP, RECEIPT_BYTES);
  if (owner !== null) throw new Refused("receipt-of-a-box", `A receipt is signed by ${owner}.`);
  const { content, whole } = load(payload, 1, "receipt-malformed");
  const objection = whole.has("through") ? contract.objection("receipt", content) : "through is no whole number";
  if (objection !== null) throw new Refused("receipt-malformed", objection);
  if ((content.through === 0) !== (content.head === NO_EVENT)) {
    throw new Refused("receipt-malformed", "head is all zeros where there is no event, and nowhere else.");
  }
  return content;
}

/**
 * Verify a notice to a box, and only then read it.
 *
 * @throws {Refused} It is not the platform's, is for another box, or is no notice of the contract.
 */
export async function unsealNotice(jws, platform, contract, box) {
  const { payload, owner } = await verifyJws(jws, platform, NOTICE_TYP, NOTICE_BYTES);
  if (owner !== null) throw new Refused("notice-of-a-box", `A notice is signed by ${owner}.`);
  const { content } = load(payload, 2, "event-malformed");
  const objection = contract.objection("notice", content);
  if (objection !== null) throw new Refused("event-malformed", objection);
  if (content.box !== box) throw new Refused("notice-other-box", `A notice for ${content.box} came to ${box}.`);
  return content;
}
