"use strict";

// Runs a model: ONNX nodes over typed arrays. A tensor is `{shape, data}`, in row-major order. Sums
// are computed in double precision and stored as f32.
const Runtime = (() => {
  const area = (shape) => shape.reduce((a, b) => a * b, 1);
  const numbers = (shape) => ({ shape, data: new Float32Array(area(shape)) });

  /** The number of values from one index of each axis to the next. */
  function steps(shape) {
    const steps = new Array(shape.length);
    for (let axis = shape.length - 1, step = 1; axis >= 0; axis--) {
      steps[axis] = step;
      step *= shape[axis];
    }
    return steps;
  }

  /** The values at these steps of `x`, one after another, as a tensor of this shape. */
  function strided(x, shape, steps) {
    const y = { shape, data: new x.data.constructor(area(shape)) };
    const place = shape.map(() => 0);
    for (let i = 0, at = 0; i < y.data.length; i++) {
      y.data[i] = x.data[at];
      for (let axis = shape.length - 1; axis >= 0; axis--) {
        at += steps[axis];
        if (++place[axis] < shape[axis]) break;
        at -= steps[axis] * shape[axis];
        place[axis] = 0;
      }
    }
    return y;
  }

  /** The values at `sources[axis]` along each axis; `filling` where a source is -1. */
  function pick(x, sources, filling = 0) {
    const step = steps(x.shape);
    const y = numbers(sources.map((source) => source.length));
    const place = sources.map(() => 0);
    for (let i = 0; i < y.data.length; i++) {
      let at = 0;
      for (let axis = 0; axis < sources.length; axis++) {
        const source = sources[axis][place[axis]];
        at = source < 0 || at < 0 ? -1 : at + source * step[axis];
      }
      y.data[i] = at < 0 ? filling : x.data[at];
      for (let axis = sources.length - 1; axis >= 0; axis--) {
        if (++place[axis] < sources[axis].length) break;
        place[axis] = 0;
      }
    }
    return y;
  }

  const range = (from, to) => Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);

  /** The shape to which these are broadcast together. */
  function common(shapes) {
    const most = Math.max(...shapes.map((shape) => shape.length));
    return range(0, most).map((axis) => {
      const sizes = shapes.map((shape) => shape[axis - most + shape.length] ?? 1);
      return sizes.find((size) => size !== 1) ?? 1;
    });
  }

  /** Broadcasts to a shape. */
  function spread(x, shape) {
    if (String(x.shape) === String(shape)) return x;
    const more = shape.length - x.shape.length;
    const step = steps(x.shape);
    const repeated = shape.map((_, axis) => (axis < more || x.shape[axis - more] === 1 ? 0 : step[axis - more]));
    return strided(x, shape, repeated);
  }

  function each(f) {
    return ([x], attributes) => ({ shape: x.shape, data: x.data.map((value) => f(value, attributes)) });
  }

  function pairs(f, Type = Float32Array) {
    return ([first, second]) => {
      const shape = common([first.shape, second.shape]);
      const [a, b] = [first, second].map((x) => spread(x, shape).data);
      const data = new Type(a.length);
      for (let i = 0; i < data.length; i++) data[i] = f(a[i], b[i]);
      return { shape, data };
    };
  }

  /** Replaces each line of values along an axis by what `f` returns for it, of any length. */
  function lines(x, axis, f) {
    const [size, inner] = [x.shape[axis], area(x.shape.slice(axis + 1))];
    const outer = area(x.shape.slice(0, axis));
    const line = new Float64Array(size);
    let y;
    for (let o = 0; o < outer; o++) {
      for (let i = 0; i < inner; i++) {
        for (let k = 0; k < size; k++) line[k] = x.data[(o * size + k) * inner + i];
        const found = f(line);
        y ??= numbers(x.shape.map((size, other) => (other === axis ? found.length : size)));
        for (let k = 0; k < found.length; k++) y.data[(o * found.length + k) * inner + i] = found[k];
      }
    }
    return y ?? numbers(x.shape);
  }

  const total = (line) => line.reduce((a, b) => a + b, 0);
  const highest = (line) => line.reduce((a, b) => Math.max(a, b), -Infinity);
  const lastAxis = (x, { axis }) => axis ?? x.shape.length - 1;

  function reduce(f) {
    return ([x, axes], { keepdims = 1, noop_with_empty_axes = 0 }) => {
      let over = axes ? Array.from(axes.data) : [];
      if (over.length === 0) {
        if (noop_with_empty_axes) return x;
        over = range(0, x.shape.length);
      }
      let y = x;
      for (const axis of over) y = lines(y, axis, (line) => [f(line)]);
      const shape = keepdims ? y.shape : y.shape.filter((_, axis) => !over.includes(axis));
      return { shape, data: y.data };
    };
  }

  const sigmoid = (x) => 1 / (1 + Math.exp(-x));
  const softplus = (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
  const clamp = (x, min, max) => Math.min(Math.max(x, min), max);

  /** The error function, by its series 7.1.6 in Abramowitz and Stegun. */
  function erf(x) {
    if (Math.abs(x) > 6) return Math.sign(x);
    let [term, sum] = [x, 0];
    for (let odd = 1; sum + term !== sum; ) {
      sum += term;
      odd += 2;
      term *= (2 * x * x) / odd;
    }
    return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
  }

  /** The product of `a` [rows, inner] and `b` [inner, columns], with the steps of both axes. */
  function product(out, at, a, atA, [rowA, innerA], b, atB, [innerB, columnB], [rows, inner, columns]) {
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        let sum = 0;
        let [i, j] = [atA + row * rowA, atB + column * columnB];
        for (let k = 0; k < inner; k++) {
          sum += a[i] * b[j];
          i += innerA;
          j += innerB;
        }
        out[at + row * columns + column] = sum;
      }
    }
  }

  function gemm([a, b, c], { alpha = 1, beta = 1, transA = 0, transB = 0 }) {
    const [rows, inner] = transA ? [a.shape[1], a.shape[0]] : a.shape;
    const columns = b.shape[transB ? 0 : 1];
    const y = numbers([rows, columns]);
    const sums = new Float64Array(y.data.length);
    const stepsA = transA ? [1, rows] : [inner, 1];
    const stepsB = transB ? [1, inner] : [columns, 1];
    product(sums, 0, a.data, 0, stepsA, b.data, 0, stepsB, [rows, inner, columns]);
    const bias = c && spread(c, y.shape).data;
    for (let i = 0; i < sums.length; i++) y.data[i] = alpha * sums[i] + (bias ? beta * bias[i] : 0);
    return y;
  }

  function matmul([left, right]) {
    const a = left.shape.length === 1 ? { shape: [1, ...left.shape], data: left.data } : left;
    const b = right.shape.length === 1 ? { shape: [...right.shape, 1], data: right.data } : right;
    const [rows, inner] = a.shape.slice(-2);
    const columns = b.shape.at(-1);
    const outer = common([a.shape.slice(0, -2), b.shape.slice(0, -2)]);
    const [x, w] = [spread(a, [...outer, rows, inner]), spread(b, [...outer, inner, columns])];
    const y = numbers([...outer, rows, columns]);
    for (let i = 0; i < area(outer); i++) {
      product(y.data, i * rows * columns, x.data, i * rows * inner, [inner, 1], w.data, i * inner * columns, [columns, 1], [rows, inner, columns]);
    }
    if (right.shape.length === 1) y.shape.splice(-1, 1);
    if (left.shape.length === 1) y.shape.splice(outer.length, 1);
    return y;
  }

  /** The windows over an image. Those over tokens are windows over an image of one row. */
  function windows(shape, kernelShape, { strides, pads, dilations }) {
    const image = shape.slice(2);
    const axes = image.length;
    if (axes > 2) throw new Error(`an image of ${image}`);
    const row = (list, one) => (axes === 1 ? [one, ...list] : list);
    const [down, across] = row(strides ?? image.map(() => 1), 1);
    const [tall, wide] = row(dilations ?? image.map(() => 1), 1);
    const before = pads ? pads.slice(0, axes) : image.map(() => 0);
    const after = pads ? pads.slice(axes) : image.map(() => 0);
    const [height, width] = row(image, 1);
    const [kernelHeight, kernelWidth] = row(kernelShape, 1);
    const [top, left] = row(before, 0);
    const [bottom, right] = row(after, 0);
    const rows = Math.floor((height + top + bottom - tall * (kernelHeight - 1) - 1) / down) + 1;
    const columns = Math.floor((width + left + right - wide * (kernelWidth - 1) - 1) / across) + 1;
    /** Which windows have a pixel at this offset: the first one, the one after the last, and the pixel of window 0. */
    const inside = (offset, dilation, padding, stride, size, count) => {
      const first = offset * dilation - padding;
      const from = Math.max(0, Math.ceil(-first / stride));
      return [from, Math.min(count, Math.floor((size - 1 - first) / stride) + 1), first];
    };
    return {
      output: axes === 1 ? [columns] : [rows, columns],
      area: rows * columns,
      /** Calls `f(offset in the kernel, window, pixel)` for all pixels of all windows. */
      each(f) {
        for (let y = 0; y < kernelHeight; y++) {
          const [fromRow, toRow, firstRow] = inside(y, tall, top, down, height, rows);
          for (let x = 0; x < kernelWidth; x++) {
            const [fromColumn, toColumn, firstColumn] = inside(x, wide, left, across, width, columns);
            for (let r = fromRow; r < toRow; r++) {
              const start = (firstRow + r * down) * width + firstColumn;
              f(y * kernelWidth + x, r * columns + fromColumn, start + fromColumn * across, toColumn - fromColumn, across);
            }
          }
        }
      },
    };
  }

  function conv([x, weight, bias], attributes) {
    const [batch, channels] = x.shape;
    const [outputs, inputs, ...kernelShape] = weight.shape;
    const group = attributes.group ?? 1;
    const window = windows(x.shape, kernelShape, attributes);
    const [plane, kernel] = [area(x.shape.slice(2)), area(kernelShape)];
    const y = numbers([batch, outputs, ...window.output]);
    const sums = new Float64Array(window.area);
    const [pixels, weights] = [x.data, weight.data];
    for (let sample = 0; sample < batch; sample++) {
      for (let output = 0; output < outputs; output++) {
        sums.fill(bias ? bias.data[output] : 0);
        const first = Math.floor(output / (outputs / group)) * inputs;
        for (let input = 0; input < inputs; input++) {
          const from = (sample * channels + first + input) * plane;
          const at = (output * inputs + input) * kernel;
          window.each((offset, to, pixel, count, step) => {
            const factor = weights[at + offset];
            for (let i = 0, p = from + pixel; i < count; i++, p += step) sums[to + i] += factor * pixels[p];
          });
        }
        y.data.set(sums, (sample * outputs + output) * window.area);
      }
    }
    return y;
  }

  function pool(start, join, finish = (value) => value) {
    return ([x], attributes) => {
      const [batch, channels] = x.shape;
      const window = windows(x.shape, attributes.kernel_shape, attributes);
      const plane = area(x.shape.slice(2));
      const y = numbers([batch, channels, ...window.output]);
      const [found, counts] = [new Float64Array(window.area), new Uint32Array(window.area)];
      for (let channel = 0; channel < batch * channels; channel++) {
        found.fill(start);
        counts.fill(0);
        window.each((_, to, pixel, count, step) => {
          for (let i = 0, p = channel * plane + pixel; i < count; i++, p += step) {
            found[to + i] = join(found[to + i], x.data[p]);
            counts[to + i]++;
          }
        });
        const at = channel * window.area;
        for (let i = 0; i < window.area; i++) y.data[at + i] = finish(found[i], counts[i], attributes);
      }
      return y;
    };
  }

  /** Subtracts the mean of the values from `axis` on, and divides by their standard deviation. */
  function standardized(x, axis, epsilon = 1e-5) {
    const flat = { shape: [area(x.shape.slice(0, axis)), area(x.shape.slice(axis))], data: x.data };
    const y = lines(flat, 1, (line) => {
      const mean = total(line) / line.length;
      const variance = line.reduce((sum, value) => sum + (value - mean) ** 2, 0) / line.length;
      return line.map((value) => (value - mean) / Math.sqrt(variance + epsilon));
    });
    return { shape: x.shape, data: y.data };
  }

  /** Computes `f(value, channel)`. */
  function byChannel(x, f) {
    const [channels, plane] = [x.shape[1], area(x.shape.slice(2))];
    return { shape: x.shape, data: x.data.map((value, i) => f(value, Math.floor(i / plane) % channels)) };
  }

  /** The states after all tokens, [tokens, directions, n, hidden]; `step` replaces the state. */
  function scan(gates, step) {
    return ([x, w, r, b], attributes) => {
      const hidden = attributes.hidden_size;
      const directions = attributes.direction === "bidirectional" ? 2 : 1;
      const [tokens, batch, features] = x.shape;
      const width = hidden * gates;
      const y = numbers([tokens, directions, batch, hidden]);
      const [a, s] = [new Float64Array(width), new Float64Array(width)];
      for (let direction = 0; direction < directions; direction++) {
        for (let sample = 0; sample < batch; sample++) {
          const state = [new Float64Array(hidden), new Float64Array(hidden)];
          for (let turn = 0; turn < tokens; turn++) {
            const token = direction === 0 ? turn : tokens - 1 - turn;
            const from = (token * batch + sample) * features;
            product(a, 0, w.data, direction * width * features, [features, 1], x.data, from, [1, 1], [width, features, 1]);
            product(s, 0, r.data, direction * width * hidden, [hidden, 1], state[0], 0, [1, 1], [width, hidden, 1]);
            if (b) {
              for (let k = 0; k < width; k++) {
                a[k] += b.data[direction * 2 * width + k];
                s[k] += b.data[direction * 2 * width + width + k];
              }
            }
            step(a, s, state, hidden, attributes.activations?.[direction]);
            y.data.set(state[0], ((token * directions + direction) * batch + sample) * hidden);
          }
        }
      }
      return y;
    };
  }

  /** The value before or after an axis that is copied there. */
  function padded(place, size, mode) {
    if (mode === "edge") return clamp(place, 0, size - 1);
    if (mode === "wrap") return ((place % size) + size) % size;
    if (mode === "reflect") {
      const period = Math.max(1, 2 * (size - 1));
      const at = ((place % period) + period) % period;
      return Math.min(at, period - at) % size;
    }
    return place >= 0 && place < size ? place : -1;
  }

  const ROUNDED = {
    floor: Math.floor,
    ceil: Math.ceil,
    round_prefer_ceil: (x) => Math.floor(x + 0.5),
    round_prefer_floor: (x) => Math.ceil(x - 0.5),
  };

  function resize([x, , scales, sizes], attributes) {
    const factors = scales ? Array.from(scales.data) : x.shape.map((size, axis) => sizes.data[axis] / size);
    const rounded = ROUNDED[attributes.nearest_mode ?? "round_prefer_floor"];
    const sources = x.shape.map((size, axis) => {
      const factor = factors[axis];
      const length = sizes ? sizes.data[axis] : Math.floor(size * factor);
      return range(0, length).map((place) => {
        const asymmetric = attributes.coordinate_transformation_mode === "asymmetric";
        const source = asymmetric ? place / factor : (place + 0.5) / factor - 0.5;
        return clamp(rounded(source), 0, size - 1);
      });
    });
    return pick(x, sources);
  }

  function reshape([x, sizes]) {
    return { shape: Array.from(sizes.data, (size, axis) => (size === 0 ? x.shape[axis] : size)), data: x.data };
  }

  /** The operators by name: functions of the inputs and the attributes of a node. */
  const OPERATORS = {
    Add: pairs((a, b) => a + b),
    AveragePool: pool(
      0,
      (a, b) => a + b,
      (sum, count, { kernel_shape, count_include_pad = 0 }) => sum / (count_include_pad ? area(kernel_shape) : count),
    ),
    BatchNormalization: ([x, scale, bias, mean, variance], { epsilon = 1e-5 }) =>
      byChannel(x, (value, c) => ((value - mean.data[c]) / Math.sqrt(variance.data[c] + epsilon)) * scale.data[c] + bias.data[c]),
    Clip: ([x, min, max]) => {
      const [low, high] = [min ? min.data[0] : -Infinity, max ? max.data[0] : Infinity];
      return { shape: x.shape, data: x.data.map((value) => clamp(value, low, high)) };
    },
    Concat: (all, { axis }) => {
      const sizes = all.map((x) => area(x.shape.slice(axis)));
      const shape = all[0].shape.map((size, a) => (a === axis ? all.reduce((sum, x) => sum + x.shape[axis], 0) : size));
      const y = numbers(shape);
      for (let outer = 0, to = 0; outer < area(shape.slice(0, axis)); outer++) {
        all.forEach((x, i) => {
          y.data.set(x.data.subarray(outer * sizes[i], (outer + 1) * sizes[i]), to);
          to += sizes[i];
        });
      }
      return y;
    },
    Conv: conv,
    Div: pairs((a, b) => a / b),
    Elu: each((x, { alpha = 1 }) => (x >= 0 ? x : alpha * Math.expm1(x))),
    Flatten: ([x], { axis = 1 }) => ({ shape: [area(x.shape.slice(0, axis)), area(x.shape.slice(axis))], data: x.data }),
    GRU: scan(3, (a, s, state, hidden) => {
      for (let k = 0; k < hidden; k++) {
        const gate = (i) => sigmoid(a[i * hidden + k] + s[i * hidden + k]);
        const [z, r] = [gate(0), gate(1)];
        const fresh = Math.tanh(a[2 * hidden + k] + r * s[2 * hidden + k]);
        state[0][k] = (1 - z) * fresh + z * state[0][k];
      }
    }),
    Gelu: each((x, { approximate = "none" }) =>
      approximate === "tanh"
        ? 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)))
        : 0.5 * x * (1 + erf(x / Math.SQRT2)),
    ),
    Gemm: gemm,
    GlobalAveragePool: ([x]) => {
      const [batch, channels, ...image] = x.shape;
      const flat = lines({ shape: [batch * channels, area(image)], data: x.data }, 1, (line) => [total(line) / line.length]);
      return { shape: [batch, channels, ...image.map(() => 1)], data: flat.data };
    },
    Greater: pairs((a, b) => a > b, Uint8Array),
    HardSigmoid: each((x, { alpha = 0.2, beta = 0.5 }) => clamp(alpha * x + beta, 0, 1)),
    HardSwish: each((x) => x * clamp(x / 6 + 0.5, 0, 1)),
    Identity: ([x]) => x,
    InstanceNormalization: ([x, scale, bias], { epsilon }) =>
      byChannel(standardized(x, 2, epsilon), (value, c) => value * scale.data[c] + bias.data[c]),
    LSTM: scan(4, (a, s, state, hidden) => {
      for (let k = 0; k < hidden; k++) {
        const sum = (i) => a[i * hidden + k] + s[i * hidden + k];
        state[1][k] = sigmoid(sum(2)) * state[1][k] + sigmoid(sum(0)) * Math.tanh(sum(3));
        state[0][k] = sigmoid(sum(1)) * Math.tanh(state[1][k]);
      }
    }),
    LayerNormalization: ([x, scale, bias], attributes) => {
      const y = standardized(x, lastAxis(x, attributes), attributes.epsilon);
      const [factor, shift] = [spread(scale, x.shape), bias && spread(bias, x.shape)];
      y.data = y.data.map((value, i) => value * factor.data[i] + (shift ? shift.data[i] : 0));
      return y;
    },
    LeakyRelu: each((x, { alpha = 0.01 }) => (x >= 0 ? x : alpha * x)),
    LogSoftmax: ([x], attributes) =>
      lines(x, lastAxis(x, attributes), (line) => {
        const most = highest(line);
        const sum = Math.log(line.reduce((sum, value) => sum + Math.exp(value - most), 0));
        return line.map((value) => value - most - sum);
      }),
    MatMul: matmul,
    MaxPool: pool(-Infinity, (a, b) => Math.max(a, b)),
    Mish: each((x) => x * Math.tanh(softplus(x))),
    Mul: pairs((a, b) => a * b),
    Neg: each((x) => -x),
    PRelu: pairs((x, slope) => (x >= 0 ? x : slope * x)),
    Pad: ([x, pads, value], { mode = "constant" }) => {
      const axes = x.shape.length;
      const sources = x.shape.map((size, axis) =>
        range(-pads.data[axis], size + pads.data[axes + axis]).map((place) => padded(place, size, mode)),
      );
      return pick(x, sources, value ? value.data[0] : 0);
    },
    RNN: scan(1, (a, s, state, hidden, activation = "Tanh") => {
      for (let k = 0; k < hidden; k++) {
        state[0][k] = activation === "Relu" ? Math.max(0, a[k] + s[k]) : Math.tanh(a[k] + s[k]);
      }
    }),
    ReduceMax: reduce(highest),
    ReduceMean: reduce((line) => total(line) / line.length),
    Relu: each((x) => Math.max(0, x)),
    Reshape: reshape,
    Resize: resize,
    Selu: each((x, { alpha = 1.6732632423543772, gamma = 1.0507009873554805 }) => gamma * (x > 0 ? x : alpha * Math.expm1(x))),
    Sigmoid: each(sigmoid),
    Slice: ([x, starts, ends, axes]) => {
      const sources = x.shape.map((size) => range(0, size));
      Array.from(axes.data).forEach((axis, i) => {
        sources[axis] = range(starts.data[i], Math.min(ends.data[i], x.shape[axis]));
      });
      return pick(x, sources);
    },
    Softmax: ([x], attributes) =>
      lines(x, lastAxis(x, attributes), (line) => {
        const most = highest(line);
        const powers = line.map((value) => Math.exp(value - most));
        const sum = total(powers);
        return powers.map((power) => power / sum);
      }),
    Softplus: each(softplus),
    Softsign: each((x) => x / (1 + Math.abs(x))),
    Sqrt: each(Math.sqrt),
    Sub: pairs((a, b) => a - b),
    Sum: (all) => all.reduce((a, b) => OPERATORS.Add([a, b])),
    Tanh: each(Math.tanh),
    Transpose: ([x], { perm }) => {
      const [axes, step] = [perm ?? x.shape.map((_, axis) => axis).reverse(), steps(x.shape)];
      return strided(x, axes.map((axis) => x.shape[axis]), axes.map((axis) => step[axis]));
    },
    Where: ([flags, a, b]) => {
      const shape = common([flags.shape, a.shape, b.shape]);
      const [flag, first, second] = [flags, a, b].map((x) => spread(x, shape).data);
      return { shape, data: first.map((value, i) => (flag[i] ? value : second[i])) };
    },
  };

  /** Converts half-precision bits to numbers. */
  function halves(bits) {
    const values = new Float32Array(bits.length);
    for (let i = 0; i < bits.length; i++) {
      const exponent = (bits[i] >> 10) & 31;
      const fraction = bits[i] & 1023;
      const size = exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15);
      values[i] = bits[i] >> 15 ? -size : size;
    }
    return values;
  }

  const TYPES = {
    f16: (bytes) => halves(new Uint16Array(bytes)),
    f32: (bytes) => new Float32Array(bytes),
    i64: (bytes) => Array.from(new BigInt64Array(bytes), Number),
  };

  /** Decodes the parameters and constants of a program, by name. */
  function constants(program) {
    const text = atob(program.weights);
    const bytes = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
    return new Map(
      program.constants.map(({ name, shape, type, bytes: [from, to] }) => {
        return [name, { shape, data: TYPES[type](bytes.buffer.slice(from, to)) }];
      }),
    );
  }

  /** Computes all values of a program, by name, given its constants and its input. */
  function run(program, constants, input) {
    const values = new Map(constants).set(program.input, input);
    for (const { op, inputs, output, attributes } of program.nodes) {
      const operator = OPERATORS[op];
      if (!operator) throw new Error(`unknown operator ${op}`);
      values.set(output, operator(inputs.map((name) => values.get(name)), attributes));
    }
    return values;
  }

  return { OPERATORS, constants, run };
})();
