// Runs the unmodified npm client: commands come as JSON lines on stdin, what happens goes out as JSON lines on stdout.
import { createInterface } from "node:readline";

const build = "../../web/node_modules/centrifuge/build";
const [encoding, transport] = process.argv.slice(2);
const binary = encoding === "protobuf"; // then all data are bytes, and here as in our apps they hold JSON
const { Centrifuge } = await import(binary ? `${build}/protobuf/index.mjs` : `${build}/index.mjs`);
const read = (data) => (binary && data instanceof Uint8Array ? JSON.parse(new TextDecoder().decode(data)) : data);
const write = (data) => (binary ? new TextEncoder().encode(JSON.stringify(data)) : data);

const say = (event) => process.stdout.write(`${JSON.stringify(event)}\n`);
let client;
const subs = new Map();

const ops = {
  connect({ url, token, fresh_token }) {
    const http = url.replace("ws", "http").replace("/connection/websocket", "");
    const endpoints = transport === "websocket" ? url : [{ transport, endpoint: `${http}/connection/${transport}` }];
    client = new Centrifuge(endpoints, {
      emulationEndpoint: `${http}/emulation`,
      token,
      getToken: fresh_token ? async () => (say({ event: "token_asked" }), fresh_token) : null,
      minReconnectDelay: 20,
      maxReconnectDelay: 100,
      maxServerPingDelay: 1000,
    });
    client.on("connecting", ({ code, reason }) => say({ event: "connecting", code, reason }));
    client.on("connected", ({ client: id }) => say({ event: "connected", id }));
    client.on("disconnected", ({ code, reason }) => say({ event: "disconnected", code, reason }));
    client.on("subscribed", ({ channel, recovered }) => say({ event: "server_subscribed", channel, recovered }));
    client.on("publication", ({ channel, data, offset }) =>
      say({ event: "server_publication", channel, data: read(data), offset }),
    );
    client.on("error", ({ error }) => say({ event: "error", code: error.code, reason: error.message }));
    client.on("unsubscribed", ({ channel }) => say({ event: "server_unsubscribed", channel }));
    client.connect();
  },
  subscribe({ channel, since, delta, token, fresh_token }) {
    const sub = client.newSubscription(channel, {
      minResubscribeDelay: 20,
      maxResubscribeDelay: 100,
      joinLeave: true,
      ...(since ? { since } : {}),
      ...(delta ? { delta } : {}),
      ...(token ? { token, getToken: async () => (say({ event: "sub_token_asked", channel }), fresh_token) } : {}),
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
    for (const event of ["join", "leave"]) sub.on(event, ({ info }) => say({ event, channel, user: info.user }));
    sub.on("subscribing", ({ code, reason }) => say({ event: "subscribing", channel, code, reason }));
    sub.on("unsubscribed", ({ code, reason }) => say({ event: "unsubscribed", channel, code, reason }));
    sub.on("error", ({ error }) => say({ event: "sub_error", channel, code: error.code, reason: error.message }));
    sub.subscribe();
  },
  async ask({ what, channel, data, options }) {
    try {
      say({ event: what, channel, ...(await asked[what](channel, data, options)) });
    } catch (error) {
      say({ event: `${what}_error`, channel, code: error.code, reason: error.message });
    }
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

const asked = {
  publish: async (channel, data) => void (await client.publish(channel, write(data))),
  async history(channel, _, options) {
    const { publications, offset, epoch } = await client.history(channel, options);
    return { publications: publications.map((each) => ({ offset: each.offset, data: read(each.data) })), offset, epoch };
  },
  async presence(channel) {
    return { users: Object.values((await client.presence(channel)).clients).map((each) => each.user) };
  },
  async presence_stats(channel) {
    const { numClients, numUsers } = await client.presenceStats(channel);
    return { clients: numClients, users: numUsers };
  },
};

const lines = createInterface({ input: process.stdin });
lines.on("line", (line) => {
  const { op, ...rest } = JSON.parse(line);
  ops[op](rest);
});
lines.on("close", () => process.exit(0));
