/** Opens the MLflow store that a URL or a folder names. */
import { MlflowError, type MlflowStore } from "./store.js";

/** The store of an experiment: a server by its URL, or a folder. */
export async function openMlflowStore(target: string, experiment: string): Promise<MlflowStore> {
  if (/^https?:\/\//i.test(target)) return (await import("./rest-store.js")).openRestStore(target, experiment);
  if (/^\w[\w+.-]+:/.test(target) && !target.startsWith("file:"))
    throw new MlflowError(
      `"${target}" is no MLflow server or folder.`,
      "Write http://HOST:PORT or the path of a folder.",
    );
  return (await import("./file-store.js")).openFileStore(target, experiment);
}
