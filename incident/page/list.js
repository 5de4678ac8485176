// The list: as many rows as can be seen, and a height for all the others. And what one entry says.

const FAMILIES = [
  ['decision', 'decisions', true], ['risk', 'verdicts, risk', true], ['order', 'orders', true], ['fill', 'fills', true],
  ['control', 'control', true], ['perception', 'perceptions', false], ['routine', 'routine', false],
];
const ROUTINE = new Set(['decision.no_trade', 'decision.candidates', 'control.heartbeat', 'control.source', 'control.snapshot']);
// Perceptions, and what the program says of itself every minute, are many: they are shown when asked for.
const familyOf = (kind) => (ROUTINE.has(kind) ? 'routine' : kind.slice(0, kind.indexOf('.')));

// What went wrong or was held back, and would wake somebody: verdicts that refuse, breakers, stops, rejections, breaks.
const BAD = new Set(['risk.breaker_trip', 'control.stop', 'order.rejected', 'risk.break', 'fill.bust']);
store.isBad = (() => {
  const known = new Map();
  const refuses = (i) => decodeEntry(i).body.some(([name, v]) => name === 'allowed' && v === false);
  return (i) => {
    const kind = store.kind(i);
    if (kind !== 'risk.verdict') return BAD.has(kind);
    if (!known.has(i)) known.set(i, refuses(i));
    return known.get(i);
  };
})();
const isDecision = (i) => { const kind = store.kind(i); return kind === 'decision.enter' || kind === 'decision.exit'; };

// What a search looks in, made when it is first wanted.
const haystacks = [];
const haystack = (i) => {
  if (haystacks[i] === undefined) {
    const ids = decodeEntry(i).body.filter(([, v]) => typeof v === 'string').map(([, v]) => v.slice(0, 2000)).join(' ');
    haystacks[i] = `${store.seqs[i]} ${store.kind(i)} ${store.actor(i)} ${store.words[i]} ${ids}`.toLowerCase();
  }
  return haystacks[i];
};

const list = {
  rows: [], // numbers of rows that pass the filter
  chosen: -1, families: new Set(FAMILIES.filter((f) => f[2]).map((f) => f[0])), search: '', inView: false, onlyBad: false, pool: [], height: 0,
};
const rowHeight = () => (window.innerWidth < 700 ? 64 : 34);

const passes = (i) => {
  if (list.onlyBad ? !store.isBad(i) : !list.families.has(familyOf(store.kind(i)))) return false;
  if (!store.inSpan(i) && !list.search) return false;
  if (list.inView) {
    const x = xOf(i);
    if (x < charts.window[0] || x > charts.window[1]) return false;
  }
  return !list.search || list.search.split(/\s+/).every((word) => haystack(i).includes(word));
};

const refill = (i) => {
  const bad = store.isBad(i), kind = store.kind(i);
  return [
    make('span', { className: 'seq' }, String(store.seqs[i])), make('span', { className: 'when' }, clockOf(store.time(i), list.days)),
    make('span', { className: 'kind' }, kind), make('span', { className: bad ? 'say bad' : 'say' }, `${bad ? '! ' : ''}${store.words[i]}`),
  ];
};

const drawRows = () => {
  const box = $('list'), h = rowHeight(), first = Math.max(0, Math.floor(box.scrollTop / h) - 4);
  const count = Math.min(list.rows.length - first, Math.ceil(box.clientHeight / h) + 8);
  if (list.height !== list.rows.length * h) { list.height = list.rows.length * h; $('rows').style.height = `${list.height}px`; }
  while (list.pool.length < count) {
    const node = make('div', { role: 'option' });
    list.pool.push(node);
    $('rows').append(node);
  }
  list.pool.forEach((node, k) => {
    const row = k < count ? list.rows[first + k] : undefined;
    node.hidden = row === undefined;
    if (row === undefined) { node.row = undefined; return; }
    node.style.transform = `translateY(${(first + k) * h}px)`;
    if (node.row !== row) {
      node.row = row;
      node.id = `row-${store.seqs[row]}`;
      node.className = `row ${familyOf(store.kind(row))}`;
      node.replaceChildren(...refill(row));
    }
    node.setAttribute('aria-selected', row === list.chosen ? 'true' : 'false');
  });
  if (list.chosen >= 0) $('list').setAttribute('aria-activedescendant', `row-${store.seqs[list.chosen]}`);
};

const applyFilter = () => {
  list.rows = [];
  for (let i = 0; i < store.count; i++) if (passes(i)) list.rows.push(i);
  $('shown').textContent = `${list.rows.length.toLocaleString('en-US')} of ${store.count.toLocaleString('en-US')} entries`;
  list.pool.forEach((node) => { node.row = undefined; });
  drawRows();
};

// Place in list.rows of the first row that is not before `row`.
const placeOf = (row) => {
  let low = 0, high = list.rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list.rows[middle] < row) low = middle + 1; else high = middle;
  }
  return low;
};

const scrollToRow = (row) => {
  const box = $('list'), h = rowHeight(), top = placeOf(row) * h;
  if (top < box.scrollTop || top + h > box.scrollTop + box.clientHeight) box.scrollTop = Math.max(0, top - box.clientHeight / 2 + h / 2);
  drawRows();
};

// -- one entry ----------------------------------------------------------------------------------------------

const shown = (value) => {
  if (value instanceof Uint8Array) return make('span', { className: 'hex' }, value.length > 96 ? `${hex(value.subarray(0, 96))} … (${value.length} bytes)` : hex(value));
  if (value?.rows) {
    if (!value.rows.length) return 'none';
    return make('table', { className: 'inner' }, make('thead', {}, make('tr', {}, ...value.head.map((h) => make('th', {}, h)))),
      make('tbody', {}, ...value.rows.map((r) => make('tr', {}, ...r.map((c) => make('td', {}, c))))));
  }
  return value === true ? 'yes' : value === false ? 'no' : String(value);
};
const pair = (name, value) => make('tr', {}, make('th', {}, name), make('td', {}, value));

const link = (seq, note) => {
  const row = store.rowOf(seq);
  const words = row < 0 ? 'it is not on this page' : `${store.kind(row)}  ${store.words[row]}`;
  const inner = [make('b', {}, `${seq}`), ` ${note ? `${note}: ` : ''}${words}`];
  if (row < 0) return make('li', {}, ...inner);
  const button = make('button', { type: 'button', className: store.isBad(row) ? 'to bad' : 'to' }, ...inner);
  button.dataset.seq = seq;
  return make('li', {}, button);
};

const consequences = (() => {
  let by = null;
  return (seq) => {
    if (!by) {
      by = new Map();
      for (let i = 0; i < store.count; i++) {
        const cause = store.cause(i);
        if (cause) by.has(cause) ? by.get(cause).push(store.seqs[i]) : by.set(cause, [store.seqs[i]]);
      }
    }
    return by.get(seq) ?? [];
  };
})();

const causesOf = (e) => {
  const chain = [], met = new Set();
  for (let seq = e.cause; seq && !met.has(seq) && chain.length < 64;) {
    met.add(seq);
    chain.push(seq);
    const row = store.rowOf(seq);
    seq = row < 0 ? 0 : store.cause(row);
  }
  return chain.reverse();
};
// What the decision behind this entry saw of the market.
const seenBy = (e, chain) => [e.seq, ...chain.slice().reverse()].map((seq) => store.seen.get(seq)).find(Boolean);

const checksTable = (e) => make('table', { className: 'checks' },
  make('thead', {}, make('tr', {}, ...['check', 'value', '', 'bound', ''].map((h) => make('th', {}, h)))),
  make('tbody', {}, ...e.checks.map((c) => make('tr', { className: c.failed ? 'failed' : c.ok ? 'ok' : '' },
    make('td', {}, c.name), make('td', { className: 'number' }, c.value), make('td', {}, c.rule), make('td', { className: 'number' }, c.bound), make('td', {}, c.said)))));

const proofOf = (e) => {
  const box = make('div', { className: 'proof', id: 'proof' });
  if (!proof.tree) {
    box.append(make('p', {}, proof.state === 'wrong' ? `NOT proven: ${proof.words[0]}` : 'The entries are being hashed …'));
    return box;
  }
  const path = pathOf(proof.tree, e.seq), good = proof.state !== 'wrong' && leadsToRoot(e.bytes, path, proof.root);
  box.append(make('p', { className: good ? 'verdict good' : 'verdict bad', id: 'proof-verdict' },
    good ? `Proven: these bytes are entry ${e.seq} of the ${data.size} whose root the seal signs.` : `NOT proven. ${proof.state === 'wrong' ? proof.words[0] : 'These bytes do not lead to the sealed root.'}`));
  box.append(make('table', {}, pair('leaf hash', shown(leafHash(e.bytes))), pair('sealed root', make('span', { className: 'hex' }, data.root))));
  box.append(make('details', {}, make('summary', {}, `the way from one to the other: ${path.length} hashes`),
    make('ol', { className: 'hex' }, ...path.map((p) => make('li', {}, `${p.side} ${hex(p.hash)}`)))));
  box.append(make('details', {}, make('summary', {}, `its ${e.bytes.length} bytes as they are stored`), make('pre', { className: 'hex' }, hex(e.bytes).replace(/(.{64})/g, '$1\n'))));
  return box;
};

const showEntry = (row) => {
  const e = decodeEntry(row), chain = causesOf(e), seen = seenBy(e, chain), followed = consequences(store.seqs[row]);
  const bad = store.isBad(row);
  const head = make('h2', {}, `Entry ${store.seqs[row]} `, make('small', {}, store.kind(row)));
  const close = make('button', { type: 'button', className: 'close', title: 'Esc' }, 'close');
  close.addEventListener('click', () => choose(-1));
  const about = make('table', {},
    pair('when', `${clockOf(store.time(row), true)} New York`), e.at !== null && e.at !== undefined ? pair('happened', instant(e.at)) : null,
    e.recordedAt !== undefined ? pair('recorded', instant(e.recordedAt)) : null, pair('said by', `${e.actor}${e.signed ? ', signed' : ''}`));
  const fields = make('table', { className: 'fields' }, ...e.body.filter(([, v]) => !v?.checks).map(([name, v]) => pair(name.replaceAll('_', ' '), shown(v))));
  const part = (title, id, ...content) => make('section', { id }, make('h3', {}, title), ...content);
  $('detail').replaceChildren(...[close, head, make('p', { className: bad ? 'words bad' : 'words' }, store.words[row]), make('p', { className: 'soft' }, 'Thus the program reads it; what follows is read from the proven bytes.'),
    e.broken ? make('p', { className: 'verdict bad' }, `It is not in form: ${e.broken}.`) : null,
    chain.length || seen ? part('Why: its chain of causes', 'chain', make('ol', { className: 'links' },
      ...chain.map((seq) => link(seq)), seen?.price ? link(seen.price, 'the underlying\'s price then, as the program reads it') : null, seen?.quote ? link(seen.quote, 'the contract\'s quote then, as the program reads it') : null,
      make('li', { className: 'this' }, `${store.seqs[row]} this entry`))) : null,
    e.checks.length ? part('Its checks', 'checks', checksTable(e)) : null,
    part('Its numbers', 'numbers', fields, about),
    followed.length ? part(`What followed from it (${followed.length})`, 'followed', make('ul', { className: 'links' }, ...followed.slice(0, 50).map((seq) => link(seq)),
      followed.length > 50 ? make('li', {}, `and ${followed.length - 50} more`) : null)) : null,
    part('Its proof', 'proven', proofOf(e))].filter(Boolean));
  $('detail').scrollTop = 0;
};

const choose = (row, scroll = true) => {
  list.chosen = row;
  document.body.classList.toggle('has-entry', row >= 0);
  if (row < 0) {
    charts.chosen = null;
    $('detail').replaceChildren(make('p', { className: 'soft' }, 'Choose an entry, in the list or by its mark in the chart, to see why it is there, its numbers and its proof.'));
    charts.all.forEach(drawMarks);
    drawRows();
    return;
  }
  charts.chosen = store.inSpan(row) ? xOf(row) : null;
  showEntry(row);
  showChosen();
  if (scroll) scrollToRow(row); else drawRows();
  if (location.hash !== `#${store.seqs[row]}`) history.replaceState(null, '', `#${store.seqs[row]}`);
};
