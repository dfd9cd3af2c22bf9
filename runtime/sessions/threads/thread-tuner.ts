/**
 * A runner of a training step that settles its number of threads by measuring. A trial computes the same calls at
 * another number too, whose outputs are only compared: it changes no state.
 */
import type { Ports } from "../../../compiler/artifact.js";
import { formatCount } from "../../format.js";
import { symbolSizesOf } from "../ports.js";
import { type Feeds, type Runner, runInto } from "../runner.js";
import { createTrialPolicy, TRIAL_PAIRS, type TrialPair, type TrialPolicy } from "./trial-policy.js";

/** A number of threads; `all` is ONNX Runtime's default, one for each core. */
export type ThreadCount = number | "all";

/** `equal` changes the number only where a trial's outputs agree in every bit; `any` wherever it is faster. */
export type ThreadChoice = "equal" | "any";

export interface ThreadTuner extends Runner {
  /** The number in use. */
  threads(): ThreadCount;
  /** Notices since the last call. */
  takeNotices(): readonly string[];
  /** The notice of a training that ended before the first trial, where every number was allowed. */
  untriedNotices(): readonly string[];
}

export interface ThreadTunerOptions {
  readonly ports: Ports;
  /** The runner to begin with. */
  readonly first: Runner;
  /** Numbers of threads, that of `first` first. */
  readonly counts: readonly [ThreadCount, ...ThreadCount[]];
  readonly choice: ThreadChoice;
  readonly open: (threads: ThreadCount) => Promise<Runner>;
  /** True where the memory suffices for a second session. */
  readonly hasMemory: () => boolean;
  /** The last step of the training. */
  readonly lastStep: number;
  readonly policy?: TrialPolicy;
  readonly clock?: () => number;
}

interface Trial {
  readonly threads: ThreadCount;
  readonly runner: Runner;
  readonly openMs: number;
  readonly pairs: readonly TrialPair[];
  readonly isEqual: boolean;
}

export function createThreadTuner({
  ports,
  first,
  counts,
  choice,
  open,
  hasMemory,
  lastStep,
  policy = createTrialPolicy(),
  clock = () => performance.now(),
}: ThreadTunerOptions): ThreadTuner {
  let runner = first;
  let threads: ThreadCount = counts[0];
  /** The other numbers, the next to try first. */
  let others: readonly ThreadCount[] = counts.slice(1);
  let trial: Trial | undefined;
  let notices: readonly string[] = [];
  let isDifferenceReported = false;
  let isTried = false;

  const timed = async <Value>(compute: () => Promise<Value>) => {
    const start = clock();
    const value = await compute();
    return { value, milliseconds: clock() - start };
  };

  async function openTrial(): Promise<void> {
    const [count] = others;
    if (count === undefined || !hasMemory()) return;
    const { value, milliseconds } = await timed(() => open(count));
    trial = { threads: count, runner: value, openMs: milliseconds, pairs: [], isEqual: true };
  }

  async function settle({ threads: count, runner: other, pairs, openMs, isEqual }: Trial): Promise<void> {
    const pace = policy.pace() ?? Number.NaN;
    const { isFaster, ratio } = policy.settle(pairs, openMs);
    trial = undefined;
    others = [...others.slice(1), count];
    const isChange = isFaster && (isEqual || choice === "any");
    if (!isChange) await other.release?.();
    const times = `${formatMs(pace * ratio)} on ${textOf(count)} and ${formatMs(pace)} on ${textOf(threads)}`;
    if (!isChange && !isTried && choice === "any")
      notices = [...notices, `A step takes ${times}: the training stays on ${textOf(threads)}.`];
    isTried = true;
    if (!isEqual && choice === "equal") {
      others = others.filter((each) => each !== count);
      if (isFaster && !isDifferenceReported) notices = [...notices, differenceNotice(count, ratio)];
      isDifferenceReported ||= isFaster;
    }
    if (!isChange) return;
    const results = isEqual ? "The results are the same." : "The last digits of the results differ.";
    notices = [...notices, `A step takes ${times}: the training continues on ${textOf(count)}. ${results}`];
    others = [...others.filter((each) => each !== count), threads];
    await runner.release?.();
    [runner, threads] = [other, count];
  }

  function differenceNotice(count: ThreadCount, ratio: number): string {
    const factor = `${Number((1 / ratio).toPrecision(2))} times as fast on ${textOf(count)} as on ${textOf(threads)}`;
    return `Steps are ${factor} at present, with other last digits. Use --threads auto to allow that.`;
  }

  async function step(feeds: Feeds, buffers: Feeds): Promise<Feeds> {
    const stepsLeft = lastStep - Number(feeds.step?.data[0] ?? lastStep);
    if (trial === undefined && others.length > 0 && policy.isDue(stepsLeft, threads !== counts[0])) await openTrial();
    const { value: outputs, milliseconds: current } = await timed(() => runInto(runner, feeds, buffers));
    if (trial === undefined) {
      policy.record(symbolSizesOf(ports.inputs, feeds).get("steps") ?? 1, current);
      return outputs;
    }
    const { runner: other } = trial;
    const { value: copies, milliseconds } = await timed(() => other.run(feeds));
    const pairs = [...trial.pairs, { current, other: milliseconds }];
    trial = { ...trial, pairs, isEqual: trial.isEqual && haveEqualBits(outputs, copies) };
    if (pairs.length === TRIAL_PAIRS) await settle(trial);
    return outputs;
  }

  return {
    run: (feeds) => step(feeds, {}),
    runInto: step,
    threads: () => threads,
    untriedNotices: () =>
      isTried || choice === "equal"
        ? []
        : [`--threads auto tried no other number before the end: the training ran on ${textOf(threads)}.`],
    takeNotices() {
      const taken = notices;
      notices = [];
      return taken;
    },
  };
}

function haveEqualBits(outputs: Feeds, others: Feeds): boolean {
  return Object.entries(outputs).every(([name, { data }]) => {
    const other = others[name]?.data;
    return ArrayBuffer.isView(data) && ArrayBuffer.isView(other) && bytesOf(data).equals(bytesOf(other));
  });
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

function textOf(threads: ThreadCount): string {
  return threads === "all" ? "all cores" : formatCount(threads, "thread");
}

function formatMs(milliseconds: number): string {
  return `${Number(milliseconds.toPrecision(3))} ms`;
}
