/** Sources of the built-in cells and activations, and equations and sources of the distributions of parameters. */

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
  mlstm: "M. Beck et al., xLSTM: Extended Long Short-Term Memory, NeurIPS 2024, equations 19 to 27",
  slstm: "M. Beck et al., xLSTM: Extended Long Short-Term Memory, NeurIPS 2024, equations 8 to 18",
  mamba: "A. Gu and T. Dao, Mamba: Linear-Time Sequence Modeling with Selective State Spaces, COLM 2024, algorithm 2",
  lru: "A. Orvieto et al., Resurrecting Recurrent Neural Networks for Long Sequences, ICML 2023",
  s4d: "A. Gu et al., On the Parameterization and Initialization of Diagonal State Space Models, NeurIPS 2022",
  gla: "S. Yang et al., Gated Linear Attention Transformers with Hardware-Efficient Training, ICML 2024",
  delta_net:
    "I. Schlag, K. Irie and J. Schmidhuber, Linear Transformers Are Secretly Fast Weight Programmers, ICML 2021; as S. Yang et al., NeurIPS 2024",
  rwkv: "B. Peng et al., RWKV: Reinventing RNNs for the Transformer Era, EMNLP 2023 (version 4)",
  cfc: "R. Hasani et al., Closed-Form Continuous-Time Neural Networks, Nature Machine Intelligence 2022",
  ran: "K. Lee, O. Levy and L. Zettlemoyer, Recurrent Additive Networks, 2017",
  sru: "T. Lei et al., Simple Recurrent Units for Highly Parallelizable Recurrence, EMNLP 2018",
  qrnn: "J. Bradbury et al., Quasi-Recurrent Neural Networks, ICLR 2017",
};

/** Publications of the built-in activations. */
export const activationSources = {
  leaky_relu:
    "A. L. Maas, A. Y. Hannun and A. Y. Ng, Rectifier Nonlinearities Improve Neural Network Acoustic Models, 2013",
  elu: "D.-A. Clevert, T. Unterthiner and S. Hochreiter, Exponential Linear Units, 2016",
  selu: "G. Klambauer et al., Self-Normalizing Neural Networks, 2017",
  gelu: "D. Hendrycks and K. Gimpel, Gaussian Error Linear Units, 2016",
  gelu_tanh: "the same as gelu",
  silu: "S. Elfwing, E. Uchibe and K. Doya, Sigmoid-Weighted Linear Units, 2018",
  mish: "D. Misra, Mish, 2019",
  softsign: "J. Bergstra et al., Quadratic Polynomials Learn Better Image Features, 2009",
  hard_sigmoid: "A. Howard et al., Searching for MobileNetV3, 2019",
  hard_swish: "A. Howard et al., Searching for MobileNetV3, 2019",
  glu: "Y. N. Dauphin et al., Language Modeling with Gated Convolutional Networks, 2017",
  swiglu: "N. Shazeer, GLU Variants Improve Transformer, 2020",
};

/** Distributions of the words of a cell's `initializers`. */
export const initializers = {
  glorot_uniform: {
    equation: "uniform in ±√(6 / (in + out)) of a kernel [in, out]",
    source:
      "X. Glorot and Y. Bengio, Understanding the Difficulty of Training Deep Feedforward Neural Networks, AISTATS 2010",
  },
  glorot_normal: { equation: "normal with variance 2 / (in + out)", source: "the same" },
  he_uniform: {
    equation: "uniform in ±√(6 / in)",
    source: "K. He, X. Zhang, S. Ren and J. Sun, Delving Deep into Rectifiers, ICCV 2015",
  },
  he_normal: { equation: "normal with variance 2 / in", source: "the same" },
  lecun_uniform: {
    equation: "uniform in ±√(3 / in)",
    source: "Y. LeCun, L. Bottou, G. Orr and K.-R. Müller, Efficient BackProp, 1998",
  },
  lecun_normal: { equation: "normal with variance 1 / in", source: "the same" },
  pytorch_uniform: {
    equation: "uniform in ±√(1 / in)",
    source: "the default of PyTorch's Linear and Conv1d, version 2.13",
  },
  orthogonal: {
    equation: "Q of a random matrix: its columns, or its rows, are orthonormal",
    source: "A. Saxe, J. McClelland and S. Ganguli, Exact Solutions to the Nonlinear Dynamics of Learning, ICLR 2014",
  },
  zeros: { equation: "0" },
};
