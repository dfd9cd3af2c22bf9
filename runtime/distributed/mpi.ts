/** A communicator over the system's MPI library: Open MPI, or one with MPICH's binary interface. */
import { fail, ok, type Result } from "../result.js";
import { type Koffi, keepLibraryLoaded, type Library, loadKoffi } from "../sessions/native/koffi.js";
import type { Communicator } from "./communicator.js";
import type { ProcessLaunch } from "./launcher.js";

export type CommunicatorResult = Result<Communicator, { readonly message: string; readonly hint: string }>;

/** Only the thread that initializes MPI calls it. */
const THREAD_FUNNELED = 1;

/** MPI's counts are C ints. */
const MAX_COUNT = 2 ** 30;

/** Milliseconds of busy polling, and between two polls afterwards. */
const SPIN_MS = 0.5;
const SLEEP_MS = 0.05;
/** Never notified: used to sleep synchronously. */
const sleepCell = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));

/** Constants that differ between the libraries' headers: symbols of the library, or numbers. */
const openMpiConstants = {
  handle: "void *",
  world: "ompi_mpi_comm_world",
  float: "ompi_mpi_float",
  double: "ompi_mpi_double",
  byte: "ompi_mpi_byte",
  sum: "ompi_mpi_op_sum",
  inPlace: 1,
} as const;
const mpichConstants = {
  handle: "int",
  world: 0x44000000,
  float: 0x4c00040a,
  double: 0x4c00080b,
  byte: 0x4c00010d,
  sum: 0x58000003,
  inPlace: -1,
} as const;

/** Joins the processes of a launch; returns when all have joined. */
export async function connectMpi({ launcher, size, libraries }: ProcessLaunch): Promise<CommunicatorResult> {
  const aloneHint = "Set RNNX_MPI=off to train in each process separately.";
  const koffi = await loadKoffi();
  if (koffi === undefined) {
    const message = `${launcher} started this process, but MPI needs the package koffi, which is not installed.`;
    return fail({ message, hint: `Install it: npm install koffi. ${aloneHint}` });
  }
  const library = loadFirst(koffi, libraries);
  const triedLibraries = `tried ${libraries.join(", ")}`;
  if (library === undefined) {
    const message = `${launcher} started this process, but no MPI library was found: ${triedLibraries}.`;
    return fail({ message, hint: `Name the library in RNNX_MPI_LIBRARY. ${aloneHint}` });
  }
  const communicator = createCommunicator(library);
  if (communicator.size === size) return ok(communicator);
  communicator.finalize();
  return fail({
    message:
      `${launcher} started ${size} processes, but the MPI library reports ${communicator.size}: ` +
      "launcher and library do not match.",
    hint: `Use the library's launcher, or name the launcher's library in RNNX_MPI_LIBRARY (${triedLibraries}).`,
  });
}

function loadFirst(koffi: Koffi, names: readonly string[]): Library | undefined {
  for (const name of names) {
    try {
      keepLibraryLoaded(koffi, name);
      // Open MPI's plugins resolve its symbols in the global scope.
      return koffi.load(name, { global: true });
    } catch {
      // Try the next one.
    }
  }
  return undefined;
}

function isOpenMpi(library: Library): boolean {
  try {
    library.symbol(openMpiConstants.world, "char");
    return true;
  } catch {
    return false;
  }
}

function createCommunicator(library: Library): Communicator {
  const constants = isOpenMpi(library) ? openMpiConstants : mpichConstants;
  const { handle, inPlace } = constants;
  const handleOf = (constant: string | number) =>
    typeof constant === "string" ? library.symbol(constant, "char") : constant;
  const [world, float, double, byte, sum] = [
    constants.world,
    constants.float,
    constants.double,
    constants.byte,
    constants.sum,
  ].map(handleOf);
  const bind = (signature: string) => library.func(signature);
  const initialize = bind("int MPI_Init_thread(void *argc, void *argv, int required, _Out_ int *provided)");
  const rankOf = bind(`int MPI_Comm_rank(${handle} comm, _Out_ int *rank)`);
  const sizeOf = bind(`int MPI_Comm_size(${handle} comm, _Out_ int *size)`);
  const reduce = bind(
    `int MPI_Iallreduce(intptr_t send, void *receive, int count, ${handle} type, ${handle} op, ${handle} comm, void *request)`,
  );
  const broadcast = bind(
    `int MPI_Ibcast(void *buffer, int count, ${handle} type, int root, ${handle} comm, void *request)`,
  );
  const test = bind("int MPI_Test(void *request, _Out_ int *done, void *status)");
  const finalize = bind("int MPI_Finalize()");
  const abort = bind(`int MPI_Abort(${handle} comm, int code)`);
  const readNumber = (query: typeof rankOf) => {
    const value = [0];
    query(world, value);
    return value[0] ?? 0;
  };
  /** Buffers for a request (a handle or a pointer) and for a status, larger than any library's. */
  const [request, status] = [new Uint8Array(8), new Uint8Array(256)];
  const done = [0];
  /** Waits for `request` by polling: MPI_Wait would occupy a core that other ranks need. */
  const wait = () => {
    const startTime = performance.now();
    for (;;) {
      test(request, done, status);
      if (done[0] !== 0) return;
      if (performance.now() - startTime > SPIN_MS) Atomics.wait(sleepCell, 0, 0, SLEEP_MS);
    }
  };

  initialize(null, null, THREAD_FUNNELED, [0]);
  let allReduceTime = 0;
  return {
    rank: readNumber(rankOf),
    size: readNumber(sizeOf),
    allReduce(values) {
      const startTime = performance.now();
      const type = values instanceof Float32Array ? float : double;
      for (let start = 0; start < values.length; start += MAX_COUNT) {
        const chunk = values.subarray(start, start + MAX_COUNT);
        reduce(inPlace, chunk, chunk.length, type, sum, world, request);
        wait();
      }
      allReduceTime += performance.now() - startTime;
    },
    broadcast(bytes) {
      for (let start = 0; start < bytes.length; start += MAX_COUNT) {
        const chunk = bytes.subarray(start, start + MAX_COUNT);
        broadcast(chunk, chunk.length, byte, 0, world, request);
        wait();
      }
    },
    allReduceTime: () => allReduceTime,
    finalize: () => finalize(),
    abort: (code) => abort(world, code),
  };
}
