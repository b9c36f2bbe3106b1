//! Models from one line of text: building, training, evaluation, model files
