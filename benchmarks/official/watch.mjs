// npm `centrifuge`, as an app uses it. The first line of stdin says {url, token, channels}; every event is a line of
// stdout. It ends when stdin does.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

// The page's own copy: `make setup` installs it.
const { Centrifuge } = createRequire(new URL("../../web/package.json", import.meta.url))("centrifuge");

const tell = (event) => process.stdout.write(`${JSON.stringify(event)}\n`);
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const { url, token, channels } = JSON.parse((await lines.next()).value);

const client = new Centrifuge(url, { token });
client.on("connected", () => tell({ event: "connected" }));
client.on("error", (context) => tell({ event: "trouble", what: `client: ${JSON.stringify(context.error)}` }));
client.on("disconnected", (context) =>
  tell({ event: "trouble", what: `disconnected: ${context.code} ${context.reason}` }),
);
for (const channel of channels) {
  const subscription = client.newSubscription(channel);
  subscription.on("subscribed", ({ streamPosition, recovered, wasRecovering, data }) =>
    tell({
      event: "subscribed",
      channel,
      offset: streamPosition.offset,
      epoch: streamPosition.epoch,
      recovered,
      was_recovering: wasRecovering,
      data: data ?? null,
    }),
  );
  subscription.on("publication", ({ offset, data }) => tell({ event: "publication", channel, offset, data }));
  subscription.on("unsubscribed", (context) =>
    tell({ event: "trouble", what: `unsubscribed: ${context.code} ${context.reason}` }),
  );
  subscription.on("error", (context) =>
    tell({ event: "trouble", what: `${channel}: ${JSON.stringify(context.error)}` }),
  );
  subscription.subscribe();
}
client.connect();
while (!(await lines.next()).done);
process.exit(0);
