// The proof: every entry on this page is hashed, and with the hashes that stand for the others leads to the root that
// the journal's seal signs (RFC 6962; the proof for many entries: BUNDLE.md, the seal: FORMAT.md, section 5).

const SHA_K = (() => {
  const primes = [], k = new Int32Array(64);
  for (let n = 2; primes.length < 64; n++) if (primes.every((p) => n % p)) primes.push(n);
  primes.forEach((p, i) => { k[i] = Math.floor((Math.cbrt(p) % 1) * 4294967296); });
  return k;
})();
const shaWords = new Int32Array(64);
const shaBlock = (h, block, at) => {
  const w = shaWords;
  for (let i = 0; i < 16; i++, at += 4) w[i] = block[at] << 24 | block[at + 1] << 16 | block[at + 2] << 8 | block[at + 3];
  for (let i = 16; i < 64; i++) {
    const x = w[i - 15], y = w[i - 2];
    w[i] = w[i - 16] + w[i - 7] + ((x >>> 7 | x << 25) ^ (x >>> 18 | x << 14) ^ x >>> 3) + ((y >>> 17 | y << 15) ^ (y >>> 19 | y << 13) ^ y >>> 10) | 0;
  }
  let a = h[0], b = h[1], c = h[2], d = h[3], e = h[4], f = h[5], g = h[6], n = h[7];
  for (let i = 0; i < 64; i++) {
    const t = n + ((e >>> 6 | e << 26) ^ (e >>> 11 | e << 21) ^ (e >>> 25 | e << 7)) + (e & f ^ ~e & g) + SHA_K[i] + w[i] | 0;
    const u = ((a >>> 2 | a << 30) ^ (a >>> 13 | a << 19) ^ (a >>> 22 | a << 10)) + (a & b ^ a & c ^ b & c) | 0;
    n = g; g = f; f = e; e = d + t | 0; d = c; c = b; b = a; a = t + u | 0;
  }
  h[0] += a; h[1] += b; h[2] += c; h[3] += d; h[4] += e; h[5] += f; h[6] += g; h[7] += n;
};
let shaRoom = new Uint8Array(256);
const sha256 = (...parts) => {
  const size = parts.reduce((n, p) => n + p.length, 0), end = (size + 9 + 63) & ~63;
  if (shaRoom.length < end) shaRoom = new Uint8Array(end * 2);
  let at = 0;
  for (const p of parts) { shaRoom.set(p, at); at += p.length; }
  shaRoom.fill(0, at, end);
  shaRoom[at] = 0x80;
  new DataView(shaRoom.buffer).setUint32(end - 8, Math.floor(size / 0x20000000));
  new DataView(shaRoom.buffer).setUint32(end - 4, size << 3);
  const h = Int32Array.of(0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19);
  for (let i = 0; i < end; i += 64) shaBlock(h, shaRoom, i);
  const out = new Uint8Array(32), view = new DataView(out.buffer);
  h.forEach((v, i) => view.setInt32(4 * i, v));
  return out;
};
const LEAF = Uint8Array.of(0), NODE = Uint8Array.of(1);
const leafHash = (bytes) => sha256(LEAF, bytes);
const nodeHash = (left, right) => sha256(NODE, left, right);

class Wrong extends Error {}

// The tree above the entries: nodes { hash, left, right } where entries are, and bare hashes of the proof elsewhere.
const split = (from, to) => { let k = 1; while (k * 2 < to - from) k *= 2; return from + k; };
const plantTree = (proof) => {
  const order = []; // children before their parents
  let nextRow = 0, nextHash = 0;
  const walk = (from, to) => {
    if (nextRow === store.count || store.seqs[nextRow] - 1 >= to) {
      if (nextHash === proof.length) throw new Wrong('the proof has fewer hashes than these entries need');
      return { hash: proof[nextHash++] };
    }
    const node = { row: -1, to };
    if (to - from === 1) {
      node.row = nextRow++;
    } else {
      const middle = split(from, to);
      node.left = walk(from, middle);
      node.right = walk(middle, to);
      node.middle = middle;
    }
    order.push(node);
    return node;
  };
  const root = walk(0, data.size);
  if (nextHash !== proof.length) throw new Wrong('the proof has more hashes than these entries need');
  return { root, order };
};

// Hashes of the siblings from the entry's leaf up, each with the side it stands on.
const pathOf = (tree, seq) => {
  const path = [];
  for (let node = tree.root; node.row === -1;) {
    const left = seq - 1 < node.middle;
    path.push({ hash: (left ? node.right : node.left).hash, side: left ? 'right' : 'left' });
    node = left ? node.left : node.right;
  }
  return path.reverse();
};
// Once more, from the bytes that are shown: does this entry lead to the sealed root?
const leadsToRoot = (bytes, path, root) => equal(root, path.reduce((hash, p) => (p.side === 'left' ? nodeHash(p.hash, hash) : nodeHash(hash, p.hash)), leafHash(bytes)));

const readNote = (note) => {
  const at = note.lastIndexOf('\n\n'), head = /^([^\n]+)\n(\d+)\n([^\n]+)\n$/.exec(note.slice(0, at + 1));
  if (at < 0 || !head) throw new Wrong('the seal is no signed note');
  const lines = note.slice(at + 2).split('\n').slice(0, -1).map((line) => {
    const parts = /^— (\S+) (\S+)$/.exec(line);
    if (!parts) throw new Wrong('one of the seal\'s signature lines is not in form');
    const blob = unbase64(parts[2]);
    return { name: parts[1], id: blob.subarray(0, 4), signature: blob.subarray(4) };
  });
  return { text: note.slice(0, at + 1), origin: head[1], size: Number(head[2]), root: unbase64(head[3]), lines };
};
const utf8 = new TextEncoder();
const keyId = (name, key) => sha256(utf8.encode(name), Uint8Array.of(10, 1), key).subarray(0, 4);
const readVkey = (text) => {
  const parts = /^(\S+)\+([0-9a-f]{8})\+(\S+)$/.exec(text.trim());
  let raw = null;
  try { raw = parts && unbase64(parts[3]); } catch { /* not base64 */ }
  if (!raw || raw.length !== 33 || raw[0] !== 1 || hex(keyId(parts[1], raw.subarray(1))) !== parts[2]) throw new Wrong('that is no verifier key: name+id+key');
  return { name: parts[1], key: raw.subarray(1) };
};

// Keys that the journal had, as far as the entries here say: genesis, then each control.key before the seal.
const keysInForce = () => {
  const keys = [];
  for (let i = 0; i < store.count; i++) {
    const kind = store.kind(i);
    if (kind === 'control.genesis' || kind === 'control.key') keys.push(decodeEntry(i).body.find(([name]) => name === 'key')[1]);
  }
  return keys;
};

const verifySignature = async (key, message, signature) => {
  const imported = await crypto.subtle.importKey('raw', key, { name: 'Ed25519' }, false, ['verify']);
  return crypto.subtle.verify({ name: 'Ed25519' }, imported, signature, message);
};

// isLinked: the seal is by the very key that entry 1 names, or one that nothing here leads to from it.
const proof = { state: 'checking', words: [], tree: null, root: null, isLinked: false, missing: 0 };

const rest = () => new Promise((go) => { setTimeout(go, 0); });

// In slices of a few milliseconds, so that the page answers while it checks.
const hashAll = async (order) => {
  let until = performance.now() + 6;
  for (const node of order) {
    if (node.row >= 0) {
      const bytes = store.leaf(node.row);
      const seq = bytes.length >= 48 ? Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(8)) : 0;
      if (seq !== store.seqs[node.row]) throw new Wrong(`entry ${store.seqs[node.row]}: its bytes say that it is entry ${seq}`);
      node.hash = leafHash(bytes);
    } else {
      node.hash = nodeHash(node.left.hash, node.right.hash);
    }
    if (performance.now() > until) {
      await rest();
      until = performance.now() + 6;
    }
  }
};

const checkSeal = async (held) => {
  const note = readNote(data.note), own = readVkey(data.vkey), keys = keysInForce();
  if (note.origin !== data.origin || own.name !== data.origin || note.size !== data.size) throw new Wrong('the seal is of another journal, or of another size of it');
  if (hex(note.root) !== data.root) throw new Wrong('the root on this page is not the one that the seal signs');
  if (!equal(proof.tree.root.hash, note.root)) throw new Wrong('these entries do not lead to the root that the seal signs: an entry was altered, or does not belong to this journal');
  if (!keys.length || !equal(keys[0], own.key)) throw new Wrong('the verifier key on this page is not the key that entry 1 names');
  const key = keys[keys.length - 1], id = keyId(data.origin, key);
  const line = note.lines.find((l) => l.name === data.origin && equal(l.id, id));
  if (!line) throw new Wrong('the seal is not signed by the key that was in force');
  const words = [`All ${store.count} entries on this page are, at the places they claim, among the ${data.size} entries whose root the seal signs.`];
  let good;
  try {
    good = await verifySignature(key, utf8.encode(note.text), line.signature);
  } catch {
    proof.unsigned = true;
    words.push('This browser cannot check Ed25519 signatures: the seal\'s signature was NOT checked. ledger verify does it.');
  }
  if (good === false) throw new Wrong('the seal\'s signature is not that of the journal\'s key');
  if (good) words.push('The seal is signed by the journal\'s key.');
  proof.isLinked = keys.length === 1;
  if (!proof.isLinked) words.push(`The journal has changed its key ${keys.length - 1} times. That each new key was put there by the one before it is not checked here, and anybody can write an entry that says so: ledger bundle and ledger verify check it.`);
  if (held) {
    const mine = readVkey(held);
    if (mine.name !== own.name || !equal(mine.key, own.key)) throw new Wrong('the key that you hold is not the key of this journal: it is another journal, or this page lies');
    words.push(proof.isLinked ? 'It is the journal whose key you hold.' : 'It begins with the key that you hold, but is sealed by another: NOT proven to be the journal whose key you hold.');
  }
  return words;
};

const checkAll = async (held) => {
  try {
    if (!proof.tree) {
      const raw = unbase64(data.entries.proof);
      const tree = plantTree(Array.from({ length: raw.length / 32 }, (_, i) => raw.subarray(32 * i, 32 * i + 32)));
      await hashAll(tree.order);
      proof.tree = tree;
    }
    proof.words = [...await checkSeal(held), ...checkSpan()];
    proof.root = readNote(data.note).root;
    proof.state = !held || proof.unsigned ? 'agrees' : proof.isLinked ? 'proven' : 'unlinked';
  } catch (why) {
    proof.state = 'wrong';
    proof.words = [why instanceof Wrong ? why.message : `it could not be checked: ${why.message}`];
  }
};
