import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, onTestFinished, test } from "vitest";
import { acquireLock } from "../../../runtime/run/lock.js";
import { temporaryFolder } from "../../support/temporary-folder.js";

function takeLock(folder: string) {
  const result = acquireLock(folder);
  if (!result.ok) throw new Error(result.error);
  return result;
}

test("a lock is held until it is released, and leaves no file", () => {
  const folder = temporaryFolder();
  const first = takeLock(folder);
  expect(readdirSync(folder)).toEqual(["lock"]);
  expect(acquireLock(folder)).toEqual({ ok: false, error: "This process is already training there." });
  first.value();
  expect(readdirSync(folder)).toEqual([]);
  takeLock(folder).value();
});

test("another running process holds it", async () => {
  const folder = temporaryFolder();
  const otherProcess = spawn("sleep", ["30"]);
  onTestFinished(() => void otherProcess.kill("SIGKILL"));
  await once(otherProcess, "spawn");
  writeFileSync(join(folder, "lock"), JSON.stringify({ pid: otherProcess.pid, started: null, host: hostname() }));
  expect(acquireLock(folder)).toEqual({ ok: false, error: `Process ${otherProcess.pid} is training there.` });
  // Right after SIGKILL, while the process is a zombie.
  otherProcess.kill("SIGKILL");
  await once(otherProcess, "exit");
  takeLock(folder).value();
});

test("a process that has ended holds no lock", () => {
  const folder = temporaryFolder();
  const { pid } = spawnSync("true");
  writeFileSync(join(folder, "lock"), JSON.stringify({ pid, started: null, host: hostname() }));
  const ownLock = takeLock(folder);
  expect(JSON.parse(readFileSync(join(folder, "lock"), "utf8"))).toMatchObject({ pid: process.pid });
  expect(readdirSync(folder)).toEqual(["lock"]);
  ownLock.value();
});

test.runIf(process.platform === "linux")("a later process with the same id holds no lock", () => {
  const folder = temporaryFolder();
  writeFileSync(
    join(folder, "lock"),
    JSON.stringify({ pid: process.pid, started: "1@another-boot", host: hostname() }),
  );
  takeLock(folder).value();
});

test("claims of killed processes are removed, also of one that had won", () => {
  const folder = temporaryFolder();
  const { pid } = spawnSync("true");
  const deadOwner = (token: string) => JSON.stringify({ pid, started: null, host: hostname(), token });
  const claim = (text: string) => `lock.claim.${createHash("sha256").update(text).digest("hex").slice(0, 32)}`;
  writeFileSync(join(folder, "lock"), deadOwner("a"));
  writeFileSync(join(folder, claim(deadOwner("a"))), deadOwner("b"));
  writeFileSync(join(folder, claim(deadOwner("b"))), deadOwner("c"));
  writeFileSync(join(folder, `lock.${pid}.0a-1`), deadOwner("d"));
  const ownLock = takeLock(folder);
  expect(readdirSync(folder)).toEqual(["lock"]);
  expect(acquireLock(folder)).toMatchObject({ ok: false });
  ownLock.value();
});

test("the running winner of a claim gets the lock", () => {
  const folder = temporaryFolder();
  const { pid } = spawnSync("true");
  const deadOwner = JSON.stringify({ pid, started: null, host: hostname() });
  const successor = JSON.stringify({ pid: process.ppid, started: null, host: hostname() });
  writeFileSync(join(folder, "lock"), deadOwner);
  writeFileSync(
    join(folder, `lock.claim.${createHash("sha256").update(deadOwner).digest("hex").slice(0, 32)}`),
    successor,
  );
  expect(acquireLock(folder)).toEqual({ ok: false, error: `Process ${process.ppid} is training there.` });
});

test("one of 20 concurrent processes gets a lock that is free or stale", async () => {
  const { pid } = spawnSync("true");
  const folders = Array.from({ length: 60 }, (_, index) => {
    const folder = temporaryFolder();
    const staleLock = JSON.stringify({ pid, started: null, host: hostname(), token: `${index}` });
    if (index % 3 > 0) writeFileSync(join(folder, "lock"), staleLock);
    return folder;
  });
  const program = join(import.meta.dirname, "../../support/lock-contender.mjs");
  const contenders = Array.from({ length: 20 }, () => {
    const child = spawn(process.execPath, [program, ...folders], { stdio: ["pipe", "pipe", "inherit"] });
    onTestFinished(() => void child.kill("SIGKILL"));
    return { child, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator]() };
  });
  const outcomes = () => Promise.all(contenders.map(async ({ lines }) => JSON.parse((await lines.next()).value)));
  await outcomes();
  for (const { child } of contenders) child.stdin.write("go\n");
  const won = (await outcomes()).flat();
  expect(won.sort((a, b) => a - b)).toEqual(folders.map((_, index) => index));
  for (const folder of folders) expect(readdirSync(folder)).toEqual(["lock"]);
});

test("the lock of another machine is respected", () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "lock"), JSON.stringify({ pid: 1, started: null, host: "elsewhere" }));
  expect(acquireLock(folder)).toEqual({ ok: false, error: "Process 1 on elsewhere is training there." });
});

test.each(["", "{", "[]", "null", '{"pid":"1"}'])("a lock without a holder (%j) is stale", (text) => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "lock"), text);
  takeLock(folder).value();
});

test("a release removes only the lock of its holder", () => {
  const folder = temporaryFolder();
  const ownLock = takeLock(folder);
  writeFileSync(join(folder, "lock"), "someone else's");
  ownLock.value();
  expect(existsSync(join(folder, "lock"))).toBe(true);
});
