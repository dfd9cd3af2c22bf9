/**
 * One rank of a measurement that an MPI launcher starts: a step that one process makes on one thread and the step that all ranks make
 * together, in turn; what the update takes of it, which every rank makes; and what a sum over all ranks takes.
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
const or = (made, part) => {
  if (made.ok) return made[part];
  throw new Error(JSON.stringify(made.outcome ?? made.message));
};

/** The trainer of a process that is alone: several steps in one call, on one thread. */
async function openAlone() {
  const { artifact, plan, batches, load } = or(await planTraining(request), "planned");
  const session = or(await openSession(artifact.train, "cpu", load, { threads: 1 }), "session");
  const { manifest } = artifact;
  const stored = { parameter: manifest.parameters, slot: manifest.slots };
  return createTrainer(session, manifest.train, stored, startOf(manifest), plan.batchSize, batches);
}

const { planned, createTrainer: openShared } = or(await setUpRank(request, ranks, launch), "member");
const { artifact, load } = planned;
const { manifest } = artifact;
const together = openShared(startOf(manifest));
const alone = ranks.rank === 0 ? await openAlone() : undefined;
const meet = () => ranks.sum(new Float64Array(1));

async function timed(trainer, first) {
  const before = performance.now();
  await trainer.runSteps(first, steps, 1);
  return (performance.now() - before) / steps;
}

const rounds = [];
for (let round = 0; round < WARM_UP + values.rounds; round++) {
  const first = 1 + round * steps;
  meet();
  // The other ranks wait, and leave the cores to it.
  const one = alone === undefined ? 0 : await timed(alone, first);
  meet();
  const summed = ranks.summing();
  const all = await timed(together, first);
  const summing = (ranks.summing() - summed) / steps;
  const shares = Float64Array.of(summing / all);
  ranks.sum(shares);
  if (round >= WARM_UP) rounds.push({ one, all, share: shares[0] / ranks.size });
}

/** The update by itself, made by all ranks at once, as in a step. */
async function timeUpdate() {
  const session = or(await openSession(artifact.shard.update, "cpu", load, { threads: 1 }), "session");
  const stored = { parameter: manifest.parameters, slot: manifest.slots };
  const carried = createTrainingState(manifest.train, stored, startOf(manifest), batch);
  const { shape } = manifest.shard.update.inputs.find(({ role }) => role === "gradient");
  const gradient = tensorOf({ dtype: "float32", shape, data: new Float32Array(shape[0]).fill(1e-3) });
  const taken = [];
  for (let round = 0; round < WARM_UP + values.rounds; round++) {
    meet();
    const before = performance.now();
    const outputs = await session.run({ ...carried.feeds(manifest.shard.update, 1), gradient });
    carried.take(manifest.shard.update, outputs);
    taken.push(performance.now() - before);
  }
  return median(taken.slice(WARM_UP));
}
const update_ms = await timeUpdate();

/** Milliseconds of a sum over all ranks, which all begin at once. */
function sumOf(count) {
  const numbers = new Float32Array(count);
  const taken = Array.from({ length: 3 + 15 }, () => {
    meet();
    const before = performance.now();
    ranks.sum(numbers);
    return performance.now() - before;
  });
  return median(taken.slice(3));
}
const sums = values.sums.split(",").map((count) => ({ bytes: 4 * Number(count), ms: sumOf(Number(count)) }));

const elements = ({ shape }) => shape.reduce((product, size) => product * size, 1);
const rounded = (value, digits) => Number(value.toFixed(digits));
if (ranks.rank === 0)
  console.log(
    JSON.stringify({
      launcher: launch.launcher,
      ranks: ranks.size,
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
ranks.leave();
