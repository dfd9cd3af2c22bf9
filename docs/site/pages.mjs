/** The pages of the site in the order of its menu. A title is the first heading of the page; `label` is a shorter one. */
const specPages = ["data", "layers", "cells", "losses", "metrics", "optimizers", "train"];

export const sections = [
  { title: "Start", pages: [{ file: "index.md", label: "Overview" }, { file: "gallery.md" }, { file: "glossary.md" }] },
  {
    title: "Tutorial",
    pages: [
      { file: "tutorial/1-hihello.md" },
      { file: "tutorial/2-stacking.md" },
      { file: "tutorial/3-a-model-of-your-own.md" },
      { file: "tutorial/4-forecasting.md" },
      { file: "tutorial/5-export-to-a-browser.md" },
    ],
  },
  {
    title: "How to",
    pages: [
      { file: "how-to/start-from-your-file.md" },
      { file: "how-to/read-a-table.md" },
      { file: "how-to/read-a-table-with-text.md" },
      { file: "how-to/forecast-a-series.md" },
      { file: "how-to/forecast-with-uncertainty.md" },
      { file: "how-to/forecast-many-series.md" },
      { file: "how-to/forecast-a-competition.md" },
      { file: "how-to/train-on-your-text.md" },
      { file: "how-to/build-a-transformer.md" },
      { file: "how-to/write-activations-and-layers.md" },
      { file: "how-to/write-losses-and-metrics.md" },
      { file: "how-to/write-an-optimizer-or-a-schedule.md" },
      { file: "how-to/classify-texts.md" },
      { file: "how-to/classify-sequences.md" },
      { file: "how-to/classify-sounds.md" },
      { file: "how-to/train-several-outputs.md" },
      { file: "how-to/translate.md" },
      { file: "how-to/watch-and-show.md" },
      { file: "how-to/share-between-specs.md" },
      { file: "how-to/choose-hyperparameters.md" },
      { file: "how-to/train-on-a-gpu.md" },
      { file: "how-to/train-in-several-processes.md" },
      { file: "how-to/start-from-other-weights.md" },
      { file: "how-to/train-anywhere.md" },
      { file: "how-to/fine-tune-an-onnx-model.md" },
      { file: "how-to/use-an-onnx-model-as-a-layer.md" },
      { file: "how-to/use-as-a-library.md" },
    ],
  },
  {
    title: "Coming from",
    pages: [
      { file: "coming-from/keras.md", label: "Keras" },
      { file: "coming-from/pytorch.md", label: "PyTorch" },
      { file: "coming-from/tensorflow-1.md", label: "TensorFlow 1" },
    ],
  },
  {
    title: "Reference",
    pages: [
      { file: "reference/spec/index.md" },
      ...specPages.map((name) => ({ file: `reference/spec/${name}.md` })),
      { file: "reference/language.md" },
      { file: "reference/cli.md" },
      { file: "reference/compatibility.md" },
      { file: "reference/onnx-operators.md" },
    ],
  },
  {
    title: "Inside",
    pages: [
      { file: "architecture.md" },
      { file: "performance.md" },
      { file: "reliability.md" },
      { file: "contributing.md" },
      { file: "changelog.md" },
      { file: "decisions/index.md" },
      { file: "notebook/performance.md", label: "Laboratory notebook" },
    ],
  },
];
