/** The peers that are installed: PyTorch, TensorFlow and JAX by some Python, tfjs by some folder of node_modules. */
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { here } from "./spawn.mjs";

/** OpenMP's threads and a BLAS's own would spin against each other on the same cores. */
const env = { OMP_WAIT_POLICY: "PASSIVE", TF_CPP_MIN_LOG_LEVEL: "3" };
const scripts = { torch: "torch_lstm.py", tensorflow: "tensorflow_lstm.py", jax: "jax_lstm.py" };
const asking = `import importlib.util, json; print(json.dumps([m for m in ${JSON.stringify(Object.keys(scripts))} if importlib.util.find_spec(m)]))`;

/**
 * @param pythons commands to ask, the first that has a module runs it.
 * @param folder where `npm install @tensorflow/tfjs` was done.
 */
export function findPeers(pythons, folder) {
  const peers = new Map();
  for (const python of pythons) {
    const { status, stdout } = spawnSync(python, ["-c", asking], { encoding: "utf8" });
    const found = status === 0 ? JSON.parse(stdout) : [];
    for (const name of found.filter((each) => !peers.has(each)))
      peers.set(name, { name, run: [python, here(join("frameworks", scripts[name]))], env });
  }
  if (hasTfjs(folder))
    peers.set("tfjs", {
      name: "tfjs",
      run: [process.execPath, here("frameworks/tfjs_lstm.mjs"), "--folder", resolve(folder)],
    });
  return [...peers.values()];
}

function hasTfjs(folder) {
  try {
    createRequire(join(resolve(folder), "package.json")).resolve("@tensorflow/tfjs");
    return true;
  } catch {
    return false;
  }
}

/** JavaScript takes seconds for a step of the larger models: they are left out, and the others are stepped once. */
export function peerSteps({ name }, { layers, hidden, batch, time }, steps) {
  if (name !== "tfjs") return steps;
  const work = layers * hidden * hidden * batch * time;
  return work > 1e8 ? 0 : work > 1e6 ? 1 : steps;
}
