import "maplibre-gl/dist/maplibre-gl.css";
import "./style.css";
import { ConfigError, loadConfig } from "./config.ts";
import { Connection } from "./connection.ts";
import { byId, setText } from "./element.ts";
import { LinkView } from "./link_view.ts";
import { Page } from "./page.ts";

/** Composes the page: the only file where its parts meet. */
async function start(): Promise<void> {
  const config = await loadConfig();
  document.title = config.title;
  setText(byId("title", HTMLElement), config.title);
  setText(byId("subtitle", HTMLElement), `Fleet ${config.fleet}`);
  const page = new Page(config);
  const connection = new Connection(
    {
      url: config.gatewayUrl,
      token: config.token,
      fleet: config.fleet,
      renewToken: async () => (await loadConfig()).token,
    },
    {
      link: (link) => page.link.setLink(link),
      snapshot: (messages) => page.replace(messages),
      message: (message) => page.apply(message),
    },
  );
  connection.open();
}

start().catch((error: unknown) => {
  const reason = error instanceof ConfigError ? error.message : "this browser cannot show the page";
  if (!(error instanceof ConfigError)) console.error(error);
  new LinkView(byId("link", HTMLElement)).setLink({ phase: "refused", reason });
});
