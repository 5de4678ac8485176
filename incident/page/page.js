// The page itself: its words, its keys, what is printed.

const BADGES = {
  checking: ['checking …', 'soft'], agrees: ['agrees with its seal', 'good'], proven: ['proven with your key', 'good'],
  unlinked: ['key changed: not proven', 'bad'], wrong: ['NOT PROVEN', 'bad'],
};

const showBadge = () => {
  const [words, state] = BADGES[proof.state];
  $('badge').textContent = proof.state !== 'wrong' && proof.missing ? `${words} · ${many(proof.missing, 'entry', 'entries')} not shown` : words;
  $('badge').className = `badge ${state}`;
  $('checked').replaceChildren(...proof.words.map((w) => make('li', { className: proof.state === 'wrong' || /NOT/.test(w) ? 'bad' : 'good' }, w)));
  if (list.chosen >= 0) showEntry(list.chosen);
};

const showFacts = () => {
  const field = make('input', { type: 'text', id: 'held', placeholder: 'name+id+key, from your own files', autocomplete: 'off', spellcheck: false });
  field.addEventListener('change', async () => { await checkAll(field.value.trim() || null); showBadge(); });
  $('facts-body').append(
    make('table', {}, pair('journal', data.origin), pair('span', `entries ${data.from} to ${data.to}`), pair('verifier key', make('span', { className: 'hex' }, data.vkey)),
      pair('sealed entries', data.size.toLocaleString('en-US')), pair('root', make('span', { className: 'hex' }, data.root)),
      pair('state before the span', make('span', { className: 'hex' }, data.before)), pair('state after it', make('span', { className: 'hex' }, data.after)), pair('made by', data.program)),
    make('label', {}, 'The verifier key that you hold ', field), make('ul', { className: 'checked', id: 'checked' }),
    make('p', { className: 'soft' }, 'What is checked: every entry\'s bytes are hashed, and with the proof lead to the root that the seal signs. Numbers, times, fields, checks, causes and who said it are read from those bytes; that none of the span was taken off is checked by their numbers, causes and counts, as far as it is said above. The sentences, also those of the list, the charts, the states before and after, and which quote and price a decision saw are this program\'s reading of them, and are not proven: ',
      make('code', {}, `ledger -C DIR replay --to ${data.to} --digest`), ' gives the state after the span again, and ', make('code', {}, 'ledger -C DIR verify --key VKEY'), ' checks the whole journal.'),
    make('details', {}, make('summary', {}, 'the seal'), make('pre', { className: 'hex' }, data.note)));
};

const showStory = () => {
  if (data.origin.startsWith('hypothetical/')) { // the name that the seal signs
    $('banner').hidden = false;
    $('banner').textContent = 'HYPOTHETICAL: none of this happened. This journal is a what-if, computed from another one.';
  }
  const from = store.begin, to = store.end, day = (ms) => clockOf(ms, true).slice(0, 10);
  list.days = day(from) !== day(to);
  $('when').textContent = `${clockOf(from, true)} to ${clockOf(to, list.days)} New York${data.only ? `, ${data.only} only` : ''}`;
  document.title = document.querySelector('h1').textContent = `Entries ${data.from} to ${data.to} of ${data.origin}`;
  $('summary').append(...data.summary.map((s) => make('li', { className: /REFUSED|STOP|tripped|REJECTED|IN FORCE|halted/.test(s) && !/^Nobody/.test(s) ? 'bad' : '' }, s)));
  if (!data.other) return;
  $('comparison').hidden = false;
  $('comparison').append(make('h2', {}, 'What happened, and what would have'), make('p', { className: 'soft' }, data.other.change),
    make('table', { className: 'side' }, make('thead', {}, make('tr', {}, ...['', 'real', 'what-if'].map((h) => make('th', {}, h)))),
      make('tbody', {}, ...data.other.table.map(([name, a, b]) => make('tr', { className: String(a) === String(b) ? '' : 'differs' }, make('th', {}, name), make('td', {}, thousands(String(a))), make('td', {}, thousands(String(b))))))));
};

// -- moving -------------------------------------------------------------------------------------------------

const step = (by) => {
  if (!list.rows.length) return;
  const at = placeOf(list.chosen), here = list.rows[at] === list.chosen && list.chosen >= 0;
  const next = list.chosen < 0 ? 0 : here ? at + by : by > 0 ? at : at - 1;
  choose(list.rows[Math.min(Math.max(next, 0), list.rows.length - 1)]);
};
// The next row of the whole span that is wanted, whatever the filter shows.
const seek = (by, wanted) => {
  for (let i = list.chosen < 0 ? (by > 0 ? 0 : store.count - 1) : list.chosen + by; i >= 0 && i < store.count; i += by) {
    if (store.inSpan(i) && wanted(i)) { choose(i); return; }
  }
  say(by > 0 ? 'there is no further one' : 'there is none before');
};
const say = (words) => {
  $('shown').textContent = words;
  setTimeout(() => { $('shown').textContent = `${list.rows.length.toLocaleString('en-US')} of ${store.count.toLocaleString('en-US')} entries`; }, 2500);
};

const zoomToEntry = () => {
  if (charts.chosen === null) return;
  const width = Math.max((charts.full[1] - charts.full[0]) / 12, 60000);
  setWindow([Math.max(charts.full[0], charts.chosen - width / 2), Math.min(charts.full[1], charts.chosen + width / 2)]);
};

const KEYS = [
  ['j, ↓', 'next entry of the list'], ['k, ↑', 'the one before'], ['n, p', 'next, previous decision'], ['b, B', 'next, previous breach: refused, stop, breaker, rejection'],
  ['c', 'to the cause of the entry'], ['f', 'to the first that followed from it'], ['+, -, 0', 'zoom in, out, all'], ['z', 'zoom to the entry'], ['←, →', 'earlier, later'], ['/', 'search'], ['Home, End', 'first, last entry'],
  ['?', 'this help'], ['Esc', 'closes the entry, the search, this help'],
];
const ACTIONS = {
  j: () => step(1), k: () => step(-1), ArrowDown: () => step(1), ArrowUp: () => step(-1), PageDown: () => step(10), PageUp: () => step(-10),
  Home: () => list.rows.length && choose(list.rows[0]), End: () => list.rows.length && choose(list.rows[list.rows.length - 1]),
  n: () => seek(1, isDecision), p: () => seek(-1, isDecision), b: () => seek(1, store.isBad), B: () => seek(-1, store.isBad),
  c: () => { const row = list.chosen < 0 ? -1 : store.rowOf(store.cause(list.chosen)); if (row >= 0) choose(row); },
  f: () => { const row = list.chosen < 0 ? -1 : store.rowOf(consequences(store.seqs[list.chosen])[0] ?? -1); if (row >= 0) choose(row); },
  '+': () => zoomBy(0.5), '=': () => zoomBy(0.5), '-': () => zoomBy(2), 0: () => setWindow(charts.full), z: zoomToEntry,
  ArrowLeft: () => panBy(-0.25), ArrowRight: () => panBy(0.25),
  '/': () => $('search').focus(), '?': () => $('help').showModal(), Escape: () => choose(-1),
};
const onKey = (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || $('help').open) return;
  if (event.target.matches('input, select, textarea')) {
    if (event.key === 'Escape') { if (event.target.id === 'search' && event.target.value) { event.target.value = ''; search(); } event.target.blur(); }
    if (event.key === 'Enter' && event.target.id === 'search') { search(); event.target.blur(); if (list.rows.length) choose(list.rows[0]); }
    return;
  }
  const action = ACTIONS[event.key];
  if (!action) return;
  event.preventDefault();
  action();
};

const search = () => { list.search = $('search').value.trim().toLowerCase(); applyFilter(); };

const beginFilters = () => {
  for (const [family, words, isOn] of FAMILIES) {
    const box = make('input', { type: 'checkbox', checked: isOn });
    box.dataset.family = family;
    box.addEventListener('change', () => { if (box.checked) list.families.add(family); else list.families.delete(family); applyFilter(); });
    $('families').append(make('label', { className: 'chip' }, box, words));
  }
  const only = make('input', { type: 'checkbox', id: 'only-bad' });
  only.addEventListener('change', () => { list.onlyBad = only.checked; applyFilter(); });
  $('families').append(make('label', { className: 'chip bad' }, only, 'only breaches'));
  let waiting = 0;
  $('search').addEventListener('input', () => { clearTimeout(waiting); waiting = setTimeout(search, 120); });
  $('in-view').addEventListener('change', (event) => { list.inView = event.target.checked; applyFilter(); });
  let pending = false;
  charts.onZoom = () => {
    if (!list.inView || pending) return;
    pending = true;
    requestAnimationFrame(() => { pending = false; applyFilter(); });
  };
};

// -- on paper -----------------------------------------------------------------------------------------------

const PRINTED_MAX = 3000;
const print = () => {
  const rows = [];
  for (let i = 0; i < store.count; i++) if (store.inSpan(i) && !['perception', 'routine'].includes(familyOf(store.kind(i)))) rows.push(i);
  const body = rows.slice(0, PRINTED_MAX).map((i) => make('tr', { className: store.isBad(i) ? 'bad' : '' }, make('td', {}, String(store.seqs[i])), make('td', {}, clockOf(store.time(i), list.days)),
    make('td', {}, store.kind(i)), make('td', {}, store.actor(i)), make('td', {}, store.words[i]), make('td', {}, store.cause(i) ? String(store.cause(i)) : '')));
  $('printed').replaceChildren(make('h2', {}, 'Decisions, verdicts, orders, fills and what people said'),
    make('p', {}, `${proof.words.join(' ')} Sealed root ${data.root}, of ${data.size} entries; verifier key ${data.vkey}.`),
    make('table', {}, make('thead', {}, make('tr', {}, ...['entry', 'New York', 'kind', 'by', 'what it says', 'cause'].map((h) => make('th', {}, h)))), make('tbody', {}, ...body)),
    rows.length > PRINTED_MAX ? make('p', {}, `${rows.length - PRINTED_MAX} more are not printed: narrow the span.`) : '');
  document.documentElement.classList.add('paper');
  $('facts').open = true;
  drawAll();
};

const begin = () => {
  $('unrun').remove();
  $('badge').textContent = 'checking …';
  showStory();
  showFacts();
  beginCharts();
  beginFilters();
  applyFilter();
  choose(-1);
  charts.onPick = (mark) => {
    if (mark.row >= 0) choose(mark.row);
    else say(`what-if: ${mark.kind} ${mark.symbol}: ${mark.words}`);
  };
  $('list').addEventListener('scroll', drawRows, { passive: true });
  $('list').addEventListener('click', (event) => { const row = event.target.closest('.row'); if (row) choose(row.row, false); });
  $('detail').addEventListener('click', (event) => { const to = event.target.closest('button.to'); if (to) choose(store.rowOf(Number(to.dataset.seq))); });
  $('zoom-in').addEventListener('click', () => zoomBy(0.5));
  $('zoom-out').addEventListener('click', () => zoomBy(2));
  $('zoom-all').addEventListener('click', () => setWindow(charts.full));
  $('zoom-entry').addEventListener('click', zoomToEntry);
  $('badge').addEventListener('click', () => { $('facts').open = true; $('facts').scrollIntoView({ block: 'nearest' }); });
  $('help').append(make('h2', {}, 'Keys'), make('dl', {}, ...KEYS.flatMap(([key, words]) => [make('dt', {}, key), make('dd', {}, words)])),
    make('p', { className: 'soft' }, 'In a chart: drag to zoom, shift and drag to move, ctrl and the wheel, double-click for all; click a mark for its entry.'), make('form', { method: 'dialog' }, make('button', {}, 'close')));
  $('help-open').addEventListener('click', () => $('help').showModal());
  document.addEventListener('keydown', onKey);
  window.addEventListener('resize', drawRows);
  window.addEventListener('beforeprint', print);
  window.addEventListener('afterprint', () => { document.documentElement.classList.remove('paper'); drawAll(); });
  window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', drawAll);
  const wanted = store.rowOf(Number(location.hash.slice(1)));
  if (wanted >= 0) choose(wanted);
  checkAll(null).then(showBadge);
};
begin();
