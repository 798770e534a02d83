import assert from "node:assert/strict";
import { test } from "node:test";
import { parseInstant } from "../../web/src/instant.ts";
import { KnownIds } from "../../web/src/known_ids.ts";
import { readMessage } from "../../web/src/messages.ts";
import { readPage } from "../../web/src/snapshot.ts";
import { StalenessClock } from "../../web/src/staleness.ts";

const POSITION = {
  kind: "position", id: "1", asset: "truck-7", time: "2026-01-26T15:57:02.000001Z", lat: 53.4, lon: -2.9,
  speed: 3.5, heading: null, quality: ["late"], status: { status: "idle", version: 3, time: "2026-01-26T15:57:00Z" },
  orders: ["A-1001"], of_a_newer_version: true,
};

test("microseconds tell two instants apart", () => {
  assert.equal(parseInstant("1970-01-01T00:00:01.000002Z"), 1_000_002);
  assert.equal(parseInstant("1970-01-01T01:00:01.5+01:00"), 1_500_000);
});

test("what is no RFC 3339 time is none", () => {
  for (const text of ["", "yesterday", "2026-01-26 15:57:02", "2026-01-26T15:57:02", "2026-99-26T15:57:02Z"]) assert.equal(parseInstant(text), null);
});

test("a position is read, whatever else is in it", () => {
  const message = readMessage(POSITION);
  assert.equal(message?.kind, "position");
  assert.equal(message.time % 10, 1);
  assert.deepEqual(message.orders, ["A-1001"]);
  assert.equal(message.status?.version, 3);
});

test("what is not what it should be is no message", () => {
  const bad = [null, 1, "x", [], {}, { ...POSITION, lat: "53" }, { ...POSITION, lat: 91 }, { ...POSITION, time: 5 }, { ...POSITION, kind: "event" }, { kind: "status", id: "1", entity: "order/1", status: "x", version: "1", time: POSITION.time }];
  for (const data of bad) assert.equal(readMessage(data), null);
});

test("a page of a snapshot keeps what can be read", () => {
  const page = readPage({ offset: 4, items: [{ kind: "position", entity: "asset/truck-7", payload: POSITION }, null, { payload: {} }], next: "position|asset/truck-7" });
  assert.equal(page?.messages.length, 1);
  assert.equal(page.next, "position|asset/truck-7");
});

test("a reply without a snapshot has no page", () => {
  for (const data of [undefined, null, {}, { items: [] }, { offset: 1, items: {} }]) assert.equal(readPage(data), null);
});

test("known ids are bounded, and the oldest is forgotten first", () => {
  const ids = new KnownIds(2);
  assert.deepEqual(["a", "b", "a", "c", "b", "a"].map((id) => ids.add(id)), [true, true, false, true, false, true]);
});

test("age is reckoned by the server's clock, however wrong the viewer's is", () => {
  let wall = 5_000_000;
  const clock = new StalenessClock(() => wall);
  clock.adjust(1_000_000_000);
  assert.equal(clock.age(1_000_000_000 * 1000), 0);
  wall += 61_000;
  assert.equal(clock.age(1_000_000_000 * 1000), 61);
  assert.equal(clock.isStale(1_000_000_000 * 1000), true);
  assert.equal(clock.isStale(1_000_030_000 * 1000), false);
});

test("a fix ahead of the clock is new, not stale", () => {
  assert.equal(new StalenessClock(() => 0).age(5_000_000), 0);
});
