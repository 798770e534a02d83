import { Centrifuge, type Subscription } from "centrifuge";
import { readMessage, readSnapshot, type Message } from "./messages.ts";

/** How the page stands with the gateway. `reason` is what to tell a person. */
export type Link =
  | { readonly phase: "connecting"; readonly reason: string }
  | { readonly phase: "live" }
  | { readonly phase: "reconnecting"; readonly reason: string }
  | { readonly phase: "refused"; readonly reason: string };

export interface ConnectionEvents {
  readonly link: (link: Link) => void;
  /** The channel's whole state: replaces what is known. */
  readonly snapshot: (messages: readonly Message[]) => void;
  readonly message: (message: Message) => void;
}

export interface ConnectionOptions {
  readonly url: string;
  readonly token: string;
  readonly fleet: string;
  /** A fresh token, asked for when the gateway calls the present one expired. */
  readonly renewToken: () => Promise<string>;
}

/** One socket to the gateway, subscribed to one fleet's channel, for as long as the page is open. */
export class Connection {
  readonly #client: Centrifuge;
  readonly #events: ConnectionEvents;
  #subscription: Subscription | null = null;
  #wasLive = false;

  constructor(options: ConnectionOptions, events: ConnectionEvents) {
    this.#events = events;
    this.#client = new Centrifuge(options.url, {
      token: options.token,
      getToken: options.renewToken,
      name: "fleetcast-web",
      maxReconnectDelay: 5_000,
    });
    this.#watchClient();
    this.#subscription = this.#subscribe(`fleet:${options.fleet}`);
  }

  open(): void {
    this.#subscription?.subscribe();
    this.#client.connect();
  }

  #watchClient(): void {
    this.#client.on("connecting", ({ code, reason }) => this.#trying(code === 0 ? "" : words(reason)));
    this.#client.on("error", ({ error }) => this.#trying(words(error.message)));
    this.#client.on("disconnected", ({ reason }) => this.#events.link({ phase: "refused", reason: words(reason) }));
  }

  #subscribe(channel: string): Subscription {
    const subscription = this.#client.newSubscription(channel);
    subscription.on("subscribed", (context) => {
      const snapshot = context.recovered ? null : readSnapshot(context.data);
      if (snapshot !== null) this.#events.snapshot(snapshot);
      this.#wasLive = true;
      this.#events.link({ phase: "live" });
    });
    subscription.on("publication", ({ data }) => {
      const message = readMessage(data);
      if (message !== null) this.#events.message(message);
    });
    subscription.on("error", ({ error }) => this.#trying(words(error.message)));
    subscription.on("unsubscribed", ({ reason }) => this.#events.link({ phase: "refused", reason: words(reason) }));
    return subscription;
  }

  #trying(reason: string): void {
    if (this.#client.state === "disconnected") return;
    this.#events.link(
      this.#wasLive
        ? { phase: "reconnecting", reason: reason || "the connection was lost" }
        : { phase: "connecting", reason },
    );
  }
}

/** The library's short reasons in words; what it does not know is the gateway's own text. */
function words(reason: string): string {
  const known: Record<string, string> = {
    "transport closed": "the gateway cannot be reached",
    "connect called": "",
    "no ping": "the gateway fell silent",
    "subscribe timeout": "the gateway did not answer in time",
    timeout: "the gateway did not answer in time",
    "unauthorized": "the token was refused",
    "permission denied": "this token may not see this fleet",
  };
  return known[reason] ?? reason;
}
