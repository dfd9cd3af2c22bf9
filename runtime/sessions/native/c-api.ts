/**
 * ONNX Runtime's C interface, as far as a session needs it. Its functions lie in a table whose places never change: versions only add to its
 * end (onnxruntime_c_api.h).
 */
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { type Koffi, keepLibraryLoaded, type Library, loadKoffi } from "./koffi.js";

/** The address of an object of the library's. */
export type Handle = bigint;
/** Where a function puts the object that it makes. */
export type OutPointer = [Handle | null];

/** Each function: its place in the table, what it gives, what it takes. Those that give a status fail with the words of it. */
const apiFunctions = {
  errorMessage: [2, "str", "void *"],
  createEnv: [3, "status", "int", "str", "_Out_ void **"],
  createSession: [8, "status", "void *", "void *", "size_t", "void *", "_Out_ void **"],
  run: [9, "status", "void *", "void *", "str *", "void **", "size_t", "str *", "size_t", "_Inout_ void **"],
  createOptions: [10, "status", "_Out_ void **"],
  disableMemoryPattern: [17, "status", "void *"],
  setSeverity: [22, "status", "void *", "int"],
  setOptimization: [23, "status", "void *", "int"],
  setThreads: [24, "status", "void *", "int"],
  createTensor: [49, "status", "void *", "void *", "size_t", "int64_t *", "size_t", "int", "_Out_ void **"],
  createMemoryInfo: [69, "status", "int", "int", "_Out_ void **"],
  releaseStatus: [93, "void", "void *"],
  releaseSession: [95, "void", "void *"],
  releaseValue: [96, "void", "void *"],
  releaseOptions: [100, "void", "void *"],
  addOption: [130, "status", "void *", "str", "str"],
} as const satisfies Readonly<Record<string, readonly [place: number, gives: string, ...takes: string[]]>>;

/** The version of the table that has all of them. */
const API_VERSION = 5;
const TABLE_LENGTH = 131;

type Argument = Handle | null | number | string | ArrayBufferView | readonly string[] | readonly (Handle | null)[];
export type OrtApi = Readonly<Record<keyof typeof apiFunctions, (...args: readonly Argument[]) => unknown>>;

let cachedApi: Promise<OrtApi | undefined> | undefined;

/** Undefined where it cannot be called: outside Linux, or where koffi is not installed. */
export function loadOrtApi(): Promise<OrtApi | undefined> {
  cachedApi ??= loadApi();
  return cachedApi;
}

async function loadApi(): Promise<OrtApi | undefined> {
  // The library's name and its loading are known, and tried, there alone.
  if (process.platform !== "linux") return undefined;
  const koffi = await loadKoffi();
  return koffi && bind(koffi);
}

function bind(koffi: Koffi): OrtApi | undefined {
  const library = loadLibrary(koffi);
  if (library === undefined) return undefined;
  const base = library.func("OrtGetApiBase", "void *", [])();
  const [tableOf] = koffi.decode(base, koffi.array("void *", 1));
  const table = koffi.call(tableOf, koffi.proto("void *", ["uint32_t"]), API_VERSION);
  const addresses: readonly Handle[] = koffi.decode(table, koffi.array("void *", TABLE_LENGTH));
  const bindFunction = ([index, returnType, ...parameterTypes]: readonly [number, string, ...string[]]) =>
    koffi.decode(addresses[index], koffi.proto(returnType === "status" ? "void *" : returnType, parameterTypes));
  const [messageOf, releaseStatus] = [
    bindFunction(apiFunctions.errorMessage),
    bindFunction(apiFunctions.releaseStatus),
  ];
  const withStatusCheck =
    (call: (...args: readonly Argument[]) => Handle | null) =>
    (...args: readonly Argument[]) => {
      const status = call(...args);
      if (status === null) return;
      const message = messageOf(status);
      releaseStatus(status);
      throw new Error(message);
    };
  const entries = Object.entries(apiFunctions).map(([name, entry]) => {
    const call = bindFunction(entry);
    return [name, entry[1] === "status" ? withStatusCheck(call) : call];
  });
  return Object.fromEntries(entries);
}

/** The one that onnxruntime-node brings, and may have loaded already; undefined where it is not in its place. */
function loadLibrary(koffi: Koffi): Library | undefined {
  const folder = dirname(createRequire(import.meta.url).resolve("onnxruntime-node/package.json"));
  const file = join(folder, "bin/napi-v6", process.platform, process.arch, "libonnxruntime.so.1");
  try {
    keepLibraryLoaded(koffi, file);
    return koffi.load(file);
  } catch {
    return undefined;
  }
}

/** The object that a function makes, whose last argument is the place for it. */
export function createObject(create: (pointer: OutPointer) => unknown): Handle {
  const pointer: OutPointer = [null];
  create(pointer);
  const [handle] = pointer;
  if (handle === null) throw new Error("ONNX Runtime made nothing.");
  return handle;
}
