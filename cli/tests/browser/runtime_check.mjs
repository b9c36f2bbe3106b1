// Holds the script of the page that `export` writes to our programs, in Node.js:
//
//     node cli/tests/browser/runtime_check.mjs [FOLDER OF PROGRAMS]
//
// The runtime must compute what the interpreter of ONNX nodes computes, for every example of every
// layer, every preset and random networks. The preparation of pictures must give the bytes that
// `tapeline predict` gives, for pictures like photos of digits.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { FOLDER, apart, expect, finish, program, safetensors, script } from "./common.mjs";

const TOLERANCE = 1e-5;
const { Runtime, Pictures } = script("runtime", "digit");

function models() {
  const folder = join(FOLDER, "models");
  program("examples/travel", folder);
  const cases = readFileSync(join(folder, "cases.tsv"), "utf8").trim().split("\n");
  const used = new Set();
  let worst = 0;
  for (const line of cases) {
    const [number, spec, shape] = line.split("\t");
    const model = JSON.parse(readFileSync(join(folder, `${number}.program.json`), "utf8"));
    const values = safetensors(join(folder, `${number}.values.safetensors`));
    const constants = Runtime.constants(model);
    model.nodes.forEach((node) => used.add(node.op));
    for (const count of [1, 2, 7]) {
      let found;
      try {
        found = Runtime.run(model, constants, values[`x${count}`]).get(model.output);
      } catch (error) {
        expect(false, `${spec} on ${shape}: ${error.message}`);
        break;
      }
      const wanted = values[`i${count}`];
      const difference = String(found.shape) === String(wanted.shape) ? apart(found.data, wanted.data) : Infinity;
      worst = Math.max(worst, difference);
      if (difference > TOLERANCE) expect(false, `${spec} on ${shape}, batch ${count}: ${difference.toExponential(1)} apart`);
    }
  }
  const unused = Object.keys(Runtime.OPERATORS).filter((name) => !used.has(name));
  expect(worst <= TOLERANCE, `${cases.length} models are at most ${worst.toExponential(1)} apart; not in them: ${unused.join(", ") || "none"}`);
}

/** A binary portable graymap. */
function graymap(file) {
  const bytes = readFileSync(file);
  const end = bytes.indexOf("\n");
  const [, cols, rows] = bytes.subarray(0, end).toString().split(" ").map(Number);
  return { rows, cols, data: new Uint8Array(bytes.subarray(end + 1)) };
}

function pictures() {
  const folder = join(FOLDER, "pictures");
  program("examples/prepared", folder);
  let [count, pixels, differing, largest] = [0, 0, 0, 0];
  for (; existsSync(join(folder, `${count}.pgm`)); count++) {
    const picture = graymap(join(folder, `${count}.pgm`));
    for (const [name, found] of [
      ["digit", Pictures.digit(picture, 28).image],
      ["resized", Pictures.resized(picture, [20, 32])],
    ]) {
      const wanted = graymap(join(folder, `${count}.${name}.pgm`)).data;
      wanted.forEach((value, i) => {
        pixels++;
        differing += value !== found.data[i];
        largest = Math.max(largest, Math.abs(value - found.data[i]));
      });
    }
  }
  expect(differing === 0, `${count} pictures, prepared in two ways: ${differing} of ${pixels} pixels differ, by at most ${largest}`);
}

models();
pictures();
finish();
