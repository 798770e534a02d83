import assert from "node:assert/strict";
import { test } from "node:test";
import { toLonLat, toPlace } from "../../web/src/mercator.ts";
import { PIN_STRIDE, Pins } from "../../web/src/pins.ts";

const HERE = { x: 0.5, y: 0.3, heading: 350 };
const STEP = 1e-6;

function near(actual: number | undefined, expected: number, tolerance = 1e-8): void {
  assert.ok(actual !== undefined && Math.abs(actual - expected) < tolerance, `${actual} is not ${expected}`);
}

test("a pin glides from where it is shown to its new place, and stops there", () => {
  const pins = new Pins();
  pins.move("van", HERE, 10);
  pins.move("van", { ...HERE, x: HERE.x + STEP }, 11);
  near(pins.at("van", 11)?.x, HERE.x);
  near(pins.at("van", 11.55)?.x, HERE.x + STEP / 2);
  near(pins.at("van", 99)?.x, HERE.x + STEP);
  assert.equal(pins.isMoving(11.5), true);
  assert.equal(pins.isMoving(12.2), false);
});

test("a fix that comes before the glide is over takes the pin on from where it is", () => {
  const pins = new Pins();
  pins.move("van", HERE, 0);
  pins.move("van", { ...HERE, x: HERE.x + STEP }, 1);
  const shown = pins.at("van", 1.5)?.x;
  pins.move("van", { ...HERE, x: HERE.x + 2 * STEP }, 1.5);
  near(pins.at("van", 1.5)?.x, shown ?? 0);
});

test("a pin turns the shorter way", () => {
  const pins = new Pins();
  pins.move("van", HERE, 0);
  pins.move("van", { ...HERE, heading: 10 }, 1);
  near((pins.at("van", 1.55)?.heading ?? 0) % 360, 0, 0.01);
});

test("a pin without a heading has none", () => {
  const pins = new Pins();
  pins.move("van", HERE, 0);
  pins.move("van", { ...HERE, heading: null }, 1);
  assert.equal(pins.at("van", 2)?.heading, null);
});

test("a long way is a jump, not a glide across the map", () => {
  const pins = new Pins();
  pins.move("van", HERE, 0);
  pins.move("van", { ...HERE, x: 0.6 }, 1);
  near(pins.at("van", 1)?.x, 0.6, 1e-7);
});

test("a slow reporter's pin does not lag: no glide is longer than two seconds", () => {
  const pins = new Pins();
  pins.move("van", HERE, 0);
  pins.move("van", { ...HERE, x: HERE.x + STEP }, 30);
  near(pins.at("van", 32)?.x, HERE.x + STEP);
});

test("removing a pin leaves all others where they are", () => {
  const pins = new Pins();
  for (let index = 0; index < 200; index += 1) pins.move(`van-${index}`, { x: index / 1000, y: 0.3, heading: null }, 0);
  pins.remove("van-3");
  pins.remove("nobody");
  assert.equal(pins.count, 199);
  assert.equal(pins.data.length, 199 * PIN_STRIDE);
  assert.equal(pins.at("van-3", 1), null);
  near(pins.at("van-199", 1)?.x, 0.199, 1e-7);
  near(pins.at("van-4", 1)?.x, 0.004, 1e-7);
});

test("a new origin moves no pin", () => {
  const pins = new Pins();
  pins.move("van", { x: 0.51, y: 0.33, heading: 0 }, 0);
  pins.rebase({ x: 0.509, y: 0.331 });
  near(pins.at("van", 5)?.x, 0.51, 1e-7);
  near(pins.at("van", 5)?.y, 0.33, 1e-7);
});

test("the nearest pin within reach is found, and none beyond", () => {
  const pins = new Pins();
  pins.move("near", { x: 0.5, y: 0.5, heading: 0 }, 0);
  pins.move("far", { x: 0.6, y: 0.5, heading: 0 }, 0);
  assert.equal(pins.nearest({ x: 0.51, y: 0.5 }, 0.05, 1), "near");
  assert.equal(pins.nearest({ x: 0.55, y: 0.55 }, 0.01, 1), null);
});

test("places and degrees are each other's inverse", () => {
  const [lon, lat] = toLonLat(toPlace(4.288, 52.0669));
  near(lon, 4.288);
  near(lat, 52.0669);
});
