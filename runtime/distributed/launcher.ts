/** Which MPI launcher started this process, by its environment. Where none did, no MPI is looked for. */
import { createSharedMemory } from "./shared-memory.js";

/** One of those that share a training. */
export interface Launch {
  readonly rank: number;
  readonly size: number;
  /** Among those of this machine. */
  readonly localRank: number;
  readonly localSize: number;
}

/** A process, as its launcher counts: the library must count the same. */
export interface ProcessLaunch extends Launch {
  readonly launcher: "Open MPI" | "MPICH" | "Slurm";
  /** MPI libraries to try, in order. */
  readonly libraries: readonly string[];
}

/** A thread of this process. */
export interface ThreadLaunch extends Launch {
  readonly sharedMemory: SharedArrayBuffer;
}

/** Threads of this process that share a training. */
export function threadLaunches(size: number): readonly ThreadLaunch[] {
  const sharedMemory = createSharedMemory(size);
  return Array.from({ length: size }, (_, rank) => ({ rank, size, localRank: rank, localSize: size, sharedMemory }));
}

type Environment = Readonly<Record<string, string | undefined>>;

/** What each launcher tells its processes. Where Slurm starts a library's processes by PMI, they look like MPICH's. */
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
  // Slurm sets these in the tasks of srun alone, and not in a batch script.
  {
    launcher: "Slurm",
    rank: "SLURM_PROCID",
    size: "SLURM_STEP_NUM_TASKS",
    localRank: "SLURM_LOCALID",
    localSize: "SLURM_STEP_TASKS_PER_NODE",
  },
] as const;

/** Null where no launcher did, and where RNNX_MPI is "off". */
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

/** Names under which systems have them; `libmpi.so.12` is what follows MPICH's binary interface, Intel's for one. */
const libraries =
  process.platform === "darwin"
    ? { open: ["libmpi.40.dylib", "libmpi.dylib"], mpich: ["libmpi.12.dylib", "libpmpi.12.dylib"] }
    : { open: ["libmpi.so.40", "libmpi.so"], mpich: ["libmpich.so.12", "libmpi.so.12"] };

/**
 * UCX, which carries messages for MPI libraries, writes over the C library's memory calls while other threads run them, and then takes the
 * crash for its own to report, which may wait for ever. It does neither where it is asked not to, before it is loaded.
 */
const ucxDefaults = { UCX_MEM_EVENTS: "n", UCX_HANDLE_ERRORS: "none" } as const;

/** To be called in the main thread, whose environment is the process's. What the user has set stays. */
export function configureUcx(environment: NodeJS.ProcessEnv = process.env): void {
  for (const [name, value] of Object.entries(ucxDefaults)) environment[name] ??= value;
}
