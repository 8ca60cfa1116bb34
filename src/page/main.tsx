import { render } from "preact";
import { App } from "./app.tsx";
import { browser } from "./browser.ts";
import { Feed, type Known } from "./feed.ts";
import { followTheme } from "./theme.ts";

followTheme();
const page = document.querySelector("#page");
if (page !== null) {
  const draw = (known: Known) => render(<App known={known} />, page);
  draw({ connection: "loading", view: null, lists: null, viewAtMs: 0, message: null });
  const feed = new Feed(browser, draw);
  const look = () => feed.show(!document.hidden);
  document.addEventListener("visibilitychange", look);
  look();
}
