"use strict";

// Prepares pictures as `tapeline predict` does, to the same bytes. It is a port of
// `data/src/pictures/digit` and `data/src/pictures/fit.rs`, where the steps are explained; names are
// those of the functions there. A picture is `{rows, cols, data}`. Where Rust computes in f32,
// `f32` rounds.
const Pictures = (() => {
  const f32 = Math.fround;
  const clamp = (x, min, max) => Math.min(Math.max(x, min), max);
  const field = (rows, cols, Type = Float32Array) => ({ rows, cols, data: new Type(rows * cols) });

  function fromFunction(rows, cols, f) {
    const out = field(rows, cols);
    for (let row = 0, i = 0; row < rows; row++) for (let col = 0; col < cols; col++) out.data[i++] = f(row, col);
    return out;
  }

  function cropped(picture, [top, left], [bottom, right]) {
    const out = field(bottom - top, right - left, picture.data.constructor);
    for (let row = 0; row < out.rows; row++) {
      const from = (top + row) * picture.cols + left;
      out.data.set(picture.data.subarray(from, from + out.cols), row * out.cols);
    }
    return out;
  }

  /** The means of squares of `step` by `step` pixels. */
  function reduced(picture, step) {
    const { rows, cols, data } = picture;
    return fromFunction(Math.ceil(rows / step), Math.ceil(cols / step), (row, col) => {
      const bottom = Math.min(rows, (row + 1) * step);
      const right = Math.min(cols, (col + 1) * step);
      let sum = 0;
      for (let y = row * step; y < bottom; y++) for (let x = col * step; x < right; x++) sum += data[y * cols + x];
      return f32(sum) / ((bottom - row * step) * (right - col * step));
    });
  }

  /** The value below which a share of the values lies. */
  function quantile(values, share) {
    return new Float32Array(values).sort()[Math.round((values.length - 1) * share)];
  }

  // The brightness of the paper (`ground.rs`).

  const [ROUNDS, FAR, LEAST, SAMPLES, TERMS] = [6, 2.5, 0.5, 80, 6];

  class Ground {
    constructor({ rows, cols, data }) {
      [this.rows, this.cols] = [rows, cols];
      const samples = [];
      const [down, right] = [rows, cols].map((size) => Math.ceil(size / SAMPLES));
      for (let row = 0; row < rows; row += down) {
        for (let col = 0; col < cols; col += right) samples.push({ row, col, pixel: data[row * cols + col] });
      }
      this.terms = new Float64Array(TERMS);
      this.terms[0] = quantile(samples.map((sample) => sample.pixel), 0.5);
      this.deviation = this.spread(samples);
      for (let round = 0; round < ROUNDS; round++) {
        this.terms = this.fitted(samples);
        this.deviation = this.spread(samples);
      }
    }

    /** The brightness of the paper at a row and a column. Called for each pixel, so it makes no arrays. */
    at(row, col) {
      const terms = this.terms;
      const x = (2 * col + 1) / this.cols - 1;
      const y = (2 * row + 1) / this.rows - 1;
      const sum = terms[0] + terms[1] * x + terms[2] * y + terms[3] * (x * x) + terms[4] * (x * y) + terms[5] * (y * y);
      return clamp(sum, 0, 255);
    }

    spread(samples) {
      const apart = samples.map(({ row, col, pixel }) => Math.abs(pixel - this.at(row, col)));
      return Math.max(quantile(apart, 0.5) / 0.6745, LEAST);
    }

    /** The least-squares fit to the pixels that are near the present surface. */
    fitted(samples) {
      const matrix = Array.from({ length: TERMS }, () => new Float64Array(TERMS + 1));
      const basis = new Float64Array(TERMS);
      for (const { row, col, pixel } of samples) {
        if (Math.abs(pixel - this.at(row, col)) > FAR * this.deviation) continue;
        const x = (2 * col + 1) / this.cols - 1;
        const y = (2 * row + 1) / this.rows - 1;
        basis[0] = 1;
        basis[1] = x;
        basis[2] = y;
        basis[3] = x * x;
        basis[4] = x * y;
        basis[5] = y * y;
        for (let i = 0; i < TERMS; i++) {
          const line = matrix[i];
          for (let j = 0; j < TERMS; j++) line[j] += basis[i] * basis[j];
          line[TERMS] += basis[i] * pixel;
        }
      }
      const slight = 1e-9 * Math.max(matrix[0][0], 1);
      matrix.forEach((line, i) => (line[i] += slight));
      for (let i = 0; i < TERMS; i++) {
        const pivot = matrix[i].slice();
        matrix.forEach((line, j) => {
          if (j === i) return;
          const factor = line[i] / pivot[i];
          for (let k = 0; k <= TERMS; k++) line[k] -= factor * pivot[k];
        });
      }
      return Float64Array.from(matrix, (line, i) => line[TERMS] / line[i]);
    }
  }

  // What is ink, and how strong (`ink.rs`).

  const [CLEAR, EDGE, BLURRED] = [[5, 12], [f32(0.3), f32(0.7)], 100];

  class Ink {
    constructor(picture, ground) {
      const { rows, cols } = picture;
      const margin = 3 * ground.deviation;
      const paper = new Float64Array(rows * cols);
      let [light, dark] = [0, 0];
      for (let row = 0, i = 0; row < rows; row++) {
        for (let col = 0; col < cols; col++, i++) {
          paper[i] = ground.at(row, col);
          const apart = picture.data[i] - paper[i];
          light += Math.max(apart - margin, 0);
          dark += Math.max(-apart - margin, 0);
        }
      }
      this.isLight = light > dark;
      const smooth = denoised(picture);
      this.strengths = field(rows, cols);
      for (let i = 0; i < paper.length; i++) this.strengths.data[i] = this.strength(smooth.data[i], paper[i]);
      const floor = Math.max(CLEAR[0] * ground.deviation, CLEAR[1]);
      const clear = this.strengths.data.filter((strength, i) => strength * this.room(paper[i]) > 255 * floor);
      this.full = clear.length > 0 ? quantile(clear, 0.8) : 0;
    }

    strength(pixel, ground) {
      const apart = this.isLight ? pixel - ground : ground - pixel;
      return f32(clamp((255 * apart) / this.room(ground), 0, 255));
    }

    room(ground) {
      return Math.max(this.isLight ? 255 - ground : ground, 1);
    }

    mask() {
      const { rows, cols, data } = this.strengths;
      const out = field(rows, cols, Uint8Array);
      const least = f32(0.5 * this.full);
      for (let i = 0; i < data.length; i++) out.data[i] = data[i] > least;
      return out;
    }

    share(strengths) {
      const [from, to] = EDGE.map((share) => f32(share * this.full));
      const out = denoised(strengths);
      out.data = out.data.map((strength) => clamp(f32(f32(strength - from) / f32(to - from)), 0, 1));
      return out;
    }
  }

  /** The means of squares of 3 by 3 pixels, or a copy of the picture if it is small. */
  function denoised({ rows, cols, data }) {
    if (Math.max(rows, cols) < BLURRED) return { rows, cols, data: data.slice() };
    const [out, weights] = [field(rows, cols), field(rows, cols)];
    for (let down = -1; down <= 1; down++) {
      for (let right = -1; right <= 1; right++) {
        for (let row = Math.max(down, 0); row < rows + Math.min(down, 0); row++) {
          const from = (row - down) * cols - right;
          for (let col = Math.max(right, 0); col < cols + Math.min(right, 0); col++) {
            out.data[row * cols + col] += data[from + col];
            weights.data[row * cols + col] += 1;
          }
        }
      }
    }
    for (let i = 0; i < out.data.length; i++) out.data[i] /= weights.data[i];
    return out;
  }

  // Connected shapes of ink (`shapes.rs`).

  const [SPECK, GAP, ALIKE] = [0.02, 0.12, [0.5, 0.15]];

  /** The largest shape in a mask: its pixels and their neighbours, bounds, and the number of shapes like it. */
  function shapesOf(mask) {
    const border = [mask.rows, mask.cols];
    const [all, labels] = partsOf(mask);
    if (all.length === 0) return null;
    const touches = ({ from, to }) => from.includes(0) || to[0] === border[0] || to[1] === border[1];
    const most = (shapes) => shapes.reduce((area, shape) => Math.max(area, shape.area), 0);
    const inner = most(all.filter((shape) => !touches(shape)));
    const atBorder = inner < 4;
    const largest = atBorder ? most(all) : inner;
    const kept = all.filter((part) => (atBorder || !touches(part)) && part.area >= SPECK * largest);
    const shapes = joined(kept).sort((a, b) => b.area - a.area);
    const [shape] = shapes;
    const height = ({ from, to }) => to[0] - from[0];
    const alike = shapes.filter((other) => height(other) >= ALIKE[0] * height(shape) && other.area >= ALIKE[1] * shape.area);
    const member = field(mask.rows, mask.cols, Uint8Array);
    const parts = new Set(shape.parts);
    for (let row = 0, i = 0; row < mask.rows; row++) {
      for (let col = 0; col < mask.cols; col++, i++) {
        if (labels[i] === 0 || !parts.has(labels[i] - 1)) continue;
        const [left, right] = [Math.max(col - 2, 0), Math.min(col + 3, mask.cols)];
        for (let y = Math.max(row - 2, 0); y < Math.min(row + 3, mask.rows); y++) {
          member.data.fill(1, y * mask.cols + left, y * mask.cols + right);
        }
      }
    }
    return {
      bounds: [shape.from.map((at) => Math.max(at - 2, 0)), shape.to.map((at, axis) => Math.min(at + 2, border[axis]))],
      count: alike.length,
      holds(downTo, acrossTo) {
        const row = Math.max(Math.round(downTo), 0);
        const col = Math.max(Math.round(acrossTo), 0);
        return row < mask.rows && col < mask.cols && member.data[row * mask.cols + col] === 1;
      },
    };
  }

  /** Joins shapes that are close, until none are. */
  function joined(shapes) {
    const longest = ({ from, to }) => Math.max(to[0] - from[0], to[1] - from[1]);
    const gap = (a, b) => Math.max(...[0, 1].map((axis) => Math.max(b.from[axis] - a.to[axis], a.from[axis] - b.to[axis], 0)));
    const close = (a, b) => gap(a, b) <= GAP * Math.max(longest(a), longest(b));
    for (let i = 0; i < shapes.length; ) {
      const j = shapes.findIndex((shape, j) => j > i && close(shapes[i], shape));
      if (j < 0) {
        i++;
        continue;
      }
      // The last shape takes the place of the one that is joined.
      const other = shapes[j];
      const last = shapes.pop();
      if (j < shapes.length) shapes[j] = last;
      const { parts, area, from, to } = shapes[i];
      shapes[i] = {
        parts: [...parts, ...other.parts],
        area: area + other.area,
        from: from.map((at, axis) => Math.min(at, other.from[axis])),
        to: to.map((at, axis) => Math.max(at, other.to[axis])),
      };
      i = 0;
    }
    return shapes;
  }

  /** The parts whose pixels are neighbours, and the number of its part, from 1, for each pixel. */
  function partsOf({ rows, cols, data }) {
    const labels = new Uint32Array(data.length);
    const shapes = [];
    for (let start = 0; start < data.length; start++) {
      if (!data[start] || labels[start] > 0) continue;
      const label = shapes.length + 1;
      const shape = { parts: [shapes.length], area: 0, from: [rows, cols], to: [0, 0] };
      labels[start] = label;
      for (const waiting = [start]; waiting.length > 0; ) {
        const at = waiting.pop();
        const y = Math.floor(at / cols);
        const x = at % cols;
        shape.area++;
        shape.from[0] = Math.min(shape.from[0], y);
        shape.from[1] = Math.min(shape.from[1], x);
        shape.to[0] = Math.max(shape.to[0], y + 1);
        shape.to[1] = Math.max(shape.to[1], x + 1);
        for (let row = Math.max(y - 1, 0); row < Math.min(y + 2, rows); row++) {
          for (let col = Math.max(x - 1, 0); col < Math.min(x + 2, cols); col++) {
            const next = row * cols + col;
            if (data[next] && labels[next] === 0) {
              labels[next] = label;
              waiting.push(next);
            }
          }
        }
      }
      shapes.push(shape);
    }
    return [shapes, labels];
  }

  // Scaling and centring (`place.rs`).

  const [BOX, WIDTHS] = [[20, 28], [1.7, 3.6]];

  function placed(shares, side) {
    const inner = Math.max(Math.floor((side * BOX[0]) / BOX[1]), 1);
    const bounded = tight(shares);
    const ink = bounded && tight(withUsualWidth(bounded));
    if (!ink) return null;
    const longest = Math.max(ink.rows, ink.cols);
    const [rows, cols] = [ink.rows, ink.cols].map((size) => Math.max(Math.round((size * inner) / longest), 1));
    const down = weights(ink.rows, rows);
    const across = weights(ink.cols, cols);
    const small = product(product(down, ink), transposed(across));
    const most = small.data.reduce((a, b) => Math.max(a, b), 0);
    small.data = small.data.map((x) => x / most);
    const [top, left] = corner(small, side);
    const out = field(side, side);
    for (let row = 0; row < rows; row++) {
      out.data.set(small.data.subarray(row * cols, (row + 1) * cols), (top + row) * side + left);
    }
    return out;
  }

  /** The part that has ink; null if there isn't any. */
  function tight(ink) {
    const from = [ink.rows, ink.cols];
    const to = [0, 0];
    for (let row = 0, i = 0; row < ink.rows; row++) {
      for (let col = 0; col < ink.cols; col++, i++) {
        if (!(ink.data[i] > 0.5)) continue;
        from[0] = Math.min(from[0], row);
        from[1] = Math.min(from[1], col);
        to[0] = row + 1;
        to[1] = Math.max(to[1], col + 1);
      }
    }
    return to[0] > 0 ? cropped(ink, from, to) : null;
  }

  function withUsualWidth(ink) {
    const unit = Math.max(ink.rows, ink.cols) / BOX[0];
    const width = strokeWidth(ink) / unit;
    const change = clamp(width, ...WIDTHS) - width;
    const radius = Math.abs((change * unit) / 2);
    if (radius < 0.5) return ink;
    const margin = Math.ceil(radius);
    const wide = field(ink.rows + 2 * margin, ink.cols + 2 * margin);
    for (let row = 0; row < ink.rows; row++) {
      wide.data.set(ink.data.subarray(row * ink.cols, (row + 1) * ink.cols), (margin + row) * wide.cols + margin);
    }
    const inverse = ({ rows, cols, data }) => ({ rows, cols, data: data.map((x) => 1 - x) });
    return change > 0 ? widened(wide, radius) : inverse(widened(inverse(wide), radius));
  }

  /** The mean width of strokes in pixels: twice the area, divided by the length of the outline. */
  function strokeWidth(ink) {
    const isInk = (row, col) => row >= 0 && col >= 0 && row < ink.rows && col < ink.cols && ink.data[row * ink.cols + col] > 0.5;
    let [area, edges] = [0, 0];
    for (let row = 0; row <= ink.rows; row++) {
      for (let col = 0; col <= ink.cols; col++) {
        const here = isInk(row, col);
        area += here;
        edges += here !== isInk(row - 1, col);
        edges += here !== isInk(row, col - 1);
      }
    }
    return (2 * area) / (Math.max(edges, 1) * (Math.PI / 4));
  }

  /** The maximum in a disc around each pixel. */
  function widened(ink, radius) {
    const size = Math.max(radius, 1);
    const reach = Math.floor(size);
    const disc = [];
    for (let down = -reach; down <= reach; down++) {
      for (let right = -reach; right <= reach; right++) {
        if (Math.sqrt(down * down + right * right) <= size) disc.push({ down, right });
      }
    }
    return fromFunction(ink.rows, ink.cols, (row, col) => {
      let most = 0;
      for (const { down, right } of disc) {
        const y = row + down;
        const x = col + right;
        if (y >= 0 && x >= 0 && y < ink.rows && x < ink.cols) most = Math.max(most, ink.data[y * ink.cols + x]);
      }
      return most;
    });
  }

  /** The weight of each of `old` pixels in each of `size` ones. */
  function weights(old, size) {
    const scale = old / size;
    const reach = Math.max(scale, 1);
    const out = fromFunction(size, old, (i, j) => {
      const apart = j + 0.5 - (i + 0.5) * scale;
      return Math.max(1 - Math.abs(apart) / reach, 0);
    });
    for (let i = 0; i < size; i++) {
      const row = out.data.subarray(i * old, (i + 1) * old);
      const sum = sumOf(row);
      row.forEach((weight, j) => (row[j] = weight / sum));
    }
    return out;
  }

  /** The sum in the order of `ndarray`: eight partial sums, then the rest. */
  function sumOf(row) {
    const partial = new Float32Array(8);
    const whole = row.length - (row.length % 8);
    for (let i = 0; i < whole; i++) partial[i % 8] += row[i];
    let sum = 0;
    for (let i = 0; i < 4; i++) sum = f32(sum + f32(partial[i] + partial[i + 4]));
    for (let i = whole; i < row.length; i++) sum = f32(sum + row[i]);
    return sum;
  }

  /** The product of matrices in the order of `matrixmultiply`: fused multiply-adds in panels of 256. */
  function product(a, b) {
    return fromFunction(a.rows, b.cols, (row, col) => {
      let sum = 0;
      for (let start = 0; start < a.cols; start += 256) {
        let panel = 0;
        for (let k = start; k < Math.min(start + 256, a.cols); k++) {
          panel = f32(a.data[row * a.cols + k] * b.data[k * b.cols + col] + panel);
        }
        sum = f32(sum + panel);
      }
      return sum;
    });
  }

  function transposed({ rows, cols, data }) {
    return fromFunction(cols, rows, (row, col) => data[col * cols + row]);
  }

  /** The corner at which the centre of mass is at the centre of the square, as far as there is room. */
  function corner(digit, side) {
    let mass = 0;
    const moments = [0, 0];
    digit.data.forEach((x, i) => {
      mass += x;
      moments[0] += x * Math.floor(i / digit.cols);
      moments[1] += x * (i % digit.cols);
    });
    return [digit.rows, digit.cols].map((size, axis) => {
      const wanted = side / 2 - moments[axis] / mass;
      return clamp(Math.round(wanted), 0, side - Math.min(size, side));
    });
  }

  /**
   * The digit in a grey picture as the images of MNIST: bytes of `side` rows and columns, and the
   * number of shapes like it; 0 if there is no ink. (`digit`)
   */
  function digit(picture, side) {
    const found = search(picture, side);
    const data = found ? Uint8Array.from(found.image.data, (x) => Math.round(f32(x * 255))) : new Uint8Array(side * side);
    return { image: { rows: side, cols: side, data }, shapes: found ? found.shapes : 0 };
  }

  const [SEARCHED, READ] = [400, 120];

  function search(picture, side) {
    const { rows, cols } = picture;
    const step = Math.ceil(Math.max(rows, cols) / SEARCHED);
    const small = reduced(picture, step);
    const ground = new Ground(small);
    const ink = new Ink(small, ground);
    const shapes = ink.full > 0 ? shapesOf(ink.mask()) : null;
    if (!shapes) return null;
    const from = shapes.bounds[0].map((at) => at * step);
    const to = [Math.min(shapes.bounds[1][0] * step, rows), Math.min(shapes.bounds[1][1] * step, cols)];
    const longest = Math.max(to[0] - from[0], to[1] - from[1]);
    const fine = clamp(Math.floor(longest / READ), 1, step);
    const part = reduced(cropped(picture, from, to), fine);
    const place = (at, axis) => (from[axis] + (at + 0.5) * fine) / step - 0.5;
    const strength = fromFunction(part.rows, part.cols, (row, col) => {
      const y = place(row, 0);
      const x = place(col, 1);
      return shapes.holds(y, x) ? ink.strength(part.data[row * part.cols + col], ground.at(y, x)) : 0;
    });
    const image = placed(ink.share(strength), side);
    return image && { image, shapes: shapes.count };
  }

  // Resizing (`fit.rs`, and `imageops::resize` of the crate `image` with triangles).

  /** Scales a grey picture into a size, on a ground with the mean brightness of its border. (`resized`) */
  function resized(picture, [rows, cols]) {
    const ratio = Math.min(rows / picture.rows, cols / picture.cols);
    const filled = (size, limit) => clamp(Math.round(size * ratio), 1, limit);
    const [height, width] = [filled(picture.rows, rows), filled(picture.cols, cols)];
    const small = height === picture.rows && width === picture.cols ? picture : scaled(picture, height, width);
    const out = field(rows, cols, Uint8Array);
    out.data.fill(Math.round(borderMean(picture)));
    const [top, left] = [Math.floor((rows - height) / 2), Math.floor((cols - width) / 2)];
    for (let row = 0; row < height; row++) {
      for (let col = 0; col < width; col++) {
        out.data[(top + row) * cols + left + col] = Math.round(clamp(small.data[row * width + col], 0, 255));
      }
    }
    return out;
  }

  function scaled({ rows, cols, data }, height, width) {
    const [down, across] = [triangles(rows, height), triangles(cols, width)];
    const tall = fromFunction(height, cols, (row, col) => {
      const { first, weights } = down[row];
      return weights.reduce((sum, weight, i) => f32(sum + f32(data[(first + i) * cols + col] * weight)), 0);
    });
    return fromFunction(height, width, (row, col) => {
      const { first, weights } = across[col];
      return weights.reduce((sum, weight, i) => f32(sum + f32(tall.data[row * cols + first + i] * weight)), 0);
    });
  }

  /** The first of the old pixels that each new pixel is made of, and their weights. */
  function triangles(old, size) {
    const ratio = f32(old / size);
    const reach = Math.max(ratio, 1);
    return Array.from({ length: size }, (_, at) => {
      const centre = f32((at + 0.5) * ratio);
      const first = clamp(Math.floor(f32(centre - reach)), 0, old - 1);
      const end = clamp(Math.ceil(f32(centre + reach)), first + 1, old);
      const weights = new Float32Array(end - first);
      let sum = 0;
      for (let i = first; i < end; i++) {
        const apart = Math.abs(f32(f32(i - f32(centre - 0.5)) / reach));
        weights[i - first] = apart < 1 ? 1 - apart : 0;
        sum = f32(sum + weights[i - first]);
      }
      return { first, weights: weights.map((weight) => weight / sum) };
    });
  }

  function borderMean({ rows, cols, data }) {
    let [sum, count] = [0, 0];
    data.forEach((pixel, i) => {
      const [row, col] = [Math.floor(i / cols), i % cols];
      if (row > 0 && col > 0 && row + 1 < rows && col + 1 < cols) return;
      sum += pixel;
      count++;
    });
    return sum / Math.max(count, 1);
  }

  return { digit, resized, borderMean };
})();
