/** A page of your own around a model that was trained on text: after each letter, what it expects next and how surely. */
import { InferenceSession, Tensor } from "onnxruntime-web";

/** What the run learnt of its text: its units, in the order of their numbers. @type {{ metadata: { vocabulary: string[] } }} */
const { metadata } = await (await fetch("data.json")).json();
const numbers = new Map(metadata.vocabulary.map((unit, number) => [unit, number]));
const session = await InferenceSession.create("model.onnx");

/**
 * The likeliest next unit.
 *
 * @param {string} text at least one unit; those that the model has not met are left out
 */
async function nextAfter(text) {
  const ids = Array.from(text).flatMap((unit) => numbers.get(unit) ?? []);
  const [input = ""] = session.inputNames;
  const [output = ""] = session.outputNames;
  const results = await session.run({ [input]: new Tensor("int32", Int32Array.from(ids), [1, ids.length]) });
  const scores = /** @type {Float32Array} */ (results[output]?.data);
  // Scores of every step; the last one speaks of what follows.
  const last = Array.from(scores.slice(-metadata.vocabulary.length));
  const largest = Math.max(...last);
  const sum = last.reduce((total, score) => total + Math.exp(score - largest), 0);
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
