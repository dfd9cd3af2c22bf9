/** The MPI launchers of this machine, and the command started by one of them. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { type ProcessResult, root } from "../../support/spawn.js";

export interface Launcher {
  readonly name: "Open MPI" | "MPICH";
  readonly command: string;
}

/** Debian installs both under different names. */
export const launchers: readonly Launcher[] = (
  [
    { name: "Open MPI", command: "mpirun.openmpi" },
    { name: "MPICH", command: "mpirun.mpich" },
  ] as const
).filter(({ command }) =>
  (process.env.PATH ?? "").split(delimiter).some((folder) => existsSync(join(folder, command))),
);

const environment = {
  ...process.env,
  OMPI_ALLOW_RUN_AS_ROOT: "1",
  OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: "1",
  OMPI_MCA_rmaps_base_oversubscribe: "1",
  OMPI_MCA_hwloc_base_binding_policy: "none",
};

export function mpirun(
  { command }: Launcher,
  ranks: number,
  args: readonly string[],
  extraEnv: NodeJS.ProcessEnv = {},
) {
  const child = spawn(command, ["-n", `${ranks}`, process.execPath, join(root, "bin/rnnx.js"), ...args], {
    cwd: root,
    env: { ...environment, ...extraEnv },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const result = new Promise<ProcessResult>((resolve) => {
    child.on("close", (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  return { process: child, ended: result, output: () => stdout };
}
