import assert from "node:assert/strict";
import { test } from "node:test";
import { Inbox } from "../../web/src/inbox.ts";
import { readInboxPage, readUserNews, type Deed, type InboxPage, type Notice } from "../../web/src/notices.ts";

const ITEM = {
  id: "n1", seq: 7, type: "order_status", title: "Order A-1", body: "delivered", data: { status: "delivered" }, priority: "high",
  time: "2026-01-26T15:57:02.000001Z", about: "demo/order/A-1", of_a_newer_version: true,
};

function notice(seq: number, more: Partial<Notice> = {}): Notice {
  const rest = { type: "message", title: `t${seq}`, body: "", urgent: false, about: null, status: null, asset: null };
  return { id: `n${seq}`, seq, time: seq, read: false, acked: false, ...rest, ...more };
}

function page(items: Notice[], unread: number, next: string | null = null): InboxPage {
  return { items, unread, next };
}

function arrive(inbox: Inbox, told: Notice, replaces: string | null = null): boolean {
  return inbox.arrive({ kind: "notification", notice: told, replaces });
}

function deed(event: Deed["event"], ids: string[], upTo: number | null = null): Deed {
  return { kind: "inbox", event, ids, upTo };
}

function ids(inbox: Inbox): string[] {
  return inbox.notices.map(({ id }) => id);
}

test("a notification counts once, however it comes and comes again", () => {
  const inbox = new Inbox();
  assert.equal(arrive(inbox, notice(2)), true);
  inbox.begin(page([notice(2), notice(1)], 2));
  assert.equal(arrive(inbox, notice(2)), false);
  assert.deepEqual(inbox.catchUp([notice(2), notice(3)]).map(({ id }) => id), ["n3"]);
  assert.deepEqual(ids(inbox), ["n3", "n2", "n1"]);
  assert.equal(inbox.unread, 3);
  assert.equal(inbox.latest, 3);
});

test("what came while the first page was on its way is kept", () => {
  const inbox = new Inbox();
  arrive(inbox, notice(9));
  inbox.begin(page([notice(8, { read: true })], 0));
  assert.deepEqual(ids(inbox), ["n9", "n8"]);
  assert.equal(inbox.unread, 1);
});

test("a correction takes the place of what it corrects, even when that comes later", () => {
  const inbox = new Inbox();
  inbox.begin(page([notice(1)], 1));
  arrive(inbox, notice(2), "n1");
  arrive(inbox, notice(4), "n3");
  assert.equal(arrive(inbox, notice(3)), false);
  assert.deepEqual(ids(inbox), ["n4", "n2"]);
  assert.equal(inbox.unread, 2);
});

test("what another device has read or put away stays so, even when it comes later", () => {
  const inbox = new Inbox();
  inbox.begin(page([notice(2), notice(1)], 2));
  assert.equal(inbox.apply(deed("read", ["n1", "n3"])), true);
  assert.equal(inbox.apply(deed("read", ["n1"])), false);
  inbox.apply(deed("archived", ["n4"]));
  arrive(inbox, notice(3));
  assert.equal(arrive(inbox, notice(4)), false);
  assert.deepEqual(inbox.notices.map(({ id, read }) => [id, read]), [["n3", true], ["n2", false], ["n1", true]]);
  inbox.apply(deed("read", [], 5));
  arrive(inbox, notice(5));
  arrive(inbox, notice(6));
  assert.equal(inbox.unread, 1);
});

test("unread ones on pages that are not here count too, until they are read or here", () => {
  const inbox = new Inbox();
  inbox.begin(page([notice(9), notice(8)], 5, "b8"));
  assert.equal(inbox.unread, 5);
  assert.equal(inbox.isCountDoubtful, true);
  inbox.addOlder(page([notice(7), notice(6, { read: true })], 5, "b6"));
  assert.equal(inbox.unread, 5);
  inbox.apply(deed("read", [], 9));
  assert.equal(inbox.unread, 0);
  assert.equal(inbox.isCountDoubtful, false);
  assert.equal(inbox.older, "b6");
});

test("the last page leaves no unread ones elsewhere", () => {
  const inbox = new Inbox();
  inbox.begin(page([notice(9)], 4, "b9"));
  inbox.addOlder(page([notice(8)], 4));
  assert.equal(inbox.unread, 2);
  assert.equal(inbox.older, null);
});

test("the first page again tells what was read, put away or corrected meanwhile", () => {
  const inbox = new Inbox();
  inbox.begin(page([notice(9), notice(8), notice(7)], 6, "b7"));
  inbox.addOlder(page([notice(6), notice(5)], 6, "b5"));
  arrive(inbox, notice(10));
  assert.equal(inbox.compare(page([notice(9, { read: true }), notice(7)], 4, "b7"), 9), true);
  assert.deepEqual(ids(inbox), ["n10", "n9", "n7", "n6", "n5"]);
  assert.deepEqual(inbox.notices.filter(({ read }) => !read).map(({ id }) => id), ["n10", "n7", "n6", "n5"]);
  assert.equal(inbox.unread, 5);
});

test("a first page that does not reach what is here says so", () => {
  const inbox = new Inbox();
  inbox.begin(page([notice(1)], 1));
  assert.equal(inbox.compare(page([notice(9), notice(8)], 9, "b8"), 1), false);
});

test("an inbox that was forgotten takes the same notifications anew", () => {
  const inbox = new Inbox();
  inbox.begin(page([notice(2)], 1));
  inbox.apply(deed("read", [], 2));
  inbox.forget();
  inbox.begin(page([notice(2)], 1));
  assert.equal(inbox.unread, 1);
});

test("what is kept is bounded", () => {
  const inbox = new Inbox({ notices: 2, ids: 100 });
  inbox.begin(page([notice(3), notice(2)], 2, "b2"));
  assert.equal(inbox.older, null);
  assert.equal(inbox.isOverfull, false);
  for (const seq of [4, 5, 6]) arrive(inbox, notice(seq));
  assert.equal(inbox.isOverfull, true);
});

test("a notification is read, whatever else is in it", () => {
  const news = readUserNews({ kind: "notification", ...ITEM, replaces: "n0" });
  assert.equal(news?.kind, "notification");
  assert.equal(news.replaces, "n0");
  assert.equal(news.notice.status, "delivered");
  assert.deepEqual(news.notice.about, { fleet: "demo", kind: "order", id: "A-1" });
  assert.equal(news.notice.read, false);
});

test("what is not what it should be is no news", () => {
  const good = { kind: "notification", ...ITEM };
  const bad = [null, 1, [], {}, { kind: "typing", user: "u" }, { ...good, seq: "7" }, { ...good, time: 1 }, { ...good, id: null }, { kind: "inbox", event: "lost", ids: [] }, { kind: "inbox", event: "read", ids: 1 }];
  for (const data of bad) assert.equal(readUserNews(data), null);
});

test("a page keeps what can be read", () => {
  const read = readInboxPage({ items: [{ ...ITEM, read: true, acked_at: "2026-01-26T15:57:03Z" }, null, {}], next: "b7", latest: 7, unread: 3, more: false });
  assert.equal(read?.items.length, 1);
  assert.deepEqual([read.items[0]?.read, read.items[0]?.acked, read.next, read.unread], [true, true, "b7", 3]);
  for (const data of [null, {}, { items: {} }, { items: [] }]) assert.equal(readInboxPage(data), null);
});
