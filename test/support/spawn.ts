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

/** A process that runs commands for this process, and the calls that wait for it. */
interface CommandServer {
  readonly child: ChildProcess;
  readonly waiting: ((result: ProcessResult) => void)[];
}

type Outputs = "pipes" | "terminal";
const servers = new Map<Outputs, CommandServer>();

function startServer(outputs: Outputs): CommandServer {
  const { FORCE_COLOR: _, ...env } = process.env;
  const file = fileURLToPath(new URL("command-server.mjs", import.meta.url));
  const child = fork(file, [outputs], {
    cwd: root,
    env: outputs === "terminal" ? { ...env, TERM: "xterm-256color" } : env,
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  const waiting: CommandServer["waiting"] = [];
  child.on("message", (result) => waiting.shift()?.(result as ProcessResult));
  child.on("close", (code, signal) => {
    servers.delete(outputs);
    for (const resolve of waiting.splice(0)) resolve({ code, signal, stdout: "", stderr: "The process ended." });
  });
  process.on("exit", () => child.kill());
  const server = { child, waiting };
  servers.set(outputs, server);
  return server;
}

function runOnServer(outputs: Outputs, command: { args: readonly string[]; folder: string; columns?: number }) {
  const { child, waiting } = servers.get(outputs) ?? startServer(outputs);
  const result = new Promise<ProcessResult>((resolve) => waiting.push(resolve));
  child.ref();
  child.channel?.ref();
  child.send(command);
  return result.finally(() => {
    if (waiting.length > 0) return;
    child.unref();
    child.channel?.unref();
  });
}

/** Runs a command line in a process that later calls share. `launch` starts one of its own. */
export function rnnx(...args: readonly string[]): Promise<ProcessResult> {
  return rnnxIn(root, args);
}

/** The same with a working directory. */
export function rnnxIn(folder: string, args: readonly string[]): Promise<ProcessResult> {
  return runOnServer("pipes", { args, folder });
}

/** The same on a terminal of some columns: its stdout is a recording of all that the terminal receives. */
export function rnnxOnTerminal(columns: number, ...args: readonly string[]): Promise<ProcessResult> {
  return runOnServer("terminal", { args, folder: root, columns });
}

/** The records of `--json`: every line of stdout must be one. */
export function records(stdout: string): readonly Readonly<Record<string, unknown>>[] {
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
}

/** A folder for the tests of a file, removed at the end of the run. */
export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), process.env.RNNX_TEMPORARY_PREFIX ?? "rnnx-cli-"));
}
