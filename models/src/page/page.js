"use strict";

// The page: a sheet of paper, and what the model makes of it. A drawing is white on black for models
// that see it as it is, and black on white where the digit is found in it.
const Page = (() => {
  const element = (id) => document.getElementById(id);
  const model = JSON.parse(element("data").textContent);
  const constants = Runtime.constants(model.program);
  const [channels, rows, cols] = model.input;
  const { classes, fit } = model;

  const SIDE = 560; // of the paper, in pixels
  const PEN = 36;
  const MOST = 8192; // pixels along a side of a picture, as for `predict`
  const SHOWN = 12; // bars
  const [ground, ink] = fit ? ["#fff", "#000"] : ["#000", "#fff"];

  const paper = element("paper");
  const context = paper.getContext("2d", { willReadFrequently: true });

  // Versions of the sheet, for `undo`: each is a list of strokes and pictures.
  const versions = [[]];
  const sheet = () => versions.at(-1);
  let stroke = null;

  function paint() {
    context.fillStyle = ground;
    context.fillRect(0, 0, SIDE, SIDE);
    for (const item of sheet()) {
      if (item.picture) {
        const { canvas } = item.picture;
        const scale = Math.min(SIDE / canvas.width, SIDE / canvas.height);
        const [width, height] = [canvas.width * scale, canvas.height * scale];
        context.imageSmoothingEnabled = scale < 1;
        context.drawImage(canvas, (SIDE - width) / 2, (SIDE - height) / 2, width, height);
      } else {
        line(item.points);
      }
    }
    const empty = sheet().length === 0;
    paper.classList.toggle("drawn", fit && !sheet().some((item) => item.picture));
    element("hint").hidden = !empty;
    element("clear").disabled = empty;
    element("undo").disabled = versions.length === 1;
  }

  function line(points) {
    context.strokeStyle = ink;
    context.lineWidth = PEN;
    context.lineCap = context.lineJoin = "round";
    context.beginPath();
    context.moveTo(...points[0]);
    points.forEach((point) => context.lineTo(...point));
    context.stroke();
  }

  function change(items) {
    versions.push(items);
    paint();
    later();
  }

  function undo() {
    if (versions.length === 1) return;
    stroke = null;
    lift();
    versions.pop();
    paint();
    later();
  }

  function clear() {
    stroke = null;
    lift();
    if (sheet().length > 0) change([]);
  }

  function begin(point) {
    stroke = { points: [point] };
    change([...sheet(), stroke]);
  }

  function extend(points) {
    stroke.points.push(...points);
    paint();
    later();
  }

  // Pictures.

  /** The bytes of the channels that the model takes, blended onto white, as `predict` decodes them. */
  function planes(canvas, count) {
    const { width, height } = canvas;
    const { data } = canvas.getContext("2d", { willReadFrequently: true }).getImageData(0, 0, width, height);
    const out = Array.from({ length: count }, () => ({ rows: height, cols: width, data: new Uint8Array(width * height) }));
    const blended = (i, channel) => {
      const value = data[4 * i + channel];
      const alpha = data[4 * i + 3];
      return alpha === 255 ? value : Math.round((value * alpha + 255 * (255 - alpha)) / 255);
    };
    for (let i = 0; i < width * height; i++) {
      const red = blended(i, 0);
      const green = blended(i, 1);
      const blue = blended(i, 2);
      if (count === 1) {
        out[0].data[i] = Math.floor((2126 * red + 7152 * green + 722 * blue) / 10000);
      } else {
        out[0].data[i] = red;
        out[1].data[i] = green;
        out[2].data[i] = blue;
      }
    }
    return out;
  }

  async function open(blob) {
    try {
      const bitmap = await createImageBitmap(blob, { colorSpaceConversion: "none" });
      if (Math.max(bitmap.width, bitmap.height) > MOST) throw new Error("too large");
      const canvas = document.createElement("canvas");
      [canvas.width, canvas.height] = [bitmap.width, bitmap.height];
      canvas.getContext("2d", { willReadFrequently: true }).drawImage(bitmap, 0, 0);
      change([{ picture: { canvas } }]);
    } catch {
      say(`This is not a picture that can be read, of at most ${MOST} pixels along a side.`);
    }
  }

  /** The model's input as bytes, by channel, and what was found in the picture. */
  function prepare() {
    const [item] = sheet();
    // A picture is prepared in its own size, unless something was drawn on it.
    const alone = sheet().length === 1 && item.picture;
    const source = planes(alone ? item.picture.canvas : paper, channels);
    const asIs = source[0].rows === rows && source[0].cols === cols;
    if (fit && !asIs) {
      const { image, shapes } = Pictures.digit(source[0], rows);
      return { images: [image], shapes };
    }
    const inverted = element("invert").checked;
    if (inverted) source.forEach((plane) => (plane.data = plane.data.map((pixel) => 255 - pixel)));
    return { images: asIs ? source : source.map((plane) => Pictures.resized(plane, [rows, cols])), shapes: 1 };
  }

  // The model.

  /** The values of all nodes for images as bytes, by channel. */
  function run(images) {
    const input = { shape: [1, ...model.input], data: new Float32Array(channels * rows * cols) };
    images.forEach((image, channel) => input.data.set(image.data, channel * rows * cols));
    return Runtime.run(model.program, constants, input);
  }

  const probabilities = (values) => values.get(model.program.output).data;

  let waiting = 0;

  /** Reads the sheet in the next frame. */
  function later() {
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(read);
  }

  let speaking = 0;
  let found = null;

  function read() {
    waiting = 0;
    if (sheet().length === 0) {
      found = null;
      return show(null);
    }
    const { images, shapes } = prepare();
    const values = run(images);
    found = { images, shapes, values, shares: probabilities(values) };
    show(found);
  }

  // What is shown.

  const percent = (share) => `${(100 * share).toFixed(1)}\u00a0%`;

  const bars = Array.from({ length: Math.min(classes.length, SHOWN) }, () => {
    const bar = document.createElement("li");
    bar.innerHTML = '<bdi class="name"></bdi><span class="bar" aria-hidden="true"><i></i></span><span class="share"></span>';
    element("bars").append(bar);
    return bar;
  });
  const most = Math.max(...classes.slice(0, 200).map((name) => [...name].length));
  element("bars").style.setProperty("--names", `${Math.min(Math.max(most * 0.62, 1.25), 8)}rem`);

  function show(found) {
    const [answer, warning] = [element("answer"), element("warning")];
    const shares = found ? Array.from(found.shares) : classes.map(() => 0);
    const ranked = shares.map((_, i) => i).sort((a, b) => shares[b] - shares[a]);
    const shown = classes.length <= SHOWN ? shares.map((_, i) => i) : ranked.slice(0, SHOWN);
    const blank = !found || found.shapes === 0;
    bars.forEach((bar, i) => {
      const [name, track, share] = bar.children;
      name.textContent = name.title = found || classes.length <= SHOWN ? classes[shown[i]] : "–";
      track.firstChild.style.width = blank ? "0" : `${100 * shares[shown[i]]}%`;
      share.textContent = blank ? "–" : percent(shares[shown[i]]);
      bar.classList.toggle("first", !blank && shown[i] === ranked[0]);
    });
    const [name, note] = [document.createElement("strong"), document.createElement("span")];
    name.textContent = blank ? "–" : classes[ranked[0]];
    note.textContent = blank ? (found ? "nothing is drawn" : "") : percent(shares[ranked[0]]);
    answer.classList.toggle("long", !blank && [...classes[ranked[0]]].length > 6);
    answer.replaceChildren(name, note);
    warning.hidden = blank || found.shapes < 2;
    warning.textContent = blank || found.shapes < 2 ? "" : `There are ${found.shapes} shapes of about the same size; the model sees the largest one.`;
    picture(found);
    activations();
    clearTimeout(speaking);
    const [first, second] = ranked;
    const also = second === undefined ? "" : `, then ${classes[second]}, ${percent(shares[second])}`;
    if (!blank) speaking = setTimeout(() => say(`${classes[first]}, ${percent(shares[first])}${also}`), 700);
  }

  function say(text) {
    element("spoken").textContent = text;
  }

  function picture(found) {
    const canvas = element("input");
    [canvas.width, canvas.height] = [cols, rows];
    const image = canvas.getContext("2d").createImageData(cols, rows);
    for (let i = 0; i < rows * cols; i++) {
      const pixel = found ? found.images.map(({ data }) => data[i]) : [0];
      image.data.set([pixel[0], pixel[1] ?? pixel[0], pixel[2] ?? pixel[0], 255], 4 * i);
    }
    canvas.getContext("2d").putImageData(image, 0, 0);
    canvas.setAttribute("aria-label", found ? `The picture as the model sees it, ${rows} by ${cols} pixels` : "Nothing yet");
  }

  const SHAPED = ["Relu", "LeakyRelu", "PRelu", "Elu", "Selu", "Sigmoid", "Tanh", "Gelu", "HardSwish", "HardSigmoid", "Mish", "Softplus", "Softsign"];

  /** The outputs of the convolutions, after the activation function if there is one. */
  const convolutions = model.program.nodes.flatMap((node) => {
    if (node.op !== "Conv") return [];
    const next = model.program.nodes.filter((other) => other.inputs.includes(node.output));
    const shaped = next.length === 1 && SHAPED.includes(next[0].op);
    return [{ path: node.name.split(".").slice(0, -1).join("."), output: (shaped ? next[0] : node).output, after: shaped ? next[0].op : "" }];
  });
  element("layers").hidden = convolutions.length === 0;

  function activations() {
    if (!element("layers").open) return;
    const maps = found ? convolutions.map(map) : [];
    const note = document.createElement("p");
    note.className = "note";
    note.textContent = "Nothing is drawn yet.";
    element("maps").replaceChildren(...(found ? maps : [note]));
  }

  function map({ path, output, after }) {
    const { shape, data } = found.values.get(output);
    const [, count, height, width = 1] = shape;
    const most = data.reduce((a, b) => Math.max(a, b), 0) || 1;
    const tiles = document.createElement("div");
    for (let channel = 0; channel < count; channel++) {
      const canvas = document.createElement("canvas");
      [canvas.width, canvas.height] = [width, height];
      const image = canvas.getContext("2d").createImageData(width, height);
      for (let i = 0; i < height * width; i++) {
        const level = (255 * Math.max(data[channel * height * width + i], 0)) / most;
        image.data.set([level, level, level, 255], 4 * i);
      }
      canvas.getContext("2d").putImageData(image, 0, 0);
      tiles.append(canvas);
    }
    const [figure, caption] = [document.createElement("figure"), document.createElement("figcaption")];
    caption.textContent = `Layer ${path}: ${count} channels of ${height}\u00a0×\u00a0${width}${after && `, after ${after}`}`;
    tiles.setAttribute("role", "img");
    tiles.setAttribute("aria-label", caption.textContent);
    figure.append(caption, tiles);
    return figure;
  }

  // Mouse, touch and pen.

  function at(event) {
    const box = paper.getBoundingClientRect();
    return [((event.clientX - box.left) / box.width) * SIDE, ((event.clientY - box.top) / box.height) * SIDE];
  }

  let pointer = null;

  paper.addEventListener("pointerdown", (event) => {
    if (pointer !== null || event.button !== 0) return;
    event.preventDefault();
    paper.focus({ preventScroll: true });
    element("board").classList.add("touched");
    element("pen").hidden = true;
    lift();
    pointer = event.pointerId;
    paper.setPointerCapture(pointer);
    begin(at(event));
  });
  paper.addEventListener("pointermove", (event) => {
    if (event.pointerId !== pointer || !stroke) return;
    const all = event.getCoalescedEvents?.() ?? [];
    extend((all.length > 0 ? all : [event]).map(at));
  });
  for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) {
    paper.addEventListener(end, (event) => {
      if (event.pointerId !== pointer) return;
      pointer = stroke = null;
    });
  }

  // The keyboard.

  const pen = { place: [SIDE / 2, SIDE / 4], down: false };
  const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

  function lift() {
    pen.down = false;
    element("pen").classList.remove("down");
  }

  function showPen() {
    element("board").classList.remove("touched");
    const mark = element("pen");
    mark.hidden = false;
    [mark.style.left, mark.style.top] = pen.place.map((at) => `${(100 * at) / SIDE}%`);
    mark.classList.toggle("down", pen.down);
  }

  paper.addEventListener("keydown", (event) => {
    if (event.altKey || ((event.ctrlKey || event.metaKey) && event.key !== "z")) return;
    const arrow = ARROWS[event.key];
    if (arrow) {
      const step = event.shiftKey ? 4 : 16;
      pen.place = pen.place.map((at, axis) => Math.min(Math.max(at + step * arrow[axis], 0), SIDE));
      if (pen.down && stroke) extend([pen.place]);
    } else if (event.key === " " || event.key === "Enter") {
      if (event.repeat) return;
      pen.down = !pen.down;
      say(pen.down ? "Pen down" : "Pen up");
      if (pen.down) begin(pen.place);
      else stroke = null;
    } else if (event.key === "z" || event.key === "Z") {
      undo();
    } else if (event.key === "Delete" || event.key === "Backspace") {
      clear();
    } else {
      return;
    }
    event.preventDefault();
    showPen();
  });
  paper.addEventListener("focus", () => paper.matches(":focus-visible") && pointer === null && showPen());
  paper.addEventListener("blur", () => {
    element("pen").hidden = true;
    if (pen.down) stroke = null;
    lift();
  });

  // Buttons, dropped and pasted pictures.

  element("undo").addEventListener("click", undo);
  element("clear").addEventListener("click", clear);
  element("invert").addEventListener("change", later);
  element("layers").addEventListener("toggle", activations);
  element("file").addEventListener("change", ({ target }) => {
    if (target.files[0]) open(target.files[0]);
    target.value = "";
  });
  document.addEventListener("paste", (event) => {
    const file = [...event.clipboardData.files].find((file) => file.type.startsWith("image/"));
    if (file) open(file);
  });
  for (const type of ["dragover", "dragleave", "drop"]) {
    document.addEventListener(type, (event) => {
      event.preventDefault();
      element("board").classList.toggle("over", type === "dragover");
      if (type === "drop" && event.dataTransfer.files[0]) open(event.dataTransfer.files[0]);
    });
  }

  // Texts that depend on the model.

  const digits = fit && classes.length === 10 && classes.every((name, i) => name === String(i));
  document.title = digits ? "Draw a digit" : "Draw for the model";
  element("title").textContent = document.title;
  element("lead").textContent = `A network trained by Tapeline ${digits ? "reads it" : "classifies it"} as you draw. It runs in this page; nothing you draw leaves it.`;
  paper.setAttribute("aria-label", digits ? "Draw a digit" : "Draw a picture");
  element("prepared").textContent = fit
    ? `As MNIST’s images were made: the largest shape, white on black, in a box of ${Math.floor((rows * 20) / 28)} pixels, centred by mass in ${rows}\u00a0×\u00a0${cols}. A picture of exactly this size is taken as it is.`
    : `The picture scaled to ${rows}\u00a0×\u00a0${cols}${channels === 1 ? ", grey" : ""}; what is missing at the sides gets the mean brightness of its border.`;
  element("inverting").hidden = fit;
  element("spec").textContent = model.spec;
  const count = (n) => n.toLocaleString("en");
  const weights = model.rounded > 0
    ? `${count(model.rounded)} of them rounded to half precision (f16), so probabilities may differ slightly from the model’s own`
    : "as the model has them (f32)";
  element("facts").textContent = `${count(model.parameters)} parameters, ${weights}. Written by Tapeline ${model.version}.`;

  paint();
  show(null);

  // For tests.
  return { model, run, probabilities, prepare, open, read, found: () => found };
})();
