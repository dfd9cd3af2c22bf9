/** One of several processes that all want the locks of some folders at once: it tries when told to, and lives until told to end. */
import { createInterface } from "node:readline";
import { acquireLock } from "../../dist/runtime/run/lock.js";

const folders = process.argv.slice(2);
const say = (value) => console.log(JSON.stringify(value));
say("ready");
createInterface({ input: process.stdin }).once("line", () => {
  say(folders.flatMap((folder, index) => (acquireLock(folder).ok ? [index] : [])));
});
