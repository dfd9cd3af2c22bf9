/** Detects the MPI launcher of this process by its environment. Without one, no MPI library is loaded. */
import { createSharedMemory } from "./shared-memory.js";

/** One rank of a distributed training. */
export interface Launch {
  readonly rank: number;
  readonly size: number;
  /** Rank among the ranks of this machine. */
  readonly localRank: number;
  readonly localSize: number;
}

/** A process, with rank and size by its launcher; the MPI library must agree. */
export interface ProcessLaunch extends Launch {
  readonly launcher: "Open MPI" | "MPICH" | "Slurm";
  /** MPI libraries to try, in order. */
  readonly libraries: readonly string[];
}

/** A thread of this process. */
export interface ThreadLaunch extends Launch {
  readonly sharedMemory: SharedArrayBuffer;
}

/** The ranks of a training as threads of this process. */
export function threadLaunches(size: number): readonly ThreadLaunch[] {
  const sharedMemory = createSharedMemory(size);
  return Array.from({ length: size }, (_, rank) => ({ rank, size, localRank: rank, localSize: size, sharedMemory }));
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Environment variables of each launcher. Processes that Slurm starts by PMI have those of MPICH. */
const launchers = [
  {
    launcher: "Open MPI",
    rank: "OMPI_COMM_WORLD_RANK",
    size: "OMPI_COMM_WORLD_SIZE",
    localRank: "OMPI_COMM_WORLD_LOCAL_RANK",
    localSize: "OMPI_COMM_WORLD_LOCAL_SIZE",
  },
  {
    launcher: "MPICH",
    rank: "PMI_RANK",
    size: "PMI_SIZE",
    localRank: "MPI_LOCALRANKID",
    localSize: "MPI_LOCALNRANKS",
  },
  // Slurm sets these only in tasks of srun, not in a batch script.
  {
    launcher: "Slurm",
    rank: "SLURM_PROCID",
    size: "SLURM_STEP_NUM_TASKS",
    localRank: "SLURM_LOCALID",
    localSize: "SLURM_STEP_TASKS_PER_NODE",
  },
] as const;

/** The launch of this process; null without a launcher, or when RNNX_MPI is "off". */
export function detectLaunch(environment: Environment = process.env): ProcessLaunch | null {
  if (environment.RNNX_MPI === "off") return null;
  const parseNumber = (name: string) => Number.parseInt(environment[name] ?? "", 10);
  for (const { launcher, ...names } of launchers) {
    const [rank, size] = [parseNumber(names.rank), parseNumber(names.size)];
    if (!(rank >= 0 && size > 0) || (launcher === "Slurm" && size === 1)) continue;
    const [localRank, localSize] = [parseNumber(names.localRank), parseNumber(names.localSize)];
    return {
      launcher,
      rank,
      size,
      localRank: localRank >= 0 ? localRank : 0,
      localSize: localSize > 0 ? localSize : 1,
      libraries: librariesFor(launcher, environment.RNNX_MPI_LIBRARY ?? ""),
    };
  }
  return null;
}

function librariesFor(launcher: ProcessLaunch["launcher"], libraryName: string): readonly string[] {
  if (libraryName !== "") return [libraryName];
  const { open, mpich } = libraries;
  return launcher === "MPICH" ? [...mpich, ...open] : [...open, ...mpich];
}

/** Library names; `libmpi.so.12` has MPICH's binary interface, such as Intel MPI. */
const libraries =
  process.platform === "darwin"
    ? { open: ["libmpi.40.dylib", "libmpi.dylib"], mpich: ["libmpi.12.dylib", "libpmpi.12.dylib"] }
    : { open: ["libmpi.so.40", "libmpi.so"], mpich: ["libmpich.so.12", "libmpi.so.12"] };

/**
 * UCX, a transport of MPI libraries, patches malloc's system calls while other threads run them, and its own handler
 * for the resulting crash may hang. These variables disable both if set before UCX is loaded.
 */
const ucxDefaults = { UCX_MEM_EVENTS: "n", UCX_HANDLE_ERRORS: "none" } as const;

/** Call in the main thread, which owns the process's environment. Keeps variables that the user has set. */
export function configureUcx(environment: NodeJS.ProcessEnv = process.env): void {
  for (const [name, value] of Object.entries(ucxDefaults)) environment[name] ??= value;
}
