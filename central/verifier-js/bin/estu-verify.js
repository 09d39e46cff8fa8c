#!/usr/bin/env node
/** `estu-verify EXPORT --boxes boxes.jwks --platform platform.jwks`: whether a box's exported log is whole. */

import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { Contract, Refused, readKeys, verifyLog } from "../src/index.js";

const USAGE = "usage: estu-verify EXPORT --boxes boxes.jwks --platform platform.jwks\n";
const SOUND = 0;
const FAULTY = 1;
const NOT_DONE = 2;

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { boxes: { type: "string" }, platform: { type: "string" } },
  });
  if (positionals.length !== 1 || !values.boxes || !values.platform) {
    process.stderr.write(USAGE);
    return NOT_DONE;
  }
  const text = readFileSync(positionals[0], "latin1"); // one byte, one character: what is not ASCII is no signed text
  const lines = text.replace(/\n$/, "").split("\n").map((line) => line.replace(/\r$/, ""));
  const { box, events, lost, receipted, fault } = await verifyLog(text === "" ? [] : lines, {
    boxes: await readKeys(readFileSync(values.boxes)),
    platform: await readKeys(readFileSync(values.platform)),
    contract: new Contract(),
  });
  process.stdout.write(`${box ?? "no box"}: ${events} events whole and in order, receipted through ${receipted}.\n`);
  if (lost > 0) process.stdout.write(`The box has lost ${lost} more between them, and says so.\n`);
  if (fault === null) return SOUND;
  process.stdout.write(`Event ${fault.seq} is at fault: ${fault.words} [${fault.reason}]\n`);
  return FAULTY;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof Refused || "code" in error)) throw error;
  process.stderr.write(`estu-verify: ${error.message} [${error.code}]\n`);
  process.exitCode = NOT_DONE;
}
