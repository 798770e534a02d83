import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { Acks } from "../../web/src/acks.ts";

/** Lets what was promised come, and then time go by. */
async function pass(context: TestContext, millis: number): Promise<void> {
  context.mock.timers.tick(millis);
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
}

test("those of a moment are told together, at most 500 at once", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const sent: number[] = [];
  const acks = new Acks(async (ids) => void sent.push(ids.length), () => true);
  acks.add(["a", "b"]);
  acks.add(["b", "c"]);
  await pass(context, 50);
  assert.deepEqual(sent, [3]);
  acks.add(Array.from({ length: 700 }, (_, index) => `n${index}`));
  await pass(context, 50);
  await pass(context, 50);
  assert.deepEqual(sent, [3, 500, 200]);
  assert.equal(acks.waiting, 0);
});

test("what the gateway did not keep is told again", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  let fails = true;
  const sent: string[][] = [];
  const acks = new Acks(async (ids) => {
    sent.push(ids);
    if (fails) throw new Error("internal server error");
  }, () => true);
  acks.add(["a"]);
  await pass(context, 50);
  fails = false;
  await pass(context, 2_000);
  assert.deepEqual(sent, [["a"], ["a"]]);
  assert.equal(acks.waiting, 0);
});

test("as long as nobody sees the page nothing is acknowledged", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  let seen = false;
  const sent: string[][] = [];
  const acks = new Acks(async (ids) => void sent.push(ids), () => seen);
  acks.add(["a"]);
  await pass(context, 10_000);
  assert.deepEqual(sent, []);
  seen = true;
  acks.goOn();
  await pass(context, 50);
  assert.deepEqual(sent, [["a"]]);
});

test("what waits is bounded, and the oldest is given up first", () => {
  const acks = new Acks(async () => {}, () => false);
  acks.add(Array.from({ length: 6_000 }, (_, index) => `n${index}`));
  assert.equal(acks.waiting, 5_000);
});
