// What the checks beside this file share: our programs, the script of the page, and files.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), "../../..");
export const FOLDER = mkdtempSync(join(tmpdir(), "tapeline-"));
process.on("exit", () => rmSync(FOLDER, { recursive: true }));

// The folder of our programs, if they are built already.
const given = process.argv[2];
const PROGRAMS = given ?? join(process.env.CARGO_TARGET_DIR ?? join(ROOT, "target"), "release");
if (!given) {
  const args = "build --release -p tapeline -p tapeline-tests --bins --examples".split(" ");
  execFileSync("cargo", args, { cwd: ROOT, stdio: "inherit" });
}

/** Runs a program and returns its output. */
export function program(name, ...args) {
  const options = { maxBuffer: 1 << 28, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] };
  return execFileSync(join(PROGRAMS, name), args.map(String), options);
}

/** The objects that a part of the page's script defines. */
export function script(...names) {
  const source = names.map((name) => readFileSync(join(ROOT, "models/src/page", `${name}.js`), "utf8"));
  return new Function(`${source.join("\n")}\nreturn { Runtime, ...(typeof Pictures === "undefined" ? {} : { Pictures }) };`)();
}

/** The `f32` tensors of a safetensors file, by name. */
export function safetensors(file) {
  const bytes = readFileSync(file);
  const length = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.subarray(8, 8 + length).toString());
  delete header.__metadata__;
  return Object.fromEntries(
    Object.entries(header).map(([name, { shape, data_offsets }]) => {
      const [from, to] = data_offsets.map((at) => bytes.byteOffset + 8 + length + at);
      return [name, { shape, data: new Float32Array(bytes.buffer.slice(from, to)) }];
    }),
  );
}

/** The largest difference, relative to the largest value. */
export function apart(found, wanted) {
  if (found.length !== wanted.length) return Infinity;
  let [most, size] = [0, 1];
  for (let i = 0; i < found.length; i++) {
    const difference = Math.abs(found[i] - wanted[i]);
    most = Number.isNaN(difference) ? Infinity : Math.max(most, difference);
    size = Math.max(size, Math.abs(wanted[i]));
  }
  return most / size;
}

let failed = 0;

/** Prints a finding, and notes whether it is as wanted. */
export function expect(isWanted, text) {
  if (!isWanted) failed++;
  console.log(`${isWanted ? "ok  " : "FAIL"} ${text}`);
}

export function finish() {
  process.exit(failed > 0 ? 1 : 0);
}
