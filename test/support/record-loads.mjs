/** Preloaded into a gateway (`node --import`): writes the URL of every module that it loads into a file, one a line. */
import fs from "node:fs";
import { registerHooks } from "node:module";

const file = process.env["RECORD_LOADS_IN"];
if (file !== undefined) {
  registerHooks({
    load(url, context, nextLoad) {
      fs.appendFileSync(file, `${url}\n`);
      return nextLoad(url, context);
    },
  });
}
