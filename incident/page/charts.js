// Four charts on one axis of time. What is drawn over them (marks, the chosen entry) has canvases of its own.

const $ = (id) => document.getElementById(id);
const make = (tag, properties = {}, ...content) => {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...content.filter((c) => c !== null && c !== undefined));
  return node;
};

// The axis shows New York time, by its offset at the span's begin; the list tells each entry's own.
const axisShift = (() => {
  const at = store.begin, p = newYorkParts(at);
  return Date.UTC(p.year, p.month - 1, p.day, p.hour, p.minute, p.second) - Math.floor(at / 1000) * 1000;
})();
const onAxis = (ms) => data.base + ms + axisShift; // ms since the base of the page
const xOf = (i) => store.time(i) + axisShift; // of an entry

const KIND_STYLE = {
  'decision.enter': { mark: 'enter', lane: -1 }, 'decision.exit': { mark: 'exit', lane: -1 },
  'order.new': { mark: 'order', lane: 1 },
  'fill.execution': { mark: 'fill', lane: 2 }, 'fill.assignment': { mark: 'fill', lane: 2 }, 'fill.exercise': { mark: 'fill', lane: 2 },
  'fill.expiration': { mark: 'fill', lane: 2 }, 'fill.settlement': { mark: 'fill', lane: 2 }, 'fill.bust': { mark: 'refused', lane: 2 },
  'order.rejected': { mark: 'refused', lane: 1 },
  'risk.breaker_trip': { mark: 'stop' }, 'control.stop': { mark: 'stop' }, 'control.resume': { mark: 'resume' }, 'risk.break': { mark: 'stop' },
};
const LEGEND = [['enter', 'decision to open'], ['exit', 'decision to close'], ['refused', 'refused'], ['order', 'order'], ['fill', 'fill'], ['stop', 'stop, breaker, break'], ['resume', 'resume']];

// What is marked: [{ x, underlying, mark, lane, row }] in order of time; `row` is -1 in the other course.
const marksOf = () => {
  const marks = [];
  for (let i = 0; i < store.count; i++) {
    if (!store.inSpan(i)) continue;
    const kind = store.kind(i);
    const style = kind === 'risk.verdict' ? (store.isBad(i) ? { mark: 'refused', lane: -2 } : null) : KIND_STYLE[kind];
    if (style) marks.push({ x: xOf(i), underlying: store.underlyings[i], ...style, row: i });
  }
  return marks;
};
const otherMarks = () => (data.other ? data.other.deeds : []).map(([t, underlying, kind, refused, symbol, words]) => {
  const style = kind === 'risk.verdict' ? (refused ? { mark: 'refused', lane: -2 } : null) : KIND_STYLE[kind];
  return style && { x: onAxis(t), underlying, ...style, lane: (style.lane ?? 0) * 1, row: -1, symbol, words, kind };
}).filter(Boolean);

const palette = () => {
  const css = getComputedStyle(document.documentElement);
  return (name) => css.getPropertyValue(`--${name}`).trim();
};

// -- shapes -------------------------------------------------------------------------------------------------

const SHAPES = {
  enter: (c, x, y, s) => { c.moveTo(x, y - s); c.lineTo(x + s, y); c.lineTo(x, y + s); c.lineTo(x - s, y); c.closePath(); },
  exit: (c, x, y, s) => { c.moveTo(x, y - s); c.lineTo(x + s, y); c.lineTo(x, y + s); c.lineTo(x - s, y); c.closePath(); },
  refused: (c, x, y, s) => { c.moveTo(x - s, y - s); c.lineTo(x + s, y + s); c.moveTo(x + s, y - s); c.lineTo(x - s, y + s); },
  order: (c, x, y, s) => { c.rect(x - s + 1, y - s + 1, 2 * s - 2, 2 * s - 2); },
  fill: (c, x, y, s) => { c.moveTo(x, y - s); c.lineTo(x + s, y + s); c.lineTo(x - s, y + s); c.closePath(); },
};
const FILLED = new Set(['enter', 'fill']);
const drawShape = (c, mark, x, y, s, color, hollow) => {
  c.beginPath();
  SHAPES[mark](c, x, y, s);
  c.strokeStyle = c.fillStyle = color;
  c.lineWidth = mark === 'refused' ? 3 : 2;
  if (FILLED.has(mark) && !hollow) c.fill();
  c.stroke();
};

const legendIcon = (mark) => {
  const size = 18, canvas = make('canvas', { width: size * 2, height: size * 2 });
  const c = canvas.getContext('2d'), color = palette()(`mark-${mark}`);
  c.scale(2, 2);
  if (SHAPES[mark]) drawShape(c, mark, size / 2, size / 2, 5, color);
  else { c.fillStyle = color; c.fillRect(size / 2 - 1.5, 1, 3, size - 2); }
  return canvas;
};

// -- the charts ---------------------------------------------------------------------------------------------

const charts = { all: [], marks: [], others: [], underlying: -1, window: null, full: null, chosen: null, onPick: null, onZoom: null };

// Rows of several series with times of their own: [x, a, b ...], null where a series has no point.
const joined = (series) => {
  const rows = new Map();
  series.forEach(({ t, values }, k) => values.forEach((v, i) => {
    const x = onAxis(t[i]);
    if (!rows.has(x)) rows.set(x, Array(series.length + 1).fill(null));
    const row = rows.get(x);
    row[0] = x;
    row[k + 1] = v;
  }));
  return [...rows.values()].sort((a, b) => a[0] - b[0]);
};

const money = (v) => (v === null || v === undefined ? '' : v.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 }));
const short = (v) => {
  const a = Math.abs(v);
  return a >= 1e6 ? `${+(v / 1e6).toPrecision(4)}M` : a >= 1e4 ? `${+(v / 1e3).toPrecision(4)}k` : String(+v.toPrecision(6));
};

const heightOf = (rows, x) => {
  let low = 0, high = rows.length - 1;
  if (high < 0) return null;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (rows[middle][0] <= x) low = middle; else high = middle - 1;
  }
  return rows[low][1];
};

const drawMarks = (chart) => {
  const { canvas, graph } = chart, ratio = window.devicePixelRatio || 1, area = graph.getArea();
  const width = canvas.clientWidth, height = canvas.clientHeight;
  if (canvas.width !== Math.round(width * ratio)) { canvas.width = Math.round(width * ratio); canvas.height = Math.round(height * ratio); }
  const c = canvas.getContext('2d'), color = palette();
  c.setTransform(ratio, 0, 0, ratio, 0, 0);
  c.clearRect(0, 0, width, height);
  c.save();
  c.beginPath();
  c.rect(area.x, 0, area.w, height);
  c.clip();
  const [from, to] = graph.xAxisRange(), at = (x) => area.x + (x - from) / (to - from) * area.w;
  chart.spots = [];
  for (const mark of [...charts.others, ...charts.marks]) {
    if (mark.x < from || mark.x > to) continue;
    const x = at(mark.x);
    if (!SHAPES[mark.mark]) {
      c.fillStyle = color(`mark-${mark.mark}`);
      c.fillRect(x - 1, area.y, 2, area.h);
      chart.spots.push({ x, y: area.y + 8, line: true, mark });
    } else if (chart.isPrice && mark.underlying === charts.underlying) {
      const price = heightOf(chart.rows, mark.x);
      if (price === null) continue;
      const y = Math.min(Math.max(graph.toDomYCoord(price) + mark.lane * 14, area.y + 8), area.y + area.h - 8);
      drawShape(c, mark.mark, x, y, 5, color(mark.row < 0 ? 'other' : `mark-${mark.mark}`), mark.row < 0);
      chart.spots.push({ x, y, mark });
    }
  }
  if (charts.chosen !== null) {
    const x = at(charts.chosen);
    c.strokeStyle = color('chosen');
    c.lineWidth = 2;
    c.setLineDash([5, 4]);
    c.beginPath();
    c.moveTo(x, area.y);
    c.lineTo(x, area.y + area.h);
    c.stroke();
  }
  c.restore();
};

const pick = (chart, event) => {
  const [x, y] = chart.graph.eventToDomCoords(event);
  let best = null, least = 14;
  for (const s of chart.spots) {
    const distance = s.line ? Math.abs(s.x - x) : Math.hypot(s.x - x, s.y - y);
    if (distance < least) { least = distance; best = s.mark; }
  }
  return best;
};

const setWindow = (window, source) => {
  if (charts.busy) return;
  charts.busy = true;
  charts.window = window;
  for (const chart of charts.all) if (chart.graph !== source) chart.graph.updateOptions({ dateWindow: window });
  charts.busy = false;
  charts.onZoom?.(window);
};
const zoomBy = (factor, around) => {
  const [from, to] = charts.window, centre = around ?? (charts.chosen !== null && charts.chosen >= from && charts.chosen <= to ? charts.chosen : (from + to) / 2);
  const [least, most] = charts.full, width = Math.min(Math.max((to - from) * factor, 2000), most - least);
  let begin = centre - (centre - from) / (to - from) * width;
  begin = Math.min(Math.max(begin, least), most - width);
  setWindow([begin, begin + width]);
};
const panBy = (share) => {
  const [from, to] = charts.window, [least, most] = charts.full, width = to - from;
  const begin = Math.min(Math.max(from + share * width, least), most - width);
  setWindow([begin, begin + width]);
};
const showChosen = () => {
  if (charts.chosen === null) return;
  const [from, to] = charts.window;
  if (charts.chosen < from || charts.chosen > to) {
    const [least, most] = charts.full, width = to - from, begin = Math.min(Math.max(charts.chosen - width / 2, least), most - width);
    if (charts.chosen >= least && charts.chosen <= most) { setWindow([begin, begin + width]); return; }
  }
  charts.all.forEach(drawMarks);
};

const addChart = (id, series, options) => {
  const holder = $(`chart-${id}`), color = palette(), rows = joined(series);
  const chart = { id, rows, spots: [], isPrice: id === 'price', holder };
  if (!rows.length) rows.push([charts.full[0], ...series.map(() => null)]);
  const plot = make('div', { className: 'plot' });
  chart.canvas = make('canvas', { className: 'marks' });
  holder.replaceChildren(plot, chart.canvas);
  const styles = Object.fromEntries(series.map((s) => [s.name, { color: color(s.color), strokePattern: s.dashed ? [6, 4] : null, strokeWidth: s.dashed ? 1.6 : 2, stepPlot: !!s.steps }]));
  chart.graph = new Dygraph(plot, rows.map(([x, ...values]) => [new Date(x), ...values]), {
    labels: ['time', ...series.map((s) => s.name)], series: styles, labelsUTC: true, connectSeparatedPoints: true, legend: 'never', dateWindow: charts.window,
    axes: {
      x: { axisLabelFontSize: 12, axisLabelWidth: 64 },
      y: { axisLabelFontSize: 12, axisLabelWidth: 58, axisLabelFormatter: short, pixelsPerLabel: chart.isPrice ? 40 : 24 },
    },
    gridLineColor: color('grid'), axisLineColor: color('grid'), highlightCircleSize: 3, animatedZooms: false, includeZero: options?.zero ?? false,
    yRangePad: chart.isPrice ? 44 : 8, xRangePad: 0, showLabelsOnHighlight: false, rangeSelectorHeight: 20,
    drawCallback: (graph, first) => {
      if (!first) setWindow(graph.xAxisRange(), graph);
      if (chart.graph) drawMarks(chart);
    },
    highlightCallback: (event, x, points) => {
      $(`say-${id}`).textContent = `${new Date(x).toISOString().slice(11, 19)}  ${points.filter((p) => p.yval !== null && !Number.isNaN(p.yval)).map((p) => `${p.name} ${money(p.yval)}`).join(', ')}`;
    },
    unhighlightCallback: () => { $(`say-${id}`).textContent = ''; },
  });
  drawMarks(chart);
  let pressed = null; // a click, by whatever pointer: dygraphs tells of none that did not move there first
  plot.addEventListener('pointerdown', (event) => { pressed = [event.pageX, event.pageY]; });
  plot.addEventListener('pointerup', (event) => {
    const mark = pressed && Math.hypot(event.pageX - pressed[0], event.pageY - pressed[1]) < 5 ? pick(chart, event) : null;
    if (mark) charts.onPick?.(mark);
  });
  holder.addEventListener('wheel', (event) => {
    if (!event.ctrlKey && !event.shiftKey && !event.altKey) return; // the page scrolls
    event.preventDefault();
    zoomBy(event.deltaY > 0 ? 1.25 : 0.8, chart.graph.toDataXCoord(chart.graph.eventToDomCoords(event)[0]));
  }, { passive: false });
  charts.all.push(chart);
  return chart;
};

const priceSeries = () => {
  const u = data.underlyings[charts.underlying];
  return [{ name: u ? u.symbol : 'price', t: u ? u.t : [], values: u ? u.price : [], color: 'series' }];
};
const accountSeries = (column, name, color, extra = {}) => {
  const series = [{ name, t: data.account.t, values: data.account[column], color, ...extra }];
  if (data.other) series.push({ name: `${name}, what-if`, t: data.other.account.t, values: data.other.account[column], color: 'other', dashed: true, ...extra });
  return series;
};

// The limit's line, unless it is so far above that the margin would lie flat on the ground: then words say how far.
const limitSeries = () => {
  const a = data.account, most = Math.max(0, ...a.margin, ...(data.other?.account.margin ?? [])), least = Math.min(...a.limit);
  const share = a.margin.reduce((m, v, i) => (a.limit[i] > 0 ? Math.max(m, v / a.limit[i]) : m), 0);
  $('margin-words').textContent = a.limit.length ? `at most ${(100 * share).toFixed(2)} % of what is allowed` : '';
  return most * 6 < least ? [] : [{ name: 'allowed', t: a.t, values: a.limit, color: 'mark-refused', dashed: true, steps: true }];
};

const drawAll = () => {
  charts.all.forEach((chart) => chart.graph.destroy());
  charts.all = [];
  addChart('price', priceSeries());
  addChart('profit', accountSeries('profit', 'profit', 'series'), { zero: true });
  addChart('margin', [...accountSeries('margin', 'margin', 'series', { steps: true }), ...limitSeries()], { zero: true });
  addChart('notional', accountSeries('notional', 'exposure', 'series', { steps: true }), { zero: true });
};

const beginCharts = () => {
  const times = [store.begin + axisShift, store.end + axisShift, ...data.account.t.map(onAxis)];
  let from = Math.min(...[times[0], times[2] ?? times[0]]), to = Math.max(times[1], times[times.length - 1]);
  if (to - from < 1000) { from -= 30000; to += 30000; }
  const pad = (to - from) * 0.015;
  charts.full = [from - pad, to + pad];
  charts.window = charts.full;
  charts.marks = marksOf();
  charts.others = otherMarks();
  charts.underlying = Math.max(0, data.underlyings.findIndex((u) => u.symbol === data.main));
  if (data.underlyings.length > 1) {
    $('underlying-label').hidden = false;
    $('underlying').append(...data.underlyings.map((u, i) => make('option', { value: i, textContent: u.symbol, selected: i === charts.underlying })));
    $('underlying').addEventListener('change', (event) => { charts.underlying = Number(event.target.value); drawAll(); });
  }
  const used = new Set([...charts.marks, ...charts.others].map((m) => m.mark));
  $('legend').append(...LEGEND.filter(([mark]) => used.has(mark)).map(([mark, words]) => make('li', {}, legendIcon(mark), words)));
  if (data.other) $('legend').append(make('li', { className: 'other' }, 'dashed: the what-if'));
  drawAll();
};
