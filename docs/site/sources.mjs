/** Sources of the built-in cells, and equations and sources of the distributions of parameters. */

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
