/**
 * Runs command lines of the built program one after the other in one process, which loads it once. A message has the arguments, the
 * working directory and the columns of a terminal, and the answer the exit code and the outputs. With the argument "terminal",
 * stdout and stderr are one terminal, recorded as stdout.
 */
import { createRequire } from "node:module";

const isTerminal = process.argv[2] === "terminal";
const written = { stdout: "", stderr: "" };
let terminalColumns;
for (const name of ["stdout", "stderr"]) {
  const stream = process[name];
  stream.setMaxListeners(0);
  stream.write = (text, ...rest) => {
    written[isTerminal ? "stdout" : name] += typeof text === "string" ? text : Buffer.from(text).toString("utf8");
    rest.find((each) => typeof each === "function")?.();
    return true;
  };
  if (!isTerminal) continue;
  Object.defineProperty(stream, "isTTY", { value: true });
  Object.defineProperty(stream, "columns", { get: () => terminalColumns });
}

// The program asks for colors as it is loaded.
const { main } = createRequire(import.meta.url)("../../dist/program/main.cjs");

let last = Promise.resolve();
process.on("message", ({ args, folder, columns }) => {
  last = last.then(async () => {
    Object.assign(written, { stdout: "", stderr: "" });
    terminalColumns = columns;
    process.chdir(folder);
    const code = await main(args);
    process.send({ code, signal: null, ...written });
  });
});
