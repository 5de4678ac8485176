// node vectors.mjs DIR: holds what docs/FORMAT.md says against docs/vectors, with Node's own crypto and no packages. Written
// from the page and RFC 6962, like verify.mjs beside it, and sharing nothing with it. Exit code 1: a vector does not hold.
import { createHash, createPublicKey, verify } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const dir = process.argv[2];
const hex = (text) => Buffer.from(text, 'hex');
const sha256 = (...parts) => createHash('sha256').update(Buffer.concat(parts)).digest();
const leafHash = (entry) => sha256(Buffer.from([0]), entry);
const node = (l, r) => sha256(Buffer.from([1]), l, r);
const split = (n) => { let k = 1; while (2 * k < n) k *= 2; return k; };
const root = (d) => (d.length === 0 ? sha256() : d.length === 1 ? d[0] : node(root(d.slice(0, split(d.length))), root(d.slice(split(d.length)))));
let checked = 0;

function hold(is, what) {
  checked++;
  if (!is) {
    console.log(`wrong: ${what}`);
    process.exit(1);
  }
}

function ed25519(key, message, signature) {
  const der = Buffer.concat([hex('302a300506032b6570032100'), key]);
  return verify(null, message, createPublicKey({ key: der, format: 'der', type: 'spki' }), signature);
}

// Section 5: the journal's own line of a note over `text`.
function opens(note, vkey) {
  const at = note.lastIndexOf('\n\n');
  const text = note.slice(0, at + 1);
  const [name, id, ...rest] = vkey.split('+');
  const key = Buffer.from(rest.join('+'), 'base64').subarray(1);
  hold(sha256(Buffer.from(`${name}\n`), Buffer.from([1]), key).subarray(0, 4).toString('hex') === id, `the id of ${vkey}`);
  for (const line of note.slice(at + 2).split('\n')) {
    const blob = Buffer.from(line.split(' ')[2] ?? '', 'base64');
    if (line.startsWith(`— ${name} `) && blob.subarray(0, 4).toString('hex') === id) {
      hold(ed25519(key, Buffer.from(text), blob.subarray(4)), `the signature of ${JSON.stringify(text)}`);
      const lines = text.split('\n');
      hold(lines.length === 4 && lines[0] === name, `the text ${JSON.stringify(text)}`);
      return { size: Number(lines[1]), root: Buffer.from(lines[2], 'base64') };
    }
  }
  return hold(false, `no line by ${vkey}`);
}

// RFC 9162, 2.1.3.2 and 2.1.4.2.
function leads(path, leaf, index, size) {
  let fn = index, sn = size - 1, r = leaf;
  for (const p of path) {
    if (sn === 0) return null;
    if (fn % 2 === 1 || fn === sn) {
      r = node(p, r);
      while (fn % 2 === 0 && fn !== 0) { fn = Math.floor(fn / 2); sn = Math.floor(sn / 2); }
    } else {
      r = node(r, p);
    }
    fn = Math.floor(fn / 2);
    sn = Math.floor(sn / 2);
  }
  return sn === 0 ? r : null;
}

function grows(path, first, second, firstRoot, secondRoot) {
  if (first === second) return path.length === 0 && firstRoot.equals(secondRoot);
  const rows = (first & (first - 1)) === 0 ? [firstRoot, ...path] : path;
  let fn = first - 1, sn = second - 1;
  while (fn % 2 === 1) { fn = Math.floor(fn / 2); sn = Math.floor(sn / 2); }
  let fr = rows[0], sr = rows[0];
  for (const c of rows.slice(1)) {
    if (sn === 0) return false;
    if (fn % 2 === 1 || fn === sn) {
      fr = node(c, fr);
      sr = node(c, sr);
      while (fn % 2 === 0 && fn !== 0) { fn = Math.floor(fn / 2); sn = Math.floor(sn / 2); }
    } else {
      sr = node(sr, c);
    }
    fn = Math.floor(fn / 2);
    sn = Math.floor(sn / 2);
  }
  return sn === 0 && fr.equals(firstRoot) && sr.equals(secondRoot);
}

function checkJournal() {
  const v = JSON.parse(readFileSync(join(dir, 'journal.json'), 'utf8'));
  const entries = v.entries.map((e) => hex(e.bytes));
  const leaves = entries.map(leafHash);
  const roots = v.roots.map((r) => hex(r.root));
  v.entries.forEach((e, i) => {
    hold(leaves[i].equals(hex(e.leaf)), `the leaf of entry ${e.seq}`);
    hold(entries[i].readBigUInt64BE(8) === BigInt(e.seq) && e.seq === String(i + 1) && e.json.seq === i + 1, `the seq of entry ${e.seq}`);
  });
  v.roots.forEach((r, n) => hold(r.size === String(n) && root(leaves.slice(0, n)).equals(hex(r.root)), `the root of size ${n}`));
  for (const s of v.seals) {
    const c = opens(s.note, v.vkey);
    hold(c.size === Number(s.size) && c.root.equals(roots[c.size]), `the seal of size ${s.size}`);
  }
  for (const p of v.inclusion) {
    const to = leads(p.path.map(hex), leaves[Number(p.seq) - 1], Number(p.seq) - 1, Number(p.size));
    hold(to !== null && to.equals(roots[Number(p.size)]), `inclusion of ${p.seq} in ${p.size}`);
  }
  for (const p of v.consistency)
    hold(grows(p.path.map(hex), Number(p.old), Number(p.new), roots[Number(p.old)], roots[Number(p.new)]), `growth from ${p.old} to ${p.new}`);
  for (const s of v.statements) {
    const said = Buffer.from(entries[Number(s.seq) - 1].subarray(0, -64));
    said.fill(0, 8, 24);
    hold(Buffer.concat([Buffer.from(`ledger statement v1\n${v.origin}\n`), said]).equals(hex(s.statement)), `the statement of entry ${s.seq}`);
    hold(entries[Number(s.seq) - 1].subarray(-64).equals(hex(s.signature)), `where entry ${s.seq} has its signature`);
    hold(ed25519(hex(s.key), hex(s.statement), hex(s.signature)), `the signature of entry ${s.seq}`);
  }
  hold(v.entries.length === 13 && v.inclusion.length === 91 && v.consistency.length === 91 && v.statements.length === 2, 'journal.json does not hold all that it did');
  return entries;
}

// Section 12: a tile or bundle, full or partial.
function published(name, width) {
  const path = join(dir, 'published', 'tile', name);
  return readFileSync(width === 256 ? path : `${path}.p/${width}`);
}

function checkPublished(known) {
  const vkey = readFileSync(join(dir, 'published.vkey'), 'utf8').trim();
  const c = opens(readFileSync(join(dir, 'published', 'checkpoint'), 'utf8'), vkey);
  const entries = [];
  for (let index = 0; index * 256 < c.size; index++) {
    const data = published(`entries/${String(index).padStart(3, '0')}`, Math.min(256, c.size - index * 256));
    for (let at = 0; at < data.length; at += 2 + data.readUInt16BE(at)) entries.push(data.subarray(at + 2, at + 2 + data.readUInt16BE(at)));
  }
  let hashes = entries.map(leafHash);
  hold(entries.length === 300 && c.size === 300 && c.root.equals(root(hashes)), 'the published root');
  known.forEach((e, i) => hold(e.equals(entries[i]), `entry ${i + 1} as it is published`));
  for (const line of readFileSync(join(dir, 'published', 'seals'), 'utf8').trim().split('\n')) {
    const seal = opens(readFileSync(join(dir, 'published', 'seal', line.padStart(3, '0')), 'utf8'), vkey);
    hold(seal.size === Number(line) && seal.root.equals(root(hashes.slice(0, seal.size))), `the published seal of size ${line}`);
  }
  for (let level = 0; hashes.length > 0; level++) {
    for (let at = 0; at < hashes.length; at += 256) {
      const rows = hashes.slice(at, at + 256);
      hold(published(`${level}/${String(at / 256).padStart(3, '0')}`, rows.length).equals(Buffer.concat(rows)), `tile ${level}/${at / 256}`);
    }
    const above = [];
    for (let at = 0; at + 256 <= hashes.length; at += 256) above.push(root(hashes.slice(at, at + 256)));
    hashes = above;
  }
  hold(existsSync(join(dir, 'published', 'tile')) && readdirSync(join(dir, 'published', 'tile')).length === 3, 'levels that are not the tree\'s');
}

checkPublished(checkJournal());
console.log(`good: ${checked} checks of ${dir}`);
