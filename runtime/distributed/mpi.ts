/** MPI, called in the system's own library: Open MPI, or MPICH and what follows its binary interface. */
import { type Koffi, keepLoaded, type Library, loadKoffi } from "../native/library.js";
import type { ProcessLaunch } from "./launcher.js";
import type { Ranks } from "./ranks.js";

export type OpenedRanks =
  | { readonly ok: true; readonly ranks: Ranks }
  | { readonly ok: false; readonly message: string; readonly hint: string };

/** MPI is called by one thread, the one that has opened it. */
const THREAD_FUNNELED = 1;

/** Counts are C's int. */
const most = 2 ** 30;

/** Milliseconds of asking again at once, and those between two questions afterwards. */
const eager = 0.5;
const nap = 0.05;
/** Never rung: what a thread can wait for that is to wait for a time. */
const bell = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));

/** What the libraries' headers define otherwise: pointers to objects of the library, or numbers. */
const openMpi = {
  handle: "void *",
  world: "ompi_mpi_comm_world",
  float: "ompi_mpi_float",
  double: "ompi_mpi_double",
  byte: "ompi_mpi_byte",
  sum: "ompi_mpi_op_sum",
  inPlace: 1,
} as const;
const mpich = {
  handle: "int",
  world: 0x44000000,
  float: 0x4c00040a,
  double: 0x4c00080b,
  byte: 0x4c00010d,
  sum: 0x58000003,
  inPlace: -1,
} as const;

/** Joins the other processes of a launch: returns when all of them have. */
export async function openRanks({ launcher, size, libraries }: ProcessLaunch): Promise<OpenedRanks> {
  const alone = "With RNNX_MPI=off each process trains alone.";
  const koffi = await loadKoffi();
  if (koffi === undefined) {
    const message = `${launcher} started this process, but the package koffi, which calls MPI, is missing.`;
    return { ok: false, message, hint: `Install it with: npm install koffi. ${alone}` };
  }
  const library = firstOf(koffi, libraries);
  const tried = `tried ${libraries.join(", ")}`;
  if (library === undefined) {
    const message = `${launcher} started this process, but no MPI library was found: ${tried}.`;
    return { ok: false, message, hint: `RNNX_MPI_LIBRARY names another. ${alone}` };
  }
  const ranks = join(library);
  if (ranks.size === size) return { ok: true, ranks };
  ranks.leave();
  return {
    ok: false,
    message: `${launcher} started ${size} processes, but the MPI library found here counts ${ranks.size}: the launcher and the library do not match.`,
    hint: `Start with the library's own launcher, or name the launcher's library in RNNX_MPI_LIBRARY (${tried}).`,
  };
}

function firstOf(koffi: Koffi, names: readonly string[]): Library | undefined {
  for (const name of names) {
    try {
      keepLoaded(koffi, name);
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
    library.symbol(openMpi.world, "char");
    return true;
  } catch {
    return false;
  }
}

function join(library: Library): Ranks {
  const names = isOpenMpi(library) ? openMpi : mpich;
  const { handle, inPlace } = names;
  const object = (one: string | number) => (typeof one === "string" ? library.symbol(one, "char") : one);
  const [world, float, double, byte, sum] = [names.world, names.float, names.double, names.byte, names.sum].map(object);
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
  const number = (read: typeof rankOf) => {
    const value = [0];
    read(world, value);
    return value[0] ?? 0;
  };
  /** A handle or a pointer, and more than any library's status. */
  const [request, status] = [new Uint8Array(8), new Uint8Array(256)];
  const done = [0];
  /** Waits for what `request` stands for. The libraries' own waiting would take a core from those that still compute. */
  const wait = () => {
    const before = performance.now();
    for (;;) {
      test(request, done, status);
      if (done[0] !== 0) return;
      if (performance.now() - before > eager) Atomics.wait(bell, 0, 0, nap);
    }
  };

  initialize(null, null, THREAD_FUNNELED, [0]);
  let summing = 0;
  return {
    rank: number(rankOf),
    size: number(sizeOf),
    sum(values) {
      const before = performance.now();
      const type = values instanceof Float32Array ? float : double;
      for (let start = 0; start < values.length; start += most) {
        const part = values.subarray(start, start + most);
        reduce(inPlace, part, part.length, type, sum, world, request);
        wait();
      }
      summing += performance.now() - before;
    },
    broadcast(bytes) {
      for (let start = 0; start < bytes.length; start += most) {
        const part = bytes.subarray(start, start + most);
        broadcast(part, part.length, byte, 0, world, request);
        wait();
      }
    },
    summing: () => summing,
    leave: () => finalize(),
    abort: (code) => abort(world, code),
  };
}
