/**
 * A session of ONNX Runtime through its C API, which writes outputs into existing arrays. onnxruntime-node 1.30 copies
 * each output into a new array, which takes a tenth of the training step of a large model.
 */
import { Tensor } from "onnxruntime-common";
import type { Port, Ports } from "../../../compiler/artifact.js";
import { elementCount } from "../../tensors/array.js";
import { type SymbolSizes, symbolSizesOf } from "../ports.js";
import type { Feeds, Runner } from "../runner.js";
import { ortSessionOptions, type SessionOptions } from "../session.js";
import { createObject, type Handle, loadOrtApi, type OrtApi } from "./c-api.js";

export interface NativeSession extends Runner {
  release(): void;
}

export const elementTypes = { float32: 1, int32: 6, int64: 7, bool: 9 } as const;
const arrays = { float32: Float32Array, int32: Int32Array, int64: BigInt64Array, bool: Uint8Array } as const;

/** ORT_LOGGING_LEVEL_FATAL: other errors are returned to the caller. */
export const LOG_LEVEL_FATAL = 4;
/** ORT_ENABLE_ALL. */
export const OPTIMIZE_ALL = 99;
/** OrtDeviceAllocator, OrtMemTypeDefault. */
const [DEVICE_ALLOCATOR, DEFAULT_MEMORY] = [0, 0];

/** Releases the open sessions: their threads have to end before the process does. */
const openSessions = new Set<() => void>();
/** Releases sessions that have been garbage-collected. */
const finalizers = new FinalizationRegistry<() => void>((release) => release());

/**
 * Opens a session on the CPU; undefined where the C API is not available.
 *
 * @param workPerSync by `estimateWorkPerSync`.
 */
export async function openNativeSession(
  model: Uint8Array,
  ports: Ports,
  workPerSync: number,
  sessionOptions: SessionOptions = {},
): Promise<NativeSession | undefined> {
  if (!ports.outputs.every((port) => hasKnownShape(port, ports.inputs))) return undefined;
  const ort = await loadOrtApi();
  return ort && wrapSession(ort, createSession(ort, model, workPerSync, sessionOptions), ports);
}

/** True for a shape that is known before the call. */
function hasKnownShape({ shape }: Port, inputs: readonly Port[]): boolean {
  return shape.every((dim) => typeof dim === "number" || inputs.some((input) => input.shape.includes(dim)));
}

/** The environment that all sessions of a thread share. */
interface OrtEnvironment {
  readonly environment: Handle;
  /** Memory info of the host. */
  readonly memoryInfo: Handle;
}

let cachedEnvironment: OrtEnvironment | undefined;

export function environmentOf(ort: OrtApi): OrtEnvironment {
  if (cachedEnvironment !== undefined) return cachedEnvironment;
  const environment = createObject((to) => ort.createEnv(LOG_LEVEL_FATAL, "rnnx", to));
  cachedEnvironment = {
    environment,
    memoryInfo: createObject((to) => ort.createMemoryInfo(DEVICE_ALLOCATOR, DEFAULT_MEMORY, to)),
  };
  process.once("exit", releaseAll);
  return cachedEnvironment;
}

function createSession(ort: OrtApi, model: Uint8Array, workPerSync: number, sessionOptions: SessionOptions): Handle {
  const { intraOpNumThreads, enableMemPattern, extra } = ortSessionOptions("cpu", workPerSync, sessionOptions);
  const { environment } = environmentOf(ort);
  const options = createObject(ort.createOptions);
  try {
    ort.setSeverity(options, LOG_LEVEL_FATAL);
    ort.setOptimization(options, OPTIMIZE_ALL);
    if (enableMemPattern === false) ort.disableMemoryPattern(options);
    if (intraOpNumThreads !== undefined) ort.setThreads(options, intraOpNumThreads);
    for (const [name, value] of flattenSettings(extra)) ort.addOption(options, name, value);
    return createObject((to) => ort.createSession(environment, model, model.byteLength, options, to));
  } finally {
    ort.releaseOptions(options);
  }
}

/** Settings, flattened to their dotted names. */
function flattenSettings(
  settings: Readonly<Record<string, unknown>> | undefined,
  prefix = "",
): (readonly [string, string])[] {
  return Object.entries(settings ?? {}).flatMap(([name, value]) =>
    typeof value === "object"
      ? flattenSettings(value as Readonly<Record<string, unknown>>, `${prefix}${name}.`)
      : [[`${prefix}${name}`, `${value}`] as const],
  );
}

function wrapSession(ort: OrtApi, handle: Handle, { inputs, outputs }: Ports): NativeSession {
  const { memoryInfo } = environmentOf(ort);
  const [inputNames, outputNames] = [inputs, outputs].map((ports) => ports.map(({ name }) => name)) as [
    string[],
    string[],
  ];
  /** A value of the library that refers to the memory of an array for the duration of a call. */
  const createTensorValue = ({ type, data, dims }: Tensor) => {
    const { buffer, byteOffset, byteLength } = data as Float32Array;
    const bytes = new Uint8Array(buffer, byteOffset, byteLength);
    const shape = BigInt64Array.from(dims, BigInt);
    const elementType = elementTypes[type as keyof typeof elementTypes];
    return createObject((to) => ort.createTensor(memoryInfo, bytes, byteLength, shape, shape.length, elementType, to));
  };
  const run = (feeds: Feeds, reusable: Feeds) => {
    const sizes = symbolSizesOf(inputs, feeds);
    const outputTensors = outputs.map((port) => outputTensor(port, sizes, reusable[port.name]));
    const values: Handle[] = [];
    try {
      for (const name of inputNames) values.push(createTensorValue(feedAt(feeds, name)));
      for (const tensor of outputTensors) values.push(createTensorValue(tensor));
      const [from, to] = [values.slice(0, inputs.length), values.slice(inputs.length)];
      ort.run(handle, null, inputNames, from, from.length, outputNames, to.length, to);
    } finally {
      for (const value of values) ort.releaseValue(value);
    }
    return Object.fromEntries(outputTensors.map((tensor, index) => [outputNames[index] ?? "", tensor]));
  };
  const release = () => {
    if (!openSessions.delete(release)) return;
    finalizers.unregister(release);
    ort.releaseSession(handle);
  };
  openSessions.add(release);
  const session: NativeSession = {
    run: async (feeds) => run(feeds, {}),
    runInto: async (feeds, reusable) => run(feeds, reusable),
    release,
  };
  finalizers.register(session, release, release);
  return session;
}

function releaseAll(): void {
  for (const release of openSessions) release();
}

/** The tensor that an output is written into: the given buffer where its shape fits, else a new one. */
function outputTensor({ dtype, shape }: Port, sizes: SymbolSizes, existing: Tensor | undefined): Tensor {
  const dims = shape.map((dim) => (typeof dim === "number" ? dim : (sizes.get(dim) ?? Number.NaN)));
  if (existing?.type === dtype && `${existing.dims}` === `${dims}`) return existing;
  const data = new arrays[dtype](elementCount(dims));
  return new Tensor(dtype, data, dims);
}

function feedAt(feeds: Feeds, name: string): Tensor {
  const tensor = feeds[name];
  if (tensor === undefined) throw new Error(`There is no value for the input "${name}".`);
  return tensor;
}
