/**
 * The functions of ONNX Runtime's C API that a session needs. They are in a table whose offsets are stable: versions
 * only append to it (onnxruntime_c_api.h).
 */
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { type Koffi, keepLibraryLoaded, type Library, loadKoffi } from "./koffi.js";

/** The address of an object of the library. */
export type Handle = bigint;
/** An output argument: the address of the created object. */
export type OutPointer = [Handle | null];

/**
 * Offset in the table, return type and argument types of each function. A function that returns a status throws its
 * message.
 */
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
  createRunOptions: [39, "status", "_Out_ void **"],
  createDeviceMemoryInfo: [68, "status", "str", "int", "int", "int", "_Out_ void **"],
  createMemoryInfo: [69, "status", "int", "int", "_Out_ void **"],
  releaseStatus: [93, "void", "void *"],
  releaseSession: [95, "void", "void *"],
  releaseValue: [96, "void", "void *"],
  releaseOptions: [100, "void", "void *"],
  addOption: [130, "status", "void *", "str", "str"],
  runWithBinding: [133, "status", "void *", "void *", "void *"],
  createBinding: [134, "status", "void *", "_Out_ void **"],
  releaseBinding: [135, "void", "void *"],
  bindInput: [136, "status", "void *", "str", "void *"],
  bindOutput: [137, "status", "void *", "str", "void *"],
  addRunOption: [165, "status", "void *", "str", "str"],
  appendCuda: [204, "status", "void *", "void *"],
  createCudaOptions: [205, "status", "_Out_ void **"],
  updateCudaOptions: [206, "status", "void *", "str *", "str *", "size_t"],
  releaseCudaOptions: [208, "void", "void *"],
} as const satisfies Readonly<Record<string, readonly [offset: number, returns: string, ...parameters: string[]]>>;

/** The first version of the table with all of these functions. */
const API_VERSION = 11;
const TABLE_LENGTH = 209;

type Argument = Handle | null | number | string | ArrayBufferView | readonly string[] | readonly (Handle | null)[];
export type OrtApi = Readonly<Record<keyof typeof apiFunctions, (...args: readonly Argument[]) => unknown>>;

let cachedApi: Promise<OrtApi | undefined> | undefined;

/** Undefined outside Linux, and where koffi is not installed. */
export function loadOrtApi(): Promise<OrtApi | undefined> {
  cachedApi ??= loadApi();
  return cachedApi;
}

async function loadApi(): Promise<OrtApi | undefined> {
  // The name of the library and the way it is loaded are known and tested on Linux only.
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

/** The library of onnxruntime-node, which may be loaded already; undefined where it is not found. */
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

/** Calls a function whose last argument is an output argument, and returns the created object. */
export function createObject(create: (pointer: OutPointer) => unknown): Handle {
  const pointer: OutPointer = [null];
  create(pointer);
  const [handle] = pointer;
  if (handle === null) throw new Error("ONNX Runtime returned no object.");
  return handle;
}
