/** Memory and a stream of a CUDA device, by the CUDA runtime that ONNX Runtime's provider has loaded. */
import { readFileSync } from "node:fs";
import { createObject, type Handle, type OutPointer } from "./c-api.js";
import { loadKoffi } from "./koffi.js";

export interface CudaMemory {
  /** The stream of all copies; they run in its order. */
  readonly stream: Handle;
  /** A buffer by name and size, made on first use and filled with zeros. */
  buffer(name: string, bytes: number): Handle;
  upload(to: Handle, from: ArrayBufferView): void;
  /** Returns when the data is there. */
  download(to: ArrayBufferView, from: Handle): void;
  /** Frees all buffers and the stream. */
  release(): void;
}

/** cudaStreamNonBlocking. */
const NON_BLOCKING = 1;
/** cudaMemcpyHostToDevice, cudaMemcpyDeviceToHost. */
const [TO_DEVICE, TO_HOST] = [1, 2];

/** The runtime of CUDA that this process has loaded: its file by the process's memory map. */
function loadedRuntime(): string | undefined {
  return /\S*\/libcudart\.so\S*/.exec(readFileSync("/proc/self/maps", "utf8"))?.[0];
}

/** Undefined where this process has loaded no runtime of CUDA. */
export async function openCudaMemory(): Promise<CudaMemory | undefined> {
  const file = loadedRuntime();
  const koffi = await loadKoffi();
  if (file === undefined || koffi === undefined) return undefined;
  const library = koffi.load(file);
  const nameOf = library.func("const char *cudaGetErrorString(int)");
  const checked = (declaration: string) => {
    const call = library.func(declaration);
    return (...args: unknown[]) => {
      const status = call(...args);
      if (status !== 0) throw new Error(`CUDA failed: ${nameOf(status)}`);
    };
  };
  const allocate = checked("int cudaMalloc(_Out_ void **, size_t)");
  const free = checked("int cudaFree(void *)");
  const fill = checked("int cudaMemsetAsync(void *, int, size_t, void *)");
  const createStream = checked("int cudaStreamCreateWithFlags(_Out_ void **, uint32_t)");
  const destroyStream = checked("int cudaStreamDestroy(void *)");
  const synchronize = checked("int cudaStreamSynchronize(void *)");
  const copy = checked("int cudaMemcpyAsync(void *, void *, size_t, int, void *)");

  const stream = createObject((to: OutPointer) => createStream(to, NON_BLOCKING));
  const buffers = new Map<string, Handle>();
  return {
    stream,
    buffer(name, bytes) {
      const key = `${name} ${bytes}`;
      const existing = buffers.get(key);
      if (existing !== undefined) return existing;
      // An array may be empty, and an allocation may not.
      const size = Math.max(bytes, 1);
      const created = createObject((to: OutPointer) => allocate(to, size));
      fill(created, 0, size, stream);
      buffers.set(key, created);
      return created;
    },
    upload(to, from) {
      if (from.byteLength > 0) copy(to, bytesOf(from), from.byteLength, TO_DEVICE, stream);
    },
    download(to, from) {
      copy(bytesOf(to), from, to.byteLength, TO_HOST, stream);
      synchronize(stream);
    },
    release() {
      for (const address of buffers.values()) free(address);
      buffers.clear();
      destroyStream(stream);
    },
  };
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
