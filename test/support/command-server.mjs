/**
 * Runs command lines of the built program one after the other in one process, which loads it once. A message has the arguments and
 * the working directory, and the answer the exit code and what was written.
 */
import { createRequire } from "node:module";

const { main } = createRequire(import.meta.url)("../../dist/program/main.cjs");

for (const stream of [process.stdout, process.stderr]) stream.setMaxListeners(0);
const written = { stdout: "", stderr: "" };
for (const name of ["stdout", "stderr"])
  process[name].write = (text, ...rest) => {
    written[name] += typeof text === "string" ? text : Buffer.from(text).toString("utf8");
    rest.find((each) => typeof each === "function")?.();
    return true;
  };

let last = Promise.resolve();
process.on("message", ({ args, folder }) => {
  last = last.then(async () => {
    Object.assign(written, { stdout: "", stderr: "" });
    process.chdir(folder);
    const code = await main(args);
    process.send({ code, signal: null, ...written });
  });
});
