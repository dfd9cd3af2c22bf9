/** The other frameworks that are installed: PyTorch, TensorFlow and JAX in some Python, tfjs in some folder of node_modules. */
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { here } from "./spawn.mjs";

/**
 * TensorFlow's log level, and nothing else: every framework runs in its default environment. `OMP_WAIT_POLICY=PASSIVE`, for one,
 * makes a step of PyTorch 2.13 up to three times slower.
 */
const env = { TF_CPP_MIN_LOG_LEVEL: "3" };
const scripts = {
  torch: {
    rnn: "torch_rnn.py",
    transformer: "torch_gpt.py",
    recurrence: "torch_recurrence.py",
    tagger: "torch_tagger.py",
    translator: "torch_translator.py",
    convolution: "torch_convolution.py",
    stream: "torch_infer.py",
    sequence: "torch_infer.py",
  },
  tensorflow: { rnn: "tensorflow_rnn.py" },
  jax: { rnn: "jax_rnn.py", transformer: "jax_gpt.py", "recurrence/mingru": "jax_recurrence.py" },
};
/** Models whose PyTorch script takes `--compile`. */
const compiled = ["transformer", "convolution"];
const moduleQuery = `import importlib.util, json; print(json.dumps([m for m in ${JSON.stringify(Object.keys(scripts))} if importlib.util.find_spec(m)]))`;

/**
 * @param pythons Python commands; a framework runs in the first one that has its module.
 * @param folder the folder in which `npm install @tensorflow/tfjs` was run.
 * @param model the model that their scripts have.
 * @param compile true to time a compiled model of PyTorch too, as "torch.compile". It needs a C++ compiler.
 * @param cell the cell of its layers.
 */
export function findFrameworks(pythons, folder, model = "rnn", compile = false, cell = "lstm") {
  const scriptOf = (name) => scripts[name][`${model}/${cell}`] ?? scripts[name][model];
  const frameworks = new Map();
  for (const python of pythons) {
    const { status, stdout } = spawnSync(python, ["-c", moduleQuery], { encoding: "utf8" });
    const installed = status === 0 ? JSON.parse(stdout) : [];
    for (const name of installed.filter((each) => scriptOf(each) && !frameworks.has(each))) {
      const run = [python, here(join("frameworks", scriptOf(name)))];
      frameworks.set(name, { name, run, env });
      if (compile && name === "torch" && compiled.includes(model))
        frameworks.set("torch.compile", { name: "torch.compile", run: [...run, "--compile"], env });
    }
  }
  if (model === "rnn" && hasTfjs(folder))
    frameworks.set("tfjs", {
      name: "tfjs",
      run: [process.execPath, here("frameworks/tfjs_lstm.mjs"), "--folder", resolve(folder)],
    });
  return [...frameworks.values()];
}

function hasTfjs(folder) {
  try {
    createRequire(join(resolve(folder), "package.json")).resolve("@tensorflow/tfjs");
    return true;
  } catch {
    return false;
  }
}

/** Steps of a measurement. tfjs takes seconds for a step of the larger models: it skips the largest and makes one step of the others. */
export function frameworkSteps({ name }, { layers, hidden, batch, time }, steps) {
  if (name !== "tfjs") return steps;
  const work = layers * hidden * hidden * batch * time;
  return work > 1e8 ? 0 : work > 1e6 ? 1 : steps;
}
