/** Everything that a platform in JavaScript needs to verify what Estu's boxes send. */

export { Arrivals } from "./arrivals.js";
export { unsealNotice, unsealReceipt } from "./answers.js";
export { Contract } from "./contract.js";
export { NO_EVENT, examine, hashOf, unsealEvent } from "./event.js";
export { readKeys } from "./keys.js";
export { verifyLog } from "./log.js";
export { Refused } from "./refused.js";
