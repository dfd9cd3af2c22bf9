/** One of several processes that compete for the locks of folders: it tries on a line of stdin, and runs until it is killed. */
import { createInterface } from "node:readline";
import { acquireLock } from "../../dist/runtime/run/lock.js";

const folders = process.argv.slice(2);
const print = (value) => console.log(JSON.stringify(value));
print("ready");
createInterface({ input: process.stdin }).once("line", () => {
  print(folders.flatMap((folder, index) => (acquireLock(folder).ok ? [index] : [])));
});
