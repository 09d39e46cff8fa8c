/**
 * The order of each box's events, whatever the order in which they arrive; here in memory.
 *
 * A platform keeps the same in its database, in one transaction with the events, and publishes a receipt only after the
 * commit. The rules:
 * - A place moves only to the event with the next number, and only if that one names the place's own hash as `prev`.
 * - What has a higher number waits; it is not counted, and no receipt covers it.
 * - Another event under a number that is taken is a fork: the one that came first keeps the number.
 * - An event that waited and then does not follow is set aside, and its number is free again.
 * - Where a box has lost events, and says so in a signed incident, the place goes over them.
 */

import { leads, lostStretches } from "./continuation.js";
import { NO_EVENT } from "./event.js";

export class Arrivals {
  #boxes = new Map(); // name: {through, head, events: Map of seq to {hash, prev}}

  /** Give how far the chain of a box is whole: what its receipt says. */
  place(box) {
    const { through, head } = this.#of(box);
    return { through, head };
  }

  /**
   * Take an event that `examine` has let in.
   *
   * @returns {{outcome: "whole" | "waits" | "duplicate" | "objected" | "aside",
   *   setAside: {hash: string, reason: string}[]}} What became of it, and what goes to quarantine now.
   */
  take({ box, seq, prev, hash, event, objection }) {
    const chain = this.#of(box);
    const known = chain.events.get(seq);
    if (known?.hash === hash) return { outcome: "duplicate", setAside: [] };
    if (known !== undefined) return { outcome: "aside", setAside: [{ hash, reason: "event-fork" }] };
    chain.events.set(seq, { seq, hash, prev });
    if (objection === null) chain.stretches.push(...lostStretches(event));
    const setAside = objection === null ? [] : [{ hash, reason: objection.reason }];
    setAside.push(...advance(chain));
    return { outcome: this.#outcome(chain, seq, hash, objection), setAside };
  }

  #outcome(chain, seq, hash, objection) {
    if (chain.events.get(seq)?.hash !== hash) return "aside";
    if (seq > chain.through) return "waits";
    return objection === null ? "whole" : "objected";
  }

  #of(box) {
    if (!this.#boxes.has(box)) this.#boxes.set(box, { through: 0, head: NO_EVENT, events: new Map(), stretches: [] });
    return this.#boxes.get(box);
  }
}

/** Follow the chain as far as it is whole; give what has the next number and does not follow. */
function advance(chain) {
  const waiting = [...chain.events.values()].filter(({ seq }) => seq > chain.through).sort((a, b) => a.seq - b.seq);
  for (const { seq, hash, prev } of waiting) {
    const place = { seq: chain.through, hash: chain.head };
    const follows = leads(chain.stretches, place, { seq: seq - 1, hash: prev });
    if (!follows && seq !== chain.through + 1) break;
    if (!follows) {
      chain.events.delete(seq);
      return [{ hash, reason: "chain-broken" }];
    }
    chain.through = seq;
    chain.head = hash;
  }
  return [];
}
