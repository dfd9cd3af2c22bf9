/**
 * One process owns a run directory: a file names it. A lock whose process is gone is stale at once, so that a run can be
 * resumed straight after it was killed; this is why it holds no clock.
 */
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";

interface Holder {
  readonly pid: number;
  /** Tells the process from a later one with its number: its start time and the boot that it belongs to. */
  readonly started: string | null;
  readonly host: string;
}

export type LockResult =
  | { readonly ok: true; readonly release: () => void }
  | { readonly ok: false; readonly message: string };

const name = "lock";

/** Takes the lock of an existing folder. */
export function lock(folder: string): LockResult {
  const path = join(folder, name);
  const mine: Holder = { pid: process.pid, started: startOf(process.pid), host: hostname() };
  const text = JSON.stringify(mine);
  // Written aside and linked, so that the lock never exists without its holder's name.
  const aside = `${path}.${process.pid}.${Math.random().toString(36).slice(2)}`;
  writeFileSync(aside, text);
  try {
    for (;;) {
      if (link(aside, path)) return { ok: true, release: () => release(path, text) };
      const found = read(path);
      if (found === undefined) continue;
      const holder = parse(found);
      if (holder !== undefined && isAlive(holder)) return { ok: false, message: heldBy(holder) };
      removeStale(path, found, `${aside}.stale`);
    }
  } finally {
    rmSync(aside, { force: true });
  }
}

function heldBy(holder: Holder): string {
  if (holder.pid === process.pid && holder.host === hostname()) return "This process is already training there.";
  const where = holder.host === hostname() ? "" : ` on ${holder.host}`;
  return `Process ${holder.pid}${where} is training there.`;
}

function isAlive(holder: Holder): boolean {
  // Processes of another machine cannot be asked.
  if (holder.host !== hostname()) return true;
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    // The process exists and belongs to someone else.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
  return holder.started === null || holder.started === startOf(holder.pid);
}

/** Only where the system says: Linux. A process that has ended and waits for its parent has no start. */
function startOf(pid: number): string | null {
  const stat = read(`/proc/${pid}/stat`);
  const boot = read("/proc/sys/kernel/random/boot_id");
  if (stat === undefined || boot === undefined) return null;
  // The command's name, in parentheses, may hold anything; the state comes after it, and the start time 19 fields on.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields[0] === "Z" ? null : `${fields[19]}@${boot.trim()}`;
}

/** Several processes may find the same stale lock: each moves what it finds, and puts back what is not the stale one. */
function removeStale(path: string, stale: string, aside: string): void {
  try {
    renameSync(path, aside);
  } catch {
    return;
  }
  if (read(aside) !== stale) link(aside, path);
  rmSync(aside, { force: true });
}

function release(path: string, mine: string): void {
  if (read(path) === mine) rmSync(path, { force: true });
}

/** Whether the name was free. */
function link(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

function parse(text: string): Holder | undefined {
  try {
    const { pid, started, host }: Readonly<Record<string, unknown>> = JSON.parse(text);
    if (typeof pid !== "number" || typeof host !== "string") return undefined;
    return { pid, started: typeof started === "string" ? started : null, host };
  } catch {
    return undefined;
  }
}
