/** Detection of MPI launchers by environment, and shards of a batch. */
import { describe, expect, test } from "vitest";
import { configureUcx, detectLaunch } from "../../../runtime/distributed/launcher.js";
import { allGatherRows, rowRange, shardBatch, sliceRows } from "../../../runtime/distributed/shard.js";

describe("launchers", () => {
  test("none", () => {
    expect(detectLaunch({})).toBeNull();
    // A batch script of Slurm is not one of the tasks that srun starts.
    expect(detectLaunch({ SLURM_PROCID: "0", SLURM_NTASKS: "4" })).toBeNull();
  });

  test.each([
    [
      "Open MPI",
      {
        OMPI_COMM_WORLD_RANK: "3",
        OMPI_COMM_WORLD_SIZE: "4",
        OMPI_COMM_WORLD_LOCAL_RANK: "1",
        OMPI_COMM_WORLD_LOCAL_SIZE: "2",
      },
    ],
    ["MPICH", { PMI_RANK: "3", PMI_SIZE: "4", MPI_LOCALRANKID: "1", MPI_LOCALNRANKS: "2" }],
    ["Slurm", { SLURM_PROCID: "3", SLURM_STEP_NUM_TASKS: "4", SLURM_LOCALID: "1", SLURM_STEP_TASKS_PER_NODE: "2(x2)" }],
  ])("%s", (launcher, environment) => {
    expect(detectLaunch(environment)).toMatchObject({ launcher, rank: 3, size: 4, localRank: 1, localSize: 2 });
    expect(detectLaunch({ ...environment, RNNX_MPI: "off" })).toBeNull();
    expect(detectLaunch({ ...environment, RNNX_MPI_LIBRARY: "/opt/libmpi.so" })?.libraries).toEqual(["/opt/libmpi.so"]);
  });

  test("Slurm with PMIx or PMI", () => {
    const task = { SLURM_PROCID: "0", SLURM_STEP_NUM_TASKS: "2" };
    expect(detectLaunch(task)?.libraries[0]).toMatch(/libmpi/);
    expect(detectLaunch({ ...task, PMI_RANK: "0", PMI_SIZE: "2" })).toMatchObject({ launcher: "MPICH" });
  });
});

test("UCX's hooks are disabled, unless the user has set its variables", () => {
  const environment: NodeJS.ProcessEnv = { UCX_MEM_EVENTS: "y" };
  configureUcx(environment);
  expect(environment).toEqual({ UCX_MEM_EVENTS: "y", UCX_HANDLE_ERRORS: "none" });
});

describe("shards", () => {
  const batch = Uint32Array.from({ length: 14 }, (_, index) => 100 + index);

  test.each([1, 2, 3, 5, 20])("of %i ranks cover the batch, micro-batch by micro-batch", (size) => {
    const shards = Array.from({ length: size }, (_, rank) => shardBatch(batch, 2, { rank, size }));
    for (const microbatch of [0, 1]) {
      const rows = shards.flatMap(({ examples }) => {
        const shardSize = examples.length / 2;
        return [...examples.subarray(microbatch * shardSize, (microbatch + 1) * shardSize)];
      });
      expect(rows).toEqual([...batch.subarray(microbatch * 7, (microbatch + 1) * 7)]);
    }
    const sizes = shards.map(({ examples }) => examples.length / 2);
    expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThan(2);
    shards.forEach(({ firstRow: first, totalRows: whole }, rank) => {
      expect([first, whole]).toEqual([rowRange(7, { rank, size })[0], 7]);
    });
  });

  test("sliced rows are gathered again", () => {
    const whole = new Map([
      ["rnn/0/h", { shape: [5, 2], data: Float32Array.from({ length: 10 }, (_, position) => position) }],
    ]);
    let sum = new Float32Array(10);
    for (const rank of [0, 1, 2]) {
      const ranks = { rank, size: 3 };
      const add = (values: Float32Array | Float64Array) => {
        sum = sum.map((entry, position) => entry + (values[position] ?? 0));
      };
      const unused = { broadcast() {}, allReduceTime: () => 0, finalize() {}, abort() {} };
      allGatherRows(sliceRows(whole, ranks), 5, { ...ranks, ...unused, allReduce: add });
    }
    expect(sum).toEqual(whole.get("rnn/0/h")?.data);
  });
});
