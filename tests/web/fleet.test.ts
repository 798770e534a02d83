import assert from "node:assert/strict";
import { test } from "node:test";
import { Fleet } from "../../web/src/fleet.ts";
import type { PositionMessage, StatusMessage } from "../../web/src/messages.ts";

function position(asset: string, time: number, more: Partial<PositionMessage> = {}): PositionMessage {
  const place = { lat: 52, lon: 4, speed: null, heading: null, quality: [], status: null, orders: [] };
  return { kind: "position", id: `${asset}-${time}`, asset, time, ...place, ...more };
}

function status(entity: string, version: number, name: string): StatusMessage {
  return { kind: "status", id: `${entity}-${version}-${name}`, entity, status: name, version, time: version };
}

test("a position never moves back in event time", () => {
  const fleet = new Fleet();
  assert.equal(fleet.apply(position("van", 20, { lat: 1 })), true);
  assert.equal(fleet.apply(position("van", 10, { lat: 2 })), false);
  assert.equal(fleet.apply(position("van", 20, { id: "other", lat: 3 })), false);
  assert.equal(fleet.asset("van")?.fix?.lat, 1);
});

test("a status never goes to a lower or the same version, whichever way it comes", () => {
  const fleet = new Fleet();
  fleet.apply(status("asset/van", 5, "loading"));
  fleet.apply(status("asset/van", 4, "idle"));
  fleet.apply(position("van", 1, { status: { status: "idle", version: 5, time: 9 } }));
  assert.equal(fleet.asset("van")?.status?.status, "loading");
  fleet.apply(position("van", 2, { status: { status: "en_route", version: 6, time: 9 } }));
  assert.equal(fleet.asset("van")?.status?.status, "en_route");
});

test("a late position still brings a newer status", () => {
  const fleet = new Fleet();
  fleet.apply(position("van", 20, { lat: 1 }));
  assert.equal(fleet.apply(position("van", 10, { lat: 2, status: { status: "idle", version: 1, time: 1 } })), true);
  assert.equal(fleet.asset("van")?.fix?.lat, 1);
  assert.equal(fleet.asset("van")?.status?.status, "idle");
});

test("a known id is dropped", () => {
  const fleet = new Fleet();
  fleet.apply(position("van", 1, { id: "same" }));
  assert.equal(fleet.apply(position("van", 2, { id: "same" })), false);
});

test("a position and a status of the same id are two messages", () => {
  const fleet = new Fleet();
  fleet.apply(position("van", 1, { id: "same" }));
  assert.equal(fleet.apply({ ...status("asset/van", 1, "idle"), id: "same" }), true);
});

test("orders have statuses of their own", () => {
  const fleet = new Fleet();
  fleet.apply(status("order/A-1", 2, "delivered"));
  fleet.apply(status("order/A-1", 1, "created"));
  assert.equal(fleet.order("A-1")?.status, "delivered");
  assert.equal(fleet.size, 0);
});

test("a snapshot replaces what is known: what it does not name is gone", () => {
  const fleet = new Fleet();
  fleet.apply(position("gone", 1));
  fleet.apply(position("kept", 5, { lat: 1 }));
  fleet.apply(status("order/A-1", 1, "created"));
  fleet.takeChanged();
  fleet.replace([position("kept", 3, { lat: 2 }), position("new", 1)]);
  assert.deepEqual([...fleet.takeChanged()].sort(), ["gone", "new"]);
  assert.equal(fleet.asset("gone"), undefined);
  assert.equal(fleet.asset("kept")?.fix?.lat, 1);
  assert.equal(fleet.order("A-1"), undefined);
});

test("what a snapshot dropped may come back under the id that it had", () => {
  const fleet = new Fleet();
  fleet.apply(position("van", 1));
  fleet.replace([]);
  assert.equal(fleet.apply(position("van", 1)), true);
});

test("assets and orders are bounded", () => {
  const fleet = new Fleet({ assets: 2, orders: 2, ids: 100 });
  for (const asset of ["a", "b", "c"]) fleet.apply(position(asset, 1));
  for (const order of ["1", "2", "3"]) fleet.apply(status(`order/${order}`, 1, "created"));
  assert.equal(fleet.size, 2);
  assert.equal(fleet.refusedAssets, 1);
  assert.equal(fleet.order("1"), undefined);
  assert.equal(fleet.order("3")?.status, "created");
});

test("what changed is told once", () => {
  const fleet = new Fleet();
  fleet.apply(position("a", 1));
  fleet.apply(position("a", 2));
  assert.deepEqual([...fleet.takeChanged()], ["a"]);
  assert.deepEqual([...fleet.takeChanged()], []);
});
