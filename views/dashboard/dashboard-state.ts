/** The state of the dashboard: the events of a training run so far, in bounded size. */
import type { PredictionSummary, SplitMetrics, TrainEvent } from "../../runtime/events.js";

/** Sent whole as JSON, so that a page that connects late or reconnects is complete. */
export interface DashboardState {
  readonly name: string;
  readonly status: "starting" | "training" | "finished" | "stopped" | "failed";
  readonly device: string;
  readonly parameters: number;
  readonly step: number;
  readonly steps: number;
  /** Training steps per second, without evaluations and checkpoints; null before the first. */
  readonly speed: number | null;
  /** Step values as columns; means of consecutive steps in long runs. */
  readonly curves: Columns;
  readonly evaluations: readonly { readonly step: number; readonly metrics: SplitMetrics }[];
  readonly samples: readonly { readonly step: number; readonly text: string }[];
  readonly predictions: {
    readonly step: number;
    readonly split: string;
    /** Of each output; without a name where the model has one. */
    readonly outputs: readonly { readonly name: string | null; readonly summary: PredictionSummary }[];
  } | null;
  readonly notices: readonly string[];
}

export interface Columns {
  readonly step: number[];
  readonly loss: number[];
  readonly gradient_norm: number[];
  readonly learning_rate: number[];
}

export interface DashboardRecorder {
  record(event: TrainEvent): void;
  /** Marks a training run that failed without a `done` event. */
  fail(message: string): void;
  state(): DashboardState;
}

const maxPoints = 1600;
const maxEvaluations = 1000;
const maxSamples = 12;
const maxNotices = 6;

export function createRecorder(name: string): DashboardRecorder {
  const curves: Columns = { step: [], loss: [], gradient_norm: [], learning_rate: [] };
  let state: DashboardState = {
    name,
    status: "starting",
    device: "",
    parameters: 0,
    step: 0,
    steps: 0,
    speed: null,
    curves,
    evaluations: [],
    samples: [],
    predictions: null,
    notices: [],
  };
  /** Steps per point, and the steps of the next point. */
  let stepsPerPoint = 1;
  let pending: Extract<TrainEvent, { event: "step" }>[] = [];

  const addPoint = (point: Readonly<Record<keyof Columns, number>>) => {
    for (const key of Object.keys(curves) as (keyof Columns)[]) curves[key].push(point[key]);
    if (curves.step.length < maxPoints) return;
    for (const key of Object.keys(curves) as (keyof Columns)[]) {
      const halved = halveResolution(curves[key], key === "step");
      curves[key].splice(0, curves[key].length, ...halved);
    }
    stepsPerPoint *= 2;
  };

  return {
    record(event) {
      switch (event.event) {
        case "start": {
          const { device, parameters, step, steps } = event;
          state = { ...state, status: "training", device, parameters, step, steps };
          break;
        }
        case "step": {
          pending.push(event);
          state = { ...state, step: event.step };
          if (pending.length < stepsPerPoint) break;
          const mean = (key: "loss" | "gradient_norm" | "learning_rate") =>
            pending.reduce((sum, step) => sum + step[key], 0) / pending.length;
          const [loss, gradient_norm, learning_rate] = [mean("loss"), mean("gradient_norm"), mean("learning_rate")];
          pending = [];
          addPoint({ step: event.step, loss, gradient_norm, learning_rate });
          break;
        }
        case "speed":
          state = { ...state, speed: event.steps_per_second };
          break;
        case "evaluation": {
          const { step, metrics } = event;
          state = { ...state, evaluations: [...state.evaluations, { step, metrics }].slice(-maxEvaluations) };
          break;
        }
        case "sample": {
          const { step, text } = event;
          state = { ...state, samples: [...state.samples, { step, text }].slice(-maxSamples) };
          break;
        }
        case "predictions": {
          const { step, split, output = null, summary } = event;
          const earlier = state.predictions?.step === step && output !== null ? state.predictions.outputs : [];
          state = { ...state, predictions: { step, split, outputs: [...earlier, { name: output, summary }] } };
          break;
        }
        case "notice":
          state = { ...state, notices: [...state.notices, event.message].slice(-maxNotices) };
          break;
        case "done":
          state = { ...state, status: event.interrupted ? "stopped" : "finished", step: event.step };
          break;
        default:
      }
    },
    fail(message) {
      state = { ...state, status: "failed", notices: [...state.notices, message] };
    },
    state: () => state,
  };
}

/** Merges consecutive pairs: their mean, or the last value. */
function halveResolution(values: readonly number[], keepLast: boolean): number[] {
  return Array.from({ length: Math.floor(values.length / 2) }, (_, index) => {
    const [a = 0, b = 0] = [values[2 * index], values[2 * index + 1]];
    return keepLast ? b : (a + b) / 2;
  });
}
