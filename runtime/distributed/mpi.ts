/** MPI, called in the system's own library: Open MPI, or MPICH and what follows its binary interface. */
import { fail, ok, type Result } from "../result.js";
import { type Koffi, keepLibraryLoaded, type Library, loadKoffi } from "../sessions/native/koffi.js";
import type { Communicator } from "./communicator.js";
import type { ProcessLaunch } from "./launcher.js";

export type CommunicatorResult = Result<Communicator, { readonly message: string; readonly hint: string }>;

/** MPI is called by one thread, the one that has opened it. */
const THREAD_FUNNELED = 1;

/** Counts are C's int. */
const MAX_COUNT = 2 ** 30;

/** Milliseconds of asking again at once, and those between two questions afterwards. */
const SPIN_MS = 0.5;
const SLEEP_MS = 0.05;
/** Never rung: what a thread can wait for that is to wait for a time. */
const sleepCell = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));

/** What the libraries' headers define otherwise: pointers to objects of the library, or numbers. */
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

/** Joins the other processes of a launch: returns when all of them have. */
export async function connectMpi({ launcher, size, libraries }: ProcessLaunch): Promise<CommunicatorResult> {
  const aloneHint = "With RNNX_MPI=off each process trains alone.";
  const koffi = await loadKoffi();
  if (koffi === undefined) {
    const message = `${launcher} started this process, but the package koffi, which calls MPI, is missing.`;
    return fail({ message, hint: `Install it with: npm install koffi. ${aloneHint}` });
  }
  const library = loadFirst(koffi, libraries);
  const triedLibraries = `tried ${libraries.join(", ")}`;
  if (library === undefined) {
    const message = `${launcher} started this process, but no MPI library was found: ${triedLibraries}.`;
    return fail({ message, hint: `RNNX_MPI_LIBRARY names another. ${aloneHint}` });
  }
  const communicator = createCommunicator(library);
  if (communicator.size === size) return ok(communicator);
  communicator.finalize();
  return fail({
    message: `${launcher} started ${size} processes, but the MPI library found here counts ${communicator.size}: the launcher and the library do not match.`,
    hint: `Start with the library's own launcher, or name the launcher's library in RNNX_MPI_LIBRARY (${triedLibraries}).`,
  });
}

function loadFirst(koffi: Koffi, names: readonly string[]): Library | undefined {
  for (const name of names) {
    try {
      keepLibraryLoaded(koffi, name);
      // Open MPI loads parts of itself that look for its symbols in the whole process.
      return koffi.load(name, { global: true });
    } catch {
      // The next one.
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
  /** A handle or a pointer, and more than any library's status. */
  const [request, status] = [new Uint8Array(8), new Uint8Array(256)];
  const done = [0];
  /** Waits for what `request` stands for. The libraries' own waiting would take a core from those that still compute. */
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
