// Makes bench/plot.svg of what `bench_journal --json` printed:  node plot.mjs < measured.json > plot.svg
// Each bar is a row's speed as a part of the raw thing below it; the line in a panel is the least that we ask of
// it. With --table it prints the rows as text instead.
import { readFileSync } from "node:fs";

const { rows } = JSON.parse(readFileSync(0, "utf8"));
const columns = [["of_file", "of file"], ["of_lmdb", "of LMDB"], ["of_sqlite", "of SQLite"],
                 ["of_one_caller", "of one"], ["of_get", "of get"], ["of_sha256_stream", "of stream"], ["of_sha256_two", "of two"], ["of_sha256_each", "of each"]];

const loads = {256: "entries of 256 bytes", 121: "fills of 121 bytes", 102: "quotes of 102 bytes",
               384: "a day's entries, in places of 384 bytes"};

function find(name, size, group) {
    const row = rows.find((r) => r.name === name && r.entry_size === size && r.group === group);
    if (!row)
        throw new Error(`not measured: ${name}, ${size} bytes, groups of ${group}`);
    return row;
}

// A row that appends is not compared with hashing, nor one that reads with appending; callers only with one caller.
function used(key, r) {
    if (key === "of_one_caller")
        return /caller/.test(r.name);
    if (key === "of_get")
        return /random/.test(r.name);
    return /sha256/.test(key) ? /SHA|verify/.test(r.name) : !/caller/.test(r.name) || key === "of_lmdb";
}

function table() {
    const lines = ["".padEnd(24) + "group".padStart(8) + "entries".padStart(9) + "entries/s".padStart(11) +
                   "MB/s".padStart(8) + columns.map(([, title]) => title.padStart(10)).join("")];
    let above = null;
    for (const r of rows) {
        if (!above || above.entry_size !== r.entry_size)
            lines.push("", loads[r.entry_size]);
        else if (above.group !== r.group)
            lines.push("");
        above = r;
        const has = ([key]) => r[key] && used(key, r);
        lines.push(r.name.padEnd(24) + String(r.group || "-").padStart(8) + String(r.entries).padStart(9) +
                   String(r.entries_per_second).padStart(11) +
                   (r.entries_per_second * r.entry_size / 1e6).toFixed(1).padStart(8) +
                   columns.map((c) => (has(c) ? r[c[0]].toFixed(3) : "-").padStart(10)).join(""));
    }
    return lines.join("\n") + "\n";
}

// Bars: [label, value, text]; scale: the value of a full bar; least: where the line stands.
function panel(top, title, scale, least, bars) {
    const left = 210;
    const width = 380;
    const out = [`<text x="10" y="${top}" font-weight="bold">${title}</text>`];
    bars.forEach(([label, value, text], i) => {
        const y = top + 12 + i * 22;
        const w = (value / scale * width).toFixed(1);
        const fill = value >= least ? "#3b6ea5" : "#b9c4d0";
        out.push(`<text x="${left - 8}" y="${y + 12}" text-anchor="end">${label}</text>`,
                 `<rect x="${left}" y="${y}" width="${w}" height="16" fill="${fill}"/>`,
                 `<text x="${left + Number(w) + 6}" y="${y + 12}">${text}</text>`);
    });
    const x = (left + least / scale * width).toFixed(1);
    out.push(`<line x1="${x}" x2="${x}" y1="${top + 8}" y2="${top + 12 + bars.length * 22}" ` +
             `stroke="#c0392b" stroke-width="2"/>`);
    return out.join("\n");
}

function plot() {
    const append = [["groups of 10000", find("ledger append", 256, 10000)],
                    ["groups of 100", find("ledger append", 256, 100)],
                    ["groups of 1", find("ledger append", 256, 1)]];
    const callers = [["64 threads", find("64 callers, threads", 256, 1)],
                     ["64 in 8 processes", find("64 callers, 8 processes", 256, 1)]];
    const verify = find("verify", 256, 0);
    const two = find("verify, two threads", 256, 0);
    const tree = find("raw SHA-256, the tree", 256, 0);
    const replay = [["fills into accounts", "replay: into accounts", 121],
                    ["fills into accounts and orders", "replay: and orders", 121],
                    ["quotes into the chain", "replay: into the chain", 102],
                    ["a day into the book", "replay: into the book", 384]];
    const bar = (label, value) => [label, value, value.toFixed(3)];
    const panels = [
        panel(30, "append, of raw LMDB with the same entries and groups (asked: 0.8 of groups of 1)", 1.1, 0.8,
              append.map(([label, row]) => bar(label, row.of_lmdb))),
        panel(128, "callers that wait, times one caller (asked: 20)", 30, 20,
              callers.map(([label, row]) => [label, row.of_one_caller, row.of_one_caller.toFixed(1)])),
        panel(204, "verify, of raw SHA-256 on as many threads (asked: 0.8 on two)", 1, 0.8,
              [bar("two threads", two.of_sha256_two),
               bar("one thread", verify.of_sha256_stream),
               bar("the tree by OpenSSL, one thread", tree.of_sha256_stream)]),
        panel(312, "replay, million entries/s (asked: 4 of fills into accounts, and of quotes)", 16, 4,
              replay.map(([label, name, size]) => {
                  const million = find(name, size, 0).entries_per_second / 1e6;
                  return [label, million, million.toFixed(2)];
              })),
    ];
    return `<svg xmlns="http://www.w3.org/2000/svg" width="680" height="424" font-family="sans-serif" ` +
           `font-size="12">\n<rect width="680" height="424" fill="#fff"/>\n${panels.join("\n")}\n</svg>\n`;
}

process.stdout.write(process.argv[2] === "--table" ? table() : plot());
