/**
 * One process owns a run directory: a file names it. A lock whose process is gone is stale at once, so that a run can be
 * resumed straight after it was killed; this is why it holds no clock.
 */
import { createHash, randomUUID } from "node:crypto";
import { linkSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { fail, ok, type Result } from "../result.js";

interface LockHolder {
  readonly pid: number;
  /** Tells the process from a later one with its number: its start time and the boot that it belongs to. */
  readonly started: string | null;
  readonly host: string;
}

/** The function that releases the lock, or who holds it. */
export type LockResult = Result<() => void, string>;

const lockName = "lock";

/** Takes the lock of an existing folder. */
export function acquireLock(folder: string): LockResult {
  const path = join(folder, lockName);
  const holder: LockHolder = { pid: process.pid, started: processStartTime(process.pid), host: hostname() };
  // No two locks are alike, even of one process.
  const text = JSON.stringify({ ...holder, token: randomUUID() });
  // Written aside and linked, so that the lock never exists without its holder's name.
  const temporaryFile = join(folder, `${lockName}.${process.pid}.${randomUUID()}`);
  writeFileSync(temporaryFile, text);
  try {
    for (;;) {
      const result = tryLink(temporaryFile, path) ? "mine" : replaceStaleLock(folder, temporaryFile);
      if (result === "changed") continue;
      if (result !== "mine") return fail(describeHolder(result));
      removeAbandonedClaims(folder);
      return ok(() => releaseLock(path, text));
    }
  } finally {
    rmSync(temporaryFile, { force: true });
  }
}

/**
 * Takes the lock of a process that is gone. Several may find it: the one that links the claim named for it is its heir, and the
 * claim of an heir that is gone too is claimed in the same way. Nobody but the heir changes what is claimed, so a claim that
 * comes late finds another lock than it was made for, and is withdrawn.
 */
function replaceStaleLock(folder: string, temporaryFile: string): "mine" | "changed" | LockHolder {
  const path = join(folder, lockName);
  const chain: { readonly file: string; readonly text: string }[] = [];
  for (let file = path; ; ) {
    const text = readText(file);
    if (text === undefined) return "changed";
    const holder = parseHolder(text);
    if (holder !== undefined && isAlive(holder)) return holder;
    chain.push({ file, text });
    file = join(folder, `${lockName}.claim.${createHash("sha256").update(text).digest("hex").slice(0, 32)}`);
    if (!tryLink(temporaryFile, file)) continue;
    const isUnchanged = chain.every((entry) => readText(entry.file) === entry.text);
    if (isUnchanged) renameSync(temporaryFile, path);
    for (const entry of isUnchanged ? chain.slice(1) : []) rmSync(entry.file, { force: true });
    rmSync(file, { force: true });
    return isUnchanged ? "mine" : "changed";
  }
}

/** What processes that were killed while they asked for the lock left. */
function removeAbandonedClaims(folder: string): void {
  for (const file of readdirSync(folder)) {
    const pid = Number(/^lock\.(\d+)\.[\w-]+$/.exec(file)?.[1] ?? process.pid);
    if (!isAlive({ pid, started: null, host: hostname() })) rmSync(join(folder, file), { force: true });
  }
}

function describeHolder(holder: LockHolder): string {
  if (holder.pid === process.pid && holder.host === hostname()) return "This process is already training there.";
  const location = holder.host === hostname() ? "" : ` on ${holder.host}`;
  return `Process ${holder.pid}${location} is training there.`;
}

function isAlive(holder: LockHolder): boolean {
  // Processes of another machine cannot be asked.
  if (holder.host !== hostname()) return true;
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    // The process exists and belongs to someone else.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
  return holder.started === null || holder.started === processStartTime(holder.pid);
}

/** Only where the system says: Linux. A process that has ended and waits for its parent has no start. */
function processStartTime(pid: number): string | null {
  const stat = readText(`/proc/${pid}/stat`);
  const boot = readText("/proc/sys/kernel/random/boot_id");
  if (stat === undefined || boot === undefined) return null;
  // The command's name, in parentheses, may hold anything; the state comes after it, and the start time 19 fields on.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields[0] === "Z" ? null : `${fields[19]}@${boot.trim()}`;
}

function releaseLock(path: string, text: string): void {
  if (readText(path) === text) rmSync(path, { force: true });
}

/** Whether the name was free. */
function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

function parseHolder(text: string): LockHolder | undefined {
  try {
    const { pid, started, host }: Readonly<Record<string, unknown>> = JSON.parse(text);
    if (typeof pid !== "number" || typeof host !== "string") return undefined;
    return { pid, started: typeof started === "string" ? started : null, host };
  } catch {
    return undefined;
  }
}
