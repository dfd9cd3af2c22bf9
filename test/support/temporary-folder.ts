/** Folders for tests. Each is made here, and it alone is removed: never a name that a test has put together. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, onTestFinished } from "vitest";

function createFolder(): { readonly folder: string; readonly remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), "rnnx-"));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** A folder for one test, removed after it. */
export function temporaryFolder(): string {
  const { folder, remove } = createFolder();
  onTestFinished(remove);
  return folder;
}

/** A folder for all tests of a describe or a file, removed after the last. */
export function sharedFolder(): string {
  const { folder, remove } = createFolder();
  afterAll(remove);
  return folder;
}
