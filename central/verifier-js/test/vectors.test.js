/** The test vectors of the contract: what is good is taken, what is bad is refused, for the reason told. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import {
  Arrivals,
  Contract,
  Refused,
  examine,
  hashOf,
  readKeys,
  unsealEvent,
  unsealNotice,
  unsealReceipt,
  verifyLog,
} from "../src/index.js";

const file = (name) => readFileSync(new URL(`../../vectors/${name}`, import.meta.url));
const content = (name) => JSON.parse(file(name));
const contract = new Contract();
const boxes = await readKeys(file("boxes.jwks"));
const platform = await readKeys(file("platform.jwks"));

/** Give an event's examination, or the refusal. */
async function looked(delivery, received) {
  try {
    return await examine(delivery, boxes, contract, new Date(received));
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return { refused: error.code };
  }
}

async function reasonOf(promise) {
  try {
    await promise;
    return null;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return error.code;
  }
}

describe("events", () => {
  const { received, vectors } = content("events.json");
  for (const vector of vectors) {
    test(vector.name, async () => {
      const found = await looked(vector, received);
      assert.equal(found.objection, null);
      assert.equal(found.hash, vector.hash);
      assert.deepEqual(found.event, JSON.parse(vector.payload));
      assert.deepEqual(await unsealEvent(vector.jws, boxes, contract), found.event);
    });
  }
});

describe("rejected deliveries", () => {
  const { received, vectors } = content("rejected.json");
  for (const vector of vectors) {
    test(`${vector.name}: ${vector.reason}`, async () => {
      const found = await looked(vector, received);
      assert.equal(found.refused ?? found.objection?.reason, vector.reason);
      assert.equal(found.refused === undefined, vector.keeps_place);
    });
  }
});

describe("arrivals", () => {
  const { received, vectors } = content("arrivals.json");
  for (const vector of vectors) {
    test(vector.name, async () => {
      const arrivals = new Arrivals();
      for (const step of vector.steps) {
        const found = await looked(step, received);
        assert.equal(found.hash, hashOf(step.jws));
        const { outcome, setAside } = arrivals.take(found);
        assert.deepEqual({ outcome, set_aside: setAside }, { outcome: step.outcome, set_aside: step.set_aside });
        assert.deepEqual(arrivals.place(found.box), { through: step.through, head: step.head });
      }
    });
  }
});

describe("exported logs", () => {
  for (const vector of content("logs.json").vectors) {
    test(`${vector.name}: ${vector.fault?.reason ?? "whole"}`, async () => {
      const lines = vector.lines.map((line) => line.replace(/\r$/, ""));
      const { after, head } = vector;
      const found = await verifyLog(lines, { boxes, platform, contract, after, head });
      const fault = found.fault === null ? null : { seq: found.fault.seq, reason: found.fault.reason };
      const { events, lost } = found;
      assert.deepEqual({ events, lost, fault }, { events: vector.events, lost: vector.lost, fault: vector.fault });
      if (fault === null) assert.equal(found.receipted, vector.receipted);
    });
  }
});

describe("receipts", () => {
  for (const { name, jws, reason } of content("receipts.json").vectors) {
    test(name, async () => assert.equal(await reasonOf(unsealReceipt(jws, platform, contract)), reason));
  }
});

describe("notices", () => {
  const { box, vectors } = content("notices.json");
  for (const { name, jws, reason } of vectors) {
    test(name, async () => assert.equal(await reasonOf(unsealNotice(jws, platform, contract, box)), reason));
  }
});

describe("presences", () => {
  for (const { name, payload } of content("presences.json").vectors) {
    test(name, () => assert.equal(contract.objection("presence", JSON.parse(payload)), null));
  }
});
