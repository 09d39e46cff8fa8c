/**
 * A box's exported log: whether its events are all there, as signed, in order; the first fault named.
 *
 * An event altered, removed, inserted, swapped or cut between the first and the last always shows. That the last ones
 * were taken away shows against a receipt, or a head that somebody else knows.
 */

import { unsealReceipt } from "./answers.js";
import { hashOf, unsealEvent } from "./event.js";
import { RECEIPT_TYP, claimedTyp } from "./jws.js";
import { Refused } from "./refused.js";

const REASONS = {
  "jws-malformed": "torn",
  "signature-wrong": "altered",
  "key-unknown": "wrong-key",
  "event-other-box": "wrong-key",
};

/** The search is over: this is the first fault. */
class Fault extends Error {
  constructor(seq, reason, words) {
    super(words);
    Object.assign(this, { seq, reason });
  }
}

/**
 * Check the lines of an export: receipts first, then events, oldest first.
 *
 * @param {Iterable<string>} lines Without their ends.
 * @param {{boxes: Map, platform: Map, contract: import("./contract.js").Contract,
 *   after?: {seq: number, hash: string} | null, head?: {seq: number, hash: string} | null}} known The keys; the place that
 *   the first event must follow, and a place that the events must reach, where somebody knows them.
 * @returns {Promise<{box: string | null, events: number, receipted: number,
 *   fault: {seq: number, reason: string, words: string} | null}>} How many events are whole and in order, how far a
 *   receipt vouches for them, and the first fault.
 */
export async function verifyLog(lines, { boxes, platform, contract, after = null, head = null }) {
  const all = [...lines];
  const begin = all.findIndex((line) => claimedTyp(line) !== RECEIPT_TYP);
  const receipts = begin < 0 ? all : all.slice(0, begin);
  const events = begin < 0 ? [] : all.slice(begin);
  const chain = new Chain(boxes, contract, after);
  let at = 0;
  try {
    await chain.expect(receipts, platform);
    if (head !== null) chain.heads.set(head.seq, head.hash);
    for (; at < events.length; at += 1) await chain.take(events[at]);
    chain.end();
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    const reason = await movedOrGone(error, events.slice(at + 1), boxes, contract);
    return chain.found({ seq: error.seq, reason, words: error.message });
  }
  return chain.found(null);
}

/** As much of the chain as was whole so far. */
class Chain {
  heads = new Map(); // hashes known from elsewhere, by number
  #receipts = new Map();
  #events = 0;
  #box = null;

  constructor(boxes, contract, after) {
    Object.assign(this, { boxes, contract, after });
    this.first = null;
  }

  async expect(receipts, platform) {
    for (const jws of receipts) {
      const receipt = await unsealReceipt(jws, platform, this.contract).catch((refused) => {
        if (!(refused instanceof Refused)) throw refused;
        throw new Fault(0, "receipt", `A receipt is not the platform's: ${refused.message}`);
      });
      if ((this.heads.get(receipt.through) ?? receipt.head) !== receipt.head) {
        throw new Fault(receipt.through, "receipt", `Two receipts name different events ${receipt.through}.`);
      }
      this.heads.set(receipt.through, receipt.head);
      this.#receipts.set(receipt.through, receipt);
    }
  }

  async take(jws) {
    const event = await unsealEvent(jws, this.boxes, this.contract).catch((refused) => {
      if (!(refused instanceof Refused)) throw refused;
      throw new Fault(this.#next, REASONS[refused.code] ?? "malformed", refused.message);
    });
    const link = { seq: event.seq, hash: hashOf(jws) };
    this.#checkOwner(event.box);
    if (this.after !== null) checkPlace(event, link, this.after);
    for (const [seq, hash] of [[event.seq - 1, event.prev], [link.seq, link.hash]]) {
      if ((this.heads.get(seq) ?? hash) !== hash) {
        throw new Fault(link.seq, "inserted", `Event ${seq} is another than the one that is known elsewhere.`);
      }
    }
    this.after = link;
    this.first ??= link.seq;
    this.#box = event.box;
    this.#events += 1;
  }

  end() {
    const last = this.after?.seq ?? 0;
    const known = Math.max(0, ...this.heads.keys());
    if (last < known) throw new Fault(last + 1, "removed", `The events end at ${last}, but ${known} is known to exist.`);
  }

  found(fault) {
    const last = this.#events > 0 ? this.after.seq : 0;
    const reached = [...this.#receipts.keys()].filter((through) => this.first <= through && through <= last);
    return { box: this.#box, events: this.#events, receipted: this.#events > 0 ? Math.max(0, ...reached) : 0, fault };
  }

  get #next() {
    return this.after === null ? 0 : this.after.seq + 1;
  }

  #checkOwner(box) {
    if (this.#box !== null && this.#box !== box) {
      throw new Fault(this.#next, "other-box", `An event of ${box} stands among those of ${this.#box}.`);
    }
    for (const receipt of this.#box === null ? this.#receipts.values() : []) {
      if (receipt.box !== box) {
        throw new Fault(receipt.through, "receipt", `A receipt for ${receipt.box} stands with the events of ${box}.`);
      }
    }
  }
}

function checkPlace(event, link, after) {
  if (event.seq > after.seq + 1) {
    throw new Fault(after.seq + 1, "removed", `After event ${after.seq} comes ${event.seq}.`);
  }
  if ((link.seq === after.seq && link.hash === after.hash) || event.seq < after.seq) {
    throw new Fault(after.seq + 1, "repeated", `Event ${event.seq} stands here once more, after ${after.seq}.`);
  }
  if (event.seq === after.seq) throw new Fault(after.seq + 1, "inserted", `There are two events numbered ${event.seq}.`);
  if (event.prev !== after.hash) {
    throw new Fault(event.seq, "inserted", `Event ${event.seq} was chained to another event ${after.seq}.`);
  }
}

/** Look for a missing event among those that come later: then it was moved, not taken away. */
async function movedOrGone(fault, rest, boxes, contract) {
  if (fault.reason !== "removed") return fault.reason;
  for (const jws of rest) {
    const event = await unsealEvent(jws, boxes, contract).catch((refused) => {
      if (!(refused instanceof Refused)) throw refused;
      return null;
    });
    if (event?.seq === fault.seq) return "reordered";
  }
  return "removed";
}
