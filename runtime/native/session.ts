/**
 * A session of ONNX Runtime that is called by its C interface. What it puts out is written straight into arrays that are there;
 * onnxruntime-node copies each output into a new one, which for a large model takes a tenth of its training step.
 */
import { Tensor } from "onnxruntime-common";
import type { Port, Ports } from "../../compiler/artifact.js";
import type { Feeds, Runner } from "../runner.js";
import { optionsOf, type Place } from "../session.js";
import { type Sizes, sizesOf } from "../sizes.js";
import { type Handle, type Interface, made, openInterface } from "./interface.js";

export interface NativeSession extends Runner {
  release(): void;
}

const elementTypes = { float32: 1, int32: 6, int64: 7, bool: 9 } as const;
const arrays = { float32: Float32Array, int32: Int32Array, int64: BigInt64Array, bool: Uint8Array } as const;

/** ORT_LOGGING_LEVEL_FATAL: what goes wrong comes back as an error. */
const FATAL = 4;
/** ORT_ENABLE_ALL. */
const ALL = 99;
/** OrtDeviceAllocator, OrtMemTypeDefault. */
const [DEVICE_ALLOCATOR, DEFAULT_MEMORY] = [0, 0];

/** What lets go of the sessions that are open: their threads have to end before the process does. */
const open = new Set<() => void>();
/** Lets go of those that nobody holds any more. */
const forgotten = new FinalizationRegistry<() => void>((release) => release());

/**
 * Opens a session on the CPU; undefined where that cannot be done so.
 *
 * @param load as `loadOf` says it.
 */
export async function openNative(
  model: Uint8Array,
  ports: Ports,
  load: number,
  place: Place = {},
): Promise<NativeSession | undefined> {
  if (!ports.outputs.every((port) => isSized(port, ports.inputs))) return undefined;
  const ort = await openInterface();
  return ort && opened(ort, create(ort, model, load, place), ports);
}

/** Whether its shape is known before it is computed. */
function isSized({ shape }: Port, inputs: readonly Port[]): boolean {
  return shape.every((dim) => typeof dim === "number" || inputs.some((input) => input.shape.includes(dim)));
}

/** What all sessions of a thread share, for as long as it lives. */
interface Shared {
  readonly environment: Handle;
  /** Says that arrays lie in the processor's memory. */
  readonly memory: Handle;
}

let known: Shared | undefined;

function sharedBy(ort: Interface): Shared {
  if (known !== undefined) return known;
  const environment = made((to) => ort.createEnv(FATAL, "rnnx", to));
  known = { environment, memory: made((to) => ort.createMemoryInfo(DEVICE_ALLOCATOR, DEFAULT_MEMORY, to)) };
  process.once("exit", releaseAll);
  return known;
}

function create(ort: Interface, model: Uint8Array, load: number, place: Place): Handle {
  const { intraOpNumThreads, enableMemPattern, extra } = optionsOf("cpu", load, place);
  const { environment } = sharedBy(ort);
  const options = made(ort.createOptions);
  try {
    ort.setSeverity(options, FATAL);
    ort.setOptimization(options, ALL);
    if (enableMemPattern === false) ort.disableMemoryPattern(options);
    if (intraOpNumThreads !== undefined) ort.setThreads(options, intraOpNumThreads);
    for (const [name, value] of flat(extra)) ort.addOption(options, name, value);
    return made((to) => ort.createSession(environment, model, model.byteLength, options, to));
  } finally {
    ort.releaseOptions(options);
  }
}

/** Settings by their dotted names. */
function flat(settings: Readonly<Record<string, unknown>> | undefined, prefix = ""): (readonly [string, string])[] {
  return Object.entries(settings ?? {}).flatMap(([name, value]) =>
    typeof value === "object"
      ? flat(value as Readonly<Record<string, unknown>>, `${prefix}${name}.`)
      : [[`${prefix}${name}`, `${value}`] as const],
  );
}

function opened(ort: Interface, handle: Handle, { inputs, outputs }: Ports): NativeSession {
  const { memory } = sharedBy(ort);
  const [inputNames, outputNames] = [inputs, outputs].map((ports) => ports.map(({ name }) => name)) as [
    string[],
    string[],
  ];
  /** What stands for an array in the library, whose memory it is for the time of a call. */
  const tensorValue = ({ type, data, dims }: Tensor) => {
    const { buffer, byteOffset, byteLength } = data as Float32Array;
    const bytes = new Uint8Array(buffer, byteOffset, byteLength);
    const shape = BigInt64Array.from(dims, BigInt);
    const element = elementTypes[type as keyof typeof elementTypes];
    return made((to) => ort.createTensor(memory, bytes, byteLength, shape, shape.length, element, to));
  };
  const run = (feeds: Feeds, into: Feeds) => {
    const sizes = sizesOf(inputs, feeds);
    const given = outputs.map((port) => outputOf(port, sizes, into[port.name]));
    const values: Handle[] = [];
    try {
      for (const name of inputNames) values.push(tensorValue(tensorAt(feeds, name)));
      for (const tensor of given) values.push(tensorValue(tensor));
      const [from, to] = [values.slice(0, inputs.length), values.slice(inputs.length)];
      ort.run(handle, null, inputNames, from, from.length, outputNames, to.length, to);
    } finally {
      for (const value of values) ort.releaseValue(value);
    }
    return Object.fromEntries(given.map((tensor, index) => [outputNames[index] ?? "", tensor]));
  };
  const release = () => {
    if (!open.delete(release)) return;
    forgotten.unregister(release);
    ort.releaseSession(handle);
  };
  open.add(release);
  const session: NativeSession = {
    run: async (feeds) => run(feeds, {}),
    runInto: async (feeds, into) => run(feeds, into),
    release,
  };
  forgotten.register(session, release, release);
  return session;
}

function releaseAll(): void {
  for (const release of open) release();
}

/** Where an output is put: into a tensor that is there, if it has the shape, or else into a new one. */
function outputOf({ dtype, shape }: Port, sizes: Sizes, there: Tensor | undefined): Tensor {
  const dims = shape.map((dim) => (typeof dim === "number" ? dim : (sizes.get(dim) ?? Number.NaN)));
  if (there?.type === dtype && `${there.dims}` === `${dims}`) return there;
  const data = new arrays[dtype](dims.reduce((product, size) => product * size, 1));
  return new Tensor(dtype, data, dims);
}

function tensorAt(feeds: Feeds, name: string): Tensor {
  const tensor = feeds[name];
  if (tensor === undefined) throw new Error(`The training lacks "${name}".`);
  return tensor;
}
