/**
 * One rank of a measurement that an MPI launcher starts: alternately a training step of one process on one thread and a step of all
 * ranks together; the time of the update, which every rank computes; and the time of an all-reduce.
 *
 *     mpirun -n 2 node bench/mpi-rank.mjs --layers 2 --hidden 128 --batch 50 --time 50 --vocabulary 65 --steps 4 [--rounds 9]
 *
 * `batch` is that of all ranks. `steps` is the number of steps in one call of the process that is alone.
 */
import { flagsOf } from "../scripts/flags.mjs";
import { median } from "./spawn.mjs";
import { sizeFlags, sizesOf, specOf } from "./workloads.mjs";

const values = flagsOf(import.meta.filename, {
  ...sizeFlags,
  rounds: 9,
  sums: "1,1024,16384,262144,1048576,5415491",
});
const sizes = sizesOf(values);
const { batch, time, steps, vocabulary } = sizes;
const WARM_UP = 2;

const from = (path) => import(`../dist/${path}`);
const { detectLaunch, configureUcx } = await from("runtime/distributed/launcher.js");
const { connectMpi } = await from("runtime/distributed/mpi.js");
const { setUpRank } = await from("runtime/distributed/rank-setup.js");
const { planTraining } = await from("runtime/training/plan.js");
const { openSession } = await from("runtime/sessions/session.js");
const { createTrainingState } = await from("runtime/training/training-state.js");
const { createTrainer } = await from("runtime/training/trainer.js");
const { initializeTensors } = await from("runtime/tensors/initializers.js");
const { tensorOf } = await from("runtime/tensors/ort.js");
const { learningRateFeeds } = await from("runtime/sessions/ports.js");
const { readSpec } = await from("schema/read.js");

const launch = detectLaunch();
configureUcx();
if (launch === null) throw new Error("Start this with mpirun.");
const opened = await connectMpi(launch);
if (!opened.ok) throw new Error(opened.error.message);
const communicator = opened.value;

const spec = specOf(sizes);
const symbols = Array.from({ length: vocabulary }, (_, index) => String.fromCodePoint(0x4e00 + index));
const text = Array.from({ length: time + batch * 2 }, (_, index) => symbols[(index * 7919) % vocabulary]).join("");
const asked = { ...spec, data: { ...spec.data, text }, train: { batch_size: batch, steps: 1_000_000 } };
const read = await readSpec(JSON.stringify(asked), { file: "bench.json" });
if (!read.ok) throw new Error(read.diagnostics.map(({ message }) => message).join("\n"));
const request = {
  spec: read.spec,
  folder: ".",
  out: "no-such-run",
  device: "cpu",
  resume: false,
  init: null,
  disabledPasses: [],
};

const startOf = ({ parameters, slots }) => ({
  step: 0,
  parameters: initializeTensors(parameters, 0),
  slots: initializeTensors(slots, 0),
  states: new Map(),
});
/** The value of a result; throws for a failure. */
const unwrap = (result) => {
  if (result.ok) return result.value;
  throw new Error(JSON.stringify(result.error));
};

const setup = unwrap(await setUpRank(request, communicator, launch));
const { artifact, workPerSync } = setup.planned;
const { manifest } = artifact;
const storedTensors = { parameter: manifest.parameters, slot: manifest.slots };
const oneThread = { requestedThreads: 1 };

/** The trainer of one process: several steps in one call, on one thread. */
async function singleTrainer() {
  const { artifact: whole, batchSchedule, batches } = unwrap(await planTraining(request));
  const { session } = unwrap(await openSession(whole.train, "cpu", workPerSync, oneThread));
  return createTrainer(
    session,
    whole.manifest.train,
    storedTensors,
    startOf(manifest),
    batchSchedule.batchSize,
    batches,
  );
}

const together = setup.openTrainer(startOf(manifest));
const alone = communicator.rank === 0 ? await singleTrainer() : undefined;
const barrier = () => communicator.allReduce(new Float64Array(1));

async function timed(trainer, first) {
  const start = performance.now();
  await trainer.runSteps(first, steps, 1);
  return (performance.now() - start) / steps;
}

const rounds = [];
for (let round = 0; round < WARM_UP + values.rounds; round++) {
  const first = 1 + round * steps;
  barrier();
  // The other ranks wait and leave the cores to rank 0.
  const one = alone === undefined ? 0 : await timed(alone, first);
  barrier();
  const before = communicator.allReduceTime();
  const all = await timed(together, first);
  const share = Float64Array.of((communicator.allReduceTime() - before) / steps / all);
  communicator.allReduce(share);
  if (round >= WARM_UP) rounds.push({ one, all, share: share[0] / communicator.size });
}

/** Milliseconds of the update, computed by all ranks at the same time as in a training step. */
async function timeUpdate() {
  const { session } = unwrap(await openSession(artifact.shard.update, "cpu", workPerSync, oneThread));
  const state = createTrainingState(manifest.train, storedTensors, startOf(manifest), batch);
  const { update } = manifest.shard;
  const { shape } = update.inputs.find(({ role }) => role === "gradient");
  const gradient = tensorOf({ dtype: "float32", shape, data: new Float32Array(shape[0]).fill(1e-3) });
  const times = [];
  for (let round = 0; round < WARM_UP + values.rounds; round++) {
    barrier();
    const start = performance.now();
    await state.run(session, update, { ...learningRateFeeds(update, 1), gradient });
    times.push(performance.now() - start);
  }
  return median(times.slice(WARM_UP));
}
const update_ms = await timeUpdate();

/** Milliseconds of an all-reduce that all ranks start at the same time. */
function allReduceTime(count) {
  const numbers = new Float32Array(count);
  const times = Array.from({ length: 3 + 15 }, () => {
    barrier();
    const start = performance.now();
    communicator.allReduce(numbers);
    return performance.now() - start;
  });
  return median(times.slice(3));
}
const sums = values.sums.split(",").map((count) => ({ bytes: 4 * Number(count), ms: allReduceTime(Number(count)) }));

const elements = ({ shape }) => shape.reduce((product, size) => product * size, 1);
const rounded = (value, digits) => Number(value.toFixed(digits));
if (communicator.rank === 0)
  console.log(
    JSON.stringify({
      launcher: launch.launcher,
      ranks: communicator.size,
      ...sizes,
      parameters: manifest.parameters.reduce((sum, tensor) => sum + elements(tensor), 0),
      alone_ms: rounded(median(rounds.map(({ one }) => one)), 3),
      together_ms: rounded(median(rounds.map(({ all }) => all)), 3),
      speedup: rounded(median(rounds.map(({ one, all }) => one / all)), 3),
      communication: rounded(median(rounds.map(({ share }) => share)), 3),
      update_ms: rounded(update_ms, 3),
      sums: sums.map(({ bytes, ms }) => ({ bytes, ms: rounded(ms, 4) })),
    }),
  );
communicator.finalize();
