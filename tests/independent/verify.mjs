// A second verifier, written from docs/FORMAT.md and nothing else, with Node's own crypto and no packages.
//
//   node verify.mjs EXPORT [--key VKEY] [--against SEAL]      EXPORT: made by `ledger export --raw`; SEAL: one kept elsewhere
//
// Exit code 0: all is well. 1: checked and wrong; the first wrong place is named. 2: misused. 3: could not check.
// Section numbers and rule numbers in comments are that page's.

import { createHash, createPublicKey, verify as verifySignature } from 'node:crypto';
import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

class Wrong extends Error {
  constructor(where, what) {
    super(`${where}: ${what}`);
    this.where = where;
    this.what = what;
  }
}
class CannotCheck extends Error {}

const sha256 = (...parts) => {
  const h = createHash('sha256');
  for (const p of parts) h.update(p);
  return h.digest();
};
const ZERO = Buffer.from([0]);
const ONE = Buffer.from([1]);
const leafHash = (entry) => sha256(ZERO, entry);
const nodeHash = (left, right) => sha256(ONE, left, right);

// -- 7: the raw export ------------------------------------------------------------------------------------

const VERSIONS = { 'LEDGERRAW 1\n': 'MBTSC', 'LEDGERRAW 2\n': 'MBTSCX' };
const MAGIC_SIZE = 12;

class Export {
  // Of a file, by its path, or of bytes.
  constructor(from) {
    const isFile = typeof from === 'string';
    this.file = isFile ? openSync(from, 'r') : null;
    this.size = isFile ? fstatSync(this.file).size : from.length;
    this.tables = { M: [], B: [], T: [], S: [], C: [], X: [] };
    this.windowAt = 0;
    this.window = isFile ? Buffer.alloc(0) : from;
    this.index();
  }

  // `size` bytes at `at`; small reads come out of a window, because an index reads many of them.
  read(at, size) {
    if (at + size > this.size) throw new CannotCheck(`raw export, byte ${at}: cut off`);
    if (at < this.windowAt || at + size > this.windowAt + this.window.length) {
      const want = Math.min(Math.max(size, 1 << 20), this.size - at);
      const bytes = Buffer.alloc(want);
      let done = 0;
      while (done < want) {
        const n = readSync(this.file, bytes, done, want - done, at + done);
        if (n === 0) throw new CannotCheck('raw export: it changed while it was read');
        done += n;
      }
      this.window = bytes;
      this.windowAt = at;
    }
    return this.window.subarray(at - this.windowAt, at - this.windowAt + size);
  }

  index() {
    this.types = this.size < MAGIC_SIZE ? undefined : VERSIONS[this.read(0, MAGIC_SIZE).toString('latin1')];
    if (!this.types) throw new CannotCheck('not a raw export');
    let at = MAGIC_SIZE;
    let table = 0;
    for (;;) {
      const head = this.read(at, 7);
      const type = String.fromCharCode(head[0]);
      const keySize = head.readUInt16BE(1);
      const size = head.readUInt32BE(3);
      const end = at + 7 + keySize + size;
      if (keySize > 511 || end > this.size) throw new CannotCheck(`raw export, byte ${at}: malformed or cut off`);
      const key = Buffer.from(this.read(at + 7, keySize));
      if (type === 'E') return this.checkEnd(at, keySize, size, end);
      const place = this.types.indexOf(type);
      if (place < table) throw new CannotCheck(`raw export, byte ${at}: unknown type, or out of order`);
      table = place;
      const rows = this.tables[type];
      if (rows.length && Buffer.compare(rows[rows.length - 1].key, key) >= 0)
        throw new CannotCheck(`raw export, byte ${at}: the key is not above the one before`);
      rows.push({ key, at: at + 7 + keySize, size });
      at = end;
    }
  }

  checkEnd(at, keySize, size, end) {
    const wanted = 8 * this.types.length;
    if (keySize !== 0 || size !== wanted || end !== this.size) throw new CannotCheck('raw export: the end record is malformed');
    const counts = this.read(at + 7, size);
    for (let t = 0; t < this.types.length; t++) {
      if (counts.readBigUInt64BE(8 * t) !== BigInt(this.tables[this.types[t]].length))
        throw new CannotCheck('raw export: the counts do not agree with the records');
    }
  }

  value(row) {
    return Buffer.from(this.read(row.at, row.size));
  }

  close() {
    if (this.file !== null) closeSync(this.file);
  }
}

// -- 1 and 2: entries and their kinds -----------------------------------------------------------------------

const KINDS = new Map(
  `
0101 perception.quote 1: SYMBOL PRICE_OPT PRICE_OPT COUNT COUNT
0102 perception.bar 1: SYMBOL PRICE PRICE PRICE PRICE COUNT COUNT
0103 perception.mark 1: SYMBOL PRICE MARK
0104 perception.open_interest 1: SYMBOL COUNT
0105 perception.clock 1: PHASE DAY
0106 perception.data_quality 1: SYMBOL FINDING PRICE_OPT PRICE_OPT TEXT
0107 perception.clock_quality 1: RATE RATE RATE BOOL BOOL TEXT
0108 perception.trading_status 1: SYMBOL BOOL TEXT
0109 perception.stated_position 1: ID SYMBOL SIDE QTY
010a perception.stated_fill 1: ID ID SYMBOL SIDE QTY PRICE MONEY
010b perception.statement 1: ID ID DAY MONEY COUNT COUNT DIGEST
0201 decision.candidates 1: ID SYMBOL PRICE COUNT COUNT CANDIDATES
0202 decision.enter 1: ID ID SYMBOL SIDE QTY PRICE RATE TEXT CHECKS
0203 decision.exit 1: ID ID SYMBOL SIDE QTY PRICE EXIT_RULE RATE TEXT CHECKS
0204 decision.no_trade 1: ID SYMBOL COUNT COUNT TEXT COUNTS CHECKS
0301 risk.verdict 1: ID SYMBOL BOOL CHECKS
0302 risk.breaker_trip 1: ID TEXT CHECKS
0303 risk.equity 1: DAY PHASE MONEY MONEY MONEY COUNT
0304 risk.break 1: ID ID TEXT ID COUNT COUNT CHECKS
0401 order.new 1: ID SYMBOL SIDE QTY ORDER_TYPE PRICE_OPT
0402 order.acknowledged 1: ID ID
0403 order.cancel 1: ID TEXT
0404 order.cancelled 1: ID TEXT
0405 order.rejected 1: ID TEXT
0406 order.expired 1: ID
0501 fill.execution 1: ID ID SYMBOL SIDE QTY PRICE MONEY
0502 fill.assignment 1: ID SYMBOL QTY PRICE MONEY
0503 fill.exercise 1: ID SYMBOL QTY PRICE MONEY
0504 fill.expiration 1: ID SYMBOL QTY PRICE
0505 fill.settlement 1: ID SYMBOL QTY PRICE MONEY
0506 fill.deposit 1: ID MONEY TEXT
0507 fill.bust 1: ID ID ID SYMBOL SIDE QTY PRICE MONEY TEXT
0508 fill.dividend 1: ID SYMBOL MONEY
0509 fill.split 1: ID SYMBOL SYMBOL SIDE QTY QTY MONEY
0701 control.genesis 1: TEXT KEY ACTORS
0702 control.actor 1: COUNT ID ROLE KEY
0703 control.configuration 1: DIGEST TEXT TEXT
0704 control.run 1: TEXT TEXT TEXT ID DIGEST
0705 control.run_end 1: TEXT COUNT COUNT
0706 control.source 1: ID TEXT DIGEST COUNT COUNT COUNT
0707 control.stop 1: TEXT
0708 control.resume 1: TEXT
0709 control.note 1: TEXT
070a control.snapshot 1: COUNT DIGEST COUNT DIGEST
070b control.key 1: COUNT KEY TEXT
070c control.revocation 1: COUNT TEXT
070d control.actor_key 1: COUNT KEY TEXT
070e control.proposal 1: COUNT BLOB
070f control.approval 1: DIGEST
0710 control.recovery 1: COUNT DIGEST COUNT TEXT
0711 control.hold 1: ID TEXT TEXT
0712 control.disposal 1: ID COUNT COUNT TEXT
0713 control.session 1: PHASE DAY COUNT
0714 control.heartbeat 1: DAY COUNT
0715 control.correction 1: ID COUNT COUNT TEXT
0716 control.override 1: SYMBOL ID COUNT TEXT
0717 control.hypothesis 1: TEXT COUNT DIGEST COUNT TEXT
`
    .trim()
    .split('\n')
    .map((line) => {
      const [, id, name, schema, types] = /^(\w{4}) (\S+) (\d+): (.*)$/.exec(line);
      return [parseInt(id, 16), { name, schema: Number(schema), types: types.split(' ') }];
    }),
);

const GENESIS = 0x0701;
const ACTOR = 0x0702;
const KEY = 0x070b;
const MUST_BE_SIGNED = [0x0703, 0x0707, 0x0708, 0x070c, 0x070d, 0x070e, 0x070f, 0x0710, 0x0711, 0x0712, 0x0715, 0x0716];
const NONE = -(2n ** 63n);
const OWNER = 1;
const STRATEGY = 5;
const RISK = 6;

// 2.1: the page's table.
const ROLES = ['journal', 'owner', 'operator', 'compliance', 'auditor', 'strategy', 'risk', 'broker', 'feed', 'agent', 'witness'];
const MAY_WRITE = `
0101–0105, 0107, 0108, 010c–01ff | journal owner operator feed
0106, 0109–010b | journal owner operator broker feed
0201–02ff | owner operator strategy agent
0301–03ff | risk
0401 | owner operator strategy agent
0403 | owner operator strategy risk agent
0402, 0404–04ff | owner operator broker
0501–05ff | owner operator broker
0701 | journal
0702 | journal owner operator
0703, 0708 | owner operator compliance
0704, 0705, 070a | journal operator
0706 | journal owner operator feed
0707 | owner operator compliance agent
0709 | journal owner operator compliance auditor agent
070b | journal owner
070c, 070d | owner operator compliance auditor strategy risk broker feed agent
070e–0712, 0715, 0716 | owner operator compliance
0713, 0714, 0717 | journal
`
  .trim()
  .split('\n')
  .flatMap((line) => {
    const [kinds, roles] = line.split(' | ');
    const writers = new Set(roles.split(' ').map((name) => ROLES.indexOf(name)));
    return kinds.split(', ').map((range) => {
      const [first, last = first] = range.split('–').map((hex) => parseInt(hex, 16));
      return { first, last, writers };
    });
  });
const mayWrite = (role, kind) => MAY_WRITE.some(({ first, last, writers }) => kind >= first && kind <= last && writers.has(role));

// 3.1 and 3.2.
const REVOCATION = 0x070c;
const ACTOR_KEY = 0x070d;
const PROPOSAL = 0x070e;
const APPROVAL = 0x070f;
const PERSONS = ['owner', 'operator', 'compliance', 'auditor'].map((name) => ROLES.indexOf(name));
const NEED_TWO = [0x0703, 0x0708, 0x0710, 0x0711, 0x0712, 0x0716];

class NotCanonical extends Error {}
class Unknown extends Error {}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const decodeUtf8 = (bytes) => {
  try {
    return utf8.decode(bytes);
  } catch {
    return null;
  }
};

const optionIsGood = (s) => {
  if (!/^[A-Z][A-Z0-9]* *$/.test(s.slice(0, 6)) || !/^\d{6}[CP]\d{8}$/.test(s.slice(6)) || s.slice(13) === '00000000')
    return false;
  const [year, month, day] = [2000 + +s.slice(6, 8), +s.slice(8, 10), +s.slice(10, 12)];
  const date = new Date(Date.UTC(year, month - 1, day));
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
};

class Body {
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
  }
  take(size) {
    if (size > this.bytes.length - this.at) throw new NotCanonical('it ends inside a field');
    this.at += size;
    return this.bytes.subarray(this.at - size, this.at);
  }
  u8(least, most) {
    const v = this.take(1)[0];
    if (v < least || v > most) throw new NotCanonical(`${v} is no value of its type`);
    return v;
  }
  i64(least = NONE) {
    const v = this.take(8).readBigInt64BE(0);
    if (v < least) throw new NotCanonical('a number is below the least that its type allows');
    return v;
  }
  list(most, row) {
    const rows = [];
    for (let left = this.u8(0, most); left > 0; left--) rows.push(row());
    return rows;
  }
  symbol() {
    const s = this.take(this.u8(0, 255)).toString('latin1');
    if (!(s.length === 21 ? optionIsGood(s) : /^[A-Z][A-Z0-9.]{0,11}$/.test(s))) throw new NotCanonical('not a symbol');
    return s;
  }
  id() {
    const s = this.take(this.u8(1, 64)).toString('latin1');
    if (!/^[\x21-\x7e]+$/.test(s)) throw new NotCanonical('not an ID');
    return s;
  }
  text() {
    const bytes = this.take(this.take(2).readUInt16BE(0));
    if (bytes.includes(0) || decodeUtf8(bytes) === null) throw new NotCanonical('not a text');
    return bytes;
  }
  check() {
    this.id();
    const value = this.i64();
    const bound = this.i64();
    const unit = this.u8(1, 6);
    const rule = this.u8(1, 5);
    const ok = this.u8(0, 1);
    const holds = [value >= bound, value <= bound, value > bound, value < bound, value === bound][rule - 1];
    if (ok !== (value !== NONE && holds ? 1 : 0)) throw new NotCanonical('a check whose outcome is not its rule');
    const isFlag = (v) => v === 0n || v === 1n || v === NONE;
    if (unit === 6 && !(isFlag(value) && isFlag(bound))) throw new NotCanonical('a flag that is none');
  }
  actor() {
    return { name: this.id(), role: this.u8(1, 10), key: this.take(32) };
  }
  field(type) {
    switch (type) {
      case 'SYMBOL': return this.symbol();
      case 'ID': return this.id();
      case 'TEXT': return this.text();
      case 'BLOB': return this.take(this.take(2).readUInt16BE(0));
      case 'PRICE': case 'MONEY': case 'RATE': return this.i64(NONE + 1n);
      case 'PRICE_OPT': return this.i64();
      case 'QTY': return this.i64(1n);
      case 'COUNT': return this.i64(0n);
      case 'DAY': {
        const v = this.take(4).readInt32BE(0);
        if (v < -25567 || v > 84005) throw new NotCanonical('not a day');
        return v;
      }
      case 'BOOL': return this.u8(0, 1);
      case 'DIGEST': case 'KEY': return this.take(32);
      case 'SIDE': case 'ORDER_TYPE': return this.u8(1, 2);
      case 'MARK': case 'PHASE': return this.u8(1, 3);
      case 'FINDING': return this.u8(1, 8);
      case 'EXIT_RULE': return this.u8(1, 4);
      case 'ROLE': return this.u8(1, 10);
      case 'CHECKS': return this.list(32, () => this.check());
      case 'COUNTS': return this.list(32, () => (this.id(), this.i64(0n)));
      case 'CANDIDATES': return this.list(16, () => (this.symbol(), this.take(40)));
      case 'ACTORS': return this.list(32, () => this.actor());
      default: throw new Error(`no such field type: ${type}`);
    }
  }
}

// Rules 2 and 3. `fields` are the body's values.
const decodeEntry = (bytes, seq) => {
  if (bytes.length < 48) throw new NotCanonical('it is shorter than a header');
  if (bytes[0] !== 1) throw new Unknown(`format version ${bytes[0]}`);
  if (bytes[1] > 3 || bytes.readUInt32BE(44) !== 0) throw new NotCanonical('reserved bits are set');
  const e = {
    hasAt: (bytes[1] & 1) !== 0,
    isSigned: (bytes[1] & 2) !== 0,
    kind: bytes.readUInt16BE(2),
    schema: bytes.readUInt16BE(4),
    bodySize: bytes.readUInt16BE(6),
    seq: bytes.readBigUInt64BE(8),
    recordedAt: bytes.readBigInt64BE(16),
    at: bytes.readBigInt64BE(24),
    cause: bytes.readBigUInt64BE(32),
    actor: bytes.readUInt32BE(40),
  };
  if (bytes.length !== 48 + e.bodySize + (e.isSigned ? 64 : 0)) throw new NotCanonical('its size is not what its header says');
  if (e.hasAt ? e.at === NONE : e.at !== 0n) throw new NotCanonical('its time is not in form');
  if (e.seq !== BigInt(seq)) throw new NotCanonical(`the bytes in its place say that they are entry ${e.seq}`);
  const kind = KINDS.get(e.kind);
  if (!kind) throw new Unknown(`kind ${e.kind.toString(16)}`);
  if (e.schema !== kind.schema) throw new Unknown(`schema ${e.schema} of ${kind.name}`);
  const body = new Body(bytes.subarray(48, 48 + e.bodySize));
  e.fields = kind.types.map((type) => body.field(type));
  if (body.at !== e.bodySize) throw new NotCanonical('bytes are left over after its last field');
  return e;
};

// -- 5: keys, signatures, notes -------------------------------------------------------------------------------

const P = 2n ** 255n - 19n;
const L = 2n ** 252n + 27742317777372353535851937790883648493n;
const mod = (a) => ((a % P) + P) % P;
const power = (base, exponent) => {
  let result = 1n;
  for (let b = mod(base), e = exponent; e > 0n; e >>= 1n, b = (b * b) % P) if (e & 1n) result = (result * b) % P;
  return result;
};
const D = mod(-121665n * power(121666n, P - 2n));
const littleEndian = (bytes) => BigInt('0x' + Buffer.from(bytes).reverse().toString('hex'));
const encode = (n) => {
  const hex = n.toString(16).padStart(64, '0');
  return Buffer.from(hex, 'hex').reverse();
};

const SMALL = [
  ...[0n, 1n, P - 1n, P, P + 1n].map((n) => encode(n).toString('hex')),
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
];
const withoutSign = (bytes) => {
  const copy = Buffer.from(bytes);
  copy[31] &= 0x7f;
  return copy;
};
const isSmall = (bytes) => SMALL.includes(withoutSign(bytes).toString('hex'));
const isReduced = (bytes) => littleEndian(withoutSign(bytes)) < P;

// Points in projective coordinates of -x^2 + y^2 = 1 + D x^2 y^2.
const add = ([x1, y1, z1], [x2, y2, z2]) => {
  const a = (z1 * z2) % P;
  const b = (a * a) % P;
  const c = (x1 * x2) % P;
  const d = (y1 * y2) % P;
  const e = (((D * c) % P) * d) % P;
  const f = mod(b - e);
  const g = mod(b + e);
  return [mod(a * f * ((x1 + y1) * (x2 + y2) - c - d)), mod(a * g * (d + c)), mod(f * g)];
};

const decodePoint = (bytes) => {
  const y = littleEndian(withoutSign(bytes));
  const square = mod((y * y - 1n) * power(D * y * y + 1n, P - 2n));
  let x = power(square, (P + 3n) / 8n);
  if (mod(x * x) !== square) x = mod(x * power(2n, (P - 1n) / 4n));
  if (mod(x * x) !== square) return null;
  if (x === 0n && bytes[31] >> 7) return null;
  if (Number(x & 1n) !== bytes[31] >> 7) x = mod(-x);
  return [x, y, 1n];
};

// A function's answers, remembered by the bytes that it was asked about.
const remembered = (f) => {
  const answers = new Map();
  return (bytes) => {
    const hex = Buffer.from(bytes).toString('hex');
    if (!answers.has(hex)) answers.set(hex, f(bytes));
    return answers.get(hex);
  };
};
const journalKeyIsGood = remembered((bytes) => {
  if (!isReduced(bytes) || isSmall(bytes)) return false;
  const point = decodePoint(bytes);
  if (!point) return false;
  let sum = [0n, 1n, 1n];
  for (let n = L, p = point; n > 0n; n >>= 1n, p = add(p, p)) if (n & 1n) sum = add(sum, p);
  return sum[0] === 0n && sum[1] === sum[2];
});

const publicKeyObject = remembered((key) =>
  createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(key).toString('base64url') } }),
);

const signatureIsGood = (key, message, signature) => {
  if (littleEndian(signature.subarray(32)) >= L || isSmall(signature.subarray(0, 32))) return false;
  if (!isReduced(key) || isSmall(key)) return false;
  try {
    return verifySignature(null, message, publicKeyObject(key), signature);
  } catch {
    return false;
  }
};

// Canonical base64 with padding, or null.
const decodeBase64 = (text) => {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : null;
};

const SPACES = /[\u0009-\u000d\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/u;
const nameIsGood = (name) => name.length > 0 && !/[\u0000-\u001f+]/u.test(name) && !SPACES.test(name);

const makeKey = (name, publicKey) => ({
  name,
  publicKey: Buffer.from(publicKey),
  id: sha256(Buffer.from(name, 'utf8'), Buffer.from([0x0a, 0x01]), publicKey).subarray(0, 4),
});

const parseVkey = (vkey) => {
  const [name, id, base64, ...rest] = vkey.split('+');
  // base64 may hold "+" itself.
  const bytes = base64 === undefined ? null : decodeBase64([base64, ...rest].join('+'));
  if (!bytes || bytes.length !== 33 || !/^[0-9a-f]{8}$/.test(id)) throw new CannotCheck('the given key is not in vkey form');
  if (bytes[0] !== 1) throw new CannotCheck('the given key is not a journal\'s Ed25519 key');
  const key = makeKey(name, bytes.subarray(1));
  if (Buffer.byteLength(name) > 255 || !nameIsGood(name) || !journalKeyIsGood(key.publicKey)) throw new CannotCheck('the given key is no good key');
  if (key.id.toString('hex') !== id) throw new CannotCheck('the given key\'s id is not its own');
  return key;
};
const formatVkey = (key) =>
  `${key.name}+${key.id.toString('hex')}+${Buffer.concat([ONE, key.publicKey]).toString('base64')}`;

const parseNote = (bytes) => {
  if (bytes.length < 1 || bytes.length > 16384) throw new Error('its note is empty or too large');
  const note = decodeUtf8(bytes);
  if (note === null || /[\u0000-\u0009\u000b-\u001f]/.test(note)) throw new Error('its note has bytes that no note has');
  if (!note.endsWith('\n')) throw new Error('its note\'s last line has no end');
  const divide = note.lastIndexOf('\n\n');
  if (divide < 0) throw new Error('its note has no signatures');
  const text = note.slice(0, divide + 1);
  const lines = note.slice(divide + 2).split('\n').slice(0, -1);
  if (lines.length < 1 || lines.length > 100) throw new Error('its note has no signature lines, or too many');
  const signatures = lines.map((line) => {
    const space = line.indexOf(' ', 2);
    if (!line.startsWith('\u2014 ') || space < 0) throw new Error('a signature line of its note is not in form');
    const name = line.slice(2, space);
    const blob = decodeBase64(line.slice(space + 1));
    if (!nameIsGood(name) || !blob || blob.length < 5) throw new Error('a signature line of its note is not in form');
    return { name, id: blob.subarray(0, 4), signature: blob.subarray(4) };
  });
  return { text, signatures };
};

// Rule 13 without the root, which is returned.
const openSeal = (bytes, size, key) => {
  if (!key) throw new Error('there is no key to check it with');
  const { text, signatures } = parseNote(bytes);
  const mine = signatures.find((s) => s.name === key.name && s.id.equals(key.id));
  if (!mine) throw new Error('it is not signed by the journal\'s key');
  if (mine.signature.length !== 64 || !signatureIsGood(key.publicKey, Buffer.from(text, 'utf8'), mine.signature))
    throw new Error('its signature is not that of the journal\'s key');
  const lines = text.split('\n').slice(0, -1);
  if (lines.length !== 3) throw new Error('its text is not three lines');
  if (lines[0] !== key.name) throw new Error('it is of another journal');
  if (!/^(0|[1-9]\d{0,18})$/.test(lines[1]) || BigInt(lines[1]) !== BigInt(size)) throw new Error(`it covers ${lines[1]} entries`);
  const root = decodeBase64(lines[2]);
  if (!root || root.length !== 32) throw new Error('its root is not in form');
  return { root, text, signatures };
};

// Section 5, Cosignatures: the first line of a witness, if there is one, is its own.
const WITNESS = 10;
const cosignatureIsWrong = ({ text, signatures }, witness) => {
  const id = sha256(Buffer.from(witness.name, 'latin1'), Buffer.from([0x0a, 0x04]), witness.key).subarray(0, 4);
  const line = signatures.find((s) => s.name === witness.name && s.id.equals(id));
  if (!line) return false;
  if (line.signature.length !== 72) return true;
  const time = line.signature.readBigUInt64BE(0);
  const message = Buffer.from(`cosignature/v1\ntime ${time}\n${text}`, 'utf8');
  return time >= 2n ** 63n || !signatureIsGood(witness.key, message, line.signature.subarray(8));
};

// -- 4: the tree ------------------------------------------------------------------------------------------

// The perfect subtrees from left to right; their sizes are the ones of `size` in binary.
class Tree {
  constructor(from) {
    this.size = from ? from.size : 0;
    this.stack = from ? [...from.stack] : [];
  }
  // Returns the roots of the subtrees of 256, 256^2 ... leaves that this leaf completes.
  push(leaf) {
    const made = [];
    let hash = leaf;
    let height = 0;
    for (let n = this.size; n % 2 === 1; n = (n - 1) / 2) {
      hash = nodeHash(this.stack.pop(), hash);
      height++;
      if (height % 8 === 0) made.push(hash);
    }
    this.stack.push(hash);
    this.size++;
    return made;
  }
  root() {
    return this.size === 0 ? sha256() : this.stack.reduceRight((right, left) => nodeHash(left, right));
  }
}

// -- 13: timestamps -----------------------------------------------------------------------------------------

class NoToken extends Error {}

// DER, strictly: one-byte tags, definite lengths in their shortest form.
class Der {
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
  }
  isNext(tag) {
    return this.bytes[this.at] === tag;
  }
  take(tag) {
    const { bytes, at } = this;
    if (bytes[at] !== tag || at + 2 > bytes.length) throw new NoToken('it lacks a part, or one is out of place');
    let size = bytes[at + 1];
    let head = 2;
    if (size >= 0x80) {
      const count = size - 0x80;
      if (count < 1 || count > 4 || at + 2 + count > bytes.length) throw new NoToken('a length is not in form');
      size = bytes.readUIntBE(at + 2, count);
      if (bytes[at + 2] === 0 || size < 0x80) throw new NoToken('a length is not in its shortest form');
      head += count;
    }
    if (size > bytes.length - at - head) throw new NoToken('a part runs past its end');
    this.at = at + head + size;
    return bytes.subarray(at + head, this.at);
  }
  enter(tag) {
    return new Der(this.take(tag));
  }
  skipIf(tag) {
    if (this.isNext(tag)) this.take(tag);
  }
  integer(tag = 0x02) {
    const v = this.take(tag);
    if (v.length === 0 || (v.length > 1 && ((v[0] === 0 && v[1] < 0x80) || (v[0] === 0xff && v[1] >= 0x80))))
      throw new NoToken('a number is not in its shortest form');
    return v;
  }
  number(tag, most) {
    const v = this.integer(tag);
    if (v[0] >= 0x80 || v.length > 8 || BigInt('0x' + v.toString('hex')) > BigInt(most)) throw new NoToken('a number is out of bounds');
    return BigInt('0x' + v.toString('hex'));
  }
  done() {
    if (this.at !== this.bytes.length) throw new NoToken('something follows that has no place there');
  }
}

const demand = (is, what) => {
  if (!is) throw new NoToken(what);
};

const checkPolicy = (oid) => {
  demand(oid.length > 0 && oid.at(-1) < 0x80, 'its policy is not in form');
  const parts = [];
  let part = 0;
  for (const byte of oid) {
    demand(part !== 0 || byte !== 0x80, 'its policy is not in form');
    part = part * 128 + (byte & 0x7f);
    demand(part < 2 ** 32, 'its policy is not in form');
    if (byte & 0x80) continue;
    if (parts.length) parts.push(part);
    else if (part < 80) parts.push(Math.floor(part / 40), part % 40);
    else parts.push(2, part - 80);
    part = 0;
  }
  demand(parts.join('.').length <= 127, 'its policy is too long');
};

// Nanoseconds since 1970 of YYYYMMDDhhmmss[.decimals]Z.
const readTime = (bytes) => {
  const m = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:\.(\d{1,9}))?Z$/.exec(bytes.toString('latin1'));
  demand(m, 'its time is not in form');
  const [year, month, day, hour, minute, second] = m.slice(1, 7).map(Number);
  const date = new Date(Date.UTC(year, month - 1, day, hour, minute, second));
  demand(year >= 1678 && year <= 2261 && date.getUTCMonth() === month - 1 && date.getUTCDate() === day &&
    hour < 24 && minute < 60 && second < 60, 'its time is none');
  return BigInt(date.getTime()) * 1000000n + BigInt((m[7] ?? '').padEnd(9, '0'));
};

const DIGESTS = { '608648016503040201': 32, '608648016503040202': 48, '608648016503040203': 64 };

// {imprint, time} of a token (section 13).
const readToken = (bytes) => {
  demand(bytes.length > 0 && bytes.length <= 65535, 'it is empty, or too large');
  const whole = new Der(bytes);
  const outer = whole.enter(0x30);
  demand(outer.take(0x06).toString('hex') === '2a864886f70d010702', 'it is no signed data');
  const within = outer.enter(0xa0);
  const data = within.enter(0x30);
  data.number(0x02, 5);
  data.take(0x31);
  const capsule = data.enter(0x30);
  demand(capsule.take(0x06).toString('hex') === '2a864886f70d0109100104', 'what is signed is no timestamp');
  const wrapped = capsule.enter(0xa0);
  const content = wrapped.enter(0x04);
  data.skipIf(0xa0);
  data.skipIf(0xa1);
  const signers = data.enter(0x31);
  signers.take(0x30);
  for (const part of [whole, outer, within, data, capsule, wrapped, signers]) part.done();
  const info = content.enter(0x30);
  demand(info.number(0x02, 2 ** 32 - 1) === 1n, 'its version is not 1');
  checkPolicy(info.take(0x06));
  const digest = info.enter(0x30);
  const algorithm = digest.enter(0x30);
  const size = DIGESTS[algorithm.take(0x06).toString('hex')];
  if (algorithm.isNext(0x05)) demand(algorithm.take(0x05).length === 0, 'its imprint is not in form');
  algorithm.done();
  const imprint = digest.take(0x04);
  digest.done();
  demand(imprint.length === size, 'its imprint is not in form');
  info.integer();
  const time = readTime(info.take(0x18));
  if (info.isNext(0x30)) {
    const accuracy = info.enter(0x30);
    for (const [tag, most] of [[0x02, 2 ** 32 - 1], [0x80, 999], [0x81, 999]]) if (accuracy.isNext(tag)) accuracy.number(tag, most);
    accuracy.done();
  }
  if (info.isNext(0x01)) demand(info.take(0x01).toString('hex') === 'ff', 'its ordering is not in form');
  if (info.isNext(0x02)) info.integer();
  info.skipIf(0xa0);
  info.skipIf(0xa1);
  info.done();
  content.done();
  return { imprint, time };
};

// The note up to and with its first signature line.
const bareSeal = (note) => note.subarray(0, note.indexOf('\n', note.lastIndexOf('\n\n') + 2) + 1);

// -- 8: verification ----------------------------------------------------------------------------------------

const NAMES = { B: 'entries', T: 'tiles', S: 'seals', C: 'control', X: 'timestamps' };
const KEY_SIZES = { B: 8, T: 9, S: 8, C: 8, X: 12 };

class Verifier {
  constructor(source, key, against) {
    this.source = source;
    this.key = key; // of epoch 0
    this.epochs = []; // {key, begins}
    this.keyChange = null; // of entry s: 'hand-over' or 'recovery'
    this.against = against;
    const head = against === null ? null : /^([^\n]*)\n([1-9]\d{0,18})\n/.exec(against.toString('latin1'));
    if (against !== null && (!head || BigInt(head[2]) >= 2n ** 63n)) throw new CannotCheck('the kept seal is no seal');
    this.keptOrigin = head && Buffer.from(head[1], 'latin1').toString('utf8');
    this.keptSize = head && BigInt(head[2]);
    this.differs = false; // it is not the journal that the kept seal knows
    this.keyGiven = key !== null;
    this.s = 0;
    this.recordedAt = 0n;
    this.tree = new Tree();
    this.actors = [];
    this.signatures = new Set();
    this.ownedSince = 0; // the entry that names the first owner
    this.proposals = new Map();
    this.approval = null;
    this.actorNames = new Set(['journal']);
    this.sealed = 0;
    this.sealsChecked = 0;
    this.integrity = false;
    this.tiles = new Map();
  }

  rows(type) {
    return this.source.tables[type].map((row) => {
      if (row.key.length !== KEY_SIZES[type]) throw new Wrong(`table ${NAMES[type]}`, `a key has ${row.key.length} bytes`);
      return row;
    });
  }
  numbered(type) {
    return this.rows(type).map((row) => ({ ...row, number: row.key.readBigUInt64BE(0) }));
  }

  checkLayout() {
    const row = this.source.tables.M.find((r) => r.key.toString('latin1') === 'layout');
    if (!row || row.size !== 4) throw new CannotCheck('this is not a journal: it does not say its layout');
    const layout = this.source.value(row).readUInt32BE(0);
    if (layout !== 2) throw new CannotCheck(`layout ${layout} is not known to this verifier`);
  }

  run() {
    this.checkLayout();
    this.blocks = this.numbered('B');
    this.seals = this.numbered('S');
    this.controls = this.numbered('C');
    for (const row of this.rows('T')) this.tiles.set(row.key.toString('hex'), row);
    this.nextSeal = 0;
    this.nextControl = 0;
    if (this.seals.length && this.seals[0].number === 0n) throw new Wrong('seal 0', 'a seal covers at least one entry');
    if (this.controls.length && this.controls[0].number === 0n) throw new Wrong('control index 0', 'there is no entry 0');
    for (this.blockAt = 0; this.blockAt < this.blocks.length; this.blockAt++) this.checkBlock(this.blocks[this.blockAt]);
    this.checkEnd();
  }

  // Hash `slot` of a level, counted over all its tiles; null when no tile holds it.
  slot(level, slot) {
    const key = Buffer.alloc(9);
    key[0] = level;
    key.writeBigUInt64BE(BigInt(Math.floor(slot / 256)), 1);
    const hex = key.toString('hex');
    this.loaded ??= new Map();
    const cached = this.loaded.get(level);
    let tile = cached && cached.hex === hex ? cached.bytes : null;
    if (!tile) {
      const row = this.tiles.get(hex);
      if (!row) return null;
      tile = this.source.value(row);
      this.loaded.set(level, { hex, bytes: tile });
    }
    const at = (slot % 256) * 32;
    return at + 32 <= tile.length ? tile.subarray(at, at + 32) : null;
  }

  // The entries of a block as far as they can be told apart: {entries, error, rest}.
  static split(bytes) {
    const count = bytes.length >= 2 ? bytes.readUInt16BE(0) : 0;
    if (count === 0 || 2 + 6 * count > bytes.length) return { entries: [], error: 'its block is malformed', rest: 0 };
    const entries = [];
    const checks = bytes.subarray(2 + 2 * count, 2 + 6 * count);
    let at = 2 + 6 * count;
    for (let i = 0; i < count; i++) {
      const size = bytes.readUInt16BE(2 + 2 * i);
      if (size > bytes.length - at) return { entries, checks, error: 'it runs past the end of its block', rest: 0 };
      entries.push(bytes.subarray(at, at + size));
      at += size;
    }
    return { entries, checks, error: null, rest: bytes.length - at };
  }

  checkBlock(block) {
    const { entries, checks, error, rest } = Verifier.split(this.source.value(block));
    for (let i = 0; i < entries.length; i++) this.checkEntry(entries[i], checks.subarray(4 * i, 4 * i + 4), () => this.entriesFrom(entries.slice(i), error));
    if (error) throw new Wrong(`entry ${this.s + 1}`, error);
    if (rest) throw new Wrong(`entry ${this.s}`, 'bytes that are no entry follow it');
    if (block.number > BigInt(this.s)) throw new Wrong(`entry ${this.s + 1}`, 'it is missing');
    if (block.number < BigInt(this.s)) throw new Wrong(`entry ${block.number + 1n}`, 'it stands in a block that ends before it');
  }

  // 8.2: what can be read from here on, whatever it says; ends where nothing can.
  *entriesFrom(entries, error) {
    yield* entries;
    if (error) return;
    for (let b = this.blockAt + 1; b < this.blocks.length; b++) {
      const split = Verifier.split(this.source.value(this.blocks[b]));
      yield* split.entries;
      if (split.error) return;
    }
  }

  // 8.2: does the first good seal that covers entry s + 1 confirm the entries?
  sealsConfirm(entries) {
    const tree = new Tree(this.tree);
    for (let i = this.nextSeal; i < this.seals.length; i++) {
      const { number } = this.seals[i];
      if (number < BigInt(this.s + 1)) continue;
      let root;
      try {
        ({ root } = openSeal(this.source.value(this.seals[i]), number, this.keyAt(number)));
      } catch {
        continue;
      }
      while (BigInt(tree.size) < number) {
        const { value, done } = entries.next();
        if (done) return false;
        tree.push(leafHash(value));
      }
      return tree.root().equals(root);
    }
    return false;
  }

  checkEntry(bytes, check, entriesFromHere) {
    const seq = this.s + 1;
    const where = `entry ${seq}`;
    let e;
    try {
      e = decodeEntry(bytes, seq);
    } catch (error) {
      if (error instanceof Unknown && this.sealsConfirm(entriesFromHere()))
        throw new CannotCheck(`${where}: ${error.message} is not known to this verifier, though a seal confirms it`);
      if (error instanceof Unknown || error instanceof NotCanonical) throw new Wrong(where, error.message);
      throw error;
    }
    const broken = this.brokenRule(e, bytes, seq);
    if (broken) throw new Wrong(where, broken);
    const leaf = leafHash(bytes);
    if (!check.equals(leaf.subarray(0, 4))) {
      if (this.sealsConfirm(entriesFromHere())) throw new Wrong(`check ${seq}`, `it is not that of entry ${seq}`);
      throw new Wrong(where, 'its hash does not begin with its check');
    }
    const made = this.tree.push(leaf);
    this.s = seq;
    this.recordedAt = e.recordedAt;
    this.checkUppers(made);
    this.checkControl(e.kind >> 8 === 7);
    this.checkSeal();
    if (this.keptSize === BigInt(this.s)) this.keptRoot = this.tree.root();
  }

  // Rules 4 to 9; null when none is broken.
  brokenRule(e, bytes, seq) {
    const actor = this.actors[e.actor - 1];
    const family = e.kind >> 8;
    if ((e.kind === GENESIS) !== (seq === 1)) return 'genesis is the first entry and no other';
    if (seq > 1 && e.recordedAt < this.recordedAt) return 'it was recorded before the entry that it follows';
    if (e.cause >= BigInt(seq)) return 'its cause is not an earlier entry';
    if (e.actor !== 0 && !actor) return 'its actor is not known at that point';
    if (!mayWrite(actor ? actor.role : 0, e.kind)) return 'the role of its actor may not write its kind';
    if (actor?.isRevoked) return 'its actor was revoked';
    if (this.ownedSince && actor && PERSONS.includes(actor.role) && !e.isSigned) return 'it is a person\'s, and not signed';
    if (this.ownedSince && e.kind === ACTOR && actor?.role !== OWNER) return 'it brings in an actor, and is no owner\'s';
    const derived = family === 2 || family === 3 || e.kind === 0x0401 || e.kind === 0x0403;
    if (derived && e.cause === 0n && (e.actor === 0 || actor.role === STRATEGY || actor.role === RISK)) return 'it was derived, and names no cause';
    if (!e.isSigned && MUST_BE_SIGNED.includes(e.kind)) return 'it lacks the signature that its kind must carry';
    if (e.isSigned) {
      const broken = this.brokenSignature(e, bytes, actor);
      if (broken) return broken;
    }
    this.keyChange = null;
    if (e.kind === GENESIS) return this.takeGenesis(e.fields);
    if (e.kind === KEY) return this.takeKey(e, actor, seq);
    if (e.kind === ACTOR) {
      const [id, name, role, key] = e.fields;
      if (id !== BigInt(this.actors.length + 1)) return 'it gives a new actor an id that is not the next one';
      return this.addActor({ name, role, key }, seq);
    }
    if (e.kind === REVOCATION || e.kind === ACTOR_KEY) return this.takeChange(e, actor);
    return this.ownedSince ? this.brokenDual(e, bytes, actor) : null;
  }

  // Section 3.
  statement(e, bytes) {
    const words = Buffer.from(bytes.subarray(0, 48 + e.bodySize));
    words.fill(0, 8, 24);
    return Buffer.concat([Buffer.from(`ledger statement v1\n${this.key.name}\n`, 'utf8'), words]);
  }

  brokenSignature(e, bytes, actor) {
    if (!actor) return 'it is signed, but not by an actor with a key';
    const signature = bytes.subarray(48 + e.bodySize);
    if (!signatureIsGood(actor.key, this.statement(e, bytes), signature)) return 'its signature is not that of its actor';
    const hex = signature.toString('hex');
    if (this.signatures.has(hex)) return 'its signature stands in an earlier entry already';
    this.signatures.add(hex);
    return null;
  }

  // Section 3.1.
  takeChange(e, actor) {
    const target = this.actors[Number(e.fields[0]) - 1];
    if (!target) return 'it is about an actor who is not known at that point';
    if (actor.role !== OWNER && actor !== target) return 'it is about another actor, and no owner\'s';
    if (e.kind === ACTOR_KEY) {
      target.key = Buffer.from(e.fields[1]);
      target.isRevoked = false;
      return null;
    }
    const isFree = (a) => a.role === OWNER && !a.isRevoked;
    if (isFree(target) && this.actors.filter(isFree).length === 1) return 'it revokes the last owner';
    target.isRevoked = true;
    return null;
  }

  // Section 3.2, points 3 to 5.
  brokenDual(e, bytes, actor) {
    if (e.kind === PROPOSAL) return this.takeProposal(e, actor);
    if (e.kind === APPROVAL) return this.takeApproval(e, actor);
    if (!NEED_TWO.includes(e.kind)) return null;
    if (this.approval?.seq !== e.seq - 1n) return 'it needs two persons, and no approval stands before it';
    if (this.approval.recordedAt !== e.recordedAt) return 'it was recorded at another time than its approval';
    if (!this.approvable(e, bytes).equals(this.approval.digest)) return 'it is not what the approval before it approves';
    return null;
  }

  approvable(e, bytes) {
    return sha256(this.statement(e, bytes), bytes.subarray(48 + e.bodySize));
  }

  takeProposal(e, actor) {
    const [seconds, bytes] = e.fields;
    if (seconds < 1n || seconds > 604800n) return 'it is open for too short or too long a time';
    let draft;
    try {
      draft = decodeEntry(bytes, 0);
    } catch (error) {
      if (error instanceof Unknown || error instanceof NotCanonical) return `its draft is no entry: ${error.message}`;
      throw error;
    }
    if (draft.recordedAt !== 0n) return 'its draft has a time';
    if (!NEED_TWO.includes(draft.kind)) return 'its draft needs no second person';
    if (!draft.isSigned || draft.actor !== e.actor) return 'its draft is not signed by who proposes';
    if (!signatureIsGood(actor.key, this.statement(draft, bytes), bytes.subarray(48 + draft.bodySize))) return 'the signature of its draft is not good';
    this.proposals.set(e.seq, { actor, seconds, recordedAt: e.recordedAt, digest: this.approvable(draft, bytes) });
    return null;
  }

  takeApproval(e, actor) {
    const proposal = this.proposals.get(e.cause);
    if (!proposal) return 'its cause is no proposal';
    if (proposal.actor === actor || proposal.actor.key.equals(actor.key)) return 'it is not by a second person';
    if (proposal.actor.isRevoked) return 'the one who proposed was revoked';
    if (e.recordedAt - proposal.recordedAt > proposal.seconds * 1000000000n) return 'it comes too late';
    if (!e.fields[0].equals(proposal.digest)) return 'it approves something else';
    this.approval = { seq: e.seq, digest: proposal.digest, recordedAt: e.recordedAt };
    return null;
  }

  takeGenesis([origin, publicKey, actors]) {
    const name = origin.toString('utf8');
    if (this.keyGiven) {
      if (name !== this.key.name || !publicKey.equals(this.key.publicKey)) return 'it names another journal or key than the given one';
    } else {
      if (origin.length > 255 || !nameIsGood(name)) return 'its origin is no good name';
      if (!journalKeyIsGood(publicKey)) return 'its key is no good key';
      this.key = makeKey(name, publicKey);
    }
    this.epochs.push({ key: this.key, begins: 1n });
    for (const actor of actors) {
      const broken = this.addActor(actor, 1);
      if (broken) return broken;
    }
    return null;
  }

  // Section 5, key epochs.
  takeKey(e, actor, seq) {
    const [epoch, publicKey] = e.fields;
    if (!e.isSigned && e.actor !== 0) return 'it hands over, and is not the journal\'s own';
    if (e.isSigned && actor.role !== OWNER) return 'it is a recovery, and its actor is no owner';
    if (epoch !== BigInt(this.epochs.length)) return `it begins epoch ${epoch}, and the next one is ${this.epochs.length}`;
    if (!journalKeyIsGood(publicKey)) return 'its key is no good key';
    if (this.epochs.some(({ key }) => key.publicKey.equals(publicKey))) return 'it names the key of an earlier epoch again';
    this.keyChange = e.isSigned ? 'recovery' : 'hand-over';
    this.epochs.push({ key: makeKey(this.key.name, publicKey), begins: BigInt(seq) + (e.isSigned ? 0n : 1n) });
    return null;
  }

  // The key in force, as far as the epochs are known.
  keyAt(size) {
    return this.epochs.findLast(({ begins }) => begins <= BigInt(size))?.key ?? this.key;
  }

  addActor({ name, role, key }, seq) {
    if (this.actors.length === 512) return 'it adds one actor too many';
    if (this.actorNames.has(name)) return `it adds an actor "${name}", a name that is taken`;
    this.actorNames.add(name);
    this.actors.push({ name, role, key: Buffer.from(key), isRevoked: false });
    if (role === OWNER) this.ownedSince ||= seq;
    return null;
  }

  // Rule 11.
  checkUppers(made) {
    made.forEach((hash, i) => {
      const slot = this.s / 256 ** (i + 1) - 1;
      const stored = this.slot(i + 1, slot);
      if (!stored || !stored.equals(hash)) throw new Wrong(`tile ${i + 1}/${Math.floor(slot / 256)}`, `its hash ${slot % 256} is not that of the tile below`);
    });
  }

  // Rule 12.
  checkControl(isControl) {
    const row = this.controls[this.nextControl];
    const isListed = row !== undefined && row.number === BigInt(this.s);
    if (isControl !== isListed || (isListed && row.size !== 0)) throw new Wrong(`control index ${this.s}`, 'it does not agree with the entry');
    if (isListed) this.nextControl++;
  }

  // Rule 13.
  checkSeal() {
    const row = this.seals[this.nextSeal];
    if (this.keyChange === 'recovery' && this.sealed !== this.s - 1) throw new Wrong(`seal ${this.s - 1}`, 'it is missing: the next entry is a recovery');
    if (row === undefined || row.number !== BigInt(this.s)) {
      if (this.keyChange) throw new Wrong(`seal ${this.s}`, `it is missing: its newest entry is a ${this.keyChange}`);
      return;
    }
    let seal;
    try {
      seal = openSeal(this.source.value(row), row.number, this.keyAt(row.number));
    } catch (error) {
      throw new Wrong(`seal ${this.s}`, error.message);
    }
    const { root } = seal;
    if (!root.equals(this.tree.root())) throw new Wrong(`seal ${this.s}`, `entries ${this.sealed + 1}..${this.s} are not those it sealed`);
    for (const actor of this.actors)
      if (actor.role === WITNESS && !actor.isRevoked && cosignatureIsWrong(seal, actor)) throw new Wrong(`seal ${this.s}`, `its line as ${actor.name} is not that witness's`);
    this.sealed = this.s;
    this.sealsChecked++;
    this.nextSeal++;
  }

  // A seal that was kept elsewhere, of a journal that is good in itself.
  checkKept() {
    if (this.keptSize === null) return;
    if (this.keptOrigin !== this.key.name) throw new CannotCheck('the kept seal is no seal of this journal');
    this.differs = true;
    if (this.keptSize > BigInt(this.s)) throw new Wrong('kept seal', `the tail is cut: it covers ${this.keptSize} entries, and the journal has ${this.s}`);
    let root;
    try {
      ({ root } = openSeal(this.against, this.keptSize, this.keyAt(this.keptSize)));
    } catch (error) {
      throw new Wrong('kept seal', `another history, or no seal: ${error.message}`);
    }
    if (!root.equals(this.keptRoot)) throw new Wrong('kept seal', `another history: at size ${this.keptSize} it has another root than the journal`);
    this.differs = false;
  }

  // Rules 14 to 18.
  checkEnd() {
    const { s } = this;
    if (s === 0) throw new Wrong('entry 1', 'the journal has no entry');
    const seal = this.seals[this.nextSeal];
    if (seal) {
      try {
        openSeal(this.source.value(seal), seal.number, this.keyAt(seal.number));
      } catch (error) {
        throw new Wrong(`seal ${seal.number}`, error.message);
      }
      this.integrity = true;
      throw new Wrong(`entry ${s + 1}`, `it is missing: seal ${seal.number} covers it`);
    }
    if (this.sealed < s) {
      this.integrity = true;
      throw new Wrong(`entry ${this.sealed + 1}`, 'no seal covers it');
    }
    for (const row of this.source.tables.T) {
      const level = row.key[0];
      const index = row.key.readBigUInt64BE(1);
      const hashes = level > 0 && level < 8 ? BigInt(s) / 256n ** BigInt(level) : 0n;
      const left = hashes - 256n * index;
      const width = left <= 0n ? 0n : left < 256n ? left : 256n;
      if (width === 0n || BigInt(row.size) !== 32n * width) throw new Wrong(`tile ${level}/${index}`, `it is not one of a tree of ${s} entries`);
    }
    const row = this.controls[this.nextControl];
    if (row) throw new Wrong(`control index ${row.number}`, 'the journal has no such entry');
    this.checkTimestamps();
    this.integrity = true;
    this.checkKept();
  }

  // When entry `seq` was recorded, in nanoseconds; it is there.
  whenRecorded(seq) {
    const block = this.blocks.find((b) => b.number >= seq);
    const { entries } = Verifier.split(this.source.value(block));
    return entries[Number(seq - block.number) + entries.length - 1].readBigInt64BE(16);
  }

  // Rule 19.
  checkTimestamps() {
    let before = 0n;
    let next = 0;
    for (const row of this.rows('X')) {
      const size = row.key.readBigUInt64BE(0);
      const where = `timestamp ${size}`;
      next = size === before ? next + 1 : 0;
      before = size;
      const seal = this.seals.find((s) => s.number === size);
      if (!seal) throw new Wrong(where, 'there is no seal of that size');
      if (row.key.readUInt32BE(8) !== next) throw new Wrong(where, `number ${next} is missing`);
      let token;
      try {
        token = readToken(this.source.value(row));
      } catch (error) {
        if (!(error instanceof NoToken)) throw error;
        throw new Wrong(where, `number ${next}: ${error.message}`);
      }
      if (!token.imprint.equals(sha256(bareSeal(this.source.value(seal))))) throw new Wrong(where, `number ${next} is over something else than that seal`);
      if (token.time < this.whenRecorded(size) - 2000000000n) throw new Wrong(where, `number ${next} says a time before the seal's newest entry was recorded`);
    }
  }

  // 8.5
  isComplete() {
    let last = 0n;
    for (const row of this.source.tables.B) {
      if (row.key.length !== 8 || row.size < 2) return false;
      const count = BigInt(this.source.value(row).readUInt16BE(0));
      if (count === 0n || row.key.readBigUInt64BE(0) !== last + count) return false;
      last += count;
    }
    const seal = this.source.tables.S.at(-1);
    if (last === 0n || !seal || seal.key.length !== 8 || seal.key.readBigUInt64BE(0) !== last) return false;
    return this.source.tables.T.every((row) => {
      if (row.key.length !== 9 || row.key[0] !== 1) return true;
      const index = row.key.readBigUInt64BE(1);
      const hashes = last / 256n;
      return index < hashes / 256n || (index === hashes / 256n && BigInt(row.size) / 32n <= hashes % 256n);
    });
  }
}

// {exit, where, text, integrity, complete, ...} of a raw export; `against`: the bytes of a seal that was kept elsewhere.
const verify = (from, vkey, against) => {
  let source = null;
  let verifier = null;
  const report = { exit: 3, where: '', text: '', integrity: false, complete: false };
  try {
    source = new Export(from);
    verifier = new Verifier(source, vkey === null ? null : parseVkey(vkey), against);
    verifier.run();
    report.exit = 0;
  } catch (error) {
    if (error instanceof Wrong) Object.assign(report, { exit: 1, where: error.where });
    report.text = error.message;
    if (!(error instanceof Wrong) && !(error instanceof CannotCheck) && !error.code) throw error;
  }
  if (report.exit !== 3) {
    report.integrity = verifier.integrity;
    report.complete = !verifier.differs && verifier.isComplete();
    if (report.exit === 0 && !report.complete) Object.assign(report, { exit: 1, text: 'not complete' });
    report.entries = verifier.s;
    report.seals = verifier.sealsChecked;
    report.tiles = source.tables.T.length;
    report.root = verifier.tree.root().toString('hex');
    report.key = verifier.key ? formatVkey(verifier.key) : '';
    report.epochs = verifier.epochs.length;
    report.hypothetical = verifier.key ? verifier.key.name.startsWith('hypothetical/') : false;
    report.ownedSince = verifier.ownedSince <= verifier.s ? verifier.ownedSince : 0;
  }
  if (source) source.close();
  return report;
};

export const verifyFile = (path, vkey = null, against = null) => verify(path, vkey, against);
export const verifyBytes = (bytes, vkey = null, against = null) => verify(bytes, vkey, against);

const main = (args) => {
  const option = (name) => {
    const at = args.indexOf(name);
    return at < 0 ? null : (args.splice(at, 2)[1] ?? undefined);
  };
  const vkey = option('--key');
  const seal = option('--against');
  if (args.length !== 1 || vkey === undefined || seal === undefined) {
    console.error('usage: node verify.mjs EXPORT [--key VKEY] [--against SEAL]');
    return 2;
  }
  let against = null;
  try {
    against = seal === null ? null : readFileSync(seal);
  } catch (error) {
    console.error(`could not check: ${error.message}`);
    return 3;
  }
  const report = verifyFile(args[0], vkey, against);
  if (report.exit === 3) {
    console.error(`could not check: ${report.text}`);
    return 3;
  }
  console.log(`entries ${report.entries}, seals ${report.seals}, tiles ${report.tiles}`);
  console.log(`root ${report.root}`);
  console.log(`key ${report.key}${vkey === null ? ' (from the journal itself)' : ''}${report.epochs > 1 ? `, and ${report.epochs - 1} after it` : ''}`);
  console.log(`integrity ${report.integrity ? 'good' : 'WRONG'}, completeness ${report.complete ? 'good' : 'WRONG'}`);
  if (report.hypothetical) console.log('HYPOTHETICAL: computed by a what-if, not lived');
  if (report.ownedSince) console.log(`owned since entry ${report.ownedSince}: what matters most needed two persons`);
  else if (report.integrity) console.log('no owner: each person acted alone');
  if (report.exit === 1) console.log(`first wrong place: ${report.text}`);
  return report.exit;
};

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) process.exitCode = main(process.argv.slice(2));
