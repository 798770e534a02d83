import "maplibre-gl/dist/maplibre-gl.css";
import "./style.css";
import { ConfigError, loadConfig } from "./config.ts";
import { Connection } from "./connection.ts";
import { byId, setText } from "./element.ts";
import { InboxApi } from "./inbox_api.ts";
import { LinkView } from "./link_view.ts";
import { Page } from "./page.ts";

/** For so long the inbox waits for the gateway, so that nothing comes between its first page and what is live. */
const INBOX_ALONE_MILLIS = 3_000;

/** Composes the page: the only file where its parts meet. */
async function start(): Promise<void> {
  const config = await loadConfig();
  document.title = config.title;
  setText(byId("title", HTMLElement), config.title);
  setText(byId("subtitle", HTMLElement), `Fleet ${config.fleet}`);
  const renewToken = async () => (await loadConfig()).token;
  const page = new Page(config, {
    inbox: new InboxApi(config.controlUrl, config.token, renewToken),
    acknowledge: (ids) => connection.acknowledge(ids),
  });
  const { desk } = page.notifications;
  const connection = new Connection(
    { url: config.gatewayUrl, token: config.token, fleet: config.fleet, ownChannel: config.userChannel, renewToken },
    {
      link: (link) => page.link.setLink(link),
      snapshot: (messages) => page.replace(messages),
      message: (message) => page.apply(message),
      own: (recovered) => desk.connected(recovered),
      ownNews: (data) => desk.hear(data),
    },
  );
  connection.open();
  setTimeout(() => desk.loadOnce(), INBOX_ALONE_MILLIS);
}

start().catch((error: unknown) => {
  const reason = error instanceof ConfigError ? error.message : "this browser cannot show the page";
  if (!(error instanceof ConfigError)) console.error(error);
  new LinkView(byId("link", HTMLElement)).setLink({ phase: "refused", reason });
});
