/** The trainer, in a thread of its own: runs the training graph over a lesson, step by step. */
import { openBatches } from "../../runtime/batches.js";
import { drawn } from "../../runtime/initialize.js";
import { type Schedule, schedule } from "../../runtime/order.js";
import { carriesStates, streamSchedule } from "../../runtime/streams.js";
import { openTrainer } from "../../runtime/trainer.js";
import { pageFiles } from "../../runtime/web/page.js";
import { load, openSession } from "../model.js";
import type { Lesson } from "./lesson.js";
import type { Order, Report } from "./messages.js";
import { readLesson } from "./read.js";

/** Examples in a batch, at most: steps that are short enough to watch. */
const mostExamples = 32;
/** Losses are told together, so often in milliseconds. */
const interval = 60;

let stopped = false;

addEventListener("message", ({ data }: MessageEvent<Order>) => {
  if (data.type === "stop") {
    stopped = true;
    return;
  }
  train(data).catch((error: unknown) => {
    tell({ type: "failed", message: error instanceof Error ? error.message : String(error) });
  });
});

function tell(report: Report): void {
  postMessage(report);
}

async function train({ page, parameters, material, steps, rate }: Extract<Order, { type: "train" }>): Promise<void> {
  stopped = false;
  const read = readLesson(material, page);
  if (!read.ok) {
    const [problem] = read.problems;
    tell({ type: "refused", message: `${problem?.message ?? ""} ${problem?.hint ?? ""}`.trim() });
    return;
  }
  const { lesson } = read;
  const { manifest, seed } = page;
  const plan = planOf(page, lesson, steps);
  const session = await openSession(await load(pageFiles.train));
  const start = { step: 0, parameters, slots: drawn(manifest.slots, seed), states: new Map() };
  const stored = { parameter: manifest.parameters, slot: manifest.slots };
  const batches = openBatches(lesson, plan);
  const trainer = openTrainer(session, manifest.train, stored, start, plan.batchSize, batches);
  let told = performance.now();
  let step = 0;
  let losses: number[] = [];
  while (step < steps && !stopped) {
    if (plan.restartsAt(step + 1)) trainer.restart();
    const { losses: given } = await trainer.advance(step + 1, 1, rate);
    step += 1;
    const loss = given[0] ?? Number.NaN;
    if (!Number.isFinite(loss))
      throw new Error(`The loss became ${loss} at step ${step}: choose a smaller learning rate.`);
    losses.push(loss);
    if (performance.now() - told < interval && step < steps) continue;
    tell({ type: "steps", step, losses });
    losses = [];
    told = performance.now();
    // Orders are read between two tasks only.
    await new Promise((resume) => setTimeout(resume));
  }
  if (losses.length > 0) tell({ type: "steps", step, losses });
  tell({ type: "done", step, parameters: await trainer.tensors("parameter") });
}

/** Which examples each step reads: in streams where states go on from batch to batch. */
function planOf(
  { training, manifest, seed }: Extract<Order, { type: "train" }>["page"],
  lesson: Lesson,
  steps: number,
): Schedule {
  const members = Uint32Array.from({ length: lesson.examples }, (_, index) => index);
  const { batch_size } = training.train;
  const wanted = typeof batch_size === "number" ? Math.min(batch_size, mostExamples) : mostExamples;
  const settings = { ...training.train, steps, epochs: null, shuffle: true, steps_per_call: 1 };
  if (!carriesStates(manifest))
    return schedule({ ...settings, batch_size: Math.min(wanted, members.length) }, seed, [members]);
  // A stream reads at least two windows: a lone one is read again.
  const windows = members.length > 1 ? members : Uint32Array.of(0, 0);
  const streams = { ...settings, batch_size: Math.max(1, Math.min(wanted, Math.floor(windows.length / 2))) };
  const planned = streamSchedule(streams, windows);
  if (!planned.ok) throw new Error(planned.problems[0]?.message ?? "");
  return planned.plan;
}
