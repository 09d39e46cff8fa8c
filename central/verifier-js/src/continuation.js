/**
 * How a chain goes on after events that its box has lost.
 *
 * - A number is given once. The loss is signed: an incident `log-continued` names each lost stretch, from the last place
 *   before it that the box still has to the place that the event after it follows. Nothing else makes a gap whole.
 * - Whoever has events of the stretch keeps them. Whoever lacks them goes on without.
 */

const CODE = "log-continued";
const BRIDGES = 12; // stretches in one incident
const HASH = /^[0-9a-f]{64}$/;

/**
 * Give the lost stretches that an event declares.
 *
 * @param {Record<string, any>} event Verified.
 * @returns {{after: Link, through: Link}[]} None if it is no such incident, or one without a proper form.
 *
 * @typedef {{seq: number, hash: string}} Link A place in the chain.
 */
export function lostStretches(event) {
  if (event.type !== "kz.estu.incident.v1" || event.data?.code !== CODE) return [];
  const detail = event.data.detail;
  if (!isObject(detail, ["lost", "repeated"]) || !isRepeated(detail.repeated)) return [];
  const whole = Array.isArray(detail.lost) && detail.lost.length <= BRIDGES && detail.lost.every(isBridge);
  return whole ? detail.lost : [];
}

/**
 * Say whether declared stretches lead from one place to another.
 *
 * @param {{after: Link, through: Link}[]} stretches All that were declared.
 * @param {Link} place How far a chain is whole.
 * @param {Link} goal The place that the next event there is follows.
 */
export function leads(stretches, place, goal) {
  const left = stretches.filter((one) => one.through.seq <= goal.seq);
  let at = place;
  while (at.seq !== goal.seq || at.hash !== goal.hash) {
    const next = left.findIndex((one) => beginsAt(one, at));
    if (next < 0) return false;
    at = left.splice(next, 1)[0].through;
  }
  return true;
}

/** Say whether a chain that is whole up to a place can go over a stretch; who reads may have more than the box. */
function beginsAt({ after, through }, place) {
  return (place.seq === after.seq && place.hash === after.hash) || (after.seq < place.seq && place.seq <= through.seq);
}

function isObject(value, names) {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return false;
  return Object.keys(value).length === names.length && names.every((name) => name in value);
}

function isNumber(value, least) {
  return Number.isSafeInteger(value) && value >= least;
}

function isLink(value) {
  return isObject(value, ["seq", "hash"]) && isNumber(value.seq, 0) && typeof value.hash === "string" && HASH.test(value.hash);
}

function isBridge(value) {
  return isObject(value, ["after", "through"]) && isLink(value.after) && isLink(value.through);
}

function isRepeated(value) {
  if (value === null) return true;
  const { from, to, first, after } = value ?? {};
  const numbers = [from, to, first].every((number) => isNumber(number, 1));
  return isObject(value, ["from", "to", "first", "after"]) && numbers && typeof after === "string" && HASH.test(after);
}
