/** Trainings in processes of their own, and the memory that they take. */
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const root = join(import.meta.dirname, "../..");

export function temporaryFolder() {
  const folder = mkdtempSync(join(tmpdir(), "rnnx-soak-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export function writeSpec(folder, name, spec) {
  const file = join(folder, `${name}.json`);
  writeFileSync(file, JSON.stringify(spec));
  return file;
}

/** A number of /proc's status in MiB; undefined where the process is gone, or there is no such file system. */
export function memoryOf(pid, field) {
  try {
    const line = new RegExp(`${field}:\\s+(\\d+) kB`).exec(readFileSync(`/proc/${pid}/status`, "utf8"));
    return line === null ? undefined : Number(line[1]) / 1024;
  } catch {
    return undefined;
  }
}

/** A process in MiB, told to `watch` about every 50 ms while it lives. */
export async function watched(args, watch = () => undefined) {
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (text) => {
    stdout = (stdout + text).slice(-1_000_000);
  });
  child.stderr.on("data", (text) => {
    stderr += text;
  });
  const timer = setInterval(() => watch(child.pid), 50);
  const code = await new Promise((resolve) => child.on("close", resolve));
  clearInterval(timer);
  return { code, stdout, stderr };
}

export const rnnx = join(root, "bin/rnnx.js");

/** The processes of a launch with a run directory on their command line, with their ranks. Linux. */
export function ranksOf(directory) {
  const read = (pid, file) => {
    try {
      return readFileSync(`/proc/${pid}/${file}`, "latin1").split("\0");
    } catch {
      // It is gone.
      return [];
    }
  };
  return readdirSync("/proc").flatMap((pid) => {
    if (!/^\d+$/.test(pid) || !read(pid, "cmdline").some((argument) => argument.includes(directory))) return [];
    const [, rank] =
      read(pid, "environ")
        .join("\n")
        .match(/^(?:OMPI_COMM_WORLD_RANK|PMI_RANK)=(\d+)$/m) ?? [];
    return rank === undefined ? [] : [{ pid: Number(pid), rank: Number(rank) }];
  });
}
