// SPDX-License-Identifier: Apache-2.0
//
// bide as a package: what is in it, that it needs nothing, and that its types tell of all that is there.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";

import * as bide from "../../sdk/node/index.js";
import { ROOT } from "./server.mjs";

const SDK = join(ROOT, "sdk/node");
const PACKAGE = JSON.parse(readFileSync(join(SDK, "package.json"), "utf8"));
const FILES = ["index.js", ...readdirSync(join(SDK, "src")).map((name) => `src/${name}`)];
const TYPES = FILES.filter((name) => name.endsWith(".d.ts")).map((name) => readFileSync(join(SDK, name), "utf8")).join("\n");

/** The directory of a program that has the package installed, as `npm install` of a folder does it. */
function program(t) {
    const dir = mkdtempSync(join(tmpdir(), "bide-test-"));
    t.after(() => rmSync(dir, { recursive: true }));
    mkdirSync(join(dir, "node_modules"));
    symlinkSync(SDK, join(dir, "node_modules/bide"));
    return dir;
}

function exists(command) {
    return spawnSync(command, ["--version"]).status === 0;
}

test("it needs nothing but Node, and runs nothing when it is installed", () => {
    for (const name of ["dependencies", "peerDependencies", "optionalDependencies", "bundleDependencies", "scripts"]) {
        assert.ok(!(name in PACKAGE), name);
    }
    const from = /^(?:import|export) [^]*?from "([^"]+)";$/gm;
    let imports = 0;
    for (const name of FILES.filter((file) => file.endsWith(".js"))) {
        for (const [, module] of readFileSync(join(SDK, name), "utf8").matchAll(from)) {
            const isOurs = /^\.\/[\w/]+\.js$/.test(module);
            assert.ok(isOurs || builtinModules.includes(module.replace(/^node:/, "")), `${name}: ${module}`);
            imports++;
        }
    }
    assert.ok(imports > 20);
});

test("its version is that of the program, and its agent says it", () => {
    const [, version] = readFileSync(join(ROOT, "include/bide.h"), "utf8").match(/^#define BIDE_VERSION "([\d.]+)"$/m);
    assert.equal(PACKAGE.version, version);
    const [, agent] = readFileSync(join(SDK, "src/client.js"), "utf8").match(/"bide-node\/([\d.]+)"/);
    assert.ok(version.startsWith(agent));
});

test("a program imports it by its name", (t) => {
    const dir = program(t);
    writeFileSync(join(dir, "app.mjs"), 'import { Client } from "bide"; console.log(new Client("unix:/x").url);');
    const done = spawnSync(process.execPath, ["app.mjs"], { cwd: dir, encoding: "utf8" });
    assert.equal(done.stdout, "unix:/x\n", done.stderr);
});

test("what is packed is all that is there", { skip: !exists("npm") && "there is no npm here" }, () => {
    const done = spawnSync("npm", ["pack", "--dry-run", "--json", "--offline"], { cwd: SDK, encoding: "utf8" });
    assert.equal(done.status, 0, done.stderr);
    const packed = JSON.parse(done.stdout)[0].files.map((file) => file.path).sort();
    assert.deepEqual(packed, ["README.md", "index.d.ts", "package.json", ...FILES].sort());
});

/** The text of a declared class between its braces, and that of the class it extends. */
function declared(name) {
    const found = TYPES.match(new RegExp(`^export class ${name}(?:<[^>]*>+)?(?: extends (\\w+))? \\{([^]*?)^\\}$`, "m"));
    assert.ok(found, `no .d.ts declares the class ${name}`);
    return found[2] + (found[1] && found[1] !== "Error" ? declared(found[1]) : "");
}

test("every export and every member of its classes is declared, and no other", () => {
    const exported = Object.keys(bide).sort();
    const names = [...TYPES.matchAll(/^export (?:class|const) (\w+)/gm)].map((found) => found[1]);
    assert.deepEqual(names.sort(), exported);
    for (const name of exported.filter((one) => typeof bide[one] === "function" && !(bide[one].prototype instanceof bide.Problem))) {
        const text = declared(name);
        const methods = Object.getOwnPropertyNames(bide[name].prototype).filter((member) => member !== "constructor");
        for (const member of methods) assert.match(text, new RegExp(`^    (?:readonly )?${member}[(<:]`, "m"), `${name}.${member}`);
        for (const [, member] of text.matchAll(/^    (\w+)(?:<[^>]*>)?\(/gm)) {
            assert.ok(member === "constructor" || methods.includes(member), `${name}.${member} is declared and not there`);
        }
        const own = Object.keys(Object(instanceOf(name)));
        for (const member of own) {
            if (member !== "name") assert.match(text, new RegExp(`^    (?:readonly )?${member}: `, "m"), `${name}.${member}`);
        }
        for (const [, member] of text.matchAll(/^    readonly (\w+): /gm)) {
            assert.ok(own.includes(member) || methods.includes(member), `${name}.${member} is declared and not there`);
        }
    }
});

/** With whatever members are set when it is made. */
function instanceOf(name) {
    const made = {
        Client: () => new bide.Client("unix:/x"),
        Task: () => new bide.Task({ id: "t1" }, () => {}),
        Fail: () => new bide.Fail("code", "message"),
        Problem: () => new bide.Problem(400, {}),
        WaitTimeout: () => new bide.WaitTimeout({}, 1),
    };
    return made[name]?.() ?? new bide[name]();
}

test("what is declared is told of: each method and class has its words", () => {
    const lines = TYPES.split("\n");
    const bare = lines.filter((line, n) => /^(?:export class|    \w+(?:<[^>]*>)?\()/.test(line) && !/^ *(?:\/?\*|\/\/)|constructor/.test(line) && !isTold(lines, n));
    assert.deepEqual(bare, []);
});

/** A comment ends above it, or above the overloads before it. */
function isTold(lines, n) {
    for (n--; lines[n].startsWith("    task<"); n--);
    return lines[n].trimEnd().endsWith("*/");
}

test("there is a class for each row of err.def, with its status and words", () => {
    const table = readFileSync(join(ROOT, "src/base/err.def"), "utf8");
    const rows = [...table.matchAll(/^ERR\(\w+, (\d+), \d+, "(\w+)", "(.*)"\)$/gm)];
    assert.ok(rows.length > 30);
    const source = readFileSync(join(SDK, "src/problems.js"), "utf8");
    for (const [, status, code, text] of rows) {
        const kind = Object.values(bide).find((one) => one.prototype instanceof bide.Problem && one.code === code);
        const name = code.replace(/(?:^|_)(\w)/g, (_, letter) => letter.toUpperCase());
        const lacks = `\n/** ${status}: ${text}. */\nexport class ${name} extends Problem {\n    static code = "${code}";\n}\n`;
        assert.ok(kind, `src/problems.js and src/problems.d.ts have no class for a row of err.def; add${lacks}`);
        assert.match(source, new RegExp(`/\\*\\* (?:${status}: |The server could not be reached)[^]{0,300}?\\*/\nexport class ${kind.name} `));
    }
});

test("the types hold and can be used", { skip: !exists("tsc") && "there is no tsc here (Debian: node-typescript, npm: typescript)" }, (t) => {
    const dir = program(t);
    writeFileSync(join(dir, "typed_use.ts"), readFileSync(join(ROOT, "test/node/typed_use.ts")));
    const options = "--noEmit --strict --target es2022 --module nodenext --moduleResolution nodenext --lib es2022,dom".split(" ");
    const check = (file) => spawnSync("tsc", [...options, file], { cwd: dir, encoding: "utf8" });
    writeFileSync(join(dir, "package.json"), '{"type": "module"}');
    const done = check("typed_use.ts");
    assert.equal(done.status, 0, done.stdout);
    writeFileSync(join(dir, "wrong.ts"), 'import { Client } from "bide";\nexport const n: Promise<number> = new Client().log("x");\n');
    const wrong = check("wrong.ts");
    assert.notEqual(wrong.status, 0);
    assert.match(wrong.stdout, /wrong\.ts\(2,14\): error TS2322/);
});
