/** The built command, run as a user runs it. */
import { type ChildProcess, fork, spawn } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url));
const program = join(root, "bin/rnnx.js");

export interface ProcessResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningProcess {
  readonly process: ReturnType<typeof start>;
  readonly result: Promise<ProcessResult>;
}

function start(args: readonly string[], nodeFlags: readonly string[], variables: NodeJS.ProcessEnv = {}) {
  const { FORCE_COLOR: _, ...env } = process.env;
  return spawn(process.execPath, [...nodeFlags, program, ...args], {
    cwd: root,
    env: { ...env, ...variables },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

export function launch(
  args: readonly string[],
  nodeFlags: readonly string[] = [],
  variables: NodeJS.ProcessEnv = {},
): RunningProcess {
  const child = start(args, nodeFlags, variables);
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const result = new Promise<ProcessResult>((resolve) => {
    child.on("close", (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  return { process: child, result };
}

let server: ChildProcess | undefined;
const waiting: ((result: ProcessResult) => void)[] = [];

/** A process that runs commands for this process. */
function startServer(): ChildProcess {
  const { FORCE_COLOR: _, ...env } = process.env;
  const file = fileURLToPath(new URL("command-server.mjs", import.meta.url));
  const child = fork(file, { cwd: root, env, stdio: ["ignore", "pipe", "pipe", "ipc"] });
  child.on("message", (result) => waiting.shift()?.(result as ProcessResult));
  child.on("close", (code, signal) => {
    server = undefined;
    for (const resolve of waiting.splice(0)) resolve({ code, signal, stdout: "", stderr: "The process ended." });
  });
  process.on("exit", () => child.kill());
  return child;
}

/** Runs a command line in a process that later calls share. `launch` starts one of its own. */
export function rnnx(...args: readonly string[]): Promise<ProcessResult> {
  return rnnxIn(root, args);
}

/** The same with a working directory. */
export function rnnxIn(folder: string, args: readonly string[]): Promise<ProcessResult> {
  server ??= startServer();
  const { channel } = server;
  const result = new Promise<ProcessResult>((resolve) => waiting.push(resolve));
  server.ref();
  channel?.ref();
  server.send({ args, folder });
  return result.finally(() => {
    if (waiting.length > 0) return;
    server?.unref();
    channel?.unref();
  });
}

/** The command on a terminal of some columns: its stdout is a recording of all that the terminal receives. */
export function rnnxOnTerminal(columns: number, ...args: readonly string[]): Promise<ProcessResult> {
  const preload = new URL("fake-terminal.mjs", import.meta.url).href;
  return launch(args, ["--import", preload], { RNNX_TEST_COLUMNS: `${columns}`, TERM: "xterm-256color" }).result;
}

/** The records of `--json`: every line of stdout must be one. */
export function records(stdout: string): readonly Readonly<Record<string, unknown>>[] {
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
}

export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), "rnnx-cli-"));
}
