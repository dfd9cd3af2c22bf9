/** The commands, in the order in which `--help` lists them. */
import type { Command } from "../command.js";

export const commands: readonly Command[] = [
  {
    name: "init",
    summary: "start a spec from a template, with a sample of data",
    load: async () => (await import("./init/index.js")).init,
  },
  {
    name: "validate",
    summary: "say everything that is wrong with a spec",
    load: async () => (await import("./validate.js")).validate,
  },
  {
    name: "inspect",
    summary: "show the layers, parameters, work and memory of a spec, a run or a model",
    load: async () => (await import("./inspect/index.js")).inspect,
  },
  {
    name: "compile",
    summary: "write the ONNX models of a spec",
    load: async () => (await import("./compile.js")).compileCommand,
  },
  {
    name: "train",
    summary: "train a spec and leave a run directory",
    load: async () => (await import("./train/index.js")).trainCommand,
  },
  {
    name: "sweep",
    summary: "train a spec many times with other values, and rank them",
    load: async () => (await import("./sweep/index.js")).sweep,
  },
  {
    name: "evaluate",
    summary: "measure a trained run on its data, or on other data",
    load: async () => (await import("./evaluate.js")).evaluate,
  },
  {
    name: "predict",
    summary: "say what a trained run makes of new inputs",
    load: async () => (await import("./predict.js")).predict,
  },
  {
    name: "generate",
    summary: "write text with a trained model",
    load: async () => (await import("./generate.js")).generate,
  },
  {
    name: "export",
    summary: "write a trained model for other runtimes",
    load: async () => (await import("./export/index.js")).exportCommand,
  },
  {
    name: "report",
    summary: "write one HTML file about a run",
    load: async () => (await import("./report.js")).report,
  },
  {
    name: "plot",
    summary: "draw the loss or a metric of a run",
    load: async () => (await import("./plot.js")).plot,
  },
  {
    name: "compare",
    summary: "show runs side by side",
    load: async () => (await import("./compare.js")).compare,
  },
  {
    name: "doctor",
    summary: "say whether this machine has what rnnx needs",
    load: async () => (await import("./doctor/index.js")).doctor,
  },
];
