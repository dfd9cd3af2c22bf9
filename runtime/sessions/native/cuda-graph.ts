/**
 * Training steps on CUDA, each captured as a CUDA graph: one launch for all of its kernels. Parameters, slots and states are
 * in two sets of device buffers; a step reads one set and writes the other, so that a step which is not kept leaves its inputs.
 */
import { Tensor } from "onnxruntime-common";
import { carriedRoles, HOST_OUTPUT, type Port, type Ports } from "../../../compiler/artifact.js";
import type { SpecializedModel } from "../../../compiler/compile.js";
import { elementCount } from "../../tensors/array.js";
import type { SymbolSizes } from "../ports.js";
import type { Feeds } from "../runner.js";
import { configureTf32, isTf32Allowed } from "../tf32.js";
import { createObject, type Handle, loadOrtApi, type OrtApi } from "./c-api.js";
import { type CudaMemory, openCudaMemory } from "./cuda-memory.js";
import { elementTypes, environmentOf, LOG_LEVEL_FATAL, OPTIMIZE_ALL } from "./session.js";

/** A session whose carried tensors stay on the device. */
export interface CudaStep {
  run(feeds: Feeds): Promise<Record<string, Tensor>>;
  release(): Promise<void>;
}

export interface CudaDevice {
  /** Opens the session of a step for some sizes. Throws where the provider refuses it. */
  open(model: SpecializedModel, sizes: SymbolSizes): CudaStep;
  /** Copies the tensors that are on the device. */
  fetch(tensors: Feeds): Promise<Record<string, Tensor>>;
  /** The notice about the first step that is not captured, at its first call. */
  takeNotices(): readonly string[];
  release(): void;
}

/** One of the two sets of buffers; a tensor is outdated when a later step has written its set. */
interface DeviceValue {
  readonly set: 0 | 1;
  readonly generation: number;
}

const bytesPerElement = { float32: 4, int32: 4, int64: 8, bool: 1 } as const;

/** The id of a step that is run kernel by kernel. */
const WITHOUT_CAPTURE = "-1";
/** OrtDeviceAllocator, device 0, OrtMemTypeDefault. */
const DEVICE_MEMORY = [0, 0, 0] as const;
/** Largest relative difference between the values of a captured step and of the same step without capture. */
const CAPTURE_TOLERANCE = 1e-3;

/** Undefined outside Linux, and where ONNX Runtime has no CUDA provider or koffi is not installed. */
export async function openCudaDevice(ports: Ports): Promise<CudaDevice | undefined> {
  const ort = await loadOrtApi();
  if (ort === undefined) return undefined;
  configureTf32();
  // Loads the provider, and with it the runtime of CUDA.
  environmentOf(ort);
  ort.releaseOptions(cudaOptions(ort, {}));
  const memory = await openCudaMemory();
  return memory && createDevice(ort, memory, ports);
}

export function createDevice(ort: OrtApi, memory: CudaMemory, ports: Ports): CudaDevice {
  const generations: [number, number] = [0, 0];
  const memoryInfo = createObject((to) => ort.createDeviceMemoryInfo("Cuda", ...DEVICE_MEMORY, to));
  const carried = new Set(
    ports.outputs.filter(({ role }) => carriedRoles.some((kept) => kept === role)).map(({ name }) => inputNameOf(name)),
  );
  const bufferOf = (name: string, { dtype }: Port, dims: readonly number[]) =>
    memory.buffer(name, elementCount(dims) * bytesPerElement[dtype]);
  const carriedBuffer = (port: Port, dims: readonly number[], set: 0 | 1) =>
    bufferOf(`${port.name} ${set}`, port, dims);
  const portOf = (name: string): Port => required(ports.inputs.find((port) => port.name === name) ?? null, name);
  const deviceValue = (tensor: Tensor, name: string): DeviceValue => {
    const value = tensor.gpuBuffer as unknown as DeviceValue;
    if (value.generation === generations[value.set]) return value;
    throw new Error(`The device has replaced the values of "${name}".`);
  };

  let notices: readonly string[] = [];
  let isReported = false;
  const reportOnce = (reason: string) => {
    if (!isReported) notices = [uncapturedNotice(reason)];
    isReported = true;
  };

  const open: CudaDevice["open"] = ({ model, hostOutputs, isCapturable }, sizes) => {
    const session = createSession(ort, model, memory.stream, isCapturable);
    const dimsOf = ({ shape }: Port) =>
      shape.map((dim) => (typeof dim === "number" ? dim : required(sizes.get(dim) ?? null, dim)));
    const reportLength = hostOutputs.reduce((sum, { shape }) => sum + elementCount(shape), 0);
    const report = memory.buffer(HOST_OUTPUT, 4 * reportLength);
    const plain = createRunOptions(ort, WITHOUT_CAPTURE);
    const values: Handle[] = [];
    const bindings = ([0, 1] as const).map((set) => {
      const binding = createObject((to) => ort.createBinding(session, to));
      const bind = (call: OrtApi["bindInput"], name: string, port: Port, dims: readonly number[], address: Handle) => {
        const bytes = elementCount(dims) * bytesPerElement[port.dtype];
        const shape = BigInt64Array.from(dims, BigInt);
        const type = elementTypes[port.dtype];
        const value = createObject((to) => ort.createTensor(memoryInfo, address, bytes, shape, shape.length, type, to));
        values.push(value);
        call(binding, name, value);
      };
      for (const port of ports.inputs) {
        const dims = dimsOf(port);
        const address = carried.has(port.name) ? carriedBuffer(port, dims, set) : bufferOf(port.name, port, dims);
        bind(ort.bindInput, port.name, port, dims, address);
        if (carried.has(port.name))
          bind(ort.bindOutput, `next/${port.name}`, port, dims, carriedBuffer(port, dims, other(set)));
      }
      const reportPort: Port = { name: HOST_OUTPUT, role: "loss", dtype: "float32", shape: [reportLength] };
      bind(ort.bindOutput, HOST_OUTPUT, reportPort, [reportLength], report);
      // A graph per set, since a graph contains the addresses of its buffers.
      return { binding, options: createRunOptions(ort, `${set + 1}`), isChecked: false, isReplayed: isCapturable };
    });
    const readReport = () => {
      const data = new Float32Array(reportLength);
      memory.download(data, report);
      return data;
    };
    /** The report of a step. The first steps are run with and without capture, and capture is given up where they differ. */
    const step = (set: 0 | 1): Float32Array => {
      const state = required(bindings[set] ?? null, `set ${set}`);
      const run = (options: Handle) => {
        ort.runWithBinding(session, options, state.binding);
        return readReport();
      };
      if (!state.isReplayed) return run(plain);
      if (state.isChecked) return run(state.options);
      const expected = run(plain);
      run(state.options);
      const replayed = run(state.options);
      state.isChecked = true;
      const difference = findDifference(replayed, expected);
      if (difference === -1) return replayed;
      state.isReplayed = false;
      const name = hostOutputAt(hostOutputs, difference);
      reportOnce(`its output "${name}" is ${replayed[difference]} with capture and ${expected[difference]} without`);
      return run(plain);
    };
    // A step that cannot be captured fails here, before training.
    if (isCapturable) for (const { binding, options } of bindings) ort.runWithBinding(session, options, binding);
    else reportOnce("some of its kernels copy their arguments from the host");
    const uploaded = new Map<string, Tensor>();
    const upload = (port: Port, tensor: Tensor, address: Handle) => {
      if (uploaded.get(port.name) === tensor || isSameScalar(uploaded.get(port.name), tensor)) return;
      memory.upload(address, tensor.data as Float32Array);
      if (!carried.has(port.name)) uploaded.set(port.name, tensor);
    };
    return {
      async run(feeds) {
        const onDevice = Object.entries(feeds).filter(([, { location }]) => location === "gpu-buffer");
        const [first] = onDevice.map(([name, tensor]) => deviceValue(tensor, name));
        const set = first?.set ?? 0;
        for (const port of ports.inputs) {
          const tensor = required(feeds[port.name] ?? null, port.name);
          const dims = dimsOf(port);
          if (tensor.location !== "gpu-buffer")
            upload(
              port,
              tensor,
              carried.has(port.name) ? carriedBuffer(port, dims, set) : bufferOf(port.name, port, dims),
            );
          else if (deviceValue(tensor, port.name).set !== set)
            throw new Error(`The values of "${port.name}" are not those of the same step.`);
        }
        generations[other(set)]++;
        const data = step(set);
        const next: DeviceValue = { set: other(set), generation: generations[other(set)] };
        const outputs = [...carried].map((name) => {
          const port = portOf(name);
          const type = { dataType: port.dtype as "float32", dims: dimsOf(port) };
          return [`next/${name}`, Tensor.fromGpuBuffer(next as never, type)] as const;
        });
        return { ...Object.fromEntries(outputs), [HOST_OUTPUT]: new Tensor("float32", data, [reportLength]) };
      },
      async release() {
        for (const value of values) ort.releaseValue(value);
        for (const { binding } of bindings) ort.releaseBinding(binding);
        ort.releaseSession(session);
      },
    };
  };
  return {
    open,
    async fetch(tensors) {
      const copies = Object.entries(tensors).map(([name, tensor]) => {
        if (tensor.location !== "gpu-buffer") return [name, tensor] as const;
        const data = new Float32Array(elementCount(tensor.dims));
        memory.download(data, carriedBuffer(portOf(name), tensor.dims, deviceValue(tensor, name).set));
        return [name, new Tensor("float32", data, tensor.dims)] as const;
      });
      return Object.fromEntries(copies);
    },
    takeNotices() {
      const taken = notices;
      notices = [];
      return taken;
    },
    release: memory.release,
  };
}

export const uncapturedNotice = (reason: string): string =>
  `The step is not captured as a CUDA graph, and its kernels are started one by one: ${reason}.`;

function createSession(ort: OrtApi, model: Uint8Array, stream: Handle, isCaptured: boolean): Handle {
  const { environment } = environmentOf(ort);
  const settings = {
    user_compute_stream: `${stream}`,
    enable_cuda_graph: isCaptured ? "1" : "0",
    use_tf32: isTf32Allowed() ? "1" : "0",
  };
  const options = cudaOptions(ort, settings);
  try {
    return createObject((to) => ort.createSession(environment, model, model.byteLength, options, to));
  } finally {
    ort.releaseOptions(options);
  }
}

/** Options of a session on CUDA. */
function cudaOptions(ort: OrtApi, settings: Readonly<Record<string, string>>): Handle {
  const options = createObject(ort.createOptions);
  const cuda = createObject(ort.createCudaOptions);
  try {
    ort.updateCudaOptions(cuda, Object.keys(settings), Object.values(settings), Object.keys(settings).length);
    ort.appendCuda(options, cuda);
    ort.setSeverity(options, LOG_LEVEL_FATAL);
    ort.setOptimization(options, OPTIMIZE_ALL);
    // It makes a split of many outputs, whose addresses it would copy from the host in every step.
    ort.addOption(options, "optimization.disable_specified_optimizers", "GatherSliceToSplitFusion");
    return options;
  } catch (error) {
    ort.releaseOptions(options);
    throw error;
  } finally {
    ort.releaseCudaOptions(cuda);
  }
}

/** Copies wait for the stream, so a run need not. */
function createRunOptions(ort: OrtApi, graphId: string): Handle {
  const options = createObject(ort.createRunOptions);
  ort.addRunOption(options, "gpu_graph_id", graphId);
  ort.addRunOption(options, "disable_synchronize_execution_providers", "1");
  return options;
}

const other = (set: 0 | 1): 0 | 1 => (set === 0 ? 1 : 0);

/** Steps are not in need of a new copy of the learning rate's factor. */
function isSameScalar(previous: Tensor | undefined, { dims, data }: Tensor): boolean {
  return (
    previous !== undefined && dims.length === 0 && (previous.data as Float32Array)[0] === (data as Float32Array)[0]
  );
}

/** The index of the first value that is not close to its reference, or -1. */
function findDifference(actual: Float32Array, expected: Float32Array): number {
  return actual.findIndex((value, index) => {
    const reference = expected[index] ?? Number.NaN;
    if (!Number.isFinite(reference)) return !Object.is(value, reference);
    return !(Math.abs(value - reference) <= CAPTURE_TOLERANCE * Math.max(Math.abs(reference), 1e-6));
  });
}

/** The name of the output for the host that an element of the report belongs to. */
function hostOutputAt(outputs: SpecializedModel["hostOutputs"], index: number): string {
  let end = 0;
  const found = outputs.find(({ shape }) => {
    end += elementCount(shape);
    return index < end;
  });
  return required(found ?? null, HOST_OUTPUT).name;
}

function inputNameOf(output: string): string {
  return output.replace(/^next\//, "");
}

function required<T>(value: T | null, name: string): T {
  if (value === null) throw new Error(`The step has no "${name}".`);
  return value;
}
