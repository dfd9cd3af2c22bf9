/** A page around a model that was trained on text: the most likely next character and its probability. */
import { InferenceSession, Tensor } from "onnxruntime-web";

/** The vocabulary of the run, in the order of the ids. @type {{ metadata: { vocabulary: string[] } }} */
const { metadata } = await (await fetch("data.json")).json();
const idOf = new Map(metadata.vocabulary.map((unit, id) => [unit, id]));
const session = await InferenceSession.create("model.onnx");

/**
 * The most likely next unit.
 *
 * @param {string} text at least one unit; units outside the vocabulary are skipped
 */
async function nextAfter(text) {
  const ids = Array.from(text).flatMap((unit) => idOf.get(unit) ?? []);
  const [input = ""] = session.inputNames;
  const [output = ""] = session.outputNames;
  const results = await session.run({ [input]: new Tensor("int32", Int32Array.from(ids), [1, ids.length]) });
  const logits = /** @type {Float32Array} */ (results[output]?.data);
  // Logits of every time step; the last one predicts the next unit.
  const last = Array.from(logits.slice(-metadata.vocabulary.length));
  const largest = Math.max(...last);
  const sum = last.reduce((total, logit) => total + Math.exp(logit - largest), 0);
  return { unit: metadata.vocabulary[last.indexOf(largest)], probability: 1 / sum };
}

const text = /** @type {HTMLInputElement} */ (document.querySelector("#text"));
const next = /** @type {HTMLOutputElement} */ (document.querySelector("#next"));

async function show() {
  if (text.value === "") return;
  const { unit, probability } = await nextAfter(text.value);
  next.textContent = `${unit} (${Math.round(100 * probability)} %)`;
}

text.addEventListener("input", show);
await show();
