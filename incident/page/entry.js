// Entries as they are stored (FORMAT.md, sections 1 and 2), decoded when somebody looks at one. Before this stands SCHEMA,
// which the program writes from its own table: what kinds there are, their fields, and what numbers stand for names.

const data = JSON.parse(document.getElementById('data').textContent);

const NONE = -(2n ** 63n);
const UNITS = ['price', 'money', 'rate', 'count', 'seconds', 'flag'];
const RULES = ['>=', '<=', '>', '<', '='];
const KINDS = new Map(SCHEMA.kinds.map((line) => {
  const [head, body] = line.split(/:(.*)/s);
  const [id, name] = head.split(' ');
  const words = body.trim().split(' ');
  return [Number(id), { name, fields: words.flatMap((w, i) => (i % 2 ? [] : [[w, words[i + 1]]])) }];
}));

const unbase64 = (text) => {
  const raw = atob(text), bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
  return bytes;
};
const hex = (bytes) => Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('');
const msOf = (ns) => Number(ns / 1000000n);
const equal = (a, b) => a.length === b.length && a.every((v, i) => v === b[i]);

// Columns by number of row; `seqs` is ascending.
const store = (() => {
  const e = data.entries, count = e.seq.length;
  const seqs = new Float64Array(count), from = new Float64Array(count + 1);
  let seq = 0, at = 0;
  for (let i = 0; i < count; i++) {
    seqs[i] = seq += e.seq[i];
    from[i] = at;
    at += e.size[i];
  }
  from[count] = at;
  const bytes = unbase64(e.bytes);
  const view = new DataView(bytes.buffer);
  const rowOf = (wanted) => {
    let low = 0, high = count - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      if (seqs[middle] === wanted) return middle;
      if (seqs[middle] < wanted) low = middle + 1; else high = middle - 1;
    }
    return -1;
  };
  return {
    count, seqs, bytes, rowOf, words: e.words, underlyings: e.u,
    seen: new Map(e.seen.map(([s, quote, price]) => [s, { quote, price }])),
    leaf: (i) => bytes.subarray(from[i], from[i + 1]),
    kind: (i) => KINDS.get(view.getUint16(from[i] + 2))?.name ?? '?',
    cause: (i) => Number(view.getBigUint64(from[i] + 32)),
    actorId: (i) => view.getUint32(from[i] + 40),
    actor: (i) => actorName(view.getUint32(from[i] + 40)),
    recordedAt: (i) => msOf(view.getBigInt64(from[i] + 16)),
    at: (i) => (view.getUint8(from[i] + 1) & 1 ? msOf(view.getBigInt64(from[i] + 24)) : null),
    inSpan: (i) => seqs[i] >= data.from && seqs[i] <= data.to,
  };
})();

// Where an entry stands on the axis, by the proven bytes alone: what is of the market at its own moment; what people and the
// program say of themselves, and what has no moment, where the market's clock was (incident/timeline.h). In ms.
(() => {
  const times = new Float64Array(store.count), unplaced = [], clocks = [], own = (i) => store.at(i) ?? store.recordedAt(i);
  let now = null;
  for (let i = 0; i < store.count; i++) {
    const kind = store.kind(i), ofMarket = store.at(i) !== null && !kind.startsWith('control.') && kind !== 'fill.deposit';
    if (kind === 'perception.clock') {
      now = own(i);
      if (store.inSpan(i)) clocks.push(now);
      unplaced.splice(0).forEach((row) => { times[row] = now; });
    }
    times[i] = ofMarket || !store.inSpan(i) || now === null ? own(i) : now;
    if (!ofMarket && store.inSpan(i) && now === null) unplaced.push(i);
  }
  const ends = clocks.length ? clocks : Array.from(times).filter((t, i) => store.inSpan(i));
  store.time = (i) => times[i];
  store.begin = ends.reduce((a, b) => Math.min(a, b), ends[0] ?? data.base);
  store.end = ends.reduce((a, b) => Math.max(a, b), ends[0] ?? data.base);
})();

const decimal = (v, digits, least = 0) => {
  const text = String(v < 0n ? -v : v).padStart(digits + 1, '0');
  const fraction = digits ? text.slice(-digits).replace(/0+$/, '').padEnd(least, '0') : '';
  return (v < 0n ? '-' : '') + text.slice(0, text.length - digits) + (fraction ? `.${fraction}` : '');
};
const thousands = (text) => text.replace(/^(-?)(\d+)/, (all, sign, digits) => sign + digits.replace(/\B(?=(\d{3})+$)/g, ','));
const amount = (v, unit) => {
  if (v === NONE) return 'not known';
  switch (unit) {
    case 'price': return thousands(decimal(v, 9, 2));
    case 'money': return thousands(decimal(v, 6, 2));
    case 'rate': return `${decimal(v, 7, 2)} %`;
    case 'seconds': return `${v} s`;
    case 'flag': return v ? 'yes' : 'no';
    default: return thousands(String(v));
  }
};

class Body {
  constructor(bytes) { this.bytes = bytes; this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length); this.at = 0; }
  take(n) {
    if (this.at + n > this.bytes.length) throw new Error('a field runs past its end');
    this.at += n;
    return this.bytes.subarray(this.at - n, this.at);
  }
  u8() { return this.take(1)[0]; }
  u16() { this.take(2); return this.view.getUint16(this.at - 2); }
  i64() { this.take(8); return this.view.getBigInt64(this.at - 8); }
  text(n) { return new TextDecoder().decode(this.take(n)); }
  list(row) { return Array.from({ length: this.u8() }, () => row()); }
  check() {
    const name = this.text(this.u8()), value = this.i64(), bound = this.i64(), unit = UNITS[this.u8() - 1], rule = RULES[this.u8() - 1], ok = this.u8() === 1;
    // A closing order is exempt from some limits, and an exit rule that does not hold is no failure: as reports/words.c has it.
    const exit = name.startsWith('exit_') || name === 'position_loss', exempt = name.endsWith(':exempt'), overridden = name.endsWith(':overridden');
    const said = exit ? (ok ? 'DUE' : 'not due') : ok ? 'ok' : exempt ? 'does not count' : overridden ? 'overridden' : 'FAILED';
    return { name, value: amount(value, unit), bound: amount(bound, unit), rule, ok, said, failed: said === 'FAILED' };
  }
  field(type) {
    if (SCHEMA.choices[type]) return SCHEMA.choices[type][this.u8() - 1];
    switch (type) {
      case 'SYMBOL': case 'ID': return this.text(this.u8());
      case 'TEXT': return this.text(this.u16());
      case 'BLOB': return this.take(this.u16());
      case 'PRICE': case 'PRICE_OPT': { const v = this.i64(); return v === NONE ? 'none' : amount(v, 'price'); }
      case 'RATE': return amount(this.i64(), 'rate');
      case 'MONEY': return amount(this.i64(), 'money');
      case 'QTY': case 'COUNT': return amount(this.i64(), 'count');
      case 'DAY': this.take(4); return new Date(this.view.getInt32(this.at - 4) * 86400000).toISOString().slice(0, 10);
      case 'BOOL': return this.u8() === 1;
      case 'DIGEST': case 'KEY': return this.take(32);
      case 'CHECKS': return { checks: this.list(() => this.check()) };
      case 'COUNTS': return { rows: this.list(() => [this.text(this.u8()), amount(this.i64(), 'count')]), head: ['criterion', 'contracts that failed it'] };
      case 'CANDIDATES': return {
        rows: this.list(() => [this.text(this.u8()), amount(this.i64(), 'price'), amount(this.i64(), 'money'), amount(this.i64(), 'rate'), amount(this.i64(), 'rate'), String(this.i64())]),
        head: ['contract', 'premium', 'margin of one', 'premium per margin', 'out of the money', 'days'],
      };
      case 'ACTORS': return { rows: this.list(() => [this.text(this.u8()), SCHEMA.choices.ROLE[this.u8() - 1], hex(this.take(32))]), head: ['actor', 'role', 'key'] };
      default: throw new Error(`no such field type: ${type}`);
    }
  }
}

// Everything that entry `i` says; errors are told in `broken`, so that a damaged entry can be looked at as well.
const decodeEntry = (i) => {
  const bytes = store.leaf(i), view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const e = { row: i, bytes, body: [], checks: [] };
  try {
    e.seq = Number(view.getBigUint64(8));
    e.recordedAt = view.getBigInt64(16);
    e.at = bytes[1] & 1 ? view.getBigInt64(24) : null;
    e.cause = Number(view.getBigUint64(32));
    e.actor = actorName(view.getUint32(40));
    e.signed = (bytes[1] & 2) !== 0;
    const kind = KINDS.get(view.getUint16(2)), body = new Body(bytes.subarray(48, 48 + view.getUint16(6)));
    if (!kind) throw new Error('its kind is not known to this page');
    e.name = kind.name;
    for (const [type, field] of kind.fields) {
      const value = body.field(type);
      if (value?.checks) e.checks = value.checks;
      e.body.push([field, value]);
    }
    if (e.seq !== store.seqs[i]) throw new Error(`its own number is ${e.seq}`);
  } catch (why) {
    e.broken = why.message;
  }
  return e;
};

// Who is who say the entries that brought the actors in: they are on every page, and proven like the others.
const actors = new Map([[0, 'journal']]);
const actorName = (id) => actors.get(id) ?? `actor ${id}`;
for (let i = 0; i < store.count; i++) {
  const kind = store.kind(i);
  if (kind !== 'control.genesis' && kind !== 'control.actor') continue;
  const body = new Map(decodeEntry(i).body);
  if (kind === 'control.genesis') body.get('actors')?.rows.forEach(([name], k) => actors.set(k + 1, name));
  else if (!actors.has(Number(body.get('actor_id')))) actors.set(Number(body.get('actor_id')), body.get('name'));
}

const newYork = new Intl.DateTimeFormat('en-CA', { timeZone: 'America/New_York', year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });
const newYorkParts = (ms) => Object.fromEntries(newYork.formatToParts(ms).map((p) => [p.type, p.value]));
const clockOf = (ms, withDay = false) => {
  const p = newYorkParts(ms);
  return `${withDay ? `${p.year}-${p.month}-${p.day} ` : ''}${p.hour}:${p.minute}:${p.second}`;
};
const instant = (ns) => {
  const fraction = String(((ns % 1000000000n) + 1000000000n) % 1000000000n).padStart(9, '0').replace(/0+$/, '');
  const s = (ns - (((ns % 1000000000n) + 1000000000n) % 1000000000n)) / 1000000000n;
  return `${new Date(Number(s) * 1000).toISOString().slice(0, 19)}${fraction ? `.${fraction}` : ''}Z`;
};
