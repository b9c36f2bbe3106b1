// Uses the page that `export` writes, in Chromium without a window:
//
//     node cli/tests/browser/page_check.mjs [FOLDER OF PROGRAMS [CNN MLP [FOLDER FOR SCREENSHOTS]]]
//
// Without `CNN` and `MLP`, two trained runs of the presets, it trains them first. The page must give
// the probabilities of `predict` for 1,000 test images and for what is drawn, read ten drawn digits,
// be usable by keyboard, fit 360 pixels, request nothing, and leave no message in the console.
// `CHROMIUM` is the browser, by default `chromium`.

import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { gunzipSync } from "node:zlib";
import { FOLDER, ROOT, apart, expect, finish, program, script } from "./common.mjs";

const TOLERANCE = 1e-5;
const IMAGES = 1000;
const { Runtime } = script("runtime");

// The browser, by the Chrome DevTools Protocol over pipes: JSON messages that end with a zero byte.

const options = ["--headless=new", "--no-sandbox", "--remote-debugging-pipe", "--disable-gpu", `--user-data-dir=${join(FOLDER, "browser")}`, "about:blank"];
const browser = spawn(process.env.CHROMIUM ?? "chromium", options, { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });
const answers = new Map();
const messages = [];
const requests = [];
let events = () => {};
let received = "";
browser.stdio[4].setEncoding("utf8").on("data", (data) => {
  const parts = (received + data).split("\0");
  received = parts.pop();
  for (const part of parts) {
    const message = JSON.parse(part);
    if (message.id) {
      const [resolve, reject] = answers.get(message.id);
      if (message.error) reject(new Error(message.error.message));
      else resolve(message.result);
      continue;
    }
    const { method, params } = message;
    if (method === "Runtime.consoleAPICalled") messages.push(JSON.stringify(params.args));
    if (method === "Runtime.exceptionThrown") messages.push(params.exceptionDetails.exception?.description);
    if (method === "Log.entryAdded") messages.push(params.entry.text);
    if (method === "Network.requestWillBeSent") requests.push(params.request.url.slice(0, 100));
    events(method);
  }
});

let sent = 0;
let session;

function send(method, params = {}) {
  const id = ++sent;
  browser.stdio[3].write(`${JSON.stringify({ id, method, params, sessionId: session })}\0`);
  return new Promise((resolve, reject) => answers.set(id, [resolve, reject]));
}

async function evaluate(expression) {
  const { result, exceptionDetails } = await send("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
  if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
  return result.value;
}

async function open(file) {
  const loaded = new Promise((resolve) => (events = (method) => method === "Page.loadEventFired" && resolve()));
  await send("Page.navigate", { url: pathToFileURL(file).href });
  await loaded;
}

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

async function size(width, height, scheme) {
  await send("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 1, mobile: false });
  await send("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: scheme }] });
}

async function screenshot(name) {
  if (!process.argv[5]) return;
  mkdirSync(process.argv[5], { recursive: true });
  const { data } = await send("Page.captureScreenshot", { captureBeyondViewport: true });
  writeFileSync(join(process.argv[5], `${name}.png`), Buffer.from(data, "base64"));
}

// Our programs.

let [cnn, mlp] = process.argv.slice(3, 5);
if (!cnn || !mlp) {
  [cnn, mlp] = ["cnn", "mlp"].map((preset) => {
    program("tapeline", "-q", "train", preset, "--epochs", "3", "--out", join(FOLDER, preset));
    return join(FOLDER, preset);
  });
}

/** The predictions of `predict` for a file. */
function predicted(...args) {
  const lines = program("tapeline", "-q", "predict", ...args, "--json").trim().split("\n");
  return lines.map((line) => JSON.parse(line).probabilities);
}

/** Writes the weights of a page as a safetensors file, and returns the arguments that predict with them. */
function rounded(file) {
  const data = readFileSync(file, "utf8").match(/<script type="application\/json" id="data">(.*)<\/script>/)[1];
  const { program, spec, input } = JSON.parse(data);
  const header = {};
  const parts = [];
  let at = 0;
  for (const [name, { shape, data }] of Runtime.constants(program)) {
    if (!/\.(weight|bias)$/.test(name)) continue;
    header[name] = { dtype: "F32", shape, data_offsets: [at, at + data.byteLength] };
    at += data.byteLength;
    parts.push(Buffer.from(data.buffer));
  }
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  writeFileSync(`${file}.safetensors`, Buffer.concat([length, text, ...parts]));
  return [spec, "--weights", `${file}.safetensors`, "--input", input.join("x")];
}

// 1,000 images.

const whole = gunzipSync(readFileSync(join(ROOT, "data/mnist/t10k-images-idx3-ubyte.gz")));
const pixels = whole.subarray(16, 16 + IMAGES * 784);
const head = Buffer.from(whole.subarray(0, 16));
head.writeUInt32BE(IMAGES, 4);
const images = join(FOLDER, "images.idx");
writeFileSync(images, Buffer.concat([head, pixels]));

const worst = (found, wanted) => Math.max(...wanted.map((row, i) => apart(found[i], row)));

async function thousand(file, name) {
  await open(file);
  const { rows, milliseconds } = await evaluate(`(() => {
    const bytes = Uint8Array.from(atob("${Buffer.from(pixels).toString("base64")}"), (char) => char.charCodeAt(0));
    const begun = performance.now();
    const rows = [];
    for (let i = 0; i < ${IMAGES}; i++) {
      rows.push(Array.from(Page.probabilities(Page.run([{ data: bytes.subarray(784 * i, 784 * (i + 1)) }]))));
    }
    return { rows, milliseconds: (performance.now() - begun) / ${IMAGES} };
  })()`);
  console.log(`     ${name}: ${(statSync(file).size / 1e6).toFixed(2)} MB, ${milliseconds.toFixed(2)} ms for a prediction`);
  return { rows, milliseconds };
}

// Drawing.

function arc([x, y], [wide, high], [from, to]) {
  return Array.from({ length: 25 }, (_, i) => {
    const angle = ((from + ((to - from) * i) / 24) / 180) * Math.PI;
    return [x + wide * Math.cos(angle), y + high * Math.sin(angle)];
  });
}

// The strokes of `tests/src/photos.rs`, in a square from 0 to 1.
const DIGITS = [
  [arc([0.5, 0.5], [0.32, 0.48], [0, 360])],
  [[[0.35, 0.2], [0.55, 0.03], [0.55, 0.97]]],
  [[...arc([0.5, 0.28], [0.3, 0.26], [190, 395]), [0.2, 0.96], [0.82, 0.94]]],
  [arc([0.45, 0.27], [0.3, 0.25], [200, 450]), arc([0.45, 0.74], [0.34, 0.24], [270, 520])],
  [[[0.6, 0.03], [0.18, 0.62], [0.85, 0.62]], [[0.64, 0.35], [0.62, 0.98]]],
  [[[0.78, 0.05], [0.3, 0.05], [0.27, 0.45]], arc([0.46, 0.68], [0.32, 0.28], [235, 510])],
  [[[0.68, 0.04], [0.42, 0.28], [0.25, 0.68]], arc([0.5, 0.72], [0.26, 0.25], [190, 550])],
  [[[0.18, 0.06], [0.82, 0.06], [0.42, 0.97]]],
  [arc([0.5, 0.26], [0.24, 0.22], [0, 360]), arc([0.5, 0.73], [0.3, 0.25], [0, 360])],
  [arc([0.48, 0.3], [0.27, 0.26], [0, 360]), [[0.75, 0.3], [0.72, 0.6], [0.6, 0.97]]],
];

/** Draws strokes by a mouse, a pen or a finger. */
async function draw(strokes, pointerType) {
  const box = await evaluate(`document.getElementById("paper").getBoundingClientRect().toJSON()`);
  const place = ([x, y]) => ({ x: box.x + box.width * (0.2 + 0.5 * x), y: box.y + box.height * (0.15 + 0.7 * y) });
  for (const stroke of strokes) {
    const [first, ...rest] = stroke.map(place);
    if (pointerType === "touch") {
      await send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints: [first] });
      for (const point of rest) await send("Input.dispatchTouchEvent", { type: "touchMove", touchPoints: [point] });
      await send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
      continue;
    }
    const mouse = (type, point) => send("Input.dispatchMouseEvent", { type, ...point, button: "left", buttons: 1, clickCount: 1, pointerType });
    await mouse("mousePressed", first);
    for (const point of rest) await mouse("mouseMoved", point);
    await mouse("mouseReleased", rest.at(-1) ?? first);
  }
  await pause(100);
}

async function key(key, times = 1) {
  for (let i = 0; i < times; i++) {
    await send("Input.dispatchKeyEvent", { type: "keyDown", key, text: key === " " ? " " : undefined });
    await send("Input.dispatchKeyEvent", { type: "keyUp", key });
  }
}

const answer = () => evaluate(`document.querySelector("#answer strong").textContent`);
const click = (id) => evaluate(`document.getElementById("${id}").click()`);

async function main() {
  const { targetInfos } = await send("Target.getTargets");
  const { targetId } = targetInfos.find((target) => target.type === "page");
  ({ sessionId: session } = await send("Target.attachToTarget", { targetId, flatten: true }));
  for (const domain of ["Page", "Runtime", "Log", "Network"]) await send(`${domain}.enable`);
  await send("Emulation.setScrollbarsHidden", { hidden: true });
  await size(1100, 900, "light");

  for (const [name, run] of [["mlp", mlp], ["cnn", cnn]]) {
    const exact = join(FOLDER, `${name}-f32.html`);
    const small = join(FOLDER, `${name}.html`);
    program("tapeline", "-q", "export", `@${run}`, exact, "--f32");
    program("tapeline", "-q", "export", `@${run}`, small);
    const wanted = predicted(`@${run}`, images);
    const whole = await thousand(exact, `${name}, f32`);
    const half = await thousand(small, name);
    const difference = worst(whole.rows, wanted);
    expect(difference <= TOLERANCE, `${name}, f32: probabilities of ${IMAGES} images are ${difference.toExponential(1)} apart from predict's`);
    const same = worst(half.rows, predicted(...rounded(small), images));
    expect(same <= TOLERANCE, `${name}: ${same.toExponential(1)} apart from predict's with the same rounded weights`);
    const largest = (row) => row.indexOf(Math.max(...row));
    const other = half.rows.filter((row, i) => largest(row) !== largest(wanted[i])).length;
    console.log(`     ${name}: rounding changes probabilities by at most ${worst(half.rows, wanted).toExponential(1)}, and ${other} of ${IMAGES} classes`);
    if (name === "mlp") expect(statSync(small).size <= 1.4e6, "the page of mlp has at most 1.4 MB");
    else expect(half.milliseconds <= 20, "a prediction of cnn takes at most 20 ms");
  }

  // The page of `cnn` is open.
  expect((await answer()) === "–", "an empty sheet has no answer");
  const drawn = [];
  for (const [digit, strokes] of DIGITS.entries()) {
    const pointer = ["mouse", "touch", "pen"][digit % 3];
    await draw(strokes, pointer);
    const found = await answer();
    expect(found === String(digit), `${digit}, drawn by ${pointer}, is read as ${found}`);
    const { png, shares, milliseconds } = await evaluate(`(() => {
      const begun = performance.now();
      Page.read();
      const milliseconds = performance.now() - begun;
      return { png: document.getElementById("paper").toDataURL(), shares: Array.from(Page.found().shares), milliseconds };
    })()`);
    const file = join(FOLDER, `drawn-${digit}.png`);
    writeFileSync(file, Buffer.from(png.split(",")[1], "base64"));
    drawn.push({ file, shares, milliseconds });
    if (digit === 3) {
      await evaluate(`document.getElementById("layers").open = true`);
      await pause(900);
      const maps = await evaluate(`document.querySelectorAll("#maps figure").length`);
      expect(maps === 2, `${maps} layers of maps are shown`);
      expect(/^3, /.test(await evaluate(`document.getElementById("spoken").textContent`)), "the answer is announced");
      for (const [width, scheme] of [[360, "light"], [800, "dark"], [1100, "light"], [1600, "dark"]]) {
        await size(width, 900, scheme);
        await pause(200);
        const over = await evaluate(`document.documentElement.scrollWidth - innerWidth`);
        expect(over <= 0, `at ${width} pixels, ${over <= 0 ? "nothing" : `${over} pixels`} must be scrolled`);
        await screenshot(`${width}-${scheme}`);
      }
      await evaluate(`document.getElementById("layers").open = false`);
      await size(1100, 860, "light");
      await screenshot("page");
    }
    await click("clear");
  }
  const small = rounded(join(FOLDER, "cnn.html"));
  const wanted = drawn.map(({ file }) => predicted(...small, file, "--fit")[0]);
  const difference = worst(drawn.map(({ shares }) => shares), wanted);
  expect(difference <= TOLERANCE, `probabilities of ten drawings are ${difference.toExponential(1)} apart from those of predict --fit`);
  console.log(`     reading a drawing takes ${Math.max(...drawn.map(({ milliseconds }) => milliseconds)).toFixed(1)} ms`);

  await click("undo");
  await pause(100);
  expect((await answer()) === "9", "undoing `clear` brings the last drawing back");
  await click("clear");

  // A one, by keyboard.
  await evaluate(`document.getElementById("paper").focus()`);
  await key(" ");
  await key("ArrowDown", 17);
  await key(" ");
  await pause(100);
  const byKey = await answer();
  expect(byKey === "1", `a line down, drawn by keyboard, is read as ${byKey}`);
  await key("z");
  await pause(100);
  expect((await answer()) === "–", "Z undoes it");

  // Pictures: dropped, pasted, and opened by the button.
  const seven = drawn[7];
  const transfer = `(async () => {
    const bytes = Uint8Array.from(atob("${readFileSync(seven.file).toString("base64")}"), (char) => char.charCodeAt(0));
    const data = new DataTransfer();
    data.items.add(new File([bytes], "seven.png", { type: "image/png" }));
    return data;
  })()`;
  const ways = {
    dropped: () => evaluate(`${transfer}.then((dataTransfer) => {
      document.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true }));
    })`),
    pasted: () => evaluate(`${transfer}.then((clipboardData) => {
      document.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
    })`),
    opened: async () => {
      const { root } = await send("DOM.getDocument");
      const { nodeId } = await send("DOM.querySelector", { nodeId: root.nodeId, selector: "#file" });
      await send("DOM.setFileInputFiles", { nodeId, files: [seven.file] });
    },
  };
  for (const [way, give] of Object.entries(ways)) {
    await click("clear");
    await pause(100);
    expect((await answer()) === "–", `nothing is left before a picture is ${way}`);
    await give();
    await pause(500);
    const shares = await evaluate(`Array.from(Page.found().shares)`);
    expect(apart(shares, seven.shares) <= TOLERANCE, `a picture that is ${way} is read as the drawing was`);
  }

  const unnamed = await evaluate(`[...document.querySelectorAll("button, input, canvas:not(#maps canvas)")].filter((one) => !(one.ariaLabel || one.textContent.trim() || one.labels?.length)).map((one) => one.id)`);
  expect(unnamed.length === 0, `controls without a name: ${unnamed.join(", ") || "none"}`);
  expect(messages.length === 0, `messages in the console: ${messages.join("; ") || "none"}`);
  const outside = requests.filter((url) => !/^(file|data):/.test(url));
  expect(outside.length === 0, `requests: ${outside.join(", ") || "none but the page"}`);
}

await main().finally(() => browser.kill());
finish();
