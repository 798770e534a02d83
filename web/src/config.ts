/** What the page's server tells it. */
export interface Config {
  readonly gatewayUrl: string;
  readonly token: string;
  readonly fleet: string;
  /** Where the control API is, which keeps the user's inbox. */
  readonly controlUrl: string;
  /** The user's own channel, such as `user:acme/u42`. */
  readonly userChannel: string;
  readonly title: string;
  /** Where the local road layer is, or null when there is none. */
  readonly roads: string | null;
  /** The server's clock when it answered, in milliseconds since the epoch; null when it did not say. */
  readonly serverMillis: number | null;
}

/** The configuration cannot be had; the message is for the person who looks at the page. */
export class ConfigError extends Error {}

/** Reads `/config.json`. Raises ConfigError. */
export async function loadConfig(): Promise<Config> {
  const response = await fetch("/config.json", { cache: "no-store", signal: AbortSignal.timeout(10_000) }).catch(() => {
    throw new ConfigError("the page's server does not answer");
  });
  if (!response.ok) throw new ConfigError((await problemTitle(response)) ?? `the page's server answers ${response.status}`);
  const fields = (await response.json()) as Record<string, unknown>;
  const date = Date.parse(response.headers.get("date") ?? "");
  return {
    gatewayUrl: text(fields, "gateway_url"),
    token: text(fields, "token"),
    fleet: text(fields, "fleet"),
    controlUrl: text(fields, "control_url"),
    userChannel: text(fields, "user_channel"),
    title: text(fields, "title"),
    roads: typeof fields["roads"] === "string" ? fields["roads"] : null,
    // The header has whole seconds, cut off: half a second more is right on average.
    serverMillis: Number.isNaN(date) ? null : date + 500,
  };
}

function text(fields: Record<string, unknown>, name: string): string {
  const value = fields[name];
  if (typeof value !== "string" || value === "") throw new ConfigError(`/config.json has no ${name}`);
  return value;
}

async function problemTitle(response: Response): Promise<string | null> {
  const body: unknown = await response.json().catch(() => null);
  const detail = (body as { detail?: unknown } | null)?.detail;
  return typeof detail === "string" ? detail : null;
}
