/**
 * Equations and sources of the kinds of the spec language, by the names of the schema's definitions. x are outputs (logits, for losses over
 * classes), t targets, p a parameter, g its gradient, rate the learning rate times its schedule, n the updates applied before.
 */
export const equations = {
  sequence_loss: {
    equation: "Σ w · −log softmax(x)[t] / (Σ w + 1e-12), the sums over time and batch",
    source: "TensorFlow 1, tf.contrib.seq2seq.sequence_loss",
  },
  cross_entropy: {
    equation: "−Σ w q log softmax(x), q = (1 − s) · target + s / classes, s the smoothing",
    source: "smoothing: C. Szegedy et al., Rethinking the Inception Architecture for Computer Vision, CVPR 2016",
  },
  sampled_softmax: {
    equation: "−log softmax(x − log q)[t], over the target and the sampled classes, q how often a class is sampled",
    source:
      "S. Jean et al., On Using Very Large Target Vocabulary for Neural Machine Translation, ACL 2015; TensorFlow 1, tf.nn.sampled_softmax_loss",
  },
  binary_cross_entropy: { equation: "−p t log σ(x) − (1 − t) log(1 − σ(x)), p the positive weight" },
  squared_error: { equation: "(x − t)²" },
  absolute_error: { equation: "|x − t|" },
  huber: {
    equation: "e² / 2 where |e| ≤ delta, else delta (|e| − delta / 2), e = x − t",
    source: "P. J. Huber, Robust Estimation of a Location Parameter, Annals of Mathematical Statistics 35, 1964",
  },
  ctc: {
    equation: "−log Σ over alignments a of the labels: Π over steps of softmax(x)[aₜ]",
    source: "A. Graves et al., Connectionist Temporal Classification, ICML 2006",
  },
  metric_perplexity: { equation: "exp(mean of −log softmax(x)[t])" },
  metric_bits_per_character: { equation: "mean of −log₂ softmax(x)[t]" },
  metric_f1: { equation: "mean over classes of 2 precision recall / (precision + recall)" },
  metric_rmse: { equation: "√(mean of (x − t)²)" },
  metric_mae: { equation: "mean of |x − t|" },
  constant: { equation: "1" },
  exponential_decay: { equation: "decay_rate ^ (n / decay_steps)", source: "TensorFlow 1, tf.train.exponential_decay" },
  cosine_decay: {
    equation: "minimum_ratio + (1 − minimum_ratio) (1 + cos(π min(n, decay_steps) / decay_steps)) / 2",
    source: "I. Loshchilov and F. Hutter, SGDR: Stochastic Gradient Descent with Warm Restarts, ICLR 2017",
  },
  linear_warmup: {
    equation: "min(1, (n + 1) / warmup_steps)",
    source: "P. Goyal et al., Accurate, Large Minibatch SGD, 2017",
  },
  step_decay: { equation: "factor ^ ⌊n / every⌋, or the product of the factors of the boundaries that n has reached" },
  polynomial_decay: {
    equation: "minimum_ratio + (1 − minimum_ratio) (1 − min(n, decay_steps) / decay_steps) ^ power",
    source: "TensorFlow 1, tf.train.polynomial_decay",
  },
  inverse_sqrt: {
    equation: "1 / √(1 + n / decay_steps)",
    source: "with warm-up: A. Vaswani et al., Attention Is All You Need, NeurIPS 2017",
  },
  plateau: { equation: "max(minimum_ratio, factor ^ falls)", source: "Keras, ReduceLROnPlateau" },
  sgd: { equation: "p ← p − rate g", source: "H. Robbins and S. Monro, A Stochastic Approximation Method, 1951" },
  momentum: {
    equation: "a ← momentum a + g;  p ← p − rate a;  nesterov: p ← p − rate (g + momentum a)",
    source: "B. Polyak, 1964; nesterov: I. Sutskever et al., ICML 2013",
  },
  rmsprop: {
    equation:
      "v ← decay v + (1 − decay) g²;  a ← momentum a + rate g / √(v + ε);  p ← p − a;  torch: a ← momentum a + g / (√v + ε);  torch: p ← p − rate a",
    source: "G. Hinton, Neural Networks for Machine Learning, lecture 6e, 2012",
  },
  adagrad: {
    equation: "v ← v + g²;  p ← p − rate g / √(v + ε);  torch: p ← p − rate g / (√v + ε)",
    source: "J. Duchi, E. Hazan and Y. Singer, Adaptive Subgradient Methods, JMLR 12, 2011",
  },
  adadelta: {
    equation:
      "v ← decay v + (1 − decay) g²;  d = √(u + ε) / √(v + ε) g;  u ← decay u + (1 − decay) d²;  p ← p − rate d",
    source: "M. Zeiler, ADADELTA: An Adaptive Learning Rate Method, 2012",
  },
  adam: {
    equation:
      "m ← β₁ m + (1 − β₁) g;  v ← β₂ v + (1 − β₂) g²;  p ← p − rate √(1 − β₂ᵗ) / (1 − β₁ᵗ) · m / (√v + ε);  torch: p ← p − rate / (1 − β₁ᵗ) · m / (√(v / (1 − β₂ᵗ)) + ε)",
    source: "D. Kingma and J. Ba, Adam: A Method for Stochastic Optimization, ICLR 2015",
  },
  adamw: {
    equation: "p ← p − rate weight_decay p, then as adam",
    source: "I. Loshchilov and F. Hutter, Decoupled Weight Decay Regularization, ICLR 2019",
  },
  nadam: {
    equation:
      "μₜ = β₁ (1 − 0.96^(t momentum_decay) / 2);  q = Π μ;  p ← p − rate (μₜ₊₁ m / (1 − q μₜ₊₁) + (1 − μₜ) g / (1 − q)) / (√(v / (1 − β₂ᵗ)) + ε)",
    source: "T. Dozat, Incorporating Nesterov Momentum into Adam, ICLR 2016 workshop",
  },
  lion: {
    equation: "p ← p − rate (sign(β₁ m + (1 − β₁) g) + weight_decay p);  m ← β₂ m + (1 − β₂) g",
    source: "X. Chen et al., Symbolic Discovery of Optimization Algorithms, NeurIPS 2023",
  },
  dense: { equation: "activation(x @ W + b)" },
  projection: { equation: "activation(x @ W + b)" },
  attention: {
    equation: "Σ over memory steps j of softmaxⱼ(score(q, kⱼ)) kⱼ",
    source:
      "dot and general: M.-T. Luong et al., EMNLP 2015; additive: D. Bahdanau et al., ICLR 2015; scale: A. Vaswani et al., 2017",
  },
  dropout: {
    equation: "x ∘ m / (1 − rate), m of zeros with probability rate",
    source: "N. Srivastava et al., Dropout, JMLR 15, 2014",
  },
  cell_dropout: { source: "variational: Y. Gal and Z. Ghahramani, NeurIPS 2016" },
  zoneout: { source: "D. Krueger et al., Zoneout, ICLR 2017" },
  layer_norm: {
    equation: "(x − mean(x)) / √(var(x) + 1e-5) · gain + shift, over the units",
    source: "J. L. Ba, J. R. Kiros and G. Hinton, Layer Normalization, 2016",
  },
  bidirectional: { source: "M. Schuster and K. Paliwal, Bidirectional Recurrent Neural Networks, 1997" },
  clip: {
    equation: "g · min(1, global_norm / ‖g‖), the norm over all parameters; or max(−value, min(g, value))",
    source: "R. Pascanu, T. Mikolov and Y. Bengio, ICML 2013",
  },
  average: {
    equation: "average ← decay average + (1 − decay) p",
    source: "B. Polyak and A. Juditsky, Acceleration of Stochastic Approximation by Averaging, 1992",
  },
};

/** Publications of the built-in cells. */
export const cellSources = {
  rnn: "J. Elman, Finding Structure in Time, 1990",
  lstm: "S. Hochreiter and J. Schmidhuber, 1997; forget gate: F. Gers et al., 2000; peepholes: F. Gers and J. Schmidhuber, 2000; projection: H. Sak et al., 2014",
  gru: "K. Cho et al., Learning Phrase Representations using RNN Encoder–Decoder, EMNLP 2014; reset after the product: as cuDNN",
  minimal_gated: "G.-B. Zhou et al., Minimal Gated Unit for Recurrent Neural Networks, 2016",
  indrnn: "S. Li et al., Independently Recurrent Neural Network, CVPR 2018",
  layer_norm_rnn: "J. L. Ba, J. R. Kiros and G. Hinton, Layer Normalization, 2016",
  layer_norm_lstm: "J. L. Ba, J. R. Kiros and G. Hinton, Layer Normalization, 2016",
  layer_norm_gru: "J. L. Ba, J. R. Kiros and G. Hinton, Layer Normalization, 2016",
  mingru: "L. Feng et al., Were RNNs All We Needed?, 2024",
  minlstm: "L. Feng et al., Were RNNs All We Needed?, 2024",
};

/** Distributions of the words of a cell's `initializers`. */
export const initializers = {
  glorot_uniform: {
    equation: "uniform in ±√(6 / (in + out)) of a kernel [in, out]",
    source:
      "X. Glorot and Y. Bengio, Understanding the Difficulty of Training Deep Feedforward Neural Networks, AISTATS 2010",
  },
  glorot_normal: { equation: "normal with variance 2 / (in + out)", source: "the same" },
  orthogonal: {
    equation: "Q of a random matrix: its columns, or its rows, are orthonormal",
    source: "A. Saxe, J. McClelland and S. Ganguli, Exact Solutions to the Nonlinear Dynamics of Learning, ICLR 2014",
  },
  zeros: { equation: "0" },
};
