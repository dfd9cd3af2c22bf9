/**
 * The lock of a run directory: a file that names the process that owns it. A lock whose process has ended is stale at
 * once, so that a run can be resumed right after it was killed. It therefore contains no time.
 */
import { createHash, randomUUID } from "node:crypto";
import { linkSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { fail, ok, type Result } from "../result.js";

interface LockHolder {
  readonly pid: number;
  /** Distinguishes the process from a later one with the same id: its start time and the boot. */
  readonly started: string | null;
  readonly host: string;
}

/** The function that releases the lock, or a sentence about its holder. */
export type LockResult = Result<() => void, string>;

const lockName = "lock";

/** Acquires the lock of an existing folder. */
export function acquireLock(folder: string): LockResult {
  const path = join(folder, lockName);
  const holder: LockHolder = { pid: process.pid, started: processStartTime(process.pid), host: hostname() };
  // The text of every lock is unique, even within one process.
  const text = JSON.stringify({ ...holder, token: randomUUID() });
  // Written under another name and linked, so that the lock never exists without its holder's name.
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
 * Takes over the lock of a process that has ended. Several processes may try: the one that links the claim named for
 * the lock wins, and the claim of a winner that has ended too is taken over in the same way. Only the winner replaces
 * the lock, so a late claim finds another lock than the one it names, and is withdrawn.
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

/** Removes the claims of processes that were killed while they acquired the lock. */
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
  // The processes of another machine cannot be inspected.
  if (holder.host !== hostname()) return true;
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    // The process exists, and belongs to another user.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
  return holder.started === null || holder.started === processStartTime(holder.pid);
}

/** Known on Linux only. A zombie process has no start time. */
function processStartTime(pid: number): string | null {
  const stat = readText(`/proc/${pid}/stat`);
  const boot = readText("/proc/sys/kernel/random/boot_id");
  if (stat === undefined || boot === undefined) return null;
  // The command's name, in parentheses, may contain any characters; the state follows it, and the start time 19 fields
  // later.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields[0] === "Z" ? null : `${fields[19]}@${boot.trim()}`;
}

function releaseLock(path: string, text: string): void {
  if (readText(path) === text) rmSync(path, { force: true });
}

/** Returns false where the name exists already. */
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
