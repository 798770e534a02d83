import { Centrifuge, type Subscription } from "centrifuge";
import { readMessage, type Message } from "./messages.ts";
import { laterPages, readPage } from "./snapshot.ts";

/** How the page stands with the gateway. `reason` is what to tell a person. */
export type Link =
  | { readonly phase: "connecting"; readonly reason: string }
  | { readonly phase: "live" }
  | { readonly phase: "reconnecting"; readonly reason: string }
  | { readonly phase: "refused"; readonly reason: string };

export interface ConnectionEvents {
  readonly link: (link: Link) => void;
  /** The channel's state, or its first page: what is known besides is void. Later pages come as messages. */
  readonly snapshot: (messages: readonly Message[]) => void;
  readonly message: (message: Message) => void;
  /** The user's own channel is followed (again); `recovered`: what was missed on it comes as publications. */
  readonly own: (recovered: boolean) => void;
  /** A publication on it. */
  readonly ownNews: (data: unknown) => void;
}

export interface ConnectionOptions {
  readonly url: string;
  readonly token: string;
  readonly fleet: string;
  /** The user's own channel, which the gateway lets every connection follow without asking. */
  readonly ownChannel: string;
  /** A fresh token, asked for when the gateway calls the present one expired. */
  readonly renewToken: () => Promise<string>;
}

/** The library's code for a call of `unsubscribe`. */
const UNSUBSCRIBED_BY_US = 0;
const LOAD_AGAIN_MILLIS = 1_000;

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
    this.#watchOwn(options.ownChannel);
    this.#subscription = this.#subscribe(`fleet:${options.fleet}`);
  }

  open(): void {
    this.#subscription?.subscribe();
    this.#client.connect();
  }

  /** Tells the gateway that notifications have reached the page. Raises when it does not have it for good. */
  async acknowledge(ids: readonly string[]): Promise<void> {
    await this.#client.rpc("ack", { ids });
  }

  #watchOwn(ownChannel: string): void {
    this.#client.on("subscribed", ({ channel, recovered }) => {
      if (channel === ownChannel) this.#events.own(recovered);
    });
    this.#client.on("publication", ({ channel, data }) => {
      if (channel === ownChannel) this.#events.ownNews(data);
    });
  }

  #watchClient(): void {
    this.#client.on("connecting", ({ code, reason }) => this.#trying(code === 0 ? "" : words(reason)));
    this.#client.on("error", ({ error }) => this.#trying(words(error.message)));
    this.#client.on("disconnected", ({ reason }) => this.#events.link({ phase: "refused", reason: words(reason) }));
  }

  #subscribe(channel: string): Subscription {
    const subscription = this.#client.newSubscription(channel);
    subscription.on("subscribed", ({ data, recovered }) => {
      if (recovered) this.#live();
      else void this.#load(channel, data);
    });
    subscription.on("publication", ({ data }) => {
      const message = readMessage(data);
      if (message !== null) this.#events.message(message);
    });
    subscription.on("error", ({ error }) => this.#trying(words(error.message)));
    subscription.on("unsubscribed", ({ code, reason }) => {
      if (code !== UNSUBSCRIBED_BY_US) this.#events.link({ phase: "refused", reason: words(reason) });
    });
    return subscription;
  }

  /** Takes over the snapshot of a subscribe reply. When a later page is not to be had, it subscribes anew. */
  async #load(channel: string, data: unknown): Promise<void> {
    const first = readPage(data);
    if (first === null) return this.#live();
    this.#events.snapshot(first.messages);
    try {
      for await (const messages of laterPages(this.#client, channel, first)) messages.forEach(this.#events.message);
    } catch (error) {
      this.#trying(error instanceof Error ? words(error.message) : "the gateway cannot be reached");
      if (this.#client.state !== "connected") return;
      await new Promise((resolve) => setTimeout(resolve, LOAD_AGAIN_MILLIS));
      this.#subscription?.unsubscribe();
      this.#subscription?.subscribe();
      return;
    }
    this.#live();
  }

  #live(): void {
    this.#wasLive = true;
    this.#events.link({ phase: "live" });
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
