//! ndarray values on an autograd tape, with gradients that check themselves
