// Runs the unmodified npm client: commands come as JSON lines on stdin, what happens goes out as JSON lines on stdout.
import { createInterface } from "node:readline";

const build = "../../web/node_modules/centrifuge/build";
const binary = process.argv[2] === "protobuf"; // then all data are bytes, and here as in our apps they hold JSON
const { Centrifuge } = await import(binary ? `${build}/protobuf/index.mjs` : `${build}/index.mjs`);
const read = (data) => (binary && data instanceof Uint8Array ? JSON.parse(new TextDecoder().decode(data)) : data);
const write = (data) => (binary ? new TextEncoder().encode(JSON.stringify(data)) : data);

const say = (event) => process.stdout.write(`${JSON.stringify(event)}\n`);
let client;
const subs = new Map();

const ops = {
  connect({ url, token, fresh_token }) {
    client = new Centrifuge(url, {
      token,
      getToken: fresh_token ? async () => (say({ event: "token_asked" }), fresh_token) : null,
      minReconnectDelay: 20,
      maxReconnectDelay: 100,
      maxServerPingDelay: 1000,
    });
    client.on("connecting", ({ code, reason }) => say({ event: "connecting", code, reason }));
    client.on("connected", ({ client: id }) => say({ event: "connected", id }));
    client.on("disconnected", ({ code, reason }) => say({ event: "disconnected", code, reason }));
    client.on("error", ({ error }) => say({ event: "error", code: error.code, reason: error.message }));
    client.connect();
  },
  subscribe({ channel, since }) {
    const sub = client.newSubscription(channel, {
      minResubscribeDelay: 20,
      maxResubscribeDelay: 100,
      ...(since ? { since } : {}),
    });
    subs.set(channel, sub);
    sub.on("subscribed", (ctx) =>
      say({
        event: "subscribed",
        channel,
        data: ctx.data?.length === 0 ? null : (read(ctx.data) ?? null),
        recovered: ctx.recovered,
        was_recovering: ctx.wasRecovering,
        recoverable: ctx.recoverable,
        position: ctx.streamPosition,
      }),
    );
    sub.on("publication", ({ data, offset }) => say({ event: "publication", channel, data: read(data), offset }));
    sub.on("subscribing", ({ code, reason }) => say({ event: "subscribing", channel, code, reason }));
    sub.on("unsubscribed", ({ code, reason }) => say({ event: "unsubscribed", channel, code, reason }));
    sub.on("error", ({ error }) => say({ event: "sub_error", channel, code: error.code, reason: error.message }));
    sub.subscribe();
  },
  unsubscribe({ channel }) {
    subs.get(channel).unsubscribe();
  },
  async rpc({ method, data }) {
    try {
      say({ event: "rpc", data: read((await client.rpc(method, write(data))).data) });
    } catch (error) {
      say({ event: "rpc_error", code: error.code, reason: error.message });
    }
  },
  disconnect() {
    client.disconnect();
  },
};

const lines = createInterface({ input: process.stdin });
lines.on("line", (line) => {
  const { op, ...rest } = JSON.parse(line);
  ops[op](rest);
});
lines.on("close", () => process.exit(0));
