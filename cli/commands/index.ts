/** The commands, in the order in which `--help` lists them. */
import type { Command } from "../command.js";

const [define, train, use, inspectRuns, environment] = [
  "Define a model:",
  "Train:",
  "Use a trained model:",
  "Inspect runs:",
  "Environment:",
];

export const commands: readonly Command[] = [
  {
    name: "init",
    group: define,
    summary: "create a spec from a template, with sample data",
    load: async () => (await import("./init/index.js")).init,
  },
  {
    name: "validate",
    group: define,
    summary: "check a spec and print every error",
    load: async () => (await import("./validate.js")).validate,
  },
  {
    name: "inspect",
    group: define,
    summary: "print the layers, FLOPs and memory of a spec, run or ONNX file",
    load: async () => (await import("./inspect/index.js")).inspect,
  },
  {
    name: "check-gradient",
    group: define,
    summary: "compare the gradient of a spec with differences of its loss",
    load: async () => (await import("./check-gradient.js")).checkGradientCommand,
  },
  {
    name: "compile",
    group: define,
    summary: "write the ONNX models of a spec",
    load: async () => (await import("./compile.js")).compileCommand,
  },
  {
    name: "grad",
    group: define,
    summary: "write the training step of an ONNX model that another program made",
    load: async () => (await import("./grad/index.js")).grad,
  },
  {
    name: "train",
    group: train,
    summary: "train a spec and write a run directory",
    load: async () => (await import("./train/index.js")).trainCommand,
  },
  {
    name: "sweep",
    group: train,
    summary: "search hyperparameters: train variants of a spec and rank them",
    load: async () => (await import("./sweep/index.js")).sweep,
  },
  {
    name: "find-rate",
    group: train,
    summary: "suggest a learning rate by a range test",
    load: async () => (await import("./find-rate.js")).findRateCommand,
  },
  {
    name: "evaluate",
    group: use,
    summary: "compute the metrics of a trained model",
    load: async () => (await import("./evaluate.js")).evaluate,
  },
  {
    name: "backtest",
    group: use,
    summary: "print the errors of a run's forecasts by period",
    load: async () => (await import("./backtest.js")).backtest,
  },
  {
    name: "predict",
    group: use,
    summary: "run a trained model on new inputs",
    load: async () => (await import("./predict/index.js")).predict,
  },
  {
    name: "generate",
    group: use,
    summary: "generate text from a prompt",
    load: async () => (await import("./generate.js")).generate,
  },
  {
    name: "export",
    group: use,
    summary: "export a trained model as an ONNX file or a web page",
    load: async () => (await import("./export/index.js")).exportCommand,
  },
  {
    name: "report",
    group: inspectRuns,
    summary: "write an HTML report of a run",
    load: async () => (await import("./report.js")).report,
  },
  {
    name: "plot",
    group: inspectRuns,
    summary: "plot the loss or a metric of a run",
    load: async () => (await import("./plot.js")).plot,
  },
  {
    name: "compare",
    group: inspectRuns,
    summary: "compare runs in a table and a chart",
    load: async () => (await import("./compare.js")).compare,
  },
  {
    name: "doctor",
    group: environment,
    summary: "check this machine for everything that rnnx needs",
    load: async () => (await import("./doctor/index.js")).doctor,
  },
  {
    name: "cuda",
    group: environment,
    summary: "install the CUDA provider of ONNX Runtime",
    load: async () => (await import("./cuda.js")).cuda,
  },
];
