/**
 * A box's exported log: whether its events are all there, as signed, in order; the first fault named.
 *
 * An event altered, removed, inserted, swapped or cut between the first and the last always shows. That the last ones
 * were taken away shows against a receipt, or a head that somebody else knows. Events that the box itself has lost are no
 * fault where a later event of the chain declares them; they are counted.
 */

import { unsealReceipt } from "./answers.js";
import { leads, lostStretches } from "./continuation.js";
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
 * @returns {Promise<{box: string | null, events: number, lost: number, receipted: number,
 *   fault: {seq: number, reason: string, words: string} | null}>} How many events are whole and in order, how many between
 *   them the box says it has lost, how far a receipt vouches for them, and the first fault.
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
    const [gap] = chain.gaps;
    if (gap === undefined) return chain.found({ seq: error.seq, reason: error.reason, words: error.message });
    const seq = gap.place.seq + 1; // nothing behind an undeclared gap counts
    const reason = await movedOrGone(seq, events.slice(at), boxes, contract);
    return { ...gap.before, fault: { seq, reason, words: gap.words } };
  }
  return chain.found(null);
}

/** As much of the chain as was whole so far. */
class Chain {
  heads = new Map(); // hashes known from elsewhere, by number
  gaps = []; // numbers that are not there, and that no event has declared lost so far
  #stretches = [];
  #lost = 0;
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
    if (this.after !== null) this.#checkPlace(event, link);
    for (const [seq, hash] of [[event.seq - 1, event.prev], [link.seq, link.hash]]) {
      if ((this.heads.get(seq) ?? hash) !== hash) {
        throw new Fault(link.seq, "inserted", `Event ${seq} is another than the one that is known elsewhere.`);
      }
    }
    this.after = link;
    this.first ??= link.seq;
    this.#box = event.box;
    this.#events += 1;
    this.#stretches.push(...lostStretches(event));
    this.gaps = this.gaps.filter(({ place, goal }) => !leads(this.#stretches, place, goal));
  }

  end() {
    if (this.gaps.length > 0) throw new Fault(this.gaps[0].place.seq + 1, "removed", this.gaps[0].words);
    const last = this.after?.seq ?? 0;
    const known = Math.max(0, ...this.heads.keys());
    if (last < known) throw new Fault(last + 1, "removed", `The events end at ${last}, but ${known} is known to exist.`);
  }

  found(fault) {
    const last = this.#events > 0 ? this.after.seq : 0;
    const reached = [...this.#receipts.keys()].filter((through) => this.first <= through && through <= last);
    const receipted = this.#events > 0 ? Math.max(0, ...reached) : 0;
    return { box: this.#box, events: this.#events, lost: this.#lost, receipted, fault };
  }

  get #next() {
    return this.after === null ? 0 : this.after.seq + 1;
  }

  #checkPlace(event, link) {
    const { after } = this;
    const goal = { seq: event.seq - 1, hash: event.prev };
    if ((link.seq === after.seq && link.hash === after.hash) || event.seq < after.seq) {
      throw new Fault(after.seq + 1, "repeated", `Event ${event.seq} stands here once more, after ${after.seq}.`);
    }
    if (event.seq === after.seq) throw new Fault(after.seq + 1, "inserted", `There are two events numbered ${event.seq}.`);
    if (goal.seq > after.seq) {
      const words = `After event ${after.seq} comes ${event.seq}.`;
      this.gaps.push({ place: after, goal, words, before: this.found(null) });
      this.#lost += goal.seq - after.seq;
    } else if (goal.hash !== after.hash) {
      throw new Fault(event.seq, "inserted", `Event ${event.seq} was chained to another event ${after.seq}.`);
    }
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

/** Look for a missing event among those that come later: then it was moved, not taken away. */
async function movedOrGone(seq, rest, boxes, contract) {
  for (const jws of rest) {
    const event = await unsealEvent(jws, boxes, contract).catch((refused) => {
      if (!(refused instanceof Refused)) throw refused;
      return null;
    });
    if (event?.seq === seq) return "reordered";
  }
  return "removed";
}
