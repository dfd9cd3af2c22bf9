/** A control for sounds: a .wav file, or a recording by the microphone; with a picture of the samples. */
import { readWav } from "../runtime/data/formats/wav.js";
import { button, element, field, message } from "./dom.js";

export interface SoundInput {
  readonly view: HTMLElement;
  /** The samples; undefined before there is a sound. */
  samples(): Float32Array | undefined;
  set(samples: Float32Array): void;
}

const [WIDTH, HEIGHT] = [480, 96];

/**
 * @param sampleRate samples per second of the model. The browser resamples recordings and files of another rate.
 * @param onChange called after each new sound.
 */
export function createSoundInput(sampleRate: number, onChange: () => void): SoundInput {
  let current: Float32Array | undefined;
  const picture = element("canvas", { class: "sound", width: WIDTH, height: HEIGHT, "aria-label": "Samples" });
  const note = element("p", { class: "note", "aria-live": "polite" });
  const errorMessage = message();
  const set = (samples: Float32Array, text = "") => {
    current = samples;
    paint(picture, samples);
    note.textContent = [`${(samples.length / sampleRate).toFixed(2)} seconds`, text].filter(Boolean).join(", ");
    errorMessage.show("");
    onChange();
  };
  const file = element("input", { type: "file", accept: ".wav,audio/wav" });
  file.addEventListener("change", async () => {
    const [selected] = file.files ?? [];
    if (selected === undefined) return;
    const bytes = new Uint8Array(await selected.arrayBuffer());
    const sound = readWav(bytes);
    if (!sound.ok) errorMessage.show(`"${selected.name}" cannot be read: ${sound.error.fault}.`);
    else if (sound.value.sampleRate === sampleRate) set(sound.value.samples);
    else set(await decode(bytes.buffer, sampleRate), `resampled from ${sound.value.sampleRate} Hz`);
  });
  let stop: (() => void) | undefined;
  const recordButton = button("Record", async () => {
    if (stop !== undefined) {
      stop();
      return;
    }
    try {
      const recording = await record();
      recordButton.textContent = "Stop";
      stop = recording.stop;
      const samples = await decode(await recording.content, sampleRate);
      if (samples.length > 0) set(samples);
    } catch (error) {
      errorMessage.show(`The microphone cannot be read: ${error instanceof Error ? error.message : String(error)}`);
    }
    stop = undefined;
    recordButton.textContent = "Record";
  });
  const playButton = button("Play", () => {
    if (current !== undefined) play(current, sampleRate);
  });
  const view = element(
    "div",
    {},
    field("A .wav file", file),
    picture,
    note,
    element("div", { class: "actions" }, recordButton, playButton),
    errorMessage.view,
  );
  return { view, samples: () => current, set };
}

/** The largest and the smallest sample of each column of the picture. */
export function paint(canvas: HTMLCanvasElement, samples: Float32Array): void {
  const context = canvas.getContext("2d");
  if (context === null) return;
  const { width, height } = canvas;
  const peak = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 1e-3);
  context.clearRect(0, 0, width, height);
  context.fillStyle = getComputedStyle(document.documentElement).getPropertyValue("--accent") || "#36c";
  for (let column = 0; column < width; column++) {
    const end = Math.ceil(((column + 1) * samples.length) / width);
    const part = samples.subarray(Math.floor((column * samples.length) / width), end);
    const [low, high] = part.reduce(([least, most], x) => [Math.min(least, x), Math.max(most, x)], [0, 0]);
    const y = (value: number) => (height / 2) * (1 - value / peak);
    context.fillRect(column, y(high), 1, Math.max(1, y(low) - y(high)));
  }
}

/** The samples of an encoded sound, of all channels on average. */
async function decode(content: ArrayBufferLike, sampleRate: number): Promise<Float32Array> {
  const context = new OfflineAudioContext(1, 1, sampleRate);
  const decoded = await context.decodeAudioData(content.slice(0) as ArrayBuffer);
  const samples = new Float32Array(decoded.length);
  for (let channel = 0; channel < decoded.numberOfChannels; channel++)
    for (const [index, sample] of decoded.getChannelData(channel).entries())
      samples[index] = (samples[index] ?? 0) + sample / decoded.numberOfChannels;
  return samples;
}

interface Recording {
  stop(): void;
  readonly content: Promise<ArrayBuffer>;
}

async function record(): Promise<Recording> {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  const recorder = new MediaRecorder(stream);
  const chunks: Blob[] = [];
  recorder.addEventListener("dataavailable", ({ data }) => chunks.push(data));
  const content = new Promise<ArrayBuffer>((resolve, reject) => {
    recorder.addEventListener("stop", () => {
      for (const track of stream.getTracks()) track.stop();
      new Blob(chunks).arrayBuffer().then(resolve, reject);
    });
  });
  recorder.start();
  return { stop: () => recorder.stop(), content };
}

function play(samples: Float32Array, sampleRate: number): void {
  const context = new AudioContext({ sampleRate });
  const buffer = context.createBuffer(1, samples.length, sampleRate);
  buffer.copyToChannel(Float32Array.from(samples), 0);
  const source = context.createBufferSource();
  source.buffer = buffer;
  source.connect(context.destination);
  source.addEventListener("ended", () => void context.close());
  source.start();
}
