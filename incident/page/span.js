// Is it all there? An entry on the page is proven; that none was taken off is another question, answered here from what
// the proven entries say: their numbers, their causes, what a run counted.

// Market data of contracts, of which a long span leaves a part out: incident/page.c.
const OF_CHAIN = new Set(['perception.quote', 'perception.bar', 'perception.mark', 'perception.open_interest', 'perception.data_quality']);
// On every page, whatever its span: who may write, and who seals.
const OF_KEYS = new Set(['control.genesis', 'control.actor', 'control.key', 'control.revocation', 'control.actor_key']);
const ANSWERED = new Set(['decision.enter', 'decision.exit', 'risk.verdict']);

const many = (n, one, more) => `${n.toLocaleString('en-US')} ${n === 1 ? one : more}`;
const fieldOf = (i, name) => decodeEntry(i).body.find(([field]) => field === name)?.[1];
const countOf = (text) => Number(String(text).replaceAll(',', ''));

// Runs of numbers of the span that are not on the page: [first, last].
const gapsOf = () => {
  const gaps = [];
  let next = data.from;
  for (let i = 0; i < store.count; i++) {
    if (!store.inSpan(i)) continue;
    if (store.seqs[i] > next) gaps.push([next, store.seqs[i] - 1]);
    next = store.seqs[i] + 1;
  }
  if (next <= data.to) gaps.push([next, data.to]);
  return gaps;
};
const sayGaps = (gaps) => gaps.slice(0, 6).map(([a, b]) => (a === b ? `${a}` : `${a} to ${b}`)).join(', ') + (gaps.length > 6 ? ` and ${gaps.length - 6} more places` : '');

// Whatever stands outside of the span is there because something on the page needs it.
const checkOutside = () => {
  const needed = new Uint8Array(store.count), need = (seq) => { const row = store.rowOf(seq); if (row >= 0) needed[row] = 1; };
  let clock = false;
  store.seen.forEach(({ quote, price }) => { need(quote); need(price); });
  for (let i = store.count - 1; i >= 0; i--) {
    const kind = store.kind(i), cause = store.cause(i);
    if (store.seqs[i] < data.from && kind === 'perception.clock' && !clock) clock = needed[i] = 1;
    if (cause && store.rowOf(cause) < 0) throw new Wrong(`entry ${cause} was taken off this page: entry ${store.seqs[i]} follows from it`);
    if (!needed[i] && !store.inSpan(i) && !OF_KEYS.has(kind)) throw new Wrong(`entry ${store.seqs[i]} is outside of the span, and nothing on this page follows from it: the span's ends were changed`);
    if (cause) need(cause);
    if (i > 0 && store.seqs[i - 1] === store.seqs[i] - 1 && store.kind(i - 1) === 'control.approval') needed[i - 1] = 1;
  }
};

// The program leaves market data out from between market data, and never what answers a decision or a verdict.
const checkGaps = (gaps) => {
  const kindOf = (seq) => { const row = store.rowOf(seq); return row < 0 ? '' : store.kind(row); };
  for (const [first, last] of gaps) {
    if (ANSWERED.has(kindOf(first - 1))) throw new Wrong(`entry ${first} was taken off this page: it stands right behind a decision or a verdict`);
    if (!data.only && !(first > data.from && last < data.to && OF_CHAIN.has(kindOf(first - 1)) && OF_CHAIN.has(kindOf(last + 1)))) {
      throw new Wrong(`entries ${first} to ${last} were taken off this page: they do not stand between market data`);
    }
  }
};

// A run's end says how many entries strategies and the governor wrote in it. One that was cut short and begun again counts on.
const checkRuns = () => {
  const words = [], roles = new Map();
  let open = data.from === 1 ? false : null, known = false, feed = '', first = 0, written = 0; // null: who knows
  for (let i = 0; i < store.count; i++) {
    const kind = store.kind(i);
    if (kind === 'control.genesis') fieldOf(i, 'actors').rows.forEach(([, role], k) => roles.set(k + 1, role));
    if (kind === 'control.actor') roles.set(countOf(fieldOf(i, 'actor_id')), fieldOf(i, 'role'));
    if (!store.inSpan(i)) continue;
    if (kind === 'control.run') {
      const its = fieldOf(i, 'feed');
      if (!(open && its === feed)) {
        known = open !== null;
        first = store.seqs[i];
        written = 0;
      }
      open = true;
      feed = its;
    } else if (kind === 'control.run_end' && store.actorId(i) === 0) {
      const counted = countOf(fieldOf(i, 'decisions'));
      if (open && known && written < counted) throw new Wrong(`entries were taken off this page: the run from entry ${first} to ${store.seqs[i]} wrote ${counted} decisions, verdicts and orders, and ${written} are here`);
      if (open && known) words.push(`Of the run from entry ${first} to ${store.seqs[i]} all ${counted} entries that strategies and the governor wrote are here: its end counts them.`);
      open = false;
    } else if (/^(decision\.|risk\.|order\.new$|order\.cancel$)/.test(kind) && ['strategy', 'risk'].includes(roles.get(store.actorId(i)))) {
      written++;
    }
  }
  return words;
};

// What a decision saw is the program's word; but it is market data, from before, and the quote is of what was decided on.
const checkSeen = () => {
  for (const [seq, { quote, price }] of store.seen) {
    const row = store.rowOf(seq), symbol = row < 0 ? null : fieldOf(row, 'symbol');
    for (const other of [quote, price].filter(Boolean)) {
      const at = store.rowOf(other);
      if (at < 0 || row < 0 || other >= seq || !OF_CHAIN.has(store.kind(at))) throw new Wrong(`entry ${seq} cannot have seen entry ${other}`);
    }
    if (quote && fieldOf(store.rowOf(quote), 'symbol') !== symbol) throw new Wrong(`entry ${seq} is about another contract than the quote that it is said to have seen, entry ${quote}`);
  }
};

// Throws Wrong, or sets how many entries are missing and says what that means.
const checkSpan = () => {
  const isNumber = (n) => Number.isSafeInteger(n) && n >= 0;
  if (![data.from, data.to, data.left, data.size].every(isNumber) || data.from < 1 || data.to < data.from || data.to > data.size) throw new Wrong('the span is none');
  const gaps = gapsOf(), missing = gaps.reduce((n, [a, b]) => n + b - a + 1, 0);
  if (missing !== data.left) {
    throw new Wrong(`${many(missing, 'entry of the span is', 'entries of the span are')} not on this page (${sayGaps(gaps) || 'none'}), and it says that ${many(data.left, 'was', 'were')} left out: entries were taken off, or the span's ends were changed`);
  }
  checkOutside();
  checkGaps(gaps);
  checkSeen();
  const isCounted = !data.only && !data.origin.startsWith('hypothetical/'); // a what-if keeps the ends of the runs that were
  const runs = isCounted ? checkRuns() : [];
  proof.missing = missing;
  if (!missing) return [`All entries of the span are here, ${data.from} to ${data.to}: none is missing.`];
  const said = data.only ? `entries about other underlyings than ${data.only}, and market data of contracts that were neither held nor traded` : 'market data of contracts that were neither held nor traded';
  return [...runs, `Every entry that is shown is the journal's, but ${many(missing, 'entry', 'entries')} of the span ${missing === 1 ? 'is' : 'are'} NOT on this page. Its maker says that they are ${said}. A page cannot prove what is not on it: ledger log and ledger incident, on the journal itself, can.`];
};
